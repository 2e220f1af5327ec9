"""What `sensitivity` found, as a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paoding_onnx.report.documents.values import Document, file_of, head, number
from paoding_onnx.selection.curve import Sensitivity


def sensitivity_document(curves: Sequence[Sensitivity], source: Path | None = None) -> Document:
    """How far the outputs move when each group alone loses units: for each count of units a value."""
    groups = [
        {"group": curve.group, "counts": list(curve.counts), "values": [number(value) for value in curve.values]}
        for curve in curves
    ]
    shapes = next((curve.input_shapes for curve in curves), {})
    return {
        **head("sensitivity"),
        "model": file_of(source),
        "input_shapes": {name: list(shape) for name, shape in shapes.items()},
        "sensitivities": groups,
    }
