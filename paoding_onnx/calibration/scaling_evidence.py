"""How well the first filters of a model go with images that are scaled in one way or another. Runs nothing.

Training leaves traces of its data: statistics that are stored behind the filters; biases that make up for a mean; and
biases of about the size of what the filters answer, beside which they are nothing, or all, on images of another scale.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.first_layer import Filters
from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.calibration.preprocess import BYTES, Preprocess

_FEWEST = 3
"""Of fewer filters, nothing is concluded."""
_SURE = 2.5
"""An estimate this many standard errors away from zero counts."""
_FROM_BYTES = 4.0
"""Data of a higher mean than this is in [0, 255]. The estimate is at most the mean, and often far below it."""
_UNLIKELY = 0.01
"""How likely a scaling is that sure evidence speaks against."""
_IMAGE_MEAN, _IMAGE_STD = 0.47, 0.25
_USUAL_BIAS, _TOO_LARGE, _TOO_SMALL = 0.55, 1.2, 2.0
"""The bias of a filter over the deviation of its answers, in the middle of a layer; how far the logarithm of this is
from that of the usual value in trained networks, above and below."""
_STEP = 3
"""Windows of images are looked at in steps of so many places."""


@dataclass(frozen=True, slots=True)
class _Estimate:
    mean: float
    error: float


def weighed(filters: Filters | None, usual: Mapping[Preprocess, float], images: Floats) -> Mapping[Preprocess, float]:
    """How likely each scaling is, its share in `usual` and what the filters say taken together.

    `images` in [0, 1] are what would be scaled, `(n, height, width, n_channels)`.
    """
    if filters is None or len(filters.bias) < _FEWEST:
        return usual
    if filters.deviation is not None:
        best = _by_statistics(filters, filters.deviation, tuple(usual), images)
        return {best: usual[best]}
    estimate = _mean(filters)
    return {
        scaling: share * _by_mean(estimate, scaling) * _by_biases(filters, scaling, images)
        for scaling, share in usual.items()
    }


def _by_mean(estimate: _Estimate, scaling: Preprocess) -> float:
    """1 where the estimated mean of the data leaves a scaling open, less the more surely it speaks against it."""
    sure = estimate.mean / max(estimate.error, 1e-12)
    if any(scaling.shift):
        apart = max(abs(sure) - 1, 0)  # means of the data at hand and of all data differ a little
    elif sure > _SURE and (scaling == BYTES) != (estimate.mean > _FROM_BYTES):
        return _UNLIKELY
    else:
        apart = max(-sure, 0)
    return max(math.exp(-0.5 * min(apart, _SURE**2) ** 2), _UNLIKELY)


def _by_biases(filters: Filters, scaling: Preprocess, images: Floats) -> float:
    """1 where biases are as large as usual beside what the filters answer, less the farther they are from that."""
    answers = _windows(filters, scaling, images) @ filters.weights.reshape(len(filters.weights), -1).T
    deviations = answers.std(0)
    used = deviations > _UNLIKELY * np.median(deviations)
    ratio = float(np.median(np.abs(filters.bias[used]) / deviations[used])) if used.any() else 0.0
    if not ratio:
        return 1.0
    apart = math.log(ratio / _USUAL_BIAS)
    return max(math.exp(-0.5 * (apart / (_TOO_LARGE if apart > 0 else _TOO_SMALL)) ** 2), 1e-12)


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
    windows = _windows(filters, Preprocess(), images)
    answers = np.einsum("ci,ij,cj->c", flat, np.atleast_2d(np.cov(windows.T)), flat, optimize=True)
    ratio = np.log(np.median(deviation / np.sqrt(np.maximum(answers, 1e-12))))
    mean = _mean(filters).mean

    def misfit(scaling: Preprocess) -> float:
        std = float(np.mean(scaling.unit_std))
        centre = (mean * std + float(np.mean(scaling.unit_mean)) - _IMAGE_MEAN) / _IMAGE_STD
        return float((ratio + np.log(std)) ** 2 + centre**2)

    return min(scalings, key=misfit)


def _windows(filters: Filters, scaling: Preprocess, images: Floats) -> NDArray[np.float64]:
    """What the filters see at some places of scaled images, a row each."""
    scaled = scaling.apply_to_unit(images)
    side = math.isqrt(filters.weights.shape[1] // images.shape[3])
    parts = [scaled[:, row::side, column::side] for column in range(side) for row in range(side)]
    seen = np.concatenate(parts, -1) if side > 1 else scaled
    windows = np.lib.stride_tricks.sliding_window_view(seen, filters.weights.shape[2:], (1, 2))[:, ::_STEP, ::_STEP]
    return windows.reshape(-1, int(np.prod(windows.shape[3:]))).astype(np.float64)


def fitting(filters: Filters | None, images: Floats) -> Filters | None:
    """The filters if they can see such images `(n, height, width, n_channels)`; else `None`.

    Behind a space-to-depth they see several pixels at a time, behind a mean over colours less than the images hold.
    """
    if filters is None:
        return None
    n_pixels, rest = divmod(filters.weights.shape[1], images.shape[3])
    side = math.isqrt(n_pixels)
    sees = not rest and n_pixels > 0 and side * side == n_pixels
    sizes = zip(filters.weights.shape[2:], images.shape[1:3], strict=True)
    return filters if sees and all(width * side <= size for width, size in sizes) else None
