"""Constants of integers that a node makes floats of, and floats as the nearest of these integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.layerwise.dequantize import spread
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import BoundNode, bind_nodes, is_layer


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

    def pack(self, value: Array) -> Array:
        """The integers that are nearest to floats; what is beyond their range is cut off.

        >>> one = np.float64(1)
        >>> Packed("q", np.dtype(np.int8), (-128, 127), one / 2, one).pack(np.array([0.6, -100.0])).tolist()
        [2, -128]
        """
        steps = np.asarray(value, np.float64) / np.where(self.scale == 0, 1.0, self.scale)
        return np.asarray(np.clip(np.rint(steps) + self.zero, *self.range), self.dtype)


def packed_in(graph: Graph) -> Mapping[str, Packed]:
    """The constants of integers of a model by the names of the floats that one node makes of each."""
    readers = graph.readers
    found = ((bound.node.first_output.name, _packed(bound)) for bound in bind_nodes(graph))
    return {name: one for name, one in found if one is not None and len(readers[one.integers]) == 1}


def _packed(bound: BoundNode) -> Packed | None:
    """What a node makes floats of number by number, if that is constant; `None` if it does anything else."""
    node, quantized = bound.node, bound.rule.integers.at(0)
    if quantized is None or quantized.scale is None or is_layer(bound) or bound.rule.shape is not None or node.within:
        return None
    values = node.inputs[0]
    is_whole = values is not None and values.dtype is not None and values.dtype.kind in "iu"
    if values is None or not is_whole or not all(tensor is None or tensor.is_constant for tensor in node.inputs):
        return None
    scale, zero = spread(bound, 0, quantized.scale), spread(bound, 0, quantized.zero_point)
    if scale is None or (zero is None and node.operand(quantized.zero_point) is not None):
        return None
    dtype = np.dtype(values.dtype)
    limits = np.iinfo(str(dtype))
    wide, from_zero = np.asarray(scale, np.float64), np.asarray(0.0 if zero is None else zero, np.float64)
    return Packed(values.name, dtype, (int(limits.min), int(limits.max)), wide, from_zero)
