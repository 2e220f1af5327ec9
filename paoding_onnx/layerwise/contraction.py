"""A node that multiplies a computed tensor with a weight and adds up, as a matrix product: features @ weight = output.

Everything is read off the node's equation. With a kernel, the features of an output are the inputs in its window; the
operator itself lays them out, given a weight of ones and zeros (`window_weight`), so that no stride or padding has to
be known here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.equation import Axis, Operand, names_of
from paoding_onnx.rules.facts import Homogeneity
from paoding_onnx.rules.rule import Fit

Floats = NDArray[np.floating]
Rows = NDArray[np.intp]
"""Numbers of rows."""


@dataclass(frozen=True, slots=True)
class Contraction:
    """Which operand is the computed one (`source`) and which the `weight`, and what the factors of the weight do.

    `shared` are in source and output too (groups, heads), `summed` in the source alone, `made` in the output alone,
    `kernel` in neither; `rows` are the factors of the output that the weight has not. The product is scaled by `alpha`.
    `grouping` is the attribute that holds the size of the shared factor; a kernel needs one.
    """

    source: int
    weight: int
    shared: tuple[str, ...]
    summed: tuple[str, ...]
    kernel: tuple[str, ...]
    made: tuple[str, ...]
    rows: tuple[str, ...]
    alpha: float = 1.0
    grouping: str = ""

    def n_features(self, bound: BoundNode) -> int:
        """How many numbers of the source an output adds up."""
        return count(bound, (*self.summed, *self.kernel))


def contraction(bound: BoundNode) -> Contraction | None:
    """How a node contracts, if it is one linear map of one computed tensor; `None` for everything else."""
    contracts, tensors = bound.rule.contracts, bound.node.inputs
    if contracts is None or len(contracts.products) > 1 or not contracts.alpha:
        return None
    if bound.rule.integers.quantized or bound.rule.acts.homogeneity is not Homogeneity.ANY:
        return None
    sources = [k for k, t in enumerate(tensors) if t is not None and bound.inputs[k] is not None and not t.is_constant]
    weights = [k for k, t in enumerate(tensors) if t is not None and t.is_constant and len(t.shape or ()) > 1]
    weights = [k for k in weights if k != contracts.bias]
    if len(sources) != 1 or len(weights) != 1:
        return None
    tensor = tensors[weights[0]]
    if tensor is None or tensor.dtype is None or tensor.dtype.kind != "f":
        return None
    return _sorted_factors(bound, sources[0], weights[0], contracts.alpha)


def _sorted_factors(bound: BoundNode, source: int, weight: int, alpha: float) -> Contraction | None:
    own = names_of(bound.binding.inputs[weight] or ())
    read, made = (names_of(o or ()) for o in (bound.binding.inputs[source], bound.binding.outputs[0]))
    shared = tuple(n for n in own if n in read and n in made)
    summed = tuple(n for n in own if n in read and n not in made)
    kernel = tuple(n for n in own if n not in read and n not in made)
    rows = tuple(
        n for n in _row_names(bound.binding.outputs[0], own) if n in read or kernel or bound.binding.sizes[n] > 1
    )
    produced = tuple(n for n in own if n in made and n not in read)
    found = Contraction(source, weight, shared, summed, kernel, produced, rows, alpha)
    if not kernel:
        is_plain = set(_row_names(bound.binding.inputs[source], own)) == set(rows)
        return found if is_plain and summed else None
    if len(shared) != 1 or len(summed) != 1:
        return None
    holders = [fit.holder for fit in bound.rule.fits if isinstance(fit.holder, str) and _is_size_of(fit, shared[0])]
    return replace(found, grouping=holders[0]) if len(holders) == 1 else None


def _is_size_of(fit: Fit, name: str) -> bool:
    return 0 in fit.axes and fit.axes[0].names == (name,)


def count(bound: BoundNode, names: Sequence[str]) -> int:
    """Product of the sizes of some factors."""
    return math.prod(bound.binding.sizes[name] for name in names)


def matrix(bound: BoundNode, of: Contraction, weight: Array) -> Floats:
    """The weight as `(n_shared, n_features, n_made)`, so that an output is features @ matrix, times the rule's gain."""
    operand = bound.binding.inputs[of.weight] or ()
    parts = (of.shared, (*of.summed, *of.kernel), of.made)
    found = np.array(_arranged(weight, operand, bound.binding.sizes, parts), np.float64)
    found *= of.alpha  # in place, here and below: a weight may be half a gigabyte
    return found


def unmatrix(bound: BoundNode, of: Contraction, values: Floats, dtype: np.dtype[np.generic]) -> Array:
    """The weight that `matrix` made `values` of."""
    return _as_weight(bound, of, values if of.alpha == 1 else values / of.alpha, bound.binding.sizes, dtype)


def _as_weight(
    bound: BoundNode, of: Contraction, values: Floats, sizes: Mapping[str, int], dtype: np.dtype[np.generic]
) -> Array:
    """Values by shared, summed, kernel and made factors, arranged as the weight of the node is."""
    names = (*of.shared, *of.summed, *of.kernel, *of.made)
    operand = bound.binding.inputs[of.weight] or ()
    order = [names.index(name) for name in names_of(operand)]
    shape = [one.size(sizes) for one in operand]
    whole = values.astype(dtype).reshape([sizes[name] for name in names])
    return np.ascontiguousarray(whole.transpose(order).reshape(shape))


def n_rows(bound: BoundNode, of: Contraction, value: Array) -> int:
    """How many rows the output of a contraction has; its batch may have any size."""
    sizes = _sizes_of(value, bound.binding.outputs[0] or (), bound.binding.sizes, of)
    return math.prod(sizes[name] for name in of.rows)


def plain_features(bound: BoundNode, of: Contraction, value: Array, chosen: Rows | None = None) -> Floats:
    """Chosen rows, or all, of the source of a contraction without a kernel, `(n_chosen, n_shared, n_features)`."""
    return np.asarray(_batched(value, bound.binding.inputs[of.source], bound.binding.sizes, of, of.summed, chosen))


def targets(bound: BoundNode, of: Contraction, value: Array, chosen: Rows | None = None) -> Floats:
    """Chosen rows, or all, of the output, `(n_chosen, n_shared, n_made)`; its batch may have any size."""
    return np.asarray(_batched(value, bound.binding.outputs[0], bound.binding.sizes, of, of.made, chosen))


def window_weight(bound: BoundNode, of: Contraction, dtype: np.dtype[np.generic]) -> Array:
    """A weight of ones and zeros under which the node, every input channel a group of its own, copies its windows.

    Output number k of group c is then input channel c at place k of the kernel.
    """
    n_kernel = count(bound, of.kernel)
    sizes = _window_sizes(bound, of)
    ones = np.broadcast_to(np.eye(n_kernel), (sizes[of.shared[0]], n_kernel, n_kernel))
    return _as_weight(bound, of, ones, sizes, dtype)


def n_windows(bound: BoundNode, of: Contraction) -> int:
    """How many groups the node with `window_weight` has: its input channels."""
    return count(bound, (*of.shared, *of.summed))


def window_features(bound: BoundNode, of: Contraction, value: Array, chosen: Rows | None = None) -> Floats:
    """Chosen rows, or all, of what the node with `window_weight` returned, `(n_chosen, n_shared, n_features)`."""
    made = _batched(value, bound.binding.outputs[0], _window_sizes(bound, of), of, of.made, chosen)
    rows = np.asarray(made, np.float32)
    return rows.reshape(len(rows), count(bound, of.shared), of.n_features(bound))  # there may be no row


def leads_rows(bound: BoundNode, of: Contraction) -> bool:
    """Whether the first axis of source and output alike is the first factor of the rows: samples, one after another."""
    ends = (bound.binding.inputs[of.source] or (), bound.binding.outputs[0] or ())
    return bool(of.rows) and all(operand and operand[0].names == of.rows[:1] for operand in ends)


def _window_sizes(bound: BoundNode, of: Contraction) -> Mapping[str, int]:
    changed = {of.shared[0]: n_windows(bound, of), of.summed[0]: 1}
    made = dict.fromkeys(of.made, 1) | {of.made[-1]: count(bound, of.kernel)}
    return {**bound.binding.sizes, **changed, **made}


def _batched(
    value: Array,
    operand: Operand | None,
    sizes: Mapping[str, int],
    of: Contraction,
    last: tuple[str, ...],
    chosen: Rows | None,
) -> Array:
    """Chosen rows, shared factors, `last`; row factors take their sizes from the array, whose batch may be another."""
    own = _sizes_of(value, operand or (), sizes, of)
    return _arranged(value, operand or (), own, (of.rows, of.shared, last), chosen)


def _sizes_of(value: Array, operand: Operand, sizes: Mapping[str, int], of: Contraction) -> dict[str, int]:
    found = dict(sizes)
    for number, (axis, size) in enumerate(zip(operand, value.shape, strict=True)):
        name = _row_name(number, axis)
        if name in of.rows:
            found[name] = size
    return found


def _row_name(number: int, axis: Axis) -> str:
    """An axis of one factor has its name; one of segments counts as a whole."""
    if len(axis.segments) > 1:
        return f"axis {number}"
    return axis.names[0] if len(axis.names) == 1 else ""


def _row_names(operand: Operand | None, own: Sequence[str]) -> tuple[str, ...]:
    """Names of the axes that hold no factor of the weight; axes of several factors give each of theirs."""
    names: list[str] = []
    for number, axis in enumerate(operand or ()):
        parts = [_row_name(number, axis)] if len(axis.segments) > 1 else list(axis.names)
        names += [name for name in parts if name not in own]
    return tuple(names)


def _arranged(
    value: Array,
    operand: Operand,
    sizes: Mapping[str, int],
    parts: Sequence[Sequence[str]],
    chosen: Rows | None = None,
) -> Array:
    """The array with one axis for each of `parts`, made of these factors, major to minor.

    Of the first axis only what is `chosen`, if anything is: nothing else is copied.
    """
    wanted = {name for part in parts for name in part}
    names: list[str] = []
    shape: list[int] = []
    for number, (axis, size) in enumerate(zip(operand, value.shape, strict=True)):
        if len(axis.segments) > 1:
            names.append(_row_name(number, axis))
            shape.append(size)
            continue
        used = [name for name in axis.names if name in wanted or sizes[name] > 1]
        names += used
        shape += [sizes[name] for name in used]
    order = [names.index(name) for part in parts for name in part]
    lengths = [math.prod(shape[names.index(name)] for name in part) for part in parts]
    arranged = value.reshape(shape).transpose(order)
    if chosen is None:
        return arranged.reshape(lengths)
    first = [shape[names.index(name)] for name in parts[0]]
    rows = arranged[np.unravel_index(chosen, first)] if first else arranged[np.newaxis][chosen]
    return rows.reshape(len(chosen), *lengths[1:])
