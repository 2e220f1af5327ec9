"""What the outputs of a model say, and how much of that a pruned one still says. Numbers in, numbers out; no model.

Every kind of output has the measure that its users care about: classes and sequences of classes their answers, scores
and embeddings their order, everything else the change of each channel on that channel's own scale.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.evaluation.kinds import (
    Kind,
    are_places,
    are_probabilities,
    class_axis,
    kind_of,
    kinds_of,
    numbers,
    rows_on,
)
from paoding_onnx.evaluation.sequences import blank_of, merged, tags_kept
from paoding_onnx.model.compare import Floats, Reals, brought_out, channel_changes, softmax
from paoding_onnx.model.gaps import comparable, filled
from paoding_onnx.model.nodes import Array

_NOTHING = 1e-12
"""The square of a number that is as good as nothing."""
MOST_PAIRS = 4096
"""Pairs of inputs whose similarities are compared."""


@dataclass(frozen=True, slots=True)
class OutputChange:
    """How one output changed, over all inputs that were compared.

    Attributes:
        output: its name.
        kind: what it holds.
        typical: median over its channels of the mean square change as a share of the channel's variance.
        worst: the same of the channel that changed most.
        same: share of the answers that are the same; `None` where there are no answers.
        order: rank correlation of scores, or of the similarities of every two embeddings, before and after; else
            `None`.
        variety: how differently the original answers different inputs, from 0 (all alike) to 1.
        spread: of classes, how far the probability of one strays over the inputs: the largest of their standard
            deviations, at most 0.5. It may, although the answers are all alike.
        brought: of classes, the share of them that the inputs bring out, by the entropy of the mean of their
            probabilities; else 1.
        sure: of sequences, how likely the original holds what it says: the mean over the inputs of the probability of
            each whole sequence; else `None`.
    """

    output: str
    kind: Kind
    typical: float
    worst: float
    same: float | None
    order: float | None
    variety: float
    spread: float = 0.0
    sure: float | None = None
    brought: float = 1.0


def changes(
    before: Mapping[str, Array],
    after: Mapping[str, Array],
    states: Container[str] = (),
    by_token: Container[str] = (),
) -> tuple[OutputChange, ...]:
    """How each output (n, ...) of numbers changed; those of other shapes than before are left out.

    `states` are outputs that callers feed back and do not look at; those `by_token` have a row for each token fed.
    """
    told = {
        name: before[name]
        for name in before
        if before[name].dtype.kind in "fiu" and before[name].size and before[name].shape == after[name].shape
    }
    kinds = kinds_of(told, states, by_token)
    return tuple(output_change(name, told[name], after[name], kinds[name]) for name in told)


def output_change(name: str, before: Array, after: Array, known: Kind | None = None) -> OutputChange:
    """How the output called `name` changed; what it holds is told from its numbers unless it is `known`.

    >>> said = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> output_change("y", said, said[::-1]).same
    0.0
    """
    kind = known or kind_of(name, before)
    a, b = numbers(before, like=before), numbers(after, like=before)
    if kind is Kind.WHOLE_NUMBERS:
        equal = float(np.mean(before == after))
        return OutputChange(name, kind, 1 - equal, 1 - equal, equal, None, _variety(a))
    if kind is Kind.VALUES and are_places(a):  # every coordinate on a scale of its own, not on that of the whole face
        a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    moved = channel_changes(a, b)
    typical, worst = (float(np.median(moved)), float(moved.max())) if moved.size else (_of_constants(a, b),) * 2
    axis = class_axis(a)
    if kind is Kind.TAGS:
        tags = _said(a, axis)
        kept = tags_kept(tags, _said(b, axis))
        return OutputChange(name, kind, typical, worst, kept, None, 1 - commonest(tags.reshape(len(a), -1)))
    said = _answers(a, b, axis, kind)
    same = None if said is None else float(np.mean(np.all(said[0] == said[1], axis=1)))
    order = {Kind.SCORE: _of_scores, Kind.CHANCE: _of_scores, Kind.EMBEDDING: _of_similarities}.get(kind)
    variety = _variety(a) if said is None else 1 - commonest(said[0])
    spread, brought = _spread_and_brought(_likely(a, axis)) if kind is Kind.CLASSES else (0.0, 1.0)
    sure = _sure(a, axis) if kind is Kind.SEQUENCE else None
    order_kept = None if order is None else order(a, b)
    return OutputChange(name, kind, typical, worst, same, order_kept, variety, spread, sure, brought)


def commonest(answers: Array) -> float:
    """Share of the answers (n, ...) that are the commonest one.

    >>> commonest(np.array([[1], [1], [0], [1]]))
    0.75
    """
    _, counts = np.unique(answers, axis=0, return_counts=True)
    return float(counts.max() / len(answers))


def rank_correlation(before: Reals, after: Reals) -> float:
    """Spearman's rank correlation of two rows of numbers (n,); 1 where nothing differs, 0 where one is constant.

    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0]))
    1.0
    """
    if np.array_equal(before, after):
        return 1.0
    a, b = (_ranks(of) for of in (before, after))
    spread = float(a.std() * b.std())
    return float(np.clip(((a - a.mean()) * (b - b.mean())).mean() / spread, -1, 1)) if spread > 0 else 0.0


def _ranks(values: Reals) -> Floats:
    """The rank of each number, equal ones sharing theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], np.float64)


def _likely(values: Reals, axis: int) -> Reals:
    """Probabilities of the classes, in rows."""
    rows = rows_on(values, axis)
    return rows if are_probabilities(rows) else softmax(np.asarray(rows, np.float64))


def _spread_and_brought(likely: Reals) -> tuple[float, float]:
    """The largest standard deviation of the probability of a class, and the share of them that is brought out."""
    doubles = np.asarray(likely, np.float64)
    return float(np.nan_to_num(doubles.std(0)).max(initial=0.0)), brought_out(doubles)


def _sure(values: Reals, axis: int) -> float:
    """How likely a sequence is that takes the likeliest class of each step, on average."""
    steps = _likely(values, axis).max(1).astype(np.float64).reshape(len(values), -1)
    return float(np.nan_to_num(steps).prod(1).mean())


def _said(values: Reals, axis: int) -> NDArray[np.int64]:
    """The class of each row of scores; -1 where one of them is no number."""
    rows = rows_on(values, axis)
    return np.where(np.isnan(rows).any(1), -1, rows.argmax(1)).astype(np.int64)


def _classes(values: Reals, axis: int) -> NDArray[np.int64]:
    """The class of each row (n, 1)."""
    return _said(values, axis)[:, None]


def _answers(before: Reals, after: Reals, axis: int, kind: Kind) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """What is said before and after, `(n, length)` each; `None` where nothing is said."""
    if kind is Kind.CLASSES:
        return _classes(before, axis), _classes(after, axis)
    if kind is not Kind.SEQUENCE:
        return None
    blank = blank_of(_said(before, axis))
    return _sequences(before, axis, blank), _sequences(after, axis, blank)


def _sequences(values: Reals, axis: int, blank: int) -> NDArray[np.int64]:
    """What each sequence says, (n, length); of more than one axis of positions what each position says."""
    said = _said(values, axis).reshape(len(values), -1)
    return merged(said, blank) if values.ndim == 3 else np.asarray(said.reshape(-1, 1), np.int64)


def _of_constants(before: Reals, after: Reals) -> float:
    """The mean square change of an output that is the same for all inputs, as a share of its square."""
    a, b = comparable(*(np.asarray(of.reshape(-1, 1), np.float64) for of in (before, after)))
    return float(np.square(a - b).mean() / max(float(np.square(a).mean()), _NOTHING))


def _of_scores(before: Reals, after: Reals) -> float:
    return rank_correlation(before.reshape(-1), after.reshape(-1))


def _of_similarities(before: Reals, after: Reals) -> float:
    first, second = np.triu_indices(len(before), 1)
    chosen = slice(None, None, max(len(first) // MOST_PAIRS, 1))
    pairs = first[chosen], second[chosen]
    return rank_correlation(*(_cosines(of, pairs) for of in (before, after))) if len(first) > 1 else 1.0


def _cosines(rows: Reals, pairs: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Floats:
    rows = np.asarray(rows, np.float64)
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(np.einsum("nd,nd->n", unit[pairs[0]], unit[pairs[1]]))


def _variety(values: Reals) -> float:
    """Spread over inputs as a share of the size, at most 1, of the channel in the middle."""
    if values.ndim == 0 or len(values) < 2:
        return 0.0
    flat = filled(np.asarray(values.reshape(len(values), -1), np.float64))
    size = np.sqrt(np.square(flat).mean(0))
    share = flat.std(0)[size > 0] / size[size > 0]
    return float(min(np.median(share), 1.0)) if share.size else 0.0
