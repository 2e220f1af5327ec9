"""Which synthetic inputs to keep, by what the model itself says about them.

Real data is balanced over the classes, and a trained model is sure about most of it. Inputs of which the model says the
same excite it more like real data than others do.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.model.compare import entropy, softmax
from paoding_onnx.model.nodes import Array

_CERTAIN = 0.999
Ids = NDArray[np.int64]
_SURE = 0.9
"""Beliefs above this count as equally sure."""


def predictions(outputs: Mapping[str, Array], n_samples: int) -> Floats | None:
    """Probabilities `(n_samples, n_classes)` by the first output that reads as such; `None` if none does."""
    for value in outputs.values():
        flat = value.reshape(value.shape[:2]) if value.ndim == 4 and value.shape[2:] == (1, 1) else value
        is_one_each = flat.ndim == 2 and flat.size > 0 and len(flat) == n_samples
        if is_one_each and flat.dtype.kind == "f" and np.isfinite(flat).all():
            return _probabilities(flat.astype(np.float64))
    return None


def information(probabilities: Floats) -> float:
    """How much predictions tell inputs apart: mutual information of input and class, as a share of its maximum."""
    total = entropy(probabilities.mean(0)) - entropy(probabilities).mean()
    return float(total / np.log(probabilities.shape[1]))


def value(probabilities: Floats) -> float:
    """What inputs are worth: the information in the predictions, as far as these are no certainties.

    On synthetic inputs, a model whose predictions are all certain is saturated: the scaling is wrong.
    """
    return max(information(probabilities), 0.0) * float(np.mean(probabilities.max(1) < _CERTAIN))


def choose(probabilities: Floats, count: int, rng: np.random.Generator) -> Ids:
    """Places of `count` inputs, the predicted classes as balanced as they can be, sure predictions first."""
    label, sure = probabilities.argmax(1), np.minimum(probabilities.max(1), _SURE)
    order = np.lexsort((rng.random(len(label)), -sure, label))
    starts = np.searchsorted(label[order], np.arange(probabilities.shape[1]))
    rank = np.arange(len(label)) - starts[label[order]]
    return np.sort(order[np.argsort(rank, kind="stable")[:count]])


def _probabilities(values: NDArray[np.float64]) -> Floats | None:
    inside = values.min() >= 0 and values.max() <= 1
    if values.shape[1] == 1:
        return np.concatenate([1 - values, values], 1).astype(np.float32) if inside else None
    shares = values / np.maximum(values.sum(1, keepdims=True), 1e-12) if inside else softmax(values)
    return np.asarray(shares, np.float32)
