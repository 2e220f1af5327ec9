"""Normalizations that go by the mean and variance of the batch, spelled out in nodes that have a gradient.

And what becomes of stored statistics when such a network has been trained: a closed map, no fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from paoding_onnx.gradients.writer import Writer, version_of
from paoding_onnx.recovery.trained import Normalization

TINY = 1e-5
"""Added to variances that are compared, as normalizations add it."""
FARTHEST = 1e3
"""How many times as large, or as small, a variance may be as that of the same channel in the original."""

Doubles = NDArray[np.float64]


def spell_out(proto: onnx.ModelProto, normalizations: Sequence[Normalization]) -> None:
    """Replace normalizations by nodes that use the statistics of the batch.

    Gain and shift are expected in a shape in which they can be multiplied with the input.
    """
    version = version_of(proto)
    by_output = {one.bound.node.first_output.name: one for one in normalizations}
    nodes: list[onnx.NodeProto] = []
    for number, node in enumerate(proto.graph.node):
        one = by_output.get(node.output[0])
        if one is None:
            nodes.append(node)
            continue
        writer = Writer(f"batch_{number}", version)
        _spell(writer, one)
        nodes += writer.nodes
        proto.graph.initializer.extend(writer.constants)
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del proto.graph.node[:]
    proto.graph.node.extend(copies)
    read = {name for node in copies for name in node.input}
    for tensor in [tensor for tensor in proto.graph.initializer if tensor.name not in read]:
        proto.graph.initializer.remove(tensor)


def _spell(writer: Writer, one: Normalization) -> None:
    node = one.bound.node
    shape, source = node.shape(0), node.inputs[0]
    others = [axis for axis in range(len(shape)) if axis != one.stored.axis]
    share = 1 / math.prod(shape[axis] for axis in others)
    name = "" if source is None else source.name
    centred = writer.add("Sub", name, writer.scaled(writer.sum(name, others), share))
    variance = writer.scaled(writer.sum(writer.add("Mul", centred, centred), others), share)
    safe = writer.add("Add", variance, writer.constant(node.real("epsilon", TINY)))
    gain = writer.add("Div", one.gain, writer.add("Sqrt", safe))
    writer.add("Add", writer.add("Mul", centred, gain), one.shift, output=node.first_output.name)


def mapped(
    stored: tuple[Doubles, Doubles], taught_by: tuple[Doubles, Doubles], own: tuple[Doubles, Doubles]
) -> tuple[Doubles, Doubles]:
    """Mean and variance to be stored for channels of the smaller model.

    Given, as means and variances: what the original stores, what these channels have in it on the inputs that were
    learned from, and what they have in the smaller model there. What the original's channel does on real data, seen
    from what it does on these inputs, the smaller model's does too, on its own scale.

    >>> one, zero = np.ones(1), np.zeros(1)
    >>> [part.tolist() for part in mapped((one, one), (zero, one), (one, one))]
    [[2.0], [1.0]]
    """
    (mean, variance), (taught_mean, taught_variance), (own_mean, own_variance) = stored, taught_by, own
    ratio = np.clip((own_variance + TINY) / (taught_variance + TINY), 1 / FARTHEST, FARTHEST)
    return own_mean + np.sqrt(ratio) * (mean - taught_mean), variance * ratio
