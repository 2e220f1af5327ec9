"""The file that was written is the model that was proven, and that is the cut model but for what fitting decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import onnx

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import is_added
from paoding_onnx.model.node_index import nodes_behind
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.provenance import KEY
from paoding_onnx.model.read import constants
from paoding_onnx.model.stored import is_constant
from paoding_onnx.surgery.cut import reweigh
from paoding_onnx.surgery.edits import Overrides
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.verdict import WRITTEN, Verdict

Fits = Mapping[str, Sequence[Array]]
"""What fitting decided: by the name of a constant of the smaller model the content that it may have."""


def fits_of(trace: Trace, plan: Plan, overrides: Overrides, plain: Model) -> dict[str, list[Array]]:
    """What becomes of `overrides` in the cut model `plain`: for each of its constants the parts that stay."""
    found: dict[str, list[Array]] = {}
    behind = nodes_behind(plain.proto, trace.graph.nodes)
    for index, bound in enumerate(trace.bound_nodes):
        for operand, use in enumerate(bound.inputs):
            if use is None or use.tensor not in overrides:
                continue
            value = trace.kept_of(use, overrides[use.tensor], plan.removed)
            found.setdefault(behind[index].input[operand], []).append(value)
    return found


def check_written(written: Model, proven: Model, plain: Model, fits: Fits) -> Verdict:
    """Whether the file read again, `written`, is the model in memory, and that one the cut one but for `fits`."""
    fault = next(_differences(written, proven), None)
    if fault is not None:
        return Verdict(WRITTEN, False, f"the file is not the model that was made: {fault}")
    fault = next(_beyond(proven, plain, fits), None)
    if fault is not None:
        return Verdict(WRITTEN, False, f"the model is not the one that was cut: {fault}")
    count = len(refitted(written, plain))
    weights = f"{count} of {len(constants(plain))} constants were fitted, as decided" if count else "no weight changed"
    return Verdict(WRITTEN, True, f"read again, it is the cut model byte for byte; {weights}")


def refitted(model: Model, plain: Model) -> tuple[str, ...]:
    """Names of the constants of `model` that the cut model has not, or has with other content."""
    old = constants(plain)
    return tuple(name for name, value in constants(model).items() if name not in old or not _same(value, old[name]))


def restored(model: Model, plain: Model, fitted: Collection[str]) -> Model:
    """`model` with the weights of the cut one in place of those that were `fitted`; an added bias becomes zero."""
    old, own = constants(plain), constants(model)
    names = [name for name in refitted(model, plain) if name in fitted]
    if not names:
        return model
    return reweigh(model, {name: old.get(name, np.zeros_like(own[name])) for name in names})


def structure_differences(model: Model, plain: Model) -> Iterator[str]:
    """What differs between a model and the cut one besides the content of constants and added biases."""
    fresh = constants(model).keys() - constants(plain).keys()
    added = {name for name in fresh if is_added(name)}
    if fresh - added:
        yield f"constant {min(fresh - added)!r} is new"
    first, second = _skeleton(model, added), _skeleton(plain, frozenset())
    if len(first.graph.node) != len(second.graph.node):
        yield f"it has {len(first.graph.node)} nodes in place of {len(second.graph.node)}"
        return
    for a, b in zip(first.graph.node, second.graph.node, strict=True):
        if a.SerializeToString(deterministic=True) != b.SerializeToString(deterministic=True):
            yield f"node {b.name or b.output[0]!r} ({b.op_type}) is another one"
            return
    shapes = {tensor.name: (tuple(tensor.dims), tensor.data_type) for tensor in second.graph.initializer}
    for tensor in first.graph.initializer:
        if tensor.name in shapes and shapes[tensor.name] != (tuple(tensor.dims), tensor.data_type):
            yield f"constant {tensor.name!r} has shape {tuple(tensor.dims)} in place of {shapes[tensor.name][0]}"
    if missing := shapes.keys() - {tensor.name for tensor in first.graph.initializer}:
        yield f"constant {min(missing)!r} is missing"


def _differences(written: Model, proven: Model) -> Iterator[str]:
    """What differs between two models that ought to be the same."""
    a, b = (_skeleton(model, frozenset()).SerializeToString(deterministic=True) for model in (written, proven))
    if a != b:
        yield from structure_differences(written, proven)
    first, second = constants(written), constants(proven)
    yield from (f"constant {name!r} is missing" for name in second if name not in first)
    for name, value in first.items():
        if name not in second:
            yield f"constant {name!r} is new"
        elif not _same(value, second[name]):
            yield f"constant {name!r} has another content"
    if a != b:
        yield "what it says besides nodes and constants is another thing"


def _beyond(proven: Model, plain: Model, fits: Fits) -> Iterator[str]:
    """Where a model differs from the cut one otherwise than fitting decided, or does not where it should."""
    yield from structure_differences(proven, plain)
    if _metadata(proven) != _metadata(plain):
        yield "its metadata is another one"
    own = constants(proven)
    for name in dict.fromkeys((*refitted(proven, plain), *fits)):
        if name not in own:
            yield f"constant {name!r}, which was fitted, is missing"
        elif own[name].dtype.kind != "f" and name not in fits:
            yield f"constant {name!r}, which holds no floats, has another content"
        elif own[name].dtype.kind == "f" and not np.isfinite(own[name]).all():
            yield f"constant {name!r} holds numbers that are not finite"
        elif not any(_same(own[name], np.asarray(value, own[name].dtype)) for value in fits.get(name, ())):
            yield f"constant {name!r} has not the content that was decided"


def _metadata(model: Model) -> list[tuple[str, str]]:
    """What a model says of itself, but for the record of its making."""
    return [(entry.key, entry.value) for entry in model.proto.metadata_props if entry.key != KEY]


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _skeleton(model: Model, added: frozenset[str] | set[str]) -> onnx.ModelProto:
    """The file without the content of its initializers and Constant nodes, and without biases that were added."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    kept = [tensor for tensor in proto.graph.initializer if tensor.name not in added]
    bare = [_bare(tensor) for tensor in kept]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(bare)
    for info in [info for info in proto.graph.input if info.name in added]:
        proto.graph.input.remove(info)
    for node in proto.graph.node:
        if is_constant(node) and node.attribute[0].HasField("t"):
            node.attribute[0].t.CopyFrom(_bare(node.attribute[0].t))
        inputs = ["" if name in added else name for name in node.input]
        while inputs and inputs[-1] == "" and len(inputs) > 1 and not added.isdisjoint(node.input):
            inputs.pop()
        node.input[:] = inputs
    return proto


def _bare(tensor: onnx.TensorProto) -> onnx.TensorProto:
    """A tensor without its numbers."""
    return onnx.TensorProto(
        name=tensor.name, dims=tensor.dims, data_type=tensor.data_type, string_data=tensor.string_data
    )
