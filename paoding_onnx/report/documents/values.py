"""What documents are made of: their head, files, numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.provenance import versions
from paoding_onnx.model.save import sha256
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.verification.verdict import Verdict

Document = dict[str, object]


def head(kind: str, number: int = 1) -> Document:
    """The first entries of a document: what it is, and the versions of what made it.

    `number` goes up when entries change their name or meaning, not when there are more of them.

    >>> head("report")["format"]
    'paoding_onnx report 1'
    """
    return {"format": f"paoding_onnx {kind} {number}", "versions": versions()}


def file_of(path: Path | None, staged: Path | None = None) -> Document:
    """A file by which it can be recognised: its name without its folder, and its hash.

    `staged` is where it lies as long as it has not got its name; both entries are null where there is no file.
    """
    place = staged or path
    is_there = path is not None and place is not None and place.is_file()
    return {
        "file": path.name if path is not None else None,
        "sha256": sha256(place) if is_there and place is not None else None,
    }


def proofs_of(proofs: Sequence[Verdict]) -> list[Document]:
    """The proofs and how they ended."""
    return [{"name": proof.name, "passed": proof.passed, "detail": proof.detail} for proof in proofs]


def input_sizes_of(trace: Trace) -> Document:
    """The input shapes at which costs and times are told, those at which equations were read, and which axes are open.

    `one_size` are open axes for which no second size was found to run.
    """
    sizes = sizes_of(trace.graph)
    return {
        "measured": {name: list(shape) for name, shape in sizes.measured.shapes.items()},
        "traced": {name: list(shape) for name, shape in sizes.traced.shapes.items()},
        "open": [{"input": name, "axis": axis} for name, axis in sizes.relation.keys],
        "one_size": [{"input": name, "axis": axis} for name, axis in sorted(sizes.only)],
    }


def number(value: float | None) -> float | None:
    """A number as JSON can hold it: `None` where it is not finite.

    >>> number(0.5), number(float("nan"))
    (0.5, None)
    """
    return value if value is not None and math.isfinite(value) else None


def finite(document: Document) -> Document:
    """The document with `None` in place of numbers that JSON cannot hold, wherever they stand."""
    return {name: _finite(value) for name, value in document.items()}


def _finite(value: object) -> object:
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return finite(value)
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value
