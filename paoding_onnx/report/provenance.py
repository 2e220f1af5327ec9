"""What `inspect` prints of the record of a file's making."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from paoding_onnx.model.provenance import Record
from paoding_onnx.report.words import cell, plural

MOST_LETTERS = 500
"""Of one line: what a file says of itself may have any length."""


def provenance_lines(record: Record | None) -> Iterator[str]:
    """What a file was made from and how, a line for each time it was pruned, newest first; nothing where unknown."""
    if record is None:
        return
    earlier = record.get("earlier")
    for number, entry in enumerate((record, *(earlier if isinstance(earlier, list) else ()))):
        if isinstance(entry, Mapping):
            said = f"{'made' if number == 0 else 'before that'} {_made(entry)}"
            yield cell(said if len(said) <= MOST_LETTERS else f"{said[:MOST_LETTERS]} ..")
    if isinstance(lost := record.get("forgotten"), int):
        yield f"and {plural(lost, 'earlier record')} that the file does not keep"


def _made(entry: Record) -> str:
    """One record in words."""
    own, original = _of(entry, "versions").get("paoding_onnx"), _of(entry, "original").get("sha256")
    parameters, options = _of(entry, "parameters"), _of(entry, "options")
    said = ", ".join(f"{name}={_plain(value)}" for name, value in options.items()) or "defaults"
    counts = f"{parameters.get('before')} -> {parameters.get('after')} parameters"
    return f"by paoding_onnx {own} from the file with SHA-256 {original}: {counts}; {said}; seed {entry.get('seed')}"


def _of(entry: Record, name: str) -> Record:
    """A part of a record; empty where the file says something else there."""
    part = entry.get(name)
    return part if isinstance(part, Mapping) else {}


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
