"""The paper's pair-wise sampler for dense units: a unit goes if a merge target can take over with little impact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Group, Role
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.layerwise.weights import Candidate, Floats, View, unit_rows
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.facts import Contracts, Homogeneity
from paoding_onnx.samplers.magnitude import channel_scale

ALPHA = 0.75
"""Weight of the L1 norm against the entropy, as in the method paper for relu networks."""


@dataclass(frozen=True, slots=True)
class _Response:
    """What becomes of a group's units on their way to the consumers.

    `features`, each `(n_kept, any)`, describe a unit's response to the layer's input, `passes` which scalings survive.
    """

    features: tuple[Floats, ...]
    passes: Homogeneity


def pairwise(view: View, group: Group, count: int, rng: np.random.Generator) -> tuple[Candidate, ...]:
    """`count` pairs of a unit and the merge target that takes it over, least impact on the outputs first.

    Unit i with incoming weights w_i (bias appended, BatchNormalization and the like folded in) is replaced by c times
    its merge target j. The impact on output o is at most |w_i - c w_j| times `output_bounds[i, o]`; its L1 norm
    and the Shannon entropy of its distribution over the outputs are joined to one score.

    Source: paper section III, "Dense Layers", and reference [6] there. Different here, and why:

    - the unit that is scored is the one that goes, and the first pair is not skipped (both were slips of the program);
    - c is the least-squares scale instead of 1 wherever the activation lets a scale pass, since relu units that are
      multiples of each other then merge without loss; c = 1 elsewhere;
    - the bias is one more incoming weight, since the program's quotient of bias sums explodes near zero;
    - differences are propagated soundly (see `output_bounds`), since the program added biases to them and clipped them;
    - the L1 norm is put on [0, 1) by its own median, since the logistic function saturates;
    - entropy counts as ln(n) - H over ln(n): an even impact is preferred, by small values of both;
    - pairs are chosen one at a time and a merge target's output bounds grow with what it took over, so that no unit is
      overloaded.
    """
    kept = view.kept_units(group)
    response = _respond(view, group, kept)
    if response is None:
        return channel_scale(view, group, count, rng)
    output_bounds = view.output_bounds.get(group.start)
    rows = (
        np.ones((kept.size, 1), np.float32)
        if output_bounds is None or not output_bounds.any()
        else output_bounds[kept - group.start]
    )
    return _choose(kept, response, rows.astype(np.float64), count)


def _choose(kept: Ids, response: _Response, output_bounds: NDArray[np.float64], count: int) -> tuple[Candidate, ...]:
    """Take the best pair, hand its unit's output bounds to the merge target, and look again."""
    scales, distances = _distances(response)
    merge_targets = distances.argmin(1)
    lengths = distances[np.arange(kept.size), merge_targets]
    alive = np.ones(kept.size, np.bool_)
    norms, unevenness = output_bounds.sum(1), _unevenness(output_bounds)
    chosen: list[Candidate] = []
    for _ in range(min(count, kept.size - 1)):
        scores = np.where(alive, _scores(lengths * norms, unevenness, alive), np.inf)
        unit = int(scores.argmin())
        merge_target = int(merge_targets[unit])
        scale = float(scales[unit, merge_target])
        chosen.append(Candidate(int(kept[unit]), float(scores[unit]), int(kept[merge_target]), scale))
        alive[unit] = False
        distances[:, unit] = np.inf
        output_bounds[merge_target] += abs(scale) * output_bounds[unit]
        norms[merge_target], unevenness[merge_target] = (
            output_bounds[merge_target].sum(),
            _unevenness(output_bounds[merge_target : merge_target + 1])[0],
        )
        orphans = np.flatnonzero(alive & (merge_targets == unit))
        merge_targets[orphans] = distances[orphans].argmin(1)
        lengths[orphans] = distances[orphans, merge_targets[orphans]]
    return tuple(chosen)


def _scores(l1: NDArray[np.float64], unevenness: NDArray[np.float64], alive: NDArray[np.bool_]) -> NDArray[np.float64]:
    median = float(np.median(l1[alive]))
    return ALPHA * l1 / (l1 + median if median > 0 else l1 + 1.0) + (1 - ALPHA) * unevenness * (l1 > 0)


def _unevenness(output_bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 - H / ln(n) for each row, H the Shannon entropy of its shares: 0 when all n outputs feel the same."""
    if output_bounds.shape[1] < 2:
        return np.zeros(len(output_bounds))
    shares = output_bounds / np.maximum(output_bounds.sum(1, keepdims=True), np.finfo(np.float64).tiny)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(1)
    return np.asarray(1 - entropy / np.log(output_bounds.shape[1]))


def _distances(response: _Response) -> tuple[Floats, Floats]:
    """For every ordered pair (unit i, target j) the scale c, and the length of w_i - c w_j; both `(n_kept, n_kept)`."""
    gram = sum(block @ block.T for block in response.features)
    squares = np.diagonal(gram).copy()
    if response.passes is Homogeneity.ONE:
        scales = np.ones_like(gram)
    else:
        scales = gram / np.maximum(squares, np.finfo(np.float32).tiny)
        if response.passes is Homogeneity.POSITIVE:
            np.maximum(scales, 0, out=scales)
    squared = scales * squares  # |w_i - c w_j|^2 = |w_i|^2 + c (c |w_j|^2 - 2 <w_i, w_j>)
    squared -= 2 * gram
    squared *= scales
    squared += squares[:, None]
    noise = 4 * np.finfo(np.float32).eps * squares  # a cancelled difference below this is no difference
    squared[squared <= noise[:, None]] = 0
    distances = np.sqrt(squared, out=squared)
    np.fill_diagonal(distances, np.inf)
    return scales, distances


def _respond(view: View, group: Group, kept: Ids) -> _Response | None:
    """The group's response, from all its producing nodes; `None` if its units' weights cannot be lined up."""
    features: list[Floats] = []
    scalings = [Homogeneity.ANY]
    for index in sorted({parameter_axis.node_index for parameter_axis in group.having(Role.PRODUCES)}):
        made = _made(view, group, kept, index)
        if made is None:
            return None
        scalings.append(view.trace.bound_nodes[index].rule.acts.homogeneity)
        affine, rest = _path(view, group, index)
        weights, shift = made
        for bound in affine:
            gain, offset = _gain(view, bound, kept)
            weights = weights if (gain == 1).all() else weights * gain[:, None]
            shift = shift * gain + offset
        features += [weights, shift[:, None], *_traits(view, group, kept, rest, weights)]
        scalings += [bound.rule.acts.homogeneity for bound in rest]
    order = (Homogeneity.ONE, Homogeneity.POSITIVE, Homogeneity.ANY)
    return _Response(tuple(features), min(scalings, key=order.index)) if features else None


def _made(view: View, group: Group, kept: Ids, node_index: int) -> tuple[Floats, Floats] | None:
    """Incoming weights `(n_kept, d)` and bias `(n_kept,)` at one producing node_index."""
    contracts = view.trace.bound_nodes[node_index].rule.contracts or Contracts(())
    shift: Floats = np.zeros(kept.size, np.float32)
    blocks = []
    for parameter_axis in group.having(Role.PRODUCES):
        rows = unit_rows(view, kept, parameter_axis) if parameter_axis.node_index == node_index else None
        if parameter_axis.node_index == node_index and rows is None:
            return None
        if rows is not None and view.content(parameter_axis).ndim > 1:
            blocks.append(rows)
        elif rows is not None:
            shift = shift + np.float32(contracts.beta) * rows[:, 0]
    if contracts.alpha != 1:
        blocks = [np.float32(contracts.alpha) * block for block in blocks]
    return (blocks[0] if len(blocks) == 1 else np.hstack(blocks), shift) if blocks else None


def _path(view: View, group: Group, start: int) -> tuple[list[BoundNode], list[BoundNode]]:
    """Sites between a producer and the consumers: the affine ones that follow it directly, and all others."""
    bound_nodes = view.trace.bound_nodes
    readers = view.trace.graph.readers
    affine: list[BoundNode] = []
    current = start
    while len(after := _after(bound_nodes[current], readers)) == 1 and _is_per_unit(view, group, bound_nodes[after[0]]):
        current = after[0]
        affine.append(bound_nodes[current])
    ends = {parameter_axis.node_index for parameter_axis in group.having(Role.CONSUMES)}
    rest: dict[int, BoundNode] = {}
    waiting = [index for index in _after(bound_nodes[current], readers) if index not in ends]
    while waiting:
        index = waiting.pop()
        if index not in rest and bound_nodes[index].rule.contracts is None:
            rest[index] = bound_nodes[index]
            waiting += [k for k in _after(bound_nodes[index], readers) if k not in ends]
    return affine, [rest[index] for index in sorted(rest)]


def _is_per_unit(view: View, group: Group, bound: BoundNode) -> bool:
    """Whether a node gives every unit of the group a gain and a shift of its own, or all the same."""
    affine = bound.rule.affine
    use = bound.inputs[affine.operand] if affine is not None else None
    if affine is None or use is None:
        return False
    if affine.gain.size == affine.shift.size == 1:
        return True
    shape = view.trace.graph.tensors[use.tensor].shape or (0,)
    units = view.trace.units[use, int(np.argmax(shape))]
    return set(range(group.start, group.stop)) <= set(units.tolist())


def _after(bound: BoundNode, readers: Mapping[str, list[int]]) -> list[int]:
    return [index for tensor in bound.node.outputs if tensor is not None for index in readers.get(tensor.name, [])]


def _gain(view: View, bound: BoundNode, kept: Ids) -> tuple[Floats, Floats]:
    """Gain and shift that an affine node gives each unit; `(n_kept,)`."""
    affine = bound.rule.affine
    gain, shift = np.ones(kept.size, np.float32), np.zeros(kept.size, np.float32)
    use = bound.inputs[affine.operand] if affine is not None else None
    if affine is None or use is None:
        return gain, shift
    shape = view.trace.graph.tensors[use.tensor].shape or ()
    units = view.trace.units[use, int(np.argmax(shape))] if shape else np.zeros(0, np.int64)
    where = {int(unit): position for position, unit in enumerate(units)}
    at = np.array([where.get(int(unit), 0) for unit in kept])
    return _at(affine.gain, at), _at(affine.shift, at)


def _at(values: Array, positions: Ids) -> Floats:
    return np.asarray(values, np.float32)[positions if values.size > 1 else np.zeros_like(positions)]


def _traits(view: View, group: Group, kept: Ids, rest: list[BoundNode], weights: Floats) -> list[Floats]:
    """Constants of later nodes that a merge target must share, such as PRelu slopes, times its weights' length."""
    names = {use for bound in rest for use in bound.inputs if use is not None}
    columns = []
    for parameter_axis in group.having(Role.FOLLOWS):
        rows = unit_rows(view, kept, parameter_axis) if parameter_axis.use in names else None
        if rows is not None:
            columns.append(rows * np.linalg.norm(weights, axis=1, keepdims=True))
    return columns
