"""How far two outputs of a model differ, and what scores say as probabilities. Numbers in, numbers out; no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.gaps import comparable, filled
from paoding_onnx.model.nodes import Array

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
_Real = TypeVar("_Real", np.float32, np.float64)
_BLOCK = 1 << 22
"""Numbers that are worked on at a time, in double precision: outputs of words or places hold very many."""
_LEAST = 1e-9
"""Probabilities below this count as this where they are compared: models round differently there."""


def output_difference(before: Mapping[str, Array], after: Mapping[str, Array]) -> float:
    """How far outputs moved: the relative error of the output that moved most."""
    return max(relative_error(before[name], after[name]) for name in before)


def mean_difference(before: Mapping[str, Array], after: Mapping[str, Array]) -> float:
    """How far outputs moved on the whole: the mean of their relative errors, so that no output decides alone.

    >>> mean_difference({"y": np.array([1.0]), "z": np.array([4.0])}, {"y": np.array([1.5]), "z": np.array([3.0])})
    0.375
    """
    return float(np.mean([relative_error(before[name], after[name]) for name in before]))


def is_graded(dtype: np.dtype[np.generic]) -> bool:
    """Whether numbers of a type stand for more and less: floats do, and integers of 8 bits, as quantized models give.

    Wider ones are counts, ids or places.

    >>> is_graded(np.dtype(np.float16)), is_graded(np.dtype(np.int8)), is_graded(np.dtype(np.int64))
    (True, True, False)
    """
    return dtype.kind == "f" or (dtype.kind in "iu" and dtype.itemsize == 1)


def relative_error(before: Array, after: Array) -> float:
    """Root mean square of the difference over that of `before`, all entries together.

    Where that says nothing it is the largest difference (from zeros), or 1 for any (of other numbers than floats, or
    of another shape).

    >>> relative_error(np.array([3.0, 4.0]), np.array([3.0, 3.0]))
    0.2
    """
    if not is_graded(before.dtype) or before.shape != after.shape:
        return float(not np.array_equal(before, after))
    a, b = before.reshape(-1, 1), after.reshape(-1, 1)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        a, b = comparable(a.astype(np.float64), b.astype(np.float64))
    squares = [(np.square(one).sum(), np.square(one - other).sum()) for one, other in _blocks(a, b)]
    size, off = np.sum(squares, axis=0) if squares else (0.0, 0.0)
    return float(np.sqrt(off / size)) if size else float(np.abs(b.astype(np.float64)).max(initial=0.0))


def _blocks(*arrays: Array) -> Iterator[list[Floats]]:
    """The same rows of arrays (n, ...), some at a time, as double precision."""
    of_row = max(arrays[0].size // max(len(arrays[0]), 1), 1)
    ends = (*range(0, len(arrays[0]), max(_BLOCK // of_row, 1)), len(arrays[0]))
    for start, stop in pairwise(ends):
        yield [array[start:stop].astype(np.float64) for array in arrays]


def root_mean_square(values: Floats) -> float:
    """Square root of the mean of the squares of all entries.

    >>> root_mean_square(np.array([1.0, 7.0]))
    5.0
    """
    return float(np.sqrt(np.mean(values * values)))


def distance(wanted: Mapping[str, Sequence[Array]], got: Mapping[str, Sequence[Array]]) -> float:
    """How far outputs, each in batches, are from the wanted ones: `output_distance` averaged over those of floats.

    Whole numbers count where there are no floats: they jump, and so say little about small changes.
    """
    kinds: dict[bool, list[float]] = {True: [], False: []}
    for name in wanted:
        if (one := output_distance(wanted[name], got[name])) is not None:
            kinds[is_graded(wanted[name][0].dtype)].append(one)
    found = kinds[True] or kinds[False]
    return float(np.mean(found)) if found else 0.0


def output_distance(wanted: Sequence[Array], got: Sequence[Array]) -> float | None:
    """How far the batches of one output are from the wanted ones, on a scale of its own; `None` where there is none.

    Probabilities of classes: the divergence in nats. Probabilities of their own, as of detections and masks: what they
    lose of all that they tell. Whole numbers: the share that are others. Values: the change of every channel, averaged.
    Scores that may be either, rows of more than one number: the larger of both.
    """
    if not have_same_sizes(wanted, got):
        return None
    is_number = is_graded(wanted[0].dtype)
    if not is_number and wanted[0].dtype.kind in "iu":
        return float(np.mean([np.mean(a != b) for a, b in zip(wanted, got, strict=True) if a.size] or [0.0]))
    if not is_number:
        return None
    if _are_shares(wanted):
        return _mean_divergence(wanted, got)
    a, b = (_joined(parts) for parts in (wanted, got))
    if not a.size:
        return None
    if _are_chances(a):
        return told_less(a, b)
    changes = channel_changes(a, b)
    change = float(np.minimum(changes, LOST).mean()) if changes.size else None
    if a.ndim != 2 or a.shape[1] == 1:
        return change
    return max(divergence(log_softmax(a), log_softmax(b)), change or 0.0)


def have_same_sizes(wanted: Sequence[Array], got: Sequence[Array]) -> bool:
    """Whether batches of one output can be compared: how long speech is, for instance, a model decides itself.

    >>> have_same_sizes([np.zeros((1, 2))], [np.zeros((1, 3))])
    False
    """
    return all(a.shape == b.shape for a, b in zip(wanted, got, strict=True))


def _are_shares(parts: Sequence[Array]) -> bool:
    """Whether all rows of an output are probabilities of classes."""
    whole = [part for part in parts if part.size]
    return bool(whole) and all(
        part.ndim > 1
        and part.shape[-1] > 1
        and part.min() >= 0
        and np.allclose(part.sum(-1, dtype=np.float64), 1, atol=1e-3)
        for part in whole
    )


def _mean_divergence(wanted: Sequence[Array], got: Sequence[Array]) -> float:
    """Mean divergence of rows of probabilities, one batch after the other: words may be among many thousands."""
    total, n_rows = 0.0, 0
    for one, other in zip(wanted, got, strict=True):
        width = one.shape[-1]
        for parts in _blocks(one.reshape(-1, width), other.reshape(-1, width)) if one.size else ():
            rows = [logarithm(part, _LEAST) for part in parts]
            total, n_rows = total + divergence(*rows) * len(rows[0]), n_rows + len(rows[0])
    return total / n_rows


def _joined(parts: Sequence[Array]) -> Floats:
    """All batches in one array; of outputs whose samples differ in size all numbers, channel by channel."""
    arrays = [np.asarray(part, np.float64) for part in parts]
    if len({part.shape[1:] for part in arrays}) == 1 and arrays[0].ndim:
        return np.concatenate(arrays)
    axis = channel_axis(arrays[0])
    n_channels = {part.shape[axis] if part.ndim else 1 for part in arrays}
    width = n_channels.pop() if len(n_channels) == 1 else 1
    return np.concatenate([np.moveaxis(part, axis, -1).reshape(-1, 1, width) for part in map(np.atleast_1d, arrays)])


LOST = 4.0
"""A channel that moved by more than this, as a share of its variance, is lost: more makes no difference."""
_STEADY = 1e-3
"""A channel that varies by less than this share of its size holds a constant."""
_SHORT, _LONGER = 8, 8
"""Sides of a map are no shorter than this, and no more times longer than each other."""


def channel_axis(values: Reals) -> int:
    """The axis of an output (n, ...) on which numbers of different kinds lie: boxes and scores, classes, features.

    It is the one, but for the first, along which the size of the numbers differs most; the last one of two axes. Of
    four axes and more it is the second or the last, as positions lie side by side: the one of size 1 if it holds a map.

    >>> channel_axis(np.stack([np.full((2, 5), 100.0), np.full((2, 5), 0.01)], axis=1))
    1
    >>> channel_axis(np.linspace(0, 1, 2 * 16 * 16).reshape(2, 1, 16, 16))
    1
    """
    if values.ndim <= 2:
        return max(values.ndim - 1, 0)
    likely = (1, values.ndim - 1)
    single = [axis for axis in likely if values.ndim > 3 and values.shape[axis] == 1]
    if len(single) == 1 and _is_map([size for k, size in enumerate(values.shape) if k not in (0, *single)]):
        return single[0]

    def differs(axis: int) -> float:
        """How far apart the logarithms of sizes along an axis are."""
        others = tuple(k for k in range(values.ndim) if k != axis)
        squares = [np.square(block).sum(others) for (block,) in _blocks(values)]
        sizes = np.sqrt(np.sum(squares, axis=0) / max(values.size / max(values.shape[axis], 1), 1))
        largest = sizes.max(initial=0.0)
        return float(np.log(np.maximum(sizes, 1e-9 * largest)).std()) if largest > 0 else 0.0

    return max(likely, key=lambda axis: (round(differs(axis), 6), axis))


def _is_map(sizes: Sequence[int]) -> bool:
    """Whether positions of these sizes may be those of a map: none is short, none much longer than another.

    >>> _is_map((160, 320)), _is_map((8400, 85)), _is_map((100, 7))
    (True, False, False)
    """
    return min(sizes) >= _SHORT and max(sizes) <= _LONGER * min(sizes)


def channel_changes(before: Reals, after: Reals) -> Floats:
    """Mean square change of every channel over the channel's own variance (n_channels,); constant ones are left out.

    So are places where neither has a number.

    >>> channel_changes(np.array([[0.0, 5.0], [2.0, 5.0]]), np.array([[1.0, 5.0], [2.0, 6.0]])).tolist()
    [0.5]
    """
    if not before.size:
        return np.zeros(0)
    axis = channel_axis(before if np.isfinite(before).all() else _filled(before))
    width = before.shape[axis] if before.ndim > 1 else 1
    a, b = (np.moveaxis(np.atleast_2d(of.T).T, axis, -1).reshape(-1, width) for of in (before, after))
    step = max(_BLOCK // len(a), 1)
    parts = (slice(start, start + step) for start in range(0, width, step))
    return np.concatenate([_changes(a[:, part], b[:, part]) for part in parts])


def _filled(values: Reals) -> Floats:
    """The numbers with the mean of all in place of what is none."""
    return filled(values.astype(np.float64).reshape(-1, 1)).reshape(values.shape)


def _changes(before: Reals, after: Reals) -> Floats:
    """The changes of channels (n, n_channels) that are not constant."""
    a, b = comparable(before.astype(np.float64), after.astype(np.float64))
    variance, size = a.var(0), np.square(a).mean(0)
    varies = variance > _STEADY**2 * size
    return np.asarray(np.square(a - b).mean(0)[varies] / variance[varies])


_CERTAIN = 0.05
"""Probabilities nearer to 0 or 1 than this are taken for this where what they tell is compared: no is no."""


def _are_chances(values: Floats) -> bool:
    """Whether numbers may be probabilities, each of its own: between 0 and 1, and both rather yes and rather no."""
    return bool(values.size and values.min() >= 0 and 0.5 <= values.max() <= 1 and values.min() < 0.5)


def told_less(before: Floats, after: Floats) -> float | None:
    """What probabilities of yes or no, each of its own, lose: their divergence as a share of what they tell.

    They tell how far they are from the same answer everywhere. Few that say yes among many that say no count for as
    much as they tell; of shares of a variance each place would have its own. `None` where they tell nothing.

    >>> one = np.array([[0.9], [0.1]])
    >>> told_less(one, one), round(told_less(one, np.full((2, 1), 0.5)), 6)
    (0.0, 1.0)
    """
    wanted, got = (np.clip(values, _CERTAIN, 1 - _CERTAIN) for values in (before, after))
    told = _nats(wanted, np.full_like(wanted, wanted.mean()))
    return min(_nats(wanted, got) / told, LOST) if told > _STEADY**2 * wanted.size else None


def _nats(wanted: Floats, got: Floats) -> float:
    """The divergence of probabilities of yes or no from the wanted ones, all of them together."""
    return float((wanted * np.log(wanted / got) + (1 - wanted) * np.log((1 - wanted) / (1 - got))).sum())


def divergence(wanted: Floats, got: Floats) -> float:
    """Mean Kullback-Leibler divergence, in nats, of rows of logarithms of probabilities (n, n_classes).

    >>> divergence(np.log([[0.5, 0.5]]), np.log([[0.5, 0.5]]))
    0.0
    """
    return float((np.exp(wanted) * (wanted - got)).sum(1).mean())


def entropy(probabilities: NDArray[_Real]) -> NDArray[_Real]:
    """Entropy, in nats, of probabilities (..., n_classes), one number (...) each.

    >>> round(float(entropy(np.array([0.5, 0.5]))), 4)
    0.6931
    """
    return np.asarray(-(probabilities * logarithm(probabilities, 1e-12)).sum(-1))


def brought_out(probabilities: NDArray[_Real]) -> float:
    """The share of the classes that predictions (n, n_classes) bring out together.

    So many classes of one likelihood would have the entropy of the mean prediction.

    >>> round(brought_out(np.eye(4)[[0, 1, 0, 1]]), 6)
    0.5
    """
    return float(np.exp(entropy(probabilities.mean(0))) / probabilities.shape[1])


def logarithm(probabilities: NDArray[_Real], least: float) -> NDArray[_Real]:
    """Logarithms of probabilities, those below `least` taken for `least`.

    >>> logarithm(np.array([1.0, 0.0]), 1.0).tolist()
    [0.0, 0.0]
    """
    return np.asarray(np.log(np.maximum(probabilities, least)))


def softmax(logits: Floats) -> Floats:
    """Probabilities (n, n_classes) of logits.

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def log_softmax(logits: Floats) -> Floats:
    """Logarithms of the probabilities (n, n_classes) of logits.

    >>> log_softmax(np.array([[0.0, -1e9]])).tolist()
    [[0.0, -1000000000.0]]
    """
    lower = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(lower - np.log(np.exp(lower).sum(axis=1, keepdims=True)))


def log_sum_exp(logits: Floats) -> Floats:
    """Logarithm (n,) of the sum of the powers of logits (n, n_classes), however large these are.

    >>> log_sum_exp(np.array([[1000.0, -1000.0]])).tolist()
    [1000.0]
    """
    top = logits.max(axis=1)
    return np.asarray(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)))


def sigmoid(logits: Floats) -> Floats:
    """Probability of the positive class; small ones keep their digits.

    >>> sigmoid(np.array([0.0])).tolist()
    [0.5]
    """
    return np.asarray(np.exp(-np.logaddexp(0, -logits)))
