"""Outputs that callers only feed back: states of recurrent layers, keys and values of a decoder. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.rules.forms import CHOOSE

_ROLES = frozenset({"input", "inputs", "in", "past", "prev", "previous", "last", "cur"}) | frozenset(
    {"output", "outputs", "out", "present", "new", "next", "updated"}
)
"""Words that say which of the two a tensor is, and not what it holds."""


def carried(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> frozenset[str]:
    """Names of outputs that some input takes in again: of its type and shape, and called alike.

    None are where nothing else would go in or come out: then these are what the model is for.

    >>> import numpy as np
    >>> x, y, h, hn = (TensorSpec(name, np.dtype("f4"), (2, 1, 64)) for name in ("x", "y", "h", "hn"))
    >>> sorted(carried([x, h], [y, hn]))
    ['hn']
    """
    found: dict[str, str] = {}
    for output in outputs:
        for given in inputs:
            if given.name not in found.values() and _is_alike(given, output):
                found[output.name] = given.name
                break
    is_all = len(found) in (len(inputs), len(outputs))
    return frozenset() if is_all else frozenset(found)


def states_of(model: Model) -> frozenset[str]:
    """Outputs that are carried, and the results of branches out of which one of these is chosen."""
    found = set(carried(model.inputs, model.outputs))
    for node in reversed(model.proto.graph.node):
        if node.op_type == CHOOSE and not found.isdisjoint(node.output):
            found.update(node.input[1:])
    return frozenset(found)


def _is_alike(given: TensorSpec, made: TensorSpec) -> bool:
    if given.dtype is None or given.dtype.kind != "f" or given.dtype != made.dtype:
        return False
    if len(given.dims) != len(made.dims) or len(given.dims) < 2:
        return False
    sizes = zip(given.dims, made.dims, strict=True)
    if any(a != b for a, b in sizes if isinstance(a, int) and isinstance(b, int)):
        return False
    short, long = sorted((_words(given.name), _words(made.name)), key=len)
    return bool(short) and (long.startswith(short) or (len(short) > 1 and long.endswith(short)))


def _words(name: str) -> str:
    """What a name says beside the role of the tensor, such as ``values0key`` of ``past_key_values.0.key``."""
    return "".join(word for word in re.findall(r"[a-z]+|\d+", name.lower()) if word not in _ROLES)
