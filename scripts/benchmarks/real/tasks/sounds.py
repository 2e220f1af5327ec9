"""Sounds: basic-pitch writes down notes, judged by those of the original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scripts.benchmarks.real import metrics
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.subject import Answers, Array, Place, RealSet, Subject, split

RATE, N_SAMPLES = 22_050, 43_844
ONSET, HELD, FRAMES = 0.5, 0.3, 11
"""Least value of a beginning, least mean of what follows, and how many frames follow."""
N_CLIPS = 160


def transcriber(place: Place) -> Path:
    """The network of the package."""
    return unpacked(place, "basic-pitch") / "basic_pitch" / "saved_models" / "icassp_2022" / "nmp.onnx"


def music(_: Place) -> RealSet:
    """Clips of two seconds with a few notes of instruments that differ in their overtones."""
    rng = np.random.default_rng(9)
    return split({"serving_default_input_2:0": np.stack([clip(rng) for _ in range(N_CLIPS)])[:, :, None]})


def clip(rng: np.random.Generator) -> Array:
    """Notes of one instrument, several at a time, with a little noise, at most 0.9 loud."""
    time, out = np.arange(N_SAMPLES) / RATE, rng.normal(0, 10 ** rng.uniform(-4, -2.3), N_SAMPLES)
    falling, decay, tempered = rng.uniform(0.8, 2.5), rng.uniform(0.5, 4), rng.uniform(0, 4e-4)
    for _ in range(rng.integers(3, 9)):
        start, pitch = rng.uniform(0, 1.7), 440 * 2 ** ((rng.integers(40, 85) - 69) / 12)
        held = np.clip(time - start, 0, None)
        shape = np.minimum(held / 0.008, 1) * np.exp(-decay * held) * (held < rng.uniform(0.25, 1.5))
        for k in range(1, 12):
            tone = pitch * k * np.sqrt(1 + tempered * k * k)
            if tone < RATE / 2:
                out += rng.uniform(0.3, 1) * shape * np.sin(2 * np.pi * tone * held) / k**falling
    loud: Array = (out * rng.uniform(0.3, 0.9) / np.abs(out).max()).astype(np.float32)
    return loud


def notes(outputs: Sequence[Array], _: Mapping[str, Array]) -> Answers:
    """Frame and pitch of the beginnings in each row that are peaks and are followed by a held tone."""
    return [begun(onsets, held) for onsets, held in zip(outputs[0], outputs[1], strict=True)]


def begun(onsets: Array, held: Array) -> Array:
    """Notes (n, 2) from onsets and tones, both (frames, pitches)."""
    edge = np.zeros((1, onsets.shape[1]))
    is_peak = (onsets >= np.concatenate([edge, onsets[:-1]])) & (onsets > np.concatenate([onsets[1:], edge]))
    sums = np.cumsum(np.concatenate([edge, held, np.repeat(edge, FRAMES, axis=0)]), axis=0)
    means = (sums[FRAMES:] - sums[:-FRAMES])[: len(held)] / FRAMES
    return np.argwhere(is_peak & (onsets >= ONSET) & (means >= HELD))


SUBJECTS = (
    Subject("basic_pitch", "F1 of notes against the original", transcriber, music, notes, metrics.notes_f1, batch=4),
)
