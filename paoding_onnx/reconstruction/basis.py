"""What a reconstruction goes by, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.layerwise.layers import Layer
from paoding_onnx.layerwise.statistics import ActivationStatistics


@dataclass(frozen=True, slots=True)
class Basis:
    """What a reconstruction goes by: inputs, what units do on them, and the layers that can be fitted, by node."""

    samples: Samples
    statistics: ActivationStatistics
    layers: Mapping[int, Layer]
