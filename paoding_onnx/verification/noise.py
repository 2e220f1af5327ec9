"""What rounding makes of a model: the same one with weights that differ by as little, at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.surgery.cut import reweigh

NUDGES = (1, 1, 1, 4, 16, 16)
"""By how many times the spacing of their type weights are changed at random, to see what rounding does, one time after
the other: until a difference is explained, or it is seen which decisions rounding tips."""
_N_SIGNS = 65521
"""How many random signs there are, used over and over: a prime, so that no axis has them in step."""


def nudged(model: Model, trace: Trace, number: int) -> Model:
    """The model with weights that differ by what rounding would make of them, or by `NUDGES[number]` times as much.

    Those that the model computes out of others, such as standardised ones, differ as these do.
    """
    signs = np.random.default_rng(number).choice(np.array([-1.0, 1.0]), _N_SIGNS)
    known, found = constants(model), dict[str, Array]()
    for name in dict.fromkeys(_weights(model, trace, known)):
        value = known[name]
        if value.dtype.kind == "f":
            size = NUDGES[number] * float(np.finfo(str(value.dtype)).eps)
            factors = 1 + size * np.resize(signs, value.shape)
            found[name] = np.asarray(np.asarray(value, np.float64) * factors, value.dtype)
    return reweigh(model, found)


def _weights(model: Model, trace: Trace, known: Mapping[str, Array]) -> Iterator[str]:
    """Names of the constants of a model that its contracting nodes read, or that are made into what they read."""
    nodes = model.proto.graph.node
    made = {name: nodes[place] for name, place in makers(nodes).items()}
    fed = _fed(model)
    for bound in trace.bound_nodes:
        for tensor in bound.node.inputs if bound.rule.contracts is not None else ():
            if tensor is not None and tensor.name in known:
                yield tensor.name
            elif tensor is not None and tensor.name not in fed:
                yield from _behind(tensor.name, made, known)


def _fed(model: Model) -> set[str]:
    """Names of the inputs of a model and of what is made of them."""
    found = {spec.name for spec in model.inputs}
    for node in model.proto.graph.node:
        if not found.isdisjoint(node.input):
            found.update(node.output)
    return found


def _behind(name: str, made: Mapping[str, onnx.NodeProto], known: Mapping[str, Array]) -> Iterator[str]:
    """Names of the constants of floats that a tensor is made of which nothing that is fed enters."""
    left, seen = [name], {name}
    while left:
        node = made.get(left.pop())
        for source in dict.fromkeys(node.input if node is not None else ()):
            if source in known:
                yield source
            elif source not in seen:
                seen.add(source)
                left.append(source)


def less_noisy(wanted: Array, noisy: Array, times: int) -> Array:
    """What becomes of numbers with so many times less noise.

    Where they come in steps, as what some kernels approximate does, it takes more noise to see one.
    """
    if wanted.shape != noisy.shape or wanted.dtype.kind != "f" or times == 1:
        return noisy
    whole, other = np.asarray(wanted, np.float64), np.asarray(noisy, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.isfinite(whole) & np.isfinite(other), whole + (other - whole) / times, other)
