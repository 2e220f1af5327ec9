"""INPUTS for a model that comes without data: sizes for open axes, contents that excite it much as real data would.

`make_samples` makes them up, `load_samples` reads real ones, `random_feeds` is enough to run a model at all.
"""

from __future__ import annotations

from paoding_onnx.inputs.feeds import random_feeds
from paoding_onnx.inputs.loading import load_samples
from paoding_onnx.inputs.making import make_samples
from paoding_onnx.inputs.open_axes import Shapes
from paoding_onnx.inputs.open_axes import choose_shapes
from paoding_onnx.inputs.samples import InputOptions
from paoding_onnx.inputs.samples import Samples

__all__ = ["InputOptions", "Samples", "Shapes", "choose_shapes", "load_samples", "make_samples", "random_feeds"]
