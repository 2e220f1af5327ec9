"""SURGERY: a `Plan` makes a smaller `Model`.

One pass over the graphsurgeon graph slices constants and rewrites attributes and shapes. The changes are then carried
back by name into a copy of the original protobuf, because graphsurgeon's own export loses metadata and breaks old
models. What is not touched stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from types import MappingProxyType

import numpy as np
import onnx
import onnx_graphsurgeon as gs
from onnx import numpy_helper
from onnx_graphsurgeon.logger import G_LOGGER

from paoding_onnx.axes import Axis
from paoding_onnx.axes import parse_axis
from paoding_onnx.axes import size_of
from paoding_onnx.graph import Array
from paoding_onnx.loader import LIFT_BYTES
from paoding_onnx.loader import PLACEHOLDER
from paoding_onnx.loader import Model
from paoding_onnx.loader import mark_external
from paoding_onnx.plan import Plan
from paoding_onnx.rules import Fit
from paoding_onnx.sites import Site
from paoding_onnx.sites import Slot
from paoding_onnx.trace import Trace

Contents = Mapping[str, Array]
"""Constants by name, where they differ from the file's."""


@dataclass(frozen=True, slots=True)
class _Use:
    """What one operand of one node is to read; uses of a tensor with equal `pattern` read the same."""

    value: Array
    pattern: bytes


@dataclass(slots=True)
class _Edits:
    """What changes: whole constants, constants as one operand of one node sees them, attributes."""

    constants: dict[str, Array] = field(default_factory=dict)
    operands: dict[tuple[int, int], _Use] = field(default_factory=dict)
    attributes: dict[tuple[int, str], int | list[int]] = field(default_factory=dict)


def cut(model: Model, trace: Trace, plan: Plan, contents: Contents = MappingProxyType({})) -> Model:
    """`model` without the units that `plan` removes; `contents` replaces constants before they are sliced."""
    edits = _Edits()
    _slice_constants(trace, plan, contents, edits)
    for index, site in enumerate(trace.sites):
        for fit in site.rule.fits:
            _refit(trace, plan, index, fit, edits)
    _freeze(trace, plan, edits)
    _share(trace, edits)
    surgeon_graph = _operate(model, trace, edits)
    return _carry_back(model, trace, plan, surgeon_graph, edits)


def _slice_constants(trace: Trace, plan: Plan, contents: Contents, edits: _Edits) -> None:
    done = set()
    for index, site in enumerate(trace.sites):
        for operand, slot in enumerate(site.inputs):
            if slot is None or slot in done or not trace.graph.tensors[slot.tensor].is_constant:
                continue
            done.add(slot)
            use = _sliced(trace, plan, slot, contents)
            if use is None:
                continue
            if slot.node < 0:
                edits.constants[slot.tensor] = use.value
            else:
                edits.operands[index, operand] = use


def _sliced(trace: Trace, plan: Plan, slot: Slot, contents: Contents) -> _Use | None:
    """The constant without what goes; `None` if it stays as the file has it."""
    value = contents.get(slot.tensor, trace.graph.tensors[slot.tensor].value)
    if value is None:
        return None
    pattern = b""
    is_changed = slot.tensor in contents
    for axis in range(value.ndim):
        kept = trace.kept(slot, axis, plan.removed)
        pattern += kept.tobytes()
        if not kept.all():
            value = np.compress(kept, value, axis)
            is_changed = True
    return _Use(value, pattern) if is_changed else None


def _refit(trace: Trace, plan: Plan, index: int, fit: Fit, edits: _Edits) -> None:
    """Write new sizes where a node holds sizes as numbers: those that changed.

    Numbers that are computed while running are written down too where they might change by themselves, perhaps wrongly:
    where their axis shrinks anywhere, or an axis whose size they are made of.
    """
    site = trace.sites[index]
    sizes = trace.sizes(index, plan.removed)
    tensor = site.node.operand(fit.place) if isinstance(fit.place, int) else None
    computed = tensor.name if tensor is not None and not tensor.is_constant else ""
    shrunk = {name for name, size in sizes.items() if size != site.bound.sizes[name]}
    old = site.node.entries(fit.place) or () if isinstance(fit.place, int) else ()
    new = {}
    for entry, text in fit.axes.items():
        axis = parse_axis(text)
        touched = _neighbours(site, axis) if computed else {name for segment in axis for name in segment}
        if touched & shrunk or (computed and trace.shrinks(computed, entry, len(old), plan.removed)):
            new[entry] = size_of(axis, sizes)
    if not new:
        return
    if isinstance(fit.place, int):
        numbers = [new.get(k, fit.literals.get(k, entry or 0)) for k, entry in enumerate(old)]
        value = np.array(numbers, tensor.dtype if tensor is not None else np.int64)
        edits.operands[index, fit.place] = _Use(value, value.tobytes())
        return
    values = site.node.integers(fit.place)
    edits.attributes[index, fit.place] = [new.get(k, v) for k, v in enumerate(values)] if values else new[0]


def _neighbours(site: Site, axis: Axis) -> set[str]:
    """Factors that share an axis of one of the node's tensors with those of `axis`."""
    own = {name for segment in axis for name in segment}
    operands = (operand or () for operand in (*site.bound.inputs, *site.bound.outputs))
    axes = ({name for segment in other for name in segment} for operand in operands for other in operand)
    return own.union(*(names for names in axes if names & own))


def _freeze(trace: Trace, plan: Plan, edits: _Edits) -> None:
    """Write down what nodes compute from sizes that are about to change."""
    for use, value in trace.frozen_values(plan.removed):
        edits.operands[use.site, use.operand] = _Use(value, value.tobytes())


def _share(trace: Trace, edits: _Edits) -> None:
    """Uses of one constant that all change alike change the constant itself; others keep a copy of their own."""
    uses: dict[str, list[tuple[int, int]]] = {}
    read_elsewhere = set(trace.graph.outputs)
    for index, site in enumerate(trace.sites):
        read_elsewhere.update(site.node.captures)
        for operand, tensor in enumerate(site.node.inputs):
            if tensor is not None and tensor.is_constant:
                uses.setdefault(tensor.name, []).append((index, operand))
    for name, places in uses.items():
        first = edits.operands.get(places[0])
        patterns = {use.pattern if (use := edits.operands.get(place)) is not None else None for place in places}
        if first is not None and len(patterns) == 1 and name not in read_elsewhere:
            edits.constants[name] = first.value
            for place in places:
                del edits.operands[place]


def _operate(model: Model, trace: Trace, edits: _Edits) -> gs.Graph:
    """The graphsurgeon graph of the model with all edits made."""
    G_LOGGER.severity = G_LOGGER.CRITICAL  # it prints its warnings to stdout
    graph = gs.import_onnx(model.proto)
    tensors = graph.tensors()
    for name, value in edits.constants.items():
        if isinstance(tensors.get(name), gs.Constant):
            tensors[name].values = value
    positions = node_places(model.proto, trace)
    for (index, attribute), number in edits.attributes.items():
        graph.nodes[positions[index]].attrs[attribute] = number
    copies: dict[tuple[str, bytes], gs.Constant] = {}
    for (index, operand), use in edits.operands.items():
        inputs = graph.nodes[positions[index]].inputs
        key = inputs[operand].name, use.pattern
        if key not in copies:
            copies[key] = gs.Constant(_copy_name(key[0], index, operand, tensors), use.value)
        inputs[operand] = copies[key]
    return graph


def _carry_back(model: Model, trace: Trace, plan: Plan, graph: gs.Graph, edits: _Edits) -> Model:
    """The edits, by name, in a copy of the original protobuf."""
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    weights = dict(model.weights)
    for name, value in edits.constants.items():
        _store(proto, name, value, weights)
    positions = node_places(proto, trace)
    added: dict[str, onnx.TensorProto] = {}
    for index, operand in edits.operands:
        constant = graph.nodes[positions[index]].inputs[operand]
        added[constant.name] = numpy_helper.from_array(constant.values, constant.name)
        proto.graph.node[positions[index]].input[operand] = constant.name
    proto.graph.initializer.extend(added.values())
    if proto.ir_version < 4:  # there, every initializer is an input too
        infos = (onnx.helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in added.values())
        proto.graph.input.extend(infos)
    for index, attribute in edits.attributes:
        node = proto.graph.node[positions[index]]
        old = next(a for a in node.attribute if a.name == attribute)
        old.CopyFrom(onnx.helper.make_attribute(attribute, graph.nodes[positions[index]].attrs[attribute]))
    _drop_unread(proto, model, trace, weights)
    _resize_infos(proto, trace, plan)
    return Model(proto, MappingProxyType(weights), model.external)


def _store(proto: onnx.ModelProto, name: str, value: Array, weights: dict[str, Array]) -> None:
    """Put new content into the initializer or Constant node `name`, keeping its documentation and metadata."""
    tensor = next((t for t in proto.graph.initializer if t.name == name), None)
    if tensor is None:
        node = next(n for n in proto.graph.node if name in n.output)
        attribute = node.attribute[0]
        if attribute.name != "value":
            attribute.CopyFrom(onnx.helper.make_attribute(attribute.name, value.tolist()))
            return
        tensor = attribute.t
    if name in weights and value.nbytes >= LIFT_BYTES:
        weights[name] = np.ascontiguousarray(value)
        del tensor.dims[:]
        tensor.dims.extend(value.shape)
        mark_external(tensor, PLACEHOLDER)
        return
    weights.pop(name, None)
    fresh = numpy_helper.from_array(np.ascontiguousarray(value), tensor.name)
    fresh.doc_string = tensor.doc_string
    fresh.metadata_props.extend(tensor.metadata_props)
    tensor.CopyFrom(fresh)


def _drop_unread(proto: onnx.ModelProto, model: Model, trace: Trace, weights: dict[str, Array]) -> None:
    """Remove initializers that nodes read before the surgery and no longer do."""
    before = {name for node in model.proto.graph.node for name in node.input}
    after = {name for node in proto.graph.node for name in node.input} | set(trace.graph.outputs)
    after |= {name for site in trace.sites for name in site.node.captures}
    for container in (proto.graph.initializer, proto.graph.input):
        for item in [item for item in container if item.name in before - after and item.name not in trace.graph.inputs]:
            container.remove(item)
            weights.pop(item.name, None)


def _resize_infos(proto: onnx.ModelProto, trace: Trace, plan: Plan) -> None:
    """New sizes in what the file says about shapes: recorded inner shapes, inputs that repeat initializers."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in proto.graph.initializer}
    lost: dict[str, dict[int, int]] = {}
    for slot, axis in trace.units:
        kept = trace.kept(slot, axis, plan.removed)
        if not kept.all():
            lost.setdefault(slot.tensor, {})[axis] = int(np.count_nonzero(kept))
    for info in (*proto.graph.value_info, *proto.graph.input):
        dims = info.type.tensor_type.shape.dim
        sizes = dict(enumerate(shapes[info.name])) if info.name in shapes else lost.get(info.name, {})
        for axis, size in sizes.items():
            if axis < len(dims) and dims[axis].HasField("dim_value"):
                dims[axis].dim_value = size


def node_places(proto: onnx.ModelProto, trace: Trace) -> list[int]:
    """Where each site's node stands among the nodes of the file."""
    outputs = {name: place for place, node in enumerate(proto.graph.node) for name in node.output if name}
    names = [next(t.name for t in site.node.outputs if t is not None) for site in trace.sites]
    return [outputs[name] for name in names]


def _copy_name(name: str, index: int, operand: int, taken: Mapping[str, object]) -> str:
    copy = f"{name}_{index}_{operand}"
    while copy in taken:
        copy += "_"
    return copy
