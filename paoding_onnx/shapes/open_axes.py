"""Which axes may have another size, and which numbers depend on that: found by data flow from the open axes of inputs.

That two runs agree on a number proves nothing: both may have had one frame, one window, or fewer tokens than a cap. So
every number is followed through the equations of the nodes, and what cannot be told is taken to vary: a number that is
left to be computed costs nothing, a wrongly frozen one costs a broken file. It must not run anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Array, Origin, Tensor
from paoding_onnx.rules.binding import BoundNode, bind_node
from paoding_onnx.rules.equation import ONE, Axis, Operand
from paoding_onnx.rules.facts import DataDependentShape, ReadsShape
from paoding_onnx.shapes.moved_entries import Flags, moved


def mark_open(
    graph: Graph,
    open_axes: Mapping[str, tuple[bool, ...]],
    seen: Mapping[str, Tensor],
    *,
    unknown: Set[str] = frozenset(),
) -> dict[str, Tensor]:
    """The tensors of `graph` that nodes or callers make, with `open` and `varies` filled in.

    `open_axes` are those of the inputs. What another run shows, in `seen`, is taken as well: a number that differs
    there varies, whatever the flow says. Of `unknown` tensors the content is not known, whatever they held once.
    """
    graph = _without_content(graph, unknown)
    handed_on: dict[str, tuple[bool, ...]] = {}
    while True:
        found = _followed(graph, open_axes, seen, handed_on)
        more = dict(_more(graph, found))
        if not more:
            return found
        handed_on |= more


def _without_content(graph: Graph, unknown: Set[str]) -> Graph:
    """The graph as if the content of some tensors had not been seen."""
    if not unknown:
        return graph
    tensors = {
        name: replace(tensor, value=None, varies=None) if name in unknown else tensor
        for name, tensor in graph.tensors.items()
    }
    nodes = (
        node.between(
            tuple(t if t is None else tensors.get(t.name, t) for t in node.inputs),
            tuple(t if t is None else tensors.get(t.name, t) for t in node.outputs),
            node.whole,
        )
        for node in graph.nodes
    )
    return replace(graph, nodes=tuple(nodes), tensors=tensors)


def _more(graph: Graph, found: Mapping[str, Tensor]) -> Iterator[tuple[str, tuple[bool, ...]]]:
    """What bodies are handed at a step whose axes are open once the step before made it, though not at the first.

    Those along which it was seen to change its size from step to step are.
    """
    for made, handed in (tie for node in graph.nodes for tie in node.ties):
        before, after = found[made].open, found[handed].open
        sizes = zip(found[made].shape or (), found[handed].shape or (), strict=False)
        grows = tuple(one != other for one, other in sizes)
        if len(before) == len(after) == len(grows) and (all_ := tuple(map(max, before, after, grows))) != after:
            yield handed, all_


def _followed(
    graph: Graph,
    open_axes: Mapping[str, tuple[bool, ...]],
    seen: Mapping[str, Tensor],
    handed_on: Mapping[str, tuple[bool, ...]],
) -> dict[str, Tensor]:
    """`mark_open` in one pass; `handed_on` are axes that are known to be open of what bodies are handed."""
    found: dict[str, Tensor] = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        found[name] = replace(tensor, open=open_axes.get(name, ()), varies=_filled(tensor, value=True))
    contents = {tensor.name: True for tensor in graph.tensors.values() if tensor.origin is Origin.INPUT}
    for index, written in enumerate(graph.nodes):
        read = tuple([t if t is None else found.get(t.name, t) for t in written.inputs])
        node = written.between(read, written.outputs, written.whole)
        flow = _Flow(bind_node(node, index), contents, found)
        for position, made in enumerate(node.outputs):
            if made is not None and made.shape is not None:
                marked = _joined(flow.mark(position, made), seen.get(made.name))
                if made.origin is Origin.STEP:  # another at each step, whatever it is at the last one
                    marked = replace(
                        marked, varies=_filled(marked, value=True), open=handed_on.get(made.name, marked.open)
                    )
                found[made.name] = marked
                contents[made.name] = made.origin is Origin.STEP or flow.depends(marked)
            elif made is not None:
                contents[made.name] = True
    return found


class _Flow:
    """What one node does to open axes and varying numbers; `contents` says of all tensors whether any number varies."""

    def __init__(self, bound: BoundNode, contents: Mapping[str, bool], known: Mapping[str, Tensor]) -> None:
        self.bound = bound
        node = bound.node
        pairs = list(zip(node.inputs, bound.binding.inputs, strict=True))
        captured = [known[name] for name in node.captures if name in known]
        varying = {t.name for t in node.inputs if t is not None and contents.get(t.name, False)}
        numbers = {t.name for t, operand in pairs if t is not None and operand is None}
        self.reads_varying = bool(varying) or any(contents.get(name, False) for name in node.captures)
        self.numbers_vary = not varying.isdisjoint(numbers) or any(contents.get(name, False) for name in node.captures)
        self.open_ones = _open_ones(pairs)
        self.open_factors = _open_factors(bound, pairs)
        made = bound.binding.made
        lost = any(name not in made for name in self.open_factors) or any(any(t.open) for t in captured)
        decides = isinstance(bound.rule.shape, DataDependentShape) and self.reads_varying
        self.reads_open = lost or self.numbers_vary or decides
        self.held = _held(bound)

    def mark(self, position: int, tensor: Tensor) -> Tensor:
        """The output in this position."""
        operand = self.bound.binding.outputs[position]
        if operand is None:
            is_read = isinstance(self.bound.rule.shape, ReadsShape)  # as many numbers as axes are read
            is_open = tuple(self.reads_open and not is_read for _ in tensor.shape or ())
        else:
            absorbs = bool(self.open_ones) and not _keeps_ones(operand, self.open_ones)
            is_open = tuple(self._is_open(axis, absorbs=absorbs) for axis in operand)
        if tensor.value is None:
            return replace(tensor, open=is_open, varies=None)
        return replace(tensor, open=is_open, varies=self._numbers(position, tensor.value, any_open=any(is_open)))

    def depends(self, marked: Tensor) -> bool:
        """Whether any number of an output varies."""
        if marked.varies is not None:
            return bool(marked.varies.any())
        return self.reads_varying or self.reads_open or any(marked.open)

    def _is_open(self, axis: Axis, *, absorbs: bool) -> bool:
        if _names(axis) in self.held:
            return False
        fresh = self.reads_open and not self.bound.binding.read.issuperset(axis.names)
        is_one = not axis.names and bool(self.open_ones)
        return absorbs or fresh or is_one or not self.open_factors.isdisjoint(axis.names)

    def _numbers(self, position: int, value: Array, *, any_open: bool) -> Flags:
        """Which entries of an output vary."""
        shape = self.bound.rule.shape
        if isinstance(shape, ReadsShape):
            source = self.bound.node.inputs[0]
            axes = [source is not None and bool(source.open) and source.open[k] for k in shape.axes]
            if len(axes) == value.size:
                return np.array(axes, np.bool_).reshape(value.shape)
            return np.full(value.shape, any(axes))
        if any_open or self.reads_open:
            return np.ones(value.shape, np.bool_)
        flags = moved(self.bound, position, [_flags(t) for t in self.bound.node.inputs])
        if flags is None:
            return np.full(value.shape, self.reads_varying)
        return np.broadcast_to(flags, value.shape)


def _flags(tensor: Tensor | None) -> Flags:
    if tensor is None or tensor.is_constant:
        return np.zeros((), np.bool_)
    return np.ones((), np.bool_) if tensor.varies is None else tensor.varies


def _filled(tensor: Tensor, *, value: bool) -> Flags | None:
    return None if tensor.value is None else np.full(tensor.value.shape, value)


def _open_factors(bound: BoundNode, pairs: Sequence[tuple[Tensor | None, Operand | None]]) -> frozenset[str]:
    """Factors whose size may be another: those on open axes, unless an axis that is not open gives their size away."""
    found: set[str] = set()
    settled = {segments[0][0] for segments in _held(bound) if len(segments) == 1 and len(segments[0]) == 1}
    for tensor, operand in pairs:
        for k, axis in enumerate(operand or ()):
            if tensor is not None and tensor.open and tensor.open[k]:
                found.update(axis.names)
            elif len(axis.names) == 1:
                settled.update(axis.names)
    return frozenset(found - settled)


def _open_ones(pairs: Sequence[tuple[Tensor | None, Operand | None]]) -> frozenset[int]:
    """Places, counted from the last axis, of open axes that happened to have size one and so have no factor."""
    return frozenset(
        k - len(operand)
        for tensor, operand in pairs
        if tensor is not None and operand is not None and tensor.open
        for k, axis in enumerate(operand)
        if tensor.open[k] and axis == ONE
    )


def _keeps_ones(operand: Operand, places: frozenset[int]) -> bool:
    """Whether an output has axes of size one where inputs have open ones: then they are the same axes."""
    return all(-place <= len(operand) and operand[place] == ONE for place in places)


def _held(bound: BoundNode) -> frozenset[tuple[tuple[str, ...], ...]]:
    """Names of the factors of axes whose size the node holds as a number that does not vary.

    A bound on a part of an open axis, as Slice has it, is none: there may be less.
    """
    held: set[tuple[tuple[str, ...], ...]] = set()
    cut = {
        name
        for tensor, operand in zip(bound.node.inputs, bound.binding.inputs, strict=True)
        for k, axis in enumerate(operand or ())
        if tensor is not None and tensor.open and tensor.open[k]
        for name in axis.names
        if len(axis.segments) > 1
    }
    for fit in bound.rule.fits:
        if isinstance(fit.holder, int):
            entries = bound.node.entries(fit.holder) or ()
            known = (axis for k, axis in fit.axes.items() if k < len(entries) and entries[k] is not None)
            held.update(_names(axis) for axis in known if cut.isdisjoint(axis.names))
    return frozenset(held)


def _names(axis: Axis) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(factor.name for factor in segment) for segment in axis.segments)


def _joined(tensor: Tensor, seen: Tensor | None) -> Tensor:
    """A tensor with what another run shows of it."""
    if seen is None or seen.shape is None or tensor.shape is None or len(seen.shape) != len(tensor.shape):
        return tensor
    differ = tuple(a != b for a, b in zip(tensor.shape, seen.shape, strict=True))
    is_open = tuple(a or b for a, b in zip(tensor.open, differ, strict=True)) if tensor.open else differ
    varies = tensor.varies
    if varies is not None and tensor.value is not None:
        same_shape = seen.value is not None and seen.value.shape == tensor.value.shape
        varies = varies | (np.asarray(seen.value != tensor.value) if same_shape else np.True_)
    return replace(tensor, open=is_open, varies=varies)
