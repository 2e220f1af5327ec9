"""Layer-wise reconstruction: least squares fit the smaller model's weights so that it computes what the original did.

Both models run on the same inputs, node by node. Wherever the smaller one multiplies a distorted tensor with a weight,
the weight and the bias are changed so that what comes out, summed up with what it is added to, is what the original has
there. So every layer makes up for what was lost before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import Run
from paoding_onnx.layerwise.contraction import (
    count,
    leads_rows,
    matrix,
    n_rows,
    plain_features,
    targets,
    unmatrix,
    window_features,
)
from paoding_onnx.layerwise.layers import Layer, layers_of
from paoding_onnx.layerwise.ridge import Equations, FittedLayer, Singles, Solution, distance, solve
from paoding_onnx.layerwise.stream import Stream
from paoding_onnx.layerwise.subgraph import window_model
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import proto_nodes
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.reconstruction.goals import HELD_BACK, Goal, Goals, Kept, differing

WINDOW_NUMBERS = 1 << 22
"""Numbers of the windows that a layer is laid out in at a time."""
UNDISTORTED = 1e-5
"""Root mean square of a distortion, as a share of the tensor's, that is taken for rounding."""
FAINT = 1e-3
"""Units whose gain is below this share of the largest hardly matter, and would have to change wildly to do so."""

REAL = 0.9
"""The share of what a solution gains that has to be seen with its weights in place; units of hardly any gain stay."""


@dataclass(slots=True)
class LayerFits:
    """What came out: weights by name, what is to be added to offsets by name, and the account of each layer.

    `reached` is what the first batch leads to where no other layer follows, by the name of the tensor.
    """

    weights: dict[str, Array] = field(default_factory=dict)
    shifts: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    layers: list[FittedLayer] = field(default_factory=list)
    reached: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """The original and the smaller model with their graphs, and which positions of a tensor both have."""

    original: Model
    original_graph: Graph
    smaller: Model
    smaller_graph: Graph
    kept: Kept


def fit_layers(
    pair: Pair, feeds: Sequence[Mapping[str, Array]], run: Run, *, spares_last: bool, weights: Sequence[float] = ()
) -> LayerFits:
    """Fit every layer of the smaller model whose output is distorted, front to back, on the batches in `feeds`.

    Each of them counts as much as its weight says, if there are any.

    A fit that does not bring a layer closer to the original on the batches held back is not made, and is taken back if
    that is not seen with the weights in place. With `spares_last`
    the layers before the outputs are fitted only if they lost inputs: what they add up to is what inputs are least like
    real ones in.

    Raises:
        ModelError: if a part of a model cannot be run alone.
    """
    moved = differing(pair.original_graph, pair.smaller_graph)
    layers = [layer for layer in layers_of(pair.smaller_graph) if layer.comparison_point in moved]
    layers = [layer for layer in layers if not spares_last or _is_worth(pair, layer)]
    found = LayerFits()
    with (
        Stream(pair.original, pair.original_graph, feeds, memory=run.memory // 2, on=run.deployment) as original,
        Stream(pair.smaller, pair.smaller_graph, feeds, memory=run.memory // 2, on=run.deployment) as smaller,
    ):
        goals = Goals(original, layers, kept=pair.kept, seed=run.seed, weights=weights)
        for number, layer in enumerate(layers):
            run.tell("fitting weights", number / len(layers))
            of_layer = goals.take(layer)
            smaller.advance(layer.index, batches=[goal.batch for goal in of_layer])
            ends = _ends(layer, of_layer, smaller, is_even=not weights)
            if ends is not None:
                _fit(pair, layer, smaller, ends, found)
            if layer.is_last:
                (found.reached[layer.comparison_point],) = smaller.peek(layer.last + 1, layer.comparison_point, [0])
    return found


def _is_worth(pair: Pair, layer: Layer) -> bool:
    """Whether a layer lost inputs, or another layer comes after it."""
    old, new = (graph.tensors[layer.weight].shape for graph in (pair.original_graph, pair.smaller_graph))
    return old != new or not layer.is_last


@dataclass(frozen=True, slots=True)
class _Ends:
    """What a layer leads to at its joint, and what it should, `(n_rows, n_shared, n_made)`, in some rows of a batch.

    `weights` says how much each of them counts, empty if all count alike.
    """

    batch: int
    chosen: NDArray[np.intp]
    start: Singles
    goal: Singles
    weights: Singles


def _ends(layer: Layer, goals: Sequence[Goal], smaller: Stream, *, is_even: bool) -> list[_Ends] | None:
    """Where a layer stands, at the rows that its goals name; `None` if it is where it should be.

    Batches of which both models make other numbers of rows are left out: how long speech is, they decide themselves.
    """
    got = smaller.peek(layer.last + 1, layer.comparison_point, [goal.batch for goal in goals])
    found, size, off = [], 0.0, 0.0
    for goal, value in zip(goals, got, strict=True):
        if n_rows(layer.bound, layer.of, value) != goal.n_there:
            continue
        start = targets(layer.bound, layer.of, value, goal.chosen).astype(np.float32)
        size += float(np.square(goal.rows, dtype=np.float64).sum())
        off += float(np.square(goal.rows - start, dtype=np.float64).sum())
        own = np.full(0 if is_even else len(start), goal.weight, np.float32)
        found.append(_Ends(goal.batch, goal.chosen, start, goal.rows, own))
    is_distorted = np.isfinite(off) and off > UNDISTORTED**2 * size
    return found if is_distorted else None


def _rows(pair: Pair, layer: Layer, smaller: Stream, ends: Sequence[_Ends]) -> tuple[Equations, Equations]:
    """Equations to fit and to judge by: of every few batches one, of few batches every few rows."""
    session = None
    node = proto_nodes(pair.smaller.proto, pair.smaller_graph)[layer.index]
    if layer.of.kernel and node is not None:
        session = Session(window_model(pair.smaller, pair.smaller_graph, node, layer.bound, layer.of))
    source = layer.bound.node.inputs[layer.of.source]
    name = source.name if source is not None else ""
    values = smaller.value(name)
    n_rows_of = [len(end.chosen) for end in ends]
    held = [_is_held(number, n, ends) for number, n in enumerate(n_rows_of)]
    places = [sum(int(np.count_nonzero(~one)) for one in held), sum(int(np.count_nonzero(one)) for one in held)]
    fit, judged = (_Gathered(n) for n in places)
    for end, is_held in zip(ends, held, strict=True):
        features = _features(layer, session, name, values[end.batch], end.chosen)
        for gathered, which in ((fit, ~is_held), (judged, is_held)):
            if which.any():
                gathered.add(features[which], end.start[which], end.goal[which])
                gathered.weights.append(end.weights[which] if end.weights.size else end.weights)
    return fit.equations(), judged.equations()


def _is_held(number: int, n_rows: int, ends: Sequence[_Ends]) -> NDArray[np.bool_]:
    """Which rows of a batch judge a fit: of many batches all of every eighth one, of few every eighth row."""
    if len(ends) >= HELD_BACK:
        return np.full(n_rows, number % HELD_BACK == HELD_BACK - 1)
    first = sum(len(end.chosen) for end in ends[:number])
    return np.equal(np.arange(first, first + n_rows) % HELD_BACK, HELD_BACK - 1)


class _Gathered:
    """Equations that are filled batch by batch, so that no part of them is held twice."""

    def __init__(self, n_rows: int) -> None:
        self._n_rows = n_rows
        self._columns: list[Singles] = []
        self._filled = 0
        self.weights: list[Singles] = []

    def add(self, *columns: Singles) -> None:
        """More rows: features, start and goal, `(n_rows, n_systems, ...)` each."""
        if not self._columns:
            self._columns = [np.empty((c.shape[1], self._n_rows, c.shape[2]), np.float32) for c in columns]
        stop = self._filled + len(columns[0])
        for whole, part in zip(self._columns, columns, strict=True):
            whole[:, self._filled : stop] = part.transpose(1, 0, 2)
        self._filled = stop

    def equations(self) -> Equations:
        """All of them, systems first."""
        features, start, goal = self._columns or [np.zeros((0, 0, 0), np.float32)] * 3
        return Equations(features, start, goal, np.concatenate([np.zeros(0, np.float32), *self.weights]))


def _features(layer: Layer, session: Session | None, name: str, value: Array, chosen: NDArray[np.intp]) -> Singles:
    """Chosen rows of what a layer reads, `(n_chosen, n_shared, n_features)`, a few samples at a time."""
    if session is None:
        return plain_features(layer.bound, layer.of, value, chosen).astype(np.float32)
    samples = [value]
    if leads_rows(layer.bound, layer.of):
        numbers = value.size * count(layer.bound, layer.of.kernel)
        samples = np.array_split(value, min(-(-numbers // WINDOW_NUMBERS), len(value)))
    found, before = [], 0
    for part in samples:
        made = session.run({name: part})[session.output_names[0]]
        there = n_rows(layer.bound, layer.of, made)
        own = chosen[(chosen >= before) & (chosen < before + there)] - before
        found.append(window_features(layer.bound, layer.of, made, own))
        before += there
    return np.concatenate(found)


def _undone(values: Singles, gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """A change at the joint as a change of the output; units that hardly reach the joint do not change."""
    weak = np.abs(gain) < FAINT * np.abs(gain).max()
    factor = np.where(weak, 0.0, 1 / np.where(weak, 1.0, gain))
    return np.asarray(values * (factor if gain.size == 1 else factor.reshape(len(values), 1, -1)))


def _fit(pair: Pair, layer: Layer, smaller: Stream, ends: Sequence[_Ends], found: LayerFits) -> None:
    """Fit one layer, and note it if that brings it closer."""
    fit, held = _rows(pair, layer, smaller, ends)
    solution = solve(fit, held, layer.clamp, has_shift=layer.offset is not None)
    change = None if solution is None else _change(pair.smaller_graph, layer, solution)
    if solution is None or change is None:
        return
    smaller.override(change.new)
    if _seen(layer, smaller, ends) > solution.before - REAL * (solution.before - solution.after):
        smaller.override(change.old)
        return
    found.weights[layer.weight] = change.new[layer.weight]
    found.shifts |= change.shifts
    found.layers.append(FittedLayer(layer.bound.node.name, solution.before, solution.after))


def _seen(layer: Layer, smaller: Stream, ends: Sequence[_Ends]) -> float:
    """The mean square distance of a layer from its goal as it is now, on the rows held back."""
    is_many = len(ends) >= HELD_BACK
    judged = ends[HELD_BACK - 1 :: HELD_BACK] if is_many else ends
    values = smaller.peek(layer.last + 1, layer.comparison_point, [end.batch for end in judged])
    pairs = zip(judged, values, strict=True)
    made = (targets(layer.bound, layer.of, np.asarray(value), end.chosen) for end, value in pairs)
    rows = np.concatenate([one.astype(np.float32) for one in made])
    goal = np.concatenate([end.goal for end in judged])
    step = slice(None) if is_many else slice(HELD_BACK - 1, None, HELD_BACK)
    weights = np.concatenate([end.weights for end in judged])
    goal, rows = (part[step].transpose(1, 0, 2) for part in (goal, rows))
    return distance(goal, rows, layer.clamp, weights[step])


@dataclass(frozen=True, slots=True)
class _Change:
    """Constants before and after a fit, by name, and what is added to offsets."""

    old: dict[str, Array]
    new: dict[str, Array]
    shifts: dict[str, NDArray[np.float64]]


def _change(graph: Graph, layer: Layer, solution: Solution) -> _Change | None:
    """What a solution changes."""
    old = graph.tensors[layer.weight].value
    if old is None:
        return None
    values = matrix(layer.bound, layer.of, old)
    values += _undone(solution.weight, layer.gain)
    change = _Change({layer.weight: old}, {layer.weight: unmatrix(layer.bound, layer.of, values, old.dtype)}, {})
    constant = None if layer.offset is None else graph.tensors[layer.offset.tensor].value
    if layer.offset is not None and constant is not None:
        name, shift = layer.offset.tensor, _undone(solution.shift, layer.gain).reshape(constant.shape)
        change.shifts[name] = layer.offset.scale * shift
        change.old[name] = constant
        change.new[name] = np.asarray(np.asarray(constant, np.float64) + change.shifts[name], constant.dtype)
    return change
