"""Where the entries of small tensors go at a node: flags of its inputs, one for each entry, become flags of an output.

Read off the node's equation, factor by factor; nothing is run. It must not know what the flags mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.equation import Factor, Operand
from paoding_onnx.rules.facts import DataDependentShape, Gathers, Selects, ShapeUse, Takes

Flags = NDArray[np.bool_]
"""One for each entry of a tensor; a single one where entries are not told apart."""


def moved(bound: BoundNode, position: int, inputs: Sequence[Flags]) -> Flags | None:
    """The flags of output number `position`: set where an entry is set that it may be made of.

    They broadcast to the output. `None` where entries cannot be told apart.
    """
    if not any(flags.any() for flags in inputs):
        return np.zeros((), np.bool_)
    use = bound.rule.shape
    if isinstance(use, Selects) and not isinstance(use, Gathers):
        return _selected(bound.node, use, inputs)
    operand = bound.binding.outputs[position]
    if operand is None or isinstance(use, DataDependentShape):
        return None
    blocks = [
        block
        for flags, own in zip(inputs, bound.binding.inputs, strict=True)
        if own is not None
        for block in _blocks(flags, own, operand, bound.binding.sizes)
    ]
    for target, source, places in _taken(use):
        blocks = [_picked(block, target, source, places) for block in blocks]
    return _laid_out(blocks, operand, bound.binding.sizes)


@dataclass(frozen=True, slots=True)
class _Block:
    """Flags along factors, one axis for each name."""

    names: tuple[str, ...]
    flags: Flags


def _blocks(flags: Flags, operand: Operand, output: Operand, sizes: Mapping[str, int]) -> Iterator[_Block]:
    """The flags of an input, one block for each choice of segments; without those that an output has cut away."""
    made = {name for axis in output for name in axis.names}
    used = {axis for axis in operand if not made.isdisjoint(axis.names)}
    for segments, where in _choices(operand, sizes):
        chosen = (segment for segment, axis in zip(segments, operand, strict=True) if segment and axis in used)
        if any(made.isdisjoint(factor.name for factor in segment) for segment in chosen):
            continue
        names = tuple(factor.name for segment in segments for factor in segment)
        part = flags[where] if flags.ndim == len(operand) else flags
        block = np.broadcast_to(part, [_size(segment, sizes) for segment in segments])
        yield _Block(names, block.reshape([sizes[name] for name in names]))


def _laid_out(blocks: Sequence[_Block], operand: Operand, sizes: Mapping[str, int]) -> Flags:
    """The flags of an output: an entry varies if one varies that it may be made of."""
    result = np.zeros([axis.size(sizes) for axis in operand], np.bool_)
    everywhere = {name for axis in operand for name in axis.names}
    for segments, where in _choices(operand, sizes):
        names = tuple(dict.fromkeys(factor.name for segment in segments for factor in segment))
        flags = np.zeros([sizes[name] for name in names], np.bool_)
        for block in blocks:
            if everywhere.intersection(block.names) <= set(names):  # else it is laid into another segment
                flags = flags | _along(block, names)
        full = [factor.name for segment in segments for factor in segment]
        if len(full) == len(names):
            result[where] = flags.reshape([_size(segment, sizes) for segment in segments])
        else:
            result[where] = flags.any()
    return result


def _along(block: _Block, names: Sequence[str]) -> Flags:
    """A block over other factors: any over those that are lost, repeated over those that are new."""
    if len(set(block.names)) != len(block.names):
        return np.broadcast_to(block.flags.any(), [1] * len(names))
    lost = tuple(k for k, name in enumerate(block.names) if name not in names)
    flags: Flags = np.asarray(block.flags.any(axis=lost))
    left = [name for name in block.names if name in names]
    lengths = dict(zip(left, flags.shape, strict=True))
    flags = flags.transpose(tuple(sorted(range(len(left)), key=lambda k: names.index(left[k]))))
    return flags.reshape([lengths.get(name, 1) for name in names])


def _choices(
    operand: Operand, sizes: Mapping[str, int]
) -> Iterator[tuple[tuple[tuple[Factor, ...], ...], tuple[slice, ...]]]:
    """Every choice of one segment for each axis, and where its entries are."""
    places = []
    for axis in operand:
        start, own = 0, []
        for segment in axis.segments:
            stop = start + _size(segment, sizes)
            own.append((segment, slice(start, stop)))
            start = stop
        places.append(own)
    for chosen in product(*places):
        yield tuple(segment for segment, _ in chosen), tuple(where for _, where in chosen)


def _size(segment: Sequence[Factor], sizes: Mapping[str, int]) -> int:
    return int(np.prod([sizes[factor.name] for factor in segment], dtype=np.int64))


def _taken(use: ShapeUse | None) -> tuple[tuple[str, str, tuple[int, ...]], ...]:
    """Factors of the output whose entries are taken from one of the input's at known places."""
    if isinstance(use, Gathers):
        return ((use.target, use.source, use.positions),)
    return use.taken if isinstance(use, Takes) else ()


def _picked(block: _Block, target: str, source: str, places: tuple[int, ...]) -> _Block:
    """A block whose entries along the source are taken at these places."""
    if source not in block.names:
        return block
    axis = block.names.index(source)
    names = (*block.names[:axis], target, *block.names[axis + 1 :])
    return _Block(names, np.take(block.flags, places, axis))


def _selected(node: Node, selects: Selects, inputs: Sequence[Flags]) -> Flags | None:
    """The flags of the entries that known indices select of a vector."""
    indices, tensor = node.entries(selects.indices), node.operand(selects.indices)
    data = inputs[0]
    if indices is None or tensor is None or data.ndim != 1:
        return None
    if any(index is None or not -len(data) <= index < len(data) for index in indices):
        return None
    return np.array([data[index or 0] for index in indices], np.bool_).reshape(tensor.shape or ())
