"""Weights told as shares of their size, so that one rate of learning fits every layer of every network.

A step of Adam is as long for a weight of 50 as for one of 0.005. Where normalizations were merged into layers, their
units differ that much, from layer to layer and within one.

Source: Shazeer, Stern 2018, "Adafactor", whose steps are relative too; here to the size of each unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from paoding_onnx.layerwise.contraction import matrix, unmatrix
from paoding_onnx.model.nodes import Array
from paoding_onnx.recovery.descent import Batch, Differentiable, Singles, Slope, Weights
from paoding_onnx.recovery.trained import Trained, TrainedLayer

LEAST_OF_LAYER = 0.1
"""A unit counts as no smaller than this part of its layer's: those that are nearly off could not move otherwise."""
LEAST = 1e-3
"""Nothing counts as smaller than this."""


@dataclass(frozen=True, slots=True)
class Relative:
    """An engine whose weights are divided by `sizes`; what it is compared at is the same."""

    engine: Differentiable
    sizes: Weights

    def told(self, weights: Weights) -> dict[str, Singles]:
        """Weights as this engine takes them."""
        return {name: value / self.sizes[name] for name, value in weights.items()}

    def whole(self, weights: Weights) -> dict[str, Singles]:
        """Weights of this engine as they are in the network."""
        return {name: value * self.sizes[name] for name, value in weights.items()}

    def loss(self, weights: Weights, batch: Batch) -> float:
        """The loss on a batch."""
        return self.engine.loss(self.whole(weights), batch)

    def answers(self, weights: Weights, batch: Batch) -> Mapping[str, Array]:
        """What the network has, on a batch, where it is compared with another."""
        return self.engine.answers(self.whole(weights), batch)

    def loss_and_gradients(self, weights: Weights, batch: Batch) -> Slope:
        """The loss on a batch, and its gradients."""
        found = self.engine.loss_and_gradients(self.whole(weights), batch)
        return Slope(found.loss, {name: value * self.sizes[name] for name, value in found.gradients.items()})


def sizes_of(trained: Trained, weights: Weights) -> dict[str, Singles]:
    """How large each weight counts: the root mean square of its unit's, for vectors that of all their numbers."""
    found = {name: np.float32(max(_size(value), LEAST)) * np.ones_like(value) for name, value in weights.items()}
    return found | dict(_of_units(layer, weights[layer.weight]) for layer in trained.layers)


def _of_units(layer: TrainedLayer, weight: Singles) -> tuple[str, Singles]:
    bound, of = layer.bound, layer.of
    values = matrix(bound, of, weight)
    sizes = np.sqrt(np.square(values).mean(1, keepdims=True))
    sizes = np.maximum(sizes, max(LEAST_OF_LAYER * _size(values), LEAST))
    return layer.weight, np.abs(unmatrix(bound, of, np.broadcast_to(sizes, values.shape), weight.dtype))


def _size(values: Array) -> float:
    return float(np.sqrt(np.square(values, dtype=np.float64).mean()))
