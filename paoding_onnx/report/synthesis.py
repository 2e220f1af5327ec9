"""What `synthesize` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.report.words import cell, plural, table


def synthesize_lines(samples: Samples, output: Path) -> Iterator[RenderableType]:
    """What the inputs are, and the arrays that were written."""
    yield f"{plural(samples.n_samples, 'synthetic input')}: {cell(samples.description)}"
    found = table("input", "shape", "type", left=("shape", "type"))
    for name, array in samples.arrays.items():
        found.add_row(cell(name), " x ".join(map(str, array.shape)), str(array.dtype))
    yield found
    yield f"wrote {cell(str(output))}"
