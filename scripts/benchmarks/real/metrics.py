"""What answers are worth, in points of 100, from numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def same_share(answers: Sequence[object], wanted: Sequence[object]) -> float:
    """Share of rows with the wanted answer.

    >>> same_share(["a", "b"], ["a", "c"])
    50.0
    """
    pairs = list(zip(answers, wanted, strict=True))
    return 100 * sum(answer == right for answer, right in pairs) / len(pairs)


def collapsed(symbols: Sequence[int], blank: int = 0) -> tuple[int, ...]:
    """The sequence that a row of CTC symbols spells: no repetitions, no blanks.

    >>> collapsed([0, 5, 5, 0, 5, 7])
    (5, 5, 7)
    """
    previous = [blank, *symbols[:-1]]
    return tuple(int(symbol) for symbol, before in zip(symbols, previous, strict=True) if symbol not in (blank, before))


def ranks(values: Array) -> Array:
    """The rank of each value from 0, the mean of their ranks for equal ones.

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [1.5, 0.0, 1.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles: Array = (ends - counts + ends - 1) / 2
    return middles[inverse]


def spearman(left: Array, right: Array) -> float:
    """Rank correlation, 100 for the same order; 0 where one side is constant.

    >>> round(spearman(np.array([1, 2, 3]), np.array([10, 20, 15])), 3)
    50.0
    """
    pair = [ranks(values) - (len(values) - 1) / 2 for values in (left, right)]
    scale = float(np.linalg.norm(pair[0]) * np.linalg.norm(pair[1]))
    return 100 * float(pair[0] @ pair[1]) / scale if scale else 0.0


def score_order(answers: Sequence[float], wanted: Sequence[float]) -> float:
    """Rank correlation of one score per row."""
    return spearman(np.array(answers, float), np.array(wanted, float))


def similarity_order(answers: Sequence[Array], wanted: Sequence[Array]) -> float:
    """Rank correlation of the cosine similarities of all pairs of rows."""
    above = np.triu_indices(len(answers), 1)
    return spearman(*(cosines(np.stack(list(rows)))[above] for rows in (answers, wanted)))


def cosines(rows: Array) -> Array:
    """Cosine of each pair of rows, (n, n)."""
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    product: Array = unit @ unit.T
    return product


def overlaps(left: Array, right: Array) -> Array:
    """Intersection over union of boxes (left, top, right, bottom), (n, m).

    >>> overlaps(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])).round(3).tolist()
    [[0.333]]
    """
    low = np.maximum(left[:, None, :2], right[None, :, :2])
    high = np.minimum(left[:, None, 2:], right[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1) for boxes in (left, right)]
    united = areas[0][:, None] + areas[1][None, :] - shared
    share: Array = shared / np.maximum(united, 1e-9)
    return share


def strongest(boxes: Array, scores: Array, most: float = 0.45) -> Array:
    """Indices of boxes that no stronger one overlaps by more than `most`, the strongest first."""
    order = list(np.argsort(-scores, kind="stable"))
    kept: list[int] = []
    while order:
        first = order.pop(0)
        kept.append(int(first))
        shares = overlaps(boxes[[first]], boxes[order])[0] if order else []
        order = [index for index, share in zip(order, shares, strict=True) if share <= most]
    return np.array(kept, int)


def matches(shares: Array, least: float) -> int:
    """Pairs of rows and columns, each in one pair, that share at least that, the closest taken first."""
    n_pairs, left = 0, shares.copy()
    while left.size and left.max() >= least:
        row, column = np.unravel_index(int(left.argmax()), left.shape)
        left[row, :], left[:, column] = -1, -1
        n_pairs += 1
    return n_pairs


def f1(n_both: int, n_answers: int, n_wanted: int) -> float:
    """Harmonic mean of precision and recall; 100 where nothing was wanted and nothing answered.

    >>> f1(1, 2, 2)
    50.0
    """
    return 100 * 2 * n_both / (n_answers + n_wanted) if n_answers + n_wanted else 100.0


def boxes_f1(answers: Sequence[Array], wanted: Sequence[Array], least: float = 0.5) -> float:
    """F1 over all rows of boxes (n, 4), or (n, 5) with a class last, that overlap by at least half."""
    n_both = 0
    for found, right in zip(answers, wanted, strict=True):
        shares = overlaps(found[:, :4], right[:, :4])
        if found.shape[1] > 4:
            shares = np.where(found[:, None, 4] == right[None, :, 4], shares, 0)
        n_both += matches(shares, least)
    return f1(n_both, sum(map(len, answers)), sum(map(len, wanted)))


def mask_f1(answers: Sequence[Array], wanted: Sequence[Array]) -> float:
    """F1 over all cells of all rows of masks."""
    pairs = list(zip(answers, wanted, strict=True))
    n_both = sum(int((found & right).sum()) for found, right in pairs)
    return f1(n_both, sum(int(found.sum()) for found, _ in pairs), sum(int(right.sum()) for _, right in pairs))


def notes_f1(answers: Sequence[Array], wanted: Sequence[Array], most: int = 5) -> float:
    """F1 over all rows of notes (n, 2) of frame and pitch: the same pitch, at most `most` frames apart."""
    n_both = 0
    for found, right in zip(answers, wanted, strict=True):
        apart = np.abs(found[:, None, 0] - right[None, :, 0])
        fit = (found[:, None, 1] == right[None, :, 1]) & (apart <= most)
        n_both += matches(np.where(fit, 1 - apart / (most + 1), -1.0), 0.0)
    return f1(n_both, sum(map(len, answers)), sum(map(len, wanted)))
