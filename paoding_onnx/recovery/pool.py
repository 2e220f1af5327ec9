"""The inputs that are learned from: all samples, of images in shifted and mirrored copies. Draws, and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.model.nodes import Array

Arrays = Mapping[str, Array]
_COLOURS = (1, 3, 4)
_MIRRORED = 3
"""Images of so many channels may be mirrored; those of one may be signs."""
_SMALLEST = 8
_SHIFT = 10
"""Images move by up to this part of their sides: 3 of 32."""


def pool_of(samples: Samples, n_wanted: int, rng: np.random.Generator) -> Arrays:
    """About `n_wanted` inputs, by name, `(n, ...)` each: the samples in random order, images again as other copies.

    Raises:
        ModelError: if an input does not hold one entry for each sample.
    """
    require_rows(samples)
    arrays = samples.arrays
    images = {name: sides for name, value in arrays.items() if (sides := image_sides(value)) is not None}
    n_samples = samples.n_samples
    n_rounds = -(-n_wanted // n_samples) if images else 1
    order = np.concatenate([rng.permutation(n_samples) for _ in range(n_rounds)])[:n_wanted]
    moves = _Moves.drawn(rng, len(order))
    return {
        name: moves.applied(value[order], images[name]) if name in images else value[order]
        for name, value in arrays.items()
    }


def require_rows(samples: Samples) -> None:
    """Refuse samples that share an input.

    Raises:
        ModelError: if an input does not hold one entry for each sample.
    """
    missing = samples.batches[0].keys() - samples.arrays.keys()
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

    def applied(self, images: Array, sides: tuple[int, int]) -> Array:
        """The images moved, what comes in reflected."""
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
