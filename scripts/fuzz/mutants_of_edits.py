"""Surgery with one fault each: edits that slice wrongly, or leave a number as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from paoding_onnx.dependency.trace import Mask, Trace
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import TensorUse
from paoding_onnx.surgery.edits import ConstantUse, Edits
from paoding_onnx.surgery.plan import Plan


@dataclass(frozen=True, slots=True)
class EditFault:
    """A fault of the edits: `plant` makes the faulty ones of the right ones."""

    kind: str
    where: str
    plant: Callable[[Edits], Edits]


def edit_faults(trace: Trace, plan: Plan, edits: Edits) -> Iterator[EditFault]:
    """Every fault of the edits of a plan, each alone."""
    for kind, where, plant in (
        *_constants(trace, plan, edits), *_operands(trace, plan, edits), *_attributes(edits), *_patches(edits),
    ):  # fmt: skip
        yield EditFault(f"surgery: {kind}", where, plant)


_Found = Iterator[tuple[str, str, Callable[[Edits], Edits]]]


def _constants(trace: Trace, plan: Plan, edits: Edits) -> _Found:
    for name, value in edits.constants.items():
        whole, masks = trace.graph.tensors[name].value, _masks(trace, plan, name)
        wrongs = _wrong(whole, value, masks) if whole is not None else ()
        for kind, wrong in wrongs:
            yield kind, name, lambda e, n=name, w=wrong: _copied(e, constants={**e.constants, n: w})
        yield "a constant left whole", name, lambda e, n=name: _copied(e, constants=_without(e.constants, n))


def _operands(trace: Trace, plan: Plan, edits: Edits) -> _Found:
    for place, use in edits.operands.items():
        node = trace.bound_nodes[place[0]]
        tensor, own = node.node.inputs[place[1]], node.inputs[place[1]]
        where = f"{node.node.name} input {place[1]}"
        yield "an operand left as it was", where, lambda e, p=place: _copied(e, operands=_without(e.operands, p))
        masks = [trace.kept(own, k, plan.removed) for k in range(use.value.ndim)] if own is not None else []
        whole = tensor.value if tensor is not None else None
        for kind, wrong in _wrong(whole, use.value, masks) if whole is not None and tensor.is_constant else ():
            changed = ConstantUse(wrong, wrong.tobytes())
            yield kind, where, lambda e, p=place, c=changed: _copied(e, operands={**e.operands, p: c})
        if use.value.dtype.kind in "iu":
            for kind, wrong in _numbers(use.value):
                changed = ConstantUse(wrong, wrong.tobytes())
                yield kind, where, lambda e, p=place, c=changed: _copied(e, operands={**e.operands, p: c})


def _attributes(edits: Edits) -> _Found:
    for key, number in edits.attributes.items():
        where = f"node {key[0]} {key[1]}"
        yield "an attribute left as it was", where, lambda e, k=key: _copied(e, attributes=_without(e.attributes, k))
        for off in (-1, 1):
            wrong = [number[0] + off, *number[1:]] if isinstance(number, list) else number + off
            yield "an attribute one off", where, lambda e, k=key, w=wrong: _copied(e, attributes={**e.attributes, k: w})


def _patches(edits: Edits) -> _Found:
    for key, patch in edits.patches.items():
        where = f"node {key[0]} input {key[1]}"
        yield "a patch left out", where, lambda e, k=key: _copied(e, patches=_without(e.patches, k))
        one = np.ones((), patch.numbers.dtype)
        for kind, wrong in {
            "a patch one off": replace(patch, numbers=patch.numbers + one * (patch.kept == 0)),
            "a patch of the other entries": replace(patch, kept=one - patch.kept),
            "a patch that keeps nothing": replace(patch, kept=patch.kept * 0),
        }.items():
            yield kind, where, lambda e, k=key, w=wrong: _copied(e, patches={**e.patches, k: w})


def _wrong(whole: Array, value: Array, masks: Sequence[Mask]) -> Iterator[tuple[str, Array]]:
    """The constant sliced wrongly along each axis on which it loses something."""
    if len(masks) != whole.ndim or tuple(int(m.sum()) for m in masks) != value.shape:
        return
    for axis, kept in enumerate(masks):
        if kept.all():
            continue
        yield "rows reversed", np.flip(value, axis)
        yield "rows moved on", np.roll(value, 1, axis)
        more, other = kept.copy(), kept.copy()
        more[np.flatnonzero(~kept)[0]] = True
        yield "a row too many", _sliced(whole, [*masks[:axis], more, *masks[axis + 1 :]])
        if kept.any():
            other[[np.flatnonzero(~kept)[0], np.flatnonzero(kept)[0]]] = True, False
            yield "a wrong unit", _sliced(whole, [*masks[:axis], other, *masks[axis + 1 :]])
            fewer = kept.copy()
            fewer[np.flatnonzero(kept)[-1]] = False
            yield "a row too few", _sliced(whole, [*masks[:axis], fewer, *masks[axis + 1 :]])


def _numbers(value: Array) -> Iterator[tuple[str, Array]]:
    """Whole numbers that are one off."""
    for k in range(min(value.size, 4)):
        wrong = value.copy()
        wrong.flat[k] += 1
        yield "a number one off", wrong


def _masks(trace: Trace, plan: Plan, name: str) -> list[Mask]:
    """What is kept of a constant, axis by axis."""
    uses = (use for bound in trace.bound_nodes for use in bound.inputs if use is not None and use.tensor == name)
    use = next(uses, TensorUse(name))
    ndim = len(trace.graph.tensors[name].shape or ())
    return [trace.kept(use, axis, plan.removed) for axis in range(ndim) if (use, axis) in trace.units]


def _sliced(whole: Array, masks: Sequence[Mask]) -> Array:
    for axis, mask in enumerate(masks):
        whole = np.compress(mask, whole, axis)
    return whole


def _copied(edits: Edits, **changes: object) -> Edits:
    other = copy(edits)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _without(items: dict, key: object) -> dict:
    return {k: v for k, v in items.items() if k != key}
