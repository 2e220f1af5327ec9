"""What a `Plan` changes in a file: constants, operands, attributes. Decides; the surgeon carries it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from paoding_onnx.dependency.trace import Trace, gone
from paoding_onnx.model.graph import Array, Tensor
from paoding_onnx.rules import Fit, Taken
from paoding_onnx.rules.binding import Site, Slot
from paoding_onnx.rules.equation import Axis, parse_axis, size_of
from paoding_onnx.surgery.plan import Plan

Contents = Mapping[str, Array]
"""Constants by name, where they differ from the file's."""
Operand = tuple[int, int]
"""A site and the number of one of its inputs."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one operand of one node is to read; uses of a tensor with equal `pattern` read the same."""

    value: Array
    pattern: bytes


@dataclass(frozen=True, slots=True)
class Patch:
    """Numbers to put in place of some of those that the model computes for an operand: computed * kept + numbers."""

    kept: Array
    numbers: Array


@dataclass(slots=True)
class Edits:
    """What changes: whole constants, operands of single nodes that become constants or are patched, attributes."""

    constants: dict[str, Array] = field(default_factory=dict)
    operands: dict[Operand, Use] = field(default_factory=dict)
    patches: dict[Operand, Patch] = field(default_factory=dict)
    attributes: dict[tuple[int, str], int | list[int]] = field(default_factory=dict)


def edits_of(trace: Trace, plan: Plan, contents: Contents) -> Edits:
    """All that has to change for `plan`; `contents` replaces constants before they are sliced."""
    edits = Edits()
    _slice_constants(trace, plan, contents, edits)
    for index, site in enumerate(trace.sites):
        for fit in site.rule.fits:
            _refit(trace, plan, index, fit, edits)
        if site.rule.taken is not None:
            _renumber(trace, plan, index, site.rule.taken, edits)
    for use, value in trace.frozen_values(plan.removed):
        edits.operands[use.site, use.operand] = Use(value, value.tobytes())
    _share(trace, edits)
    return edits


def _slice_constants(trace: Trace, plan: Plan, contents: Contents, edits: Edits) -> None:
    done = set()
    for index, site in enumerate(trace.sites):
        for operand, slot in enumerate(site.inputs):
            if slot is None or slot in done or not trace.graph.tensors[slot.tensor].is_constant:
                continue
            done.add(slot)
            use = _sliced(trace, plan, slot, contents)
            if use is None:
                continue
            if slot.node < 0:
                edits.constants[slot.tensor] = use.value
            else:
                edits.operands[index, operand] = use


def _sliced(trace: Trace, plan: Plan, slot: Slot, contents: Contents) -> Use | None:
    """The constant without what goes; `None` if it stays as the file has it."""
    value = contents.get(slot.tensor, trace.graph.tensors[slot.tensor].value)
    if value is None:
        return None
    pattern = b""
    is_changed = slot.tensor in contents
    for axis in range(value.ndim):
        kept = trace.kept(slot, axis, plan.removed)
        pattern += kept.tobytes()
        if not kept.all():
            value = np.compress(kept, value, axis)
            is_changed = True
    return Use(value, pattern) if is_changed else None


def _refit(trace: Trace, plan: Plan, index: int, fit: Fit, edits: Edits) -> None:
    """Write new sizes where a node holds sizes as numbers: those that changed."""
    site = trace.sites[index]
    sizes = trace.sizes(index, plan.removed)
    new = {entry: size_of(parse_axis(fit.axes[entry]), sizes) for entry in _changed(trace, plan, site, fit, sizes)}
    if not new:
        return
    if isinstance(fit.place, str):
        values = site.node.integers(fit.place)
        edits.attributes[index, fit.place] = [new.get(k, v) for k, v in enumerate(values)] if values else new[0]
        return
    old = site.node.entries(fit.place) or ()
    numbers = [new.get(k, fit.literals.get(k, entry)) for k, entry in enumerate(old)]
    tensor = site.node.operand(fit.place)
    dtype = tensor.dtype if tensor is not None else None
    if None in numbers:
        kept = np.array([number is None for number in numbers], dtype)
        edits.patches[index, fit.place] = Patch(kept, np.array([number or 0 for number in numbers], dtype))
    else:
        value = np.array(numbers, dtype)
        edits.operands[index, fit.place] = Use(value, value.tobytes())


def _changed(trace: Trace, plan: Plan, site: Site, fit: Fit, sizes: Mapping[str, int]) -> Iterator[int]:
    """Entries of a fit to write anew.

    Numbers that count from the end mean another place wherever their axis shrinks. Numbers that are computed while
    running might change by themselves, perhaps wrongly: where their axis shrinks, or one whose size they are made of.
    """
    tensor = site.node.operand(fit.place) if isinstance(fit.place, int) else None
    computed = tensor is not None and not tensor.is_constant
    shrunk = {name for name, size in sizes.items() if size != site.bound.sizes[name]}
    old = (site.node.entries(fit.place) if isinstance(fit.place, int) else site.node.integers(fit.place)) or ()
    for entry, text in fit.axes.items():
        axis = parse_axis(text)
        is_counted = computed or (entry < len(old) and (old[entry] or 0) < 0)
        touched = _neighbours(site, axis) if is_counted else {name for segment in axis for name in segment}
        if touched & shrunk or (computed and _shrinks(trace, plan, tensor, entry)):
            yield entry


def _shrinks(trace: Trace, plan: Plan, tensor: Tensor | None, entry: int) -> bool:
    """Whether a size that a computed number is made of changes."""
    if tensor is None or tensor.value is None:
        return False
    return trace.shrinks(tensor.name, entry, tensor.value.size, plan.removed)


def _neighbours(site: Site, axis: Axis) -> set[str]:
    """Factors that share an axis of one of the node's tensors with those of `axis`."""
    own = {name for segment in axis for name in segment}
    operands = (operand or () for operand in (*site.bound.inputs, *site.bound.outputs))
    axes = ({name for segment in other for name in segment} for operand in operands for other in operand)
    return own.union(*(names for names in axes if names & own))


def _renumber(trace: Trace, plan: Plan, index: int, taken: Taken, edits: Edits) -> None:
    """Indices of what is taken, once both sides have lost positions."""
    source = ~gone(trace.factors[index][taken.source], plan.removed)
    target = ~gone(trace.factors[index][taken.target], plan.removed)
    tensor = trace.sites[index].node.operand(taken.operand)
    if tensor is None or tensor.shape is None or (source.all() and target.all()):
        return
    rank = np.cumsum(source) - 1
    numbers = rank[np.array(taken.places)[target]].astype(tensor.dtype)
    value = numbers.reshape([size if size == 1 else -1 for size in tensor.shape])
    edits.operands[index, taken.operand] = Use(value, value.tobytes())


def _share(trace: Trace, edits: Edits) -> None:
    """Uses of one constant that all change alike change the constant itself; others keep a copy of their own."""
    uses: dict[str, list[Operand]] = {}
    read_elsewhere = set(trace.graph.outputs)
    for index, site in enumerate(trace.sites):
        read_elsewhere.update(site.node.captures)
        for operand, tensor in enumerate(site.node.inputs):
            if tensor is not None and tensor.is_constant:
                uses.setdefault(tensor.name, []).append((index, operand))
    for name, places in uses.items():
        first = edits.operands.get(places[0])
        patterns = {use.pattern if (use := edits.operands.get(place)) is not None else None for place in places}
        if first is not None and len(patterns) == 1 and name not in read_elsewhere:
            edits.constants[name] = first.value
            for place in places:
                del edits.operands[place]
