"""INPUTS for a model that comes without data: sizes for open axes, contents that excite it much as real data would.

`make_samples` makes them up, `load_samples` reads real ones, `random_feeds` is enough to run a model at all.
"""

from __future__ import annotations

from paoding_onnx.calibration.load import load_samples
from paoding_onnx.calibration.samples import InputOptions, Samples
from paoding_onnx.calibration.synthesize import make_samples
from paoding_onnx.shapes.dummy_inputs import Shapes, choose_shapes, random_feeds

__all__ = ["InputOptions", "Samples", "Shapes", "choose_shapes", "load_samples", "make_samples", "random_feeds"]
