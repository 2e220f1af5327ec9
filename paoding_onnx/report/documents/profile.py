"""What `profile` measured, as a document."""

from __future__ import annotations

from pathlib import Path

from paoding_onnx.report.documents.values import Document, file_of, head
from paoding_onnx.timing.table import LatencyTable


def profile_document(table: LatencyTable, source: Path, output: Path | None) -> Document:
    """What the operators of the whole model take, and how many kinds of layers were timed."""
    return {
        **head("profile"),
        "model": file_of(source),
        "output": file_of(output),
        "milliseconds": table.whole,
        "operators": dict(sorted(table.operators.items())),
        "layers": len(table.layers),
        "inseparable": list(table.inseparable),
    }
