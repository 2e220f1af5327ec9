"""What is asked of the smaller network: at each output and comparison point how far it is from the original, as nodes.

Rows of class scores or probabilities: T^2 times the Kullback-Leibler divergence at temperature T. Everything else: the
mean squared change, on the scale of every channel.

Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import onnx

from paoding_onnx.gradients.writer import Writer
from paoding_onnx.model.compare import logarithm
from paoding_onnx.model.nodes import Array

LOSS = "recovery_loss"
TEMPERATURE = 4.0
LEAST = 1e-9
"""Probabilities below this count as this."""
FAINT = 1e-4
"""Share of the mean variance of all channels that a channel's scale is never below."""
_PROBABLE = 1e-3
_WANTED, _LOGARITHM = "recovery_wanted_", "recovery_log_wanted_"


class Measure(Enum):
    """How the distance at a tensor is measured."""

    SCORES = "scores of classes"
    PROBABILITIES = "probabilities of classes"
    VALUES = "values"


@dataclass(frozen=True, slots=True)
class Term:
    """One part of the loss: the tensor, how its distance is measured, and its share in the whole.

    `weights` multiply squared changes of values: one for all, or one for each channel, shaped to be multiplied with
    the tensor.
    """

    tensor: str
    measure: Measure
    share: float
    weights: Array

    def feeds(self, wanted: Array) -> dict[str, Array]:
        """What the loss reads, given what the original has at this tensor."""
        values = wanted.astype(np.float32)
        if self.measure is Measure.VALUES:
            return {_WANTED + self.tensor: values}
        scores = logarithm(values, LEAST) if self.measure is Measure.PROBABILITIES else values
        softened = scores / np.float32(TEMPERATURE)
        softened = softened - softened.max(-1, keepdims=True)
        softened = softened - np.log(np.exp(softened).sum(-1, keepdims=True))
        return {_WANTED + self.tensor: np.exp(softened), _LOGARITHM + self.tensor: softened}


def output_terms(name: str, wanted: Array) -> tuple[Term, ...]:
    """The terms of an output, given all that the original has there, `(n, ...)`; none where it holds no floats."""
    if wanted.dtype.kind != "f" or not wanted.size:
        return ()
    nothing = np.ones((), np.float32)
    if wanted.ndim < 2 or wanted.shape[-1] == 1:
        return (Term(name, Measure.VALUES, 1.0, channel_weights(wanted)),)
    is_probable = wanted.min() >= 0 and bool(np.allclose(wanted.sum(-1, dtype=np.float64), 1, atol=_PROBABLE))
    if is_probable:
        return (Term(name, Measure.PROBABILITIES, 1.0, nothing),)
    if wanted.ndim == 2:
        return (Term(name, Measure.SCORES, 1.0, nothing),)
    return (Term(name, Measure.VALUES, 1.0, channel_weights(wanted)),)


def point_term(name: str, mean_square: float, share: float) -> Term:
    """The term of a comparison point at which the original has this mean square."""
    return Term(name, Measure.VALUES, share, np.asarray(1 / max(mean_square, LEAST), np.float32))


def channel_weights(wanted: Array) -> Array:
    """One over the variance of every channel of values `(n, ...)`; channels lie on the shorter of two outer axes."""
    values = wanted.astype(np.float64)
    if values.ndim < 2:
        return np.asarray(1 / max(float(values.var()), LEAST), np.float32)
    axis = 1 if values.ndim == 2 or values.shape[1] <= values.shape[-1] else values.ndim - 1
    others = tuple(k for k in range(values.ndim) if k != axis)
    variance = values.var(others)
    least = max(FAINT * float(variance.mean()), LEAST)
    shape = [-1 if k == axis else 1 for k in range(values.ndim)]
    return np.asarray(1 / np.maximum(variance, least), np.float32).reshape(shape)


def write_loss(
    writer: Writer, terms: Sequence[Term], shapes: Mapping[str, tuple[int, ...]]
) -> list[onnx.ValueInfoProto]:
    """Write the sum of all terms as the tensor `LOSS`, of one number; returns the inputs that it adds."""
    inputs, parts = [], []
    for term in terms:
        shape = shapes[term.tensor]
        names = [_WANTED + term.tensor]
        if term.measure is Measure.VALUES:
            parts.append(_squares(writer, term, shape))
        else:
            names.append(_LOGARITHM + term.tensor)
            parts.append(_divergence(writer, term, shape))
        inputs += [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in names]
    total = parts[0]
    for part in parts[1:]:
        total = writer.add("Add", total, part)
    writer.add("Mul", total, writer.constant(np.ones(1)), output=LOSS)
    return inputs


def _squares(writer: Writer, term: Term, shape: tuple[int, ...]) -> str:
    off = writer.add("Sub", term.tensor, _WANTED + term.tensor)
    square = writer.add("Mul", off, off)
    if term.weights.size > 1:
        square = writer.scaled(square, term.weights)
        factor = term.share / math.prod(shape)
    else:
        factor = term.share * float(term.weights.item()) / math.prod(shape)
    return writer.scaled(writer.sum(square, range(len(shape)), keeps_axes=False), factor)


def _divergence(writer: Writer, term: Term, shape: tuple[int, ...]) -> str:
    scores = term.tensor
    if term.measure is Measure.PROBABILITIES:
        scores = writer.add("Log", writer.add("Max", scores, writer.constant(LEAST)))
    own = writer.add("LogSoftmax", writer.scaled(scores, 1 / TEMPERATURE))
    off = writer.add("Sub", _LOGARITHM + term.tensor, own)
    total = writer.sum(writer.add("Mul", _WANTED + term.tensor, off), range(len(shape)), keeps_axes=False)
    return writer.scaled(total, term.share * TEMPERATURE**2 / math.prod(shape[:-1]))
