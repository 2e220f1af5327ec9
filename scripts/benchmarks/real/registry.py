"""All subjects, by name."""

from __future__ import annotations

from scripts.benchmarks.real.subject import Subject
from scripts.benchmarks.real.tasks import boxes, faces, files, pictures, scans, sentences, sounds, speech, text

SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for module in (text, files, boxes, pictures, faces, sentences, sounds, speech, scans)
    for subject in module.SUBJECTS
}
