"""The inputs that are learned from: all samples, of images in shifted and mirrored copies. Draws, and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.model.nodes import Array

FEWEST_INPUTS = 64
"""With fewer, nearly all that is learned is refused in the end. 128 calibration samples leave 103."""
HELD_BACK = 8
"""One of so many inputs judges."""
_COLOURS = (1, 3, 4)
_MIRRORED = 3
"""Images of so many channels may be mirrored; those of one may be signs."""
_SMALLEST = 8
_SHIFT = 10
"""Images move by up to this part of their sides: 3 of 32."""


class Copies:
    """Images `(n, ...)` in moved copies, made anew whenever some are asked for: all together may take gigabytes."""

    def __init__(self, samples: Samples, name: str, chosen: NDArray[np.int64], moves: _Moves) -> None:
        self._samples, self._name, self._chosen, self._moves = samples, name, chosen, moves

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, key: slice) -> Array:
        return self._moves.of(key).applied(self._samples.rows(self._name, self._chosen[key]))


Inputs = Mapping[str, Array | Copies]
"""Inputs by name, of which slices can be had."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Inputs by name, `(count, ...)` each; the first `n_held` are held back: they judge, and are never learned from."""

    inputs: Inputs
    count: int
    n_held: int

    def feeds(self, rows: int, most: int) -> Sequence[Mapping[str, Array]]:
        """The first inputs, `rows` at a time, `most` of them or a few more; made when they are asked for."""
        return _Feeds(self.inputs, rows, min(-(-most // rows), self.count // rows))


class _Feeds(Sequence[Mapping[str, Array]]):
    """The first of some inputs in batches of `rows`, each made anew whenever it is asked for."""

    def __init__(self, inputs: Inputs, rows: int, count: int) -> None:
        self._inputs, self._rows, self._count = inputs, rows, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, key: int) -> Mapping[str, Array]: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Mapping[str, Array]]: ...
    def __getitem__(self, key: int | slice) -> Mapping[str, Array] | Sequence[Mapping[str, Array]]:
        if isinstance(key, slice):
            return [self[number] for number in range(*key.indices(self._count))]
        if not 0 <= key < self._count:
            raise IndexError(key)
        start = key * self._rows
        return {name: value[start : start + self._rows] for name, value in self._inputs.items()}


def pool_of(samples: Samples, n_wanted: int, rows: int, rng: np.random.Generator, *, is_part: bool = False) -> Pool:
    """About `n_wanted` inputs, a multiple of `rows`: the samples in random order, images again as other copies.

    Copies of a sample are all held back, or none of them is. What is only a part of the inputs may be small, and is
    there as often as it takes.

    Raises:
        ModelError: if an input does not hold one entry for each sample, or there are too few.
    """
    require_rows(samples)
    n_samples = samples.n_samples
    images = {name for name in samples.names if image_sides(samples.rows(name, [0])) is not None}
    count = (n_wanted if images else min(n_wanted, n_samples)) // rows * rows
    if is_part and n_samples > 1:
        count = max(count, 2 * rows)
    n_held = max(count // HELD_BACK // rows, 1) * rows
    if (min(count, n_samples) < FEWEST_INPUTS and not is_part) or count < 2 * rows:
        raise ModelError(f"{min(count, n_samples)} inputs are too few to learn from")
    order = rng.permutation(n_samples)
    n_apart = max(n_held * n_samples // max(count, n_samples), 1)
    parts = ((order[:n_apart], n_held), (order[n_apart:], count - n_held))
    chosen = np.concatenate([_in_rounds(own, size, rng) for own, size in parts])
    moves = _Moves.drawn(rng, len(chosen))
    inputs = {
        name: Copies(samples, name, chosen, moves) if name in images else samples.rows(name, chosen)
        for name in samples.names
    }
    return Pool(inputs, count, n_held)


def _in_rounds(numbers: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """So many of some numbers: all of them in random order, then all again."""
    n_rounds = -(-size // len(numbers))
    return np.concatenate([rng.permutation(numbers) for _ in range(n_rounds)])[:size]


def require_rows(samples: Samples) -> None:
    """Refuse samples that share an input.

    Raises:
        ModelError: if an input does not hold one entry for each sample.
    """
    missing = samples.batches[0].keys() - set(samples.names)
    if missing:
        raise ModelError(f"input {min(missing)!r} does not hold one entry for each sample")


def image_sides(value: Array) -> tuple[int, int] | None:
    """The axes of height and width of images `(n, ...)`; `None` if these are no images.

    >>> image_sides(np.zeros((2, 3, 32, 32), np.float32)), image_sides(np.zeros((2, 32, 32, 3), np.float32))
    ((2, 3), (1, 2))
    >>> image_sides(np.zeros((2, 64), np.float32))
    """
    if value.ndim != 4 or value.dtype.kind != "f":
        return None
    for channels, sides in ((1, (2, 3)), (3, (1, 2))):
        if value.shape[channels] in _COLOURS and min(value.shape[axis] for axis in sides) >= _SMALLEST:
            return sides
    return None


class _Moves:
    """How far each of some images is shifted, as shares in [-1, 1] `(n, 2)`, and which are mirrored `(n,)`."""

    def __init__(self, shares: NDArray[np.float64], mirrored: NDArray[np.bool_]) -> None:
        self._shares, self._mirrored = shares, mirrored

    @classmethod
    def drawn(cls, rng: np.random.Generator, count: int) -> _Moves:
        """Moves drawn at random."""
        return cls(rng.uniform(-1, 1, (count, 2)), rng.random(count) < 0.5)

    def of(self, key: slice) -> _Moves:
        """Those of some of the images."""
        return _Moves(self._shares[key], self._mirrored[key])

    def applied(self, images: Array) -> Array:
        """The images moved, what comes in reflected."""
        sides = image_sides(images) or (2, 3)
        channels = next(axis for axis in (1, 3) if axis not in sides)
        may_mirror = images.shape[channels] == _MIRRORED
        moved = np.empty_like(images)
        reach = [images.shape[axis] // _SHIFT for axis in sides]
        for k, image in enumerate(images):
            for share, most, axis in zip(self._shares[k], reach, sides, strict=True):
                size = image.shape[axis - 1]
                image = np.take(image, _reflected(np.arange(size) + int(np.rint(share * most))), axis - 1)
            moved[k] = np.flip(image, sides[1] - 1) if may_mirror and self._mirrored[k] else image
        return moved


def _reflected(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places beyond either end of an axis as long as there are places, folded back into it."""
    last = len(places) - 1
    return np.asarray(last - np.abs(last - np.abs(places)))
