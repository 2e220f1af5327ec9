"""Exact gradients of a model's loss by its input: the reverse pass is itself a model, run by onnxruntime.

`onnx-ad` writes the reverse pass, operator by operator; what it needs of the model is prepared in `freezing`.
"""

from __future__ import annotations

import math

import numpy as np

from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.metrics import Floats, Labels
from paoding_onnx.gradients.freeze import Recording
from paoding_onnx.gradients.reverse import HINT, MOST_DRIFT, reverse_pass
from paoding_onnx.model.load import lift
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.robustness.losses import LossPoint

_RISES = (1e-3, 4e-3, 1.6e-2)
"""How far scores shall move, as shares of the largest, when slopes are compared."""
_ROUNDING = 1e-5
"""What rounding does to scores, as a share of the largest."""
_TINY = 1e-300


class Gradient:
    """The gradient of each sample's loss by the input `x`, for as many samples at a time as were observed.

    Raises:
        ModelError: if nodes on the way have no gradient; the message names them.
    """

    def __init__(self, subject: Recording, x: str, point: LossPoint) -> None:
        forward, backward, self._seed = reverse_pass(subject, x, point.tensor)
        self._forward, self._backward = Session(lift(forward)), Session(lift(backward), optimise=True)
        self._x, self._point = x, point
        wanted = np.asarray(subject.values[point.tensor], np.float64)
        drift = np.abs(np.asarray(self._scores(subject.feeds[x]), np.float64) - wanted).max()
        if not drift <= MOST_DRIFT * np.abs(wanted).max():
            raise ModelError(f"no exact gradient: prepared for it, the model drifts by {drift:.3g}; {HINT}")

    def direction(self, x: Array, labels: Labels) -> tuple[Floats, Floats]:
        """Each sample's gradient, shaped like `x`, in two factors: one with its sign, the other what to multiply it by.

        The first is the gradient of the scores, weighted so that the largest weight is one; see `Loss.derivative`.
        """
        seed, size = self._seed_of(x, labels)
        return self._run_back(x, seed), size

    def __call__(self, x: Array, labels: Labels) -> Floats:
        """The gradient of each sample's loss, shaped like `x`."""
        found, size = self.direction(x, labels)
        return np.asarray(found * _column(size, x.ndim))

    def disagreement(self, x: Array, labels: Labels, reach: float) -> float:
        """How far the slope along the gradient is from what finite differences say, as a share; 0.01 is normal.

        It is the median over samples, at the best of three distances of at most `reach`: too short ones drown in
        rounding, which is allowed for, too long ones leave the piece on which the model is smooth. NaN if the gradient
        is zero for every sample.
        """
        scores = self._scores(x)
        seed, _ = self._point.loss.derivative(scores, labels)
        found = self._run_back(x, seed)
        norms = np.sqrt((found**2).reshape(len(x), -1).sum(axis=1))
        moved = norms > 0
        if not moved.any():
            return math.nan
        slopes = np.where(moved, norms, 1.0)
        unit = found / _column(slopes, x.ndim)
        size = np.abs(np.asarray(scores, np.float64)).reshape(len(x), -1).max(axis=1)
        errors = []
        for rise in _RISES:
            distance = np.minimum(rise * size / slopes, reach)
            ends = [np.asarray(x, np.float64) + sign * unit * _column(distance, x.ndim) for sign in (1, -1)]
            high, low = (self._weighted(end.astype(x.dtype), seed) for end in ends)
            wrong = np.maximum(np.abs(high - low - 2 * distance * slopes) - _ROUNDING * size, 0)
            errors.append(float(np.median((wrong / np.maximum(2 * distance * slopes, _TINY))[moved])))
        return min(errors)

    def _seed_of(self, x: Array, labels: Labels) -> tuple[Floats, Floats]:
        return self._point.loss.derivative(self._scores(x), labels)

    def _weighted(self, x: Array, seed: Floats) -> Floats:
        """Each sample's scores, weighted by `seed` and added up."""
        return np.asarray((np.asarray(self._scores(x), np.float64) * seed).reshape(len(x), -1).sum(axis=1))

    def _scores(self, x: Array) -> Array:
        return self._forward.run({self._x: _single(x)})[self._point.tensor]

    def _run_back(self, x: Array, seed: Floats) -> Floats:
        feeds = {self._x: _single(x), self._seed: _single(seed)[..., None]}
        try:
            found = self._backward.run(feeds)[self._backward.output_names[-1]]
        except ModelError as error:
            raise ModelError(f"no exact gradient: in the reverse pass, {error}; {HINT}") from error
        return np.asarray(found, np.float64).reshape(x.shape)


def _single(array: Array) -> Array:
    """Numbers as a frozen model takes them: it computes in float32."""
    return array.astype(np.float32, copy=False)


def _column(values: Floats, ndim: int) -> Floats:
    """Numbers (n,) as an array of `ndim` axes that broadcasts to the samples."""
    return values.reshape(-1, *[1] * (ndim - 1))
