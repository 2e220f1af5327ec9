"""What `synthesize` made, as a document."""

from __future__ import annotations

from pathlib import Path

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.report.documents.values import Document, file_of, head


def synthesize_document(samples: Samples, source: Path, output: Path | None) -> Document:
    """What the inputs are, and the arrays that were written."""
    return {
        **head("synthetic inputs"),
        "model": file_of(source),
        "output": file_of(output),
        "samples": samples.n_samples,
        "description": samples.description,
        "inputs": {name: {"shape": list(a.shape), "dtype": str(a.dtype)} for name, a in samples.arrays.items()},
    }
