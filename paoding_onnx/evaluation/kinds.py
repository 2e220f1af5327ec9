"""What an output of a model holds, told by its shape, its numbers and, where these leave it open, its name."""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import StrEnum

import numpy as np

from paoding_onnx.model.compare import Reals, channel_axis, is_graded, softmax
from paoding_onnx.model.nodes import Array

_OTHER_WORDS = ("embed", "feature", "hidden", "landmark", "box", "pool", "regress", "offset")
"""Parts of names of outputs that hold no classes."""
_STANDS_OUT = 0.15
"""Scores of classes make probabilities of which the largest is at least this far on the way from equal ones to one."""
_ALIKE = 1.0
"""Scores of classes have sizes that differ by no more than about this factor of e, where they are no probabilities."""
_EITHER = 0.1
"""Of probabilities that something is so at least this share says yes, and no."""
_MOST_AXES, _FAR, _OWN = 3, 20.0, 0.5
"""Places have so many coordinates at most, reach farther than scores do, and vary by this share from point to point."""
_MANY = 1000
"""Scores of a class stay between 0 and 1 in so many rows hardly by chance."""
_UNIT = 0.02
_FEW_INTEGERS = 32
"""Integers of 8 bits of which there are no more different ones may be classes."""
_RANGE = 256
_SIDES = 4
"""Numbers that say where a box is."""


class Kind(StrEnum):
    """What an output holds."""

    CLASSES = "classes"
    SEQUENCE = "sequence of classes"
    TAGS = "class of each token"
    WHOLE_NUMBERS = "whole numbers"
    SCORE = "score"
    CHANCE = "probability"
    EMBEDDING = "embedding"
    STATE = "state"
    VALUES = "values"


def kinds_of(
    outputs: Mapping[str, Array], states: Container[str] = (), by_token: Container[str] = ()
) -> dict[str, Kind]:
    """What each output (n, ...) of numbers holds.

    `states` are outputs that callers feed back and do not look at; those `by_token` have a row for each token fed.
    Classes of places for which another output has boxes are values: they are no sequence, and most say that there is
    nothing.

    >>> chances = np.tile([0.9, 0.1], (2, 30, 1))
    >>> [str(kind) for kind in kinds_of({"scores": chances, "boxes": np.ones((2, 30, 4))}).values()]
    ['values', 'values']
    """
    found = {name: Kind.STATE if name in states else kind_of(name, values) for name, values in outputs.items()}
    numbers_of = {n: outputs[n] for n, kind in found.items() if kind not in (Kind.STATE, Kind.WHOLE_NUMBERS)}
    boxed = _boxed(numbers_of, 2) | _boxed(numbers_of, 1)
    for name, kind in found.items():
        if kind is Kind.SEQUENCE:
            found[name] = Kind.TAGS if name in by_token else Kind.VALUES if name in boxed else kind
    return found


def _boxed(outputs: Mapping[str, Array], axis: int) -> frozenset[str]:
    """Outputs of places for which one of several has four numbers, on an axis of three, that are no probabilities.

    Four scores of classes would do as well: who has two heads on the same places, one of them of four, is taken for a
    detector, which is judged no less strictly.
    """
    by_place: dict[tuple[int, int], list[str]] = {}
    for name, values in outputs.items():
        if values.ndim == 3:
            by_place.setdefault((len(values), values.shape[3 - axis]), []).append(name)
    several = (names for names in by_place.values() if len(names) > 1)
    return frozenset(n for names in several if any(_are_boxes(outputs[n], axis) for n in names) for n in names)


def kind_of(name: str, values: Array) -> Kind:
    """What an output (n, ...) holds, by its shape, its numbers and, where these leave it open, its name."""
    if values.dtype.kind in "iu" and not _is_quantized(values):
        return Kind.WHOLE_NUMBERS
    found = numbers(values, like=values)
    if found.ndim < 2 or found.size == len(found):
        if not found.ndim or len(found) <= 2:
            return Kind.VALUES
        return Kind.CHANCE if _are_chances(found) else Kind.SCORE
    rows = rows_on(found, class_axis(found))
    if are_probabilities(rows) or (_are_scores(found, rows) and not any(word in name.lower() for word in _OTHER_WORDS)):
        return Kind.CLASSES if rows.shape[0] == len(found) else Kind.SEQUENCE
    is_unit = found.ndim == 2 and bool(np.all(np.abs(np.square(found, dtype=np.float64).sum(1) - 1) < _UNIT))
    return Kind.EMBEDDING if is_unit or (found.ndim == 2 and "embed" in name.lower()) else Kind.VALUES


def _are_chances(values: Reals) -> bool:
    """Whether numbers are probabilities that something is so: several on either side of a half, none beyond 0 and 1."""
    share = float(np.mean(values > 0.5))
    return bool(values.min() >= 0 and values.max() <= 1) and min(share, 1 - share) >= _EITHER


def _is_quantized(values: Array) -> bool:
    """Whether integers stand for floats: they have 8 bits, and are too many different ones for classes."""
    return is_graded(values.dtype) and len(np.unique(values)) > _FEW_INTEGERS


def numbers(values: Array, *, like: Array) -> Reals:
    """An output as floats; as shares of the range of integers of 8 bits, if those of `like` add up to one.

    Those of single precision stay: of many words there are very many.
    """
    if not _holds_shares(like):
        return np.asarray(values, values.dtype if values.dtype == np.float32 else np.float64)
    shares = _shares(values)
    return np.asarray(shares / np.maximum(shares.sum(-1), 1 / _RANGE)[..., None])


def _holds_shares(values: Array) -> bool:
    """Whether integers of 8 bits are probabilities, as far as steps of that size can be."""
    if values.dtype.kind not in "iu" or not is_graded(values.dtype) or values.ndim < 2:
        return False
    return bool(np.all(np.abs(_shares(values).sum(-1) - 1) <= values.shape[-1] / _RANGE))


def _shares(values: Array) -> Reals:
    return (np.asarray(values, np.float64) - np.iinfo(str(values.dtype)).min) / _RANGE


def class_axis(values: Reals) -> int:
    """The axis of an output (n, ...) on which its channels lie: that of probabilities if there is one."""
    if values.ndim < 2:
        return 0
    likely = (values.ndim - 1, 1)
    found = next((axis for axis in likely if are_probabilities(rows_on(values, axis))), None)
    return channel_axis(values) if found is None else found


def rows_on(values: Reals, axis: int) -> Reals:
    """An output as rows of the channels on an axis."""
    return np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis])


def are_probabilities(rows: Reals) -> bool:
    """Whether each row adds up to one."""
    return rows.shape[1] > 1 and bool(rows.min() >= 0 and np.allclose(rows.sum(1, dtype=np.float64), 1, atol=1e-3))


def _are_scores(values: Reals, rows: Reals) -> bool:
    """Whether rows of numbers are likely scores of classes before a softmax."""
    n_classes = rows.shape[1]
    if n_classes < 2 or not np.isfinite(rows).all() or rows.min() >= 0 or are_places(values) or _are_mixed(rows):
        return False
    sizes = np.sqrt(np.square(rows, dtype=np.float64).mean(0))
    is_alike = float(np.log(np.maximum(sizes, 1e-9 * max(float(sizes.max()), 1e-300))).std()) < _ALIKE
    largest = float(np.median(softmax(np.asarray(rows, np.float64)).max(1)))
    stands_out = largest >= 1 / n_classes + _STANDS_OUT * (1 - 1 / n_classes)
    return stands_out and (values.ndim == 2 or is_alike)


def are_places(values: Reals) -> bool:
    """Whether an output (n, n_points, n_axes) holds landmarks: each has a place of its own in all inputs."""
    if values.ndim != 3 or len(values) < 2 or min(values.shape[1:]) > _MOST_AXES or np.abs(values).max() < _FAR:
        return False
    points = np.asarray(values if values.shape[2] <= _MOST_AXES else values.transpose(0, 2, 1), np.float64)
    return bool(np.all(points.mean(0).var(0) > _OWN * points.var((0, 1))))


def _are_mixed(rows: Reals) -> bool:
    """Whether some channels are probabilities and others, which go below zero, are not: boxes and how sure they are."""
    are_chances = (rows.min(0) >= 0) & (rows.max(0) <= 1) & (rows.max(0) > rows.min(0))
    return len(rows) > _MANY and bool(are_chances.any()) and not bool(are_chances.all())


def _are_boxes(values: Array, axis: int) -> bool:
    """Whether an output of places may have a box for each of them on an axis."""
    return values.shape[axis] == _SIDES and not are_probabilities(rows_on(numbers(values, like=values), axis))
