"""Which numbers images in [0, 1] become: the usual preprocessings, and which of them the file speaks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.first_layer import Filters
from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.calibration.preprocess import AS_IT_IS, BYTE, BYTES, IMAGENET, Preprocess

UNIT = AS_IT_IS
SIGNED = Preprocess(range=(-1.0, 1.0))
INK = Preprocess(BYTE, (0.1307,), (0.3081,))
"""What most classifiers of MNIST's digits want."""
_KNOWN = {"ImageNet": IMAGENET, "MNIST": INK}


def usual(n_channels: int) -> tuple[Preprocess, ...]:
    """The preprocessings in use, the most common first."""
    return (UNIT, IMAGENET if n_channels == 3 else INK, SIGNED, BYTES)


def description_of(settings: Preprocess) -> str:
    """Which numbers images become, in words.

    >>> [description_of(settings) for settings in usual(3)]
    ['in [0, 1]', 'standardized as for ImageNet', 'in [-1, 1]', 'in [0, 255]']
    """
    for name, preset in _KNOWN.items():
        if (settings.scale or BYTE, settings.shift, settings.spread) == (preset.scale, preset.shift, preset.spread):
            return f"standardized as for {name}"
    if max(len(settings.shift), len(settings.spread)) > 1:
        return "standardized as given"
    low, high = (float(settings.apply_to_unit(np.full(1, end, np.float32))[0]) for end in (0, 1))
    return f"in [{low:g}, {high:g}]"


_SURE = 2.5
"""An estimate this many standard errors above zero counts."""


_FROM_BYTES = 4.0
"""Data of a higher mean than this is in [0, 255]. The estimate is at most the mean, and often far below it."""


_RARE = 0.02


_IMAGE_MEAN, _IMAGE_STD = 0.47, 0.25


@dataclass(frozen=True, slots=True)
class _Estimate:
    mean: float
    error: float


def plausible(filters: Filters | None, scalings: Sequence[Preprocess], images: Floats) -> tuple[Preprocess, ...]:
    """Those of `scalings` that the first filters allow; `images` in [0, 1] are what would be scaled."""
    if filters is None or len(filters.bias) < 3:
        return tuple(scalings)
    if filters.deviation is not None:
        return (_by_statistics(filters, filters.deviation, scalings, images),)
    estimate = _mean(filters)
    if estimate.mean > _SURE * estimate.error:
        return (BYTES,) if estimate.mean > _FROM_BYTES else (UNIT,)
    if estimate.mean < -_SURE * estimate.error:
        return tuple(scaling for scaling in scalings if scaling not in (UNIT, BYTES))
    return tuple(scalings)


def alive(filters: Filters | None, scaling: Preprocess, images: Floats) -> float:
    """The share of the first filters that fire for some places of the scaled images, and not for all of them.

    Data of the right scaling leaves few filters silent or stuck; too small or shifted, it moves most of them to one
    side of zero. 1 if nothing is known.
    """
    if filters is None or filters.deviation is not None or not filters.bias.any():
        return 1.0
    answers = _windows(filters, scaling.apply_to_unit(images)) @ filters.weights.reshape(len(filters.weights), -1).T
    firing = np.mean(answers + filters.bias > 0, 0)
    return float(np.mean((firing > _RARE) & (firing < 1 - _RARE)))


def _mean(filters: Filters) -> _Estimate:
    """The mean of the data, by least squares over the filters, each in units of its own size."""
    size = np.sqrt(np.square(filters.weights).sum(tuple(range(1, filters.weights.ndim))))
    used = size > 1e-3 * size.max()
    sums = filters.weights.sum(tuple(range(1, filters.weights.ndim)))[used]
    columns = [sums] if filters.deviation is not None else [sums, np.ones_like(sums)]
    scale = filters.deviation[used] if filters.deviation is not None else size[used]
    features = np.stack(columns, 1) / np.maximum(scale, 1e-12)[:, None]
    target = -filters.bias[used] / np.maximum(scale, 1e-12)
    inverse = np.linalg.pinv(features.T @ features)
    solution = inverse @ features.T @ target
    left = target - features @ solution
    error = np.sqrt(inverse[0, 0] * (left @ left) / max(len(left) - len(columns), 1))
    return _Estimate(float(solution[0]), float(error))


def _by_statistics(
    filters: Filters, deviation: NDArray[np.float64], scalings: Sequence[Preprocess], images: Floats
) -> Preprocess:
    """The scaling under which answers to images have the stored mean and deviation most closely."""
    flat = filters.weights.reshape(len(filters.weights), -1)
    answers = np.einsum("ci,ij,cj->c", flat, np.cov(_windows(filters, images).T), flat, optimize=True)
    ratio = np.log(np.median(deviation / np.sqrt(np.maximum(answers, 1e-12))))
    mean = _mean(filters).mean

    def misfit(scaling: Preprocess) -> float:
        std = float(np.mean(scaling.unit_std))
        centre = (mean * std + float(np.mean(scaling.unit_mean)) - _IMAGE_MEAN) / _IMAGE_STD
        return float((ratio + np.log(std)) ** 2 + centre**2)

    return min(scalings, key=misfit)


def _windows(filters: Filters, images: Floats) -> NDArray[np.float64]:
    """What the filters see at some places of images, a row each."""
    windows = np.lib.stride_tricks.sliding_window_view(images, filters.weights.shape[2:], (1, 2))[:, ::3, ::3]
    return windows.reshape(-1, int(np.prod(windows.shape[3:]))).astype(np.float64)
