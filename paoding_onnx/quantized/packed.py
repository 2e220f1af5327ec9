"""Constants of integers that a node makes floats of, and floats as the nearest of these integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.layerwise.dequantize import spread
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.quantized.dynamic import integer_layers
from paoding_onnx.rules.binding import BoundNode, bind_nodes
from paoding_onnx.rules.facts import Quantized


@dataclass(frozen=True, slots=True)
class Packed:
    """Constant `integers`, which stands for (integer - `zero`) x `scale`; both broadcast to it.

    `range` are the smallest and the largest integer of its type.
    """

    integers: str
    dtype: np.dtype[np.generic]
    range: tuple[int, int]
    scale: NDArray[np.float64]
    zero: NDArray[np.float64]

    def floats(self, integers: Array) -> NDArray[np.float32]:
        """The floats that integers stand for."""
        return np.asarray((np.asarray(integers, np.float64) - self.zero) * self.scale, np.float32)

    def pack(self, value: Array) -> Array:
        """The integers that are nearest to floats; what is beyond their range is cut off.

        >>> one = np.float64(1)
        >>> Packed("q", np.dtype(np.int8), (-128, 127), one / 2, one).pack(np.array([0.6, -100.0])).tolist()
        [2, -128]
        """
        steps = np.asarray(value, np.float64) / np.where(self.scale == 0, 1.0, self.scale)
        return np.asarray(np.clip(np.rint(steps) + self.zero, *self.range), self.dtype)


def packed_in(graph: Graph) -> Mapping[str, Packed]:
    """The constants of integers of a model, by the names of the floats that stand for them in its twin.

    Those of which one node makes floats, and those that layers multiply with integers.
    """
    readers = graph.readers
    made = ((bound.node.first_output.name, _made_floats(bound)) for bound in bind_nodes(graph))
    found = {name: one for name, one in made if one is not None and len(readers[one.integers]) == 1}
    layers = ((layer.floats, _packed(layer.bound, layer.weight, layer.of_weight)) for layer in integer_layers(graph))
    return found | {name: one for name, one in layers if one is not None}


def _made_floats(bound: BoundNode) -> Packed | None:
    """What a node makes floats of number by number, if that is constant; `None` if it does anything else."""
    node, quantized = bound.node, bound.rule.integers.at(0)
    if (
        quantized is None
        or quantized.scale is None
        or bound.rule.contracts is not None
        or bound.rule.shape is not None
        or node.within
    ):
        return None
    values = node.inputs[0]
    is_whole = values is not None and values.dtype is not None and values.dtype.kind in "iu"
    if values is None or not is_whole or not all(tensor is None or tensor.is_constant for tensor in node.inputs):
        return None
    return _packed(bound, values, quantized)


def _packed(bound: BoundNode, values: Tensor, quantized: Quantized) -> Packed | None:
    """How a node reads integers; `None` if that cannot be told number by number."""
    scale = None if quantized.scale is None else spread(bound, quantized.operand, quantized.scale)
    zero = spread(bound, quantized.operand, quantized.zero_point)
    is_unknown = (quantized.scale is not None and scale is None) or (
        zero is None and bound.node.operand(quantized.zero_point) is not None
    )
    if is_unknown or values.dtype is None:
        return None
    dtype = np.dtype(values.dtype)
    limits = np.iinfo(str(dtype))
    wide = np.asarray(1.0 if scale is None else scale, np.float64)
    from_zero = np.asarray(0.0 if zero is None else zero, np.float64)
    return Packed(values.name, dtype, (int(limits.min), int(limits.max)), wide, from_zero)
