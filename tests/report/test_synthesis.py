"""What `synthesize` prints."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.report.synthesis import synthesize_lines
from tests.report.printed import rows, text


def test_arrays_are_listed_under_what_they_are():
    samples = Samples(({"[x]": np.zeros((4, 3), np.float32)},), "rows of 3 numbers")
    lines = text(synthesize_lines(samples, Path("x.npz"))).splitlines()
    assert (lines[0], lines[-1]) == ("4 synthetic inputs: rows of 3 numbers", "wrote x.npz")
    assert ["[x]", "4", "x", "3", "float32"] in rows(synthesize_lines(samples, Path("x.npz")))
