"""On which inputs two models are compared: many draws where they cost little, so that every way is gone.

One draw may hide a fault behind a choice that goes right by chance: a mean that is above zero, a largest number that
happens to be one that is kept. Runs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, Node
from paoding_onnx.rules.forms import jumps
from paoding_onnx.rules.multiply_adds import multiply_adds
from paoding_onnx.shapes.data_dependence import data_dependent_tensors
from paoding_onnx.shapes.dummy_inputs import random_feeds

LITTLE = 1 << 24
"""Multiply-adds and numbers of one run that cost hardly more than what is done around it."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Normal floats times `scale` plus `level`, by a generator of this `seed`; other types as they come."""

    seed: int
    level: float = 0.0
    scale: float = 1.0


PLAIN = (Draw(1),)
BOTH_SIDES = (Draw(1, 0.7), Draw(2, -0.7))
"""A gate that the sign of a mean opens is met open and closed."""
MANY = (*BOTH_SIDES, Draw(3), Draw(4, 0.0, 3.0), Draw(5, 0.0, 0.3), Draw(6), Draw(7, 1.5), Draw(8, -1.5))
ELSEWHERE = Draw(99)
"""Other inputs than all of these."""


def draws_of(trace: Trace) -> tuple[Draw, ...]:
    """The draws at the sizes that a model was traced at; at other sizes the first of them will do.

    Many of a model that costs little to run; two of a larger one that compares or branches; else one.
    """
    if _work(trace) <= LITTLE:
        return MANY
    return BOTH_SIDES if _has_gates(trace) else PLAIN


def drawn(model: Model, feeding: Feeding, draw: Draw) -> Mapping[str, Array]:
    """Content for every input of a model."""
    feeds = random_feeds(model.inputs, feeding, np.random.default_rng(draw.seed))
    return {name: array if name in feeding.contents else _changed(array, draw) for name, array in feeds.items()}


def _changed(array: Array, draw: Draw) -> Array:
    if array.dtype.kind != "f":
        return array
    return np.asarray(array.astype(np.float64) * draw.scale + draw.level, array.dtype)


def _work(trace: Trace) -> int:
    """Multiply-adds and numbers of one run at the sizes that were traced, but for those of bodies."""
    macs = sum(multiply_adds(node, {}) or 0 for node in trace.graph.nodes)
    return macs + sum(math.prod(tensor.shape or ()) for tensor in trace.graph.tensors.values())


def _has_gates(trace: Trace) -> bool:
    """Whether a model compares, rounds or picks, or enters a branch, by what it is fed."""
    gates = {name for node in trace.graph.nodes for name in _gates(node)}
    return bool(gates) and not data_dependent_tensors(trace.graph).isdisjoint(gates)  # which takes time to tell


def _gates(node: Node) -> list[str]:
    """Tensors of a node that are a gate if what is fed decides about them."""
    made = [tensor for tensor in node.outputs if tensor is not None]
    is_all = bool(node.captures) or jumps(node.operator)
    return [tensor.name for tensor in made if is_all or tensor.dtype == np.bool_]
