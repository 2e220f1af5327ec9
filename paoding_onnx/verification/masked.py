"""The masked original: what a pruned model must compute, made without cutting anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

import numpy as np
import onnx
from onnx import numpy_helper

from paoding_onnx.dependency.residuals import Residual
from paoding_onnx.dependency.trace import Mask, Trace
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.naming import names_in
from paoding_onnx.model.node_index import makers, nodes_behind
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.subgraphs import every_node, opset_of
from paoding_onnx.rules.binding import BoundNode, is_inside, is_layer, makes_output
from paoding_onnx.rules.equation import Operand
from paoding_onnx.rules.forms import SEED_ATTRIBUTE, can_choose
from paoding_onnx.surgery.cut import insert_nodes
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.restricted import narrowed_inputs, narrowed_outputs, restrict

_PREFIX = "paoding_onnx_mask_"


def mask(model: Model, trace: Trace, plan: Plan) -> Model:
    """`model` at full size, without what the units that `plan` removes do: it computes what the pruned one must.

    Where a node adds them up they are zero, and a node that mixes along their axis sees only the others. It shares no
    step with `cut`: no weight is touched, and the axes between nodes keep their size.
    """
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    behind = nodes_behind(proto, trace.graph.nodes)
    masks = []
    prefix = _free_prefix(proto, _PREFIX)
    constants = _Constants(proto, f"{prefix}constant_")
    fed = trace.graph.reached()
    for index, bound in enumerate(trace.bound_nodes):
        for operand, kept in _contracted(trace, bound, plan, fed).items():
            node = behind[index]
            name = f"{prefix}{index}_{operand}"
            masks.append(_masked(constants, node, operand, kept, name, bound))
            node.input[operand] = f"{name}_out"
        inputs = narrowed_inputs(trace, index, plan) if _is_fed(bound, fed) else ()
        if inputs:
            node = behind[index]
            outputs = narrowed_outputs(trace, index, plan)
            masks += restrict(proto, node, (inputs, outputs), f"{prefix}{index}")
    insert_nodes(proto, masks)
    return replace(model, proto=proto)


def silenced(model: Model, graph: Graph, residuals: Sequence[Residual]) -> Model:
    """`model` with what residual branches make times zero, where it is added: all of them are computed as before."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    index, masks, prefix = makers(proto.graph.node), [], _free_prefix(proto, f"{_PREFIX}branch_")
    for number, residual in enumerate(residuals):
        name, node = f"{prefix}{number}", proto.graph.node[index[residual.total]]
        zero = np.zeros((), graph.tensors[residual.branch].dtype)
        proto.graph.initializer.append(numpy_helper.from_array(zero, f"{name}_zero"))
        masks.append(onnx.helper.make_node("Mul", [residual.branch, f"{name}_zero"], [name], name))
        node.input[list(node.input).index(residual.branch)] = name
    insert_nodes(proto, masks)
    return replace(model, proto=proto)


def seeded(model: Model) -> Model:
    """`model` with a seed at every node that would draw its own random numbers, so that two models draw the same."""
    versions = {opset.domain: opset.version for opset in model.proto.opset_import}
    seeds = [_seed(node, versions) for node in every_node(model.proto.graph)]
    if all(seed is None for seed in seeds):
        return model
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    for node, seed in zip(every_node(proto.graph), seeds, strict=True):
        if seed is not None:
            node.attribute.append(onnx.helper.make_attribute(SEED_ATTRIBUTE, seed))
    return replace(model, proto=proto)


def is_drawing(model: Model) -> bool:
    """Whether a model that is `seeded` draws random numbers: each run of a session goes on from those of the last."""
    return any(
        attribute.name == SEED_ATTRIBUTE for node in every_node(model.proto.graph) for attribute in node.attribute
    )


def _seed(node: onnx.NodeProto, versions: Mapping[str, int]) -> int | float | None:
    """A seed of the type that a node takes; `None` if it takes none, or has one."""
    try:
        schema = onnx.defs.get_schema(node.op_type, versions.get(node.domain, 1), node.domain)
    except onnx.defs.SchemaError:
        return None
    seed = schema.attributes.get(SEED_ATTRIBUTE)
    if seed is None or any(attribute.name == SEED_ATTRIBUTE for attribute in node.attribute):
        return None
    return 1 if seed.type == onnx.defs.OpSchema.AttrType.INT else 1.0


def _free_prefix(proto: onnx.ModelProto, prefix: str) -> str:
    """`prefix`, with underscores behind it as long as names in the model begin so."""
    names = names_in(proto)
    while any(name.startswith(prefix) for name in names):
        prefix += "_"
    return prefix


class _Constants:
    """Constants that are put into a model, equal ones once: onnxruntime loads thousands of them slowly."""

    def __init__(self, proto: onnx.ModelProto, prefix: str) -> None:
        self.proto, self._prefix = proto, prefix
        self._names: dict[tuple[bytes, str, tuple[int, ...]], str] = {}

    def name_of(self, array: Array) -> str:
        """The name of a constant with this content, which is put into the model if none is."""
        key = array.tobytes(), array.dtype.name, array.shape
        if key not in self._names:
            self._names[key] = f"{self._prefix}{len(self._names)}"
            self.proto.graph.initializer.append(numpy_helper.from_array(array, self._names[key]))
        return self._names[key]


def _masked(
    constants: _Constants, node: onnx.NodeProto, operand: int, kept: Mask, name: str, bound: BoundNode
) -> onnx.NodeProto:
    """The node that puts zero in place of removed positions: a choice, or a product where there is no kernel for it.

    A removed unit may well be NaN, for instance where a norm divides by zero, and NaN times zero is NaN.
    """
    tensor, quantized = bound.node.inputs[operand], bound.rule.integers.at(operand)
    dtype = tensor.dtype if tensor is not None else None
    opset = opset_of(constants.proto)
    if quantized is None and (dtype != np.float32 or not can_choose(opset)):
        factors = constants.name_of(kept.astype(dtype))
        return onnx.helper.make_node("Mul", [node.input[operand], factors], [f"{name}_out"], name)
    zero = ""
    if quantized is not None and quantized.zero_point < len(node.input):
        zero = node.input[quantized.zero_point]
    zero = zero or constants.name_of(np.zeros((), dtype))
    return onnx.helper.make_node("Where", [constants.name_of(kept), node.input[operand], zero], [f"{name}_out"], name)


def _is_fed(bound: BoundNode, fed: Set[str]) -> bool:
    return any(tensor is not None and tensor.name in fed for tensor in bound.node.inputs)


def _contracted(trace: Trace, bound: BoundNode, plan: Plan, fed: Set[str]) -> dict[int, Mask]:
    """Operands whose removed positions the node adds up, each with what is kept of it.

    Only what inputs reach (`fed`): what is computed from weights alone stays what it is, or kept weights would change.
    The state that a recurrent layer keeps to itself, or what is hidden in experts, can be reached in weights alone; a
    layer on constants, such as embeddings of positions, in these.
    """
    made = bound.binding.made
    found: dict[int, Mask] = {}
    handled: set[str] = set()
    has_axes = any(operand is not None for operand in bound.binding.outputs)
    of_constants = is_layer(bound) and not _is_fed(bound, fed)
    for index, axis, summed in _summed_axes(bound, made) if has_axes else ():
        is_inner = summed <= _twice(bound.binding.inputs[index])
        is_inner = is_inner or (_is_fed(bound, fed) and _are_consumed(bound, index, summed))
        tensor, use = bound.node.inputs[index], bound.inputs[index]
        if tensor is None or use is None or tensor.dtype is None or tensor.dtype.kind == "b":
            continue
        if tensor.name not in fed and not is_inner and not of_constants:
            continue
        kept = trace.kept(use, axis, plan.removed)
        if not kept.all() and not summed <= handled:
            handled |= summed
            flags = kept.reshape([kept.size if k == axis else 1 for k in range(len(tensor.shape or ()))])
            found[index] = flags & found[index] if index in found else flags
    return found


def _are_consumed(bound: BoundNode, operand: int, names: Set[str]) -> bool:
    """Whether an operand of floats consumes units that the node makes itself; packed integers have no zero."""
    tensor = bound.node.inputs[operand]
    is_float = tensor is not None and tensor.dtype is not None and tensor.dtype.kind == "f"
    return is_float and bool(names) and makes_output(bound, operand) and all(is_inside(bound, name) for name in names)


def _summed_axes(bound: BoundNode, made: frozenset[str]) -> Iterator[tuple[int, int, frozenset[str]]]:
    """Operand, axis and factors of what a node adds up; one operand is enough for each factor.

    Computed operands come first. These are axes with factors that no output has, and the last axis of an operand that
    has the same factor twice: weights from hidden units to hidden units. An operand whose range is taken counts whole.
    """
    tensors, operands = bound.node.inputs, bound.binding.inputs
    computed_first = sorted(range(len(operands)), key=lambda k: (t := tensors[k]) is not None and t.is_constant)
    for index in computed_first:
        operand = operands[index] or ()
        for number, axis in enumerate(operand):
            names = frozenset(axis.free)
            if summed := names if index in bound.rule.integers.range_over else names - made:
                yield index, number, summed
            if number == len(operand) - 1 and names & _twice(operand):
                yield index, number, names & _twice(operand)


def _twice(operand: Operand | None) -> frozenset[str]:
    counts = Counter(name for axis in operand or () for name in axis.free)
    return frozenset(name for name, count in counts.items() if count > 1)
