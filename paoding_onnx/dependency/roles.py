"""Where units live among the constants of a graph, and what each constant does for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from paoding_onnx.dependency.coupling import Coupling
from paoding_onnx.dependency.trace import ParameterAxis, Role
from paoding_onnx.dependency.union_find import Ids
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Part, Tensor
from paoding_onnx.rules.binding import BoundNode, TensorUse, is_inside, makes_output
from paoding_onnx.rules.equation import is_fixed
from paoding_onnx.rules.facts import Selects


def parameter_axes_of(graph: Graph, coupling: Coupling) -> list[ParameterAxis]:
    """Every axis of every constant, with its role, in the order of the nodes."""
    sources: dict[str, TensorUse] = {}
    picked: set[str] = set()
    found: dict[tuple[TensorUse, int], ParameterAxis] = {}

    def is_weight(tensor: Tensor) -> bool:
        """Whether a tensor is stored, or was computed from such ones alone."""
        return tensor.is_constant or tensor.name in sources

    for index, bound in enumerate(coupling.bound_nodes):
        for use, axis in _constant_axes(graph, bound):
            role = _role(bound, coupling, index, coupling.axes[use, axis], use)
            known = found.get((use, axis))
            if known is None or (known.role is Role.FOLLOWS and role is not Role.FOLLOWS):
                found[use, axis] = ParameterAxis(index, use, axis, role)
        _meet_sources(bound, index, coupling, sources, found, _picked_data(bound, picked, sources))
        inputs = [t for t in bound.node.inputs if t is not None]
        is_passed = bound.node.part is Part.WHOLE and bool(inputs)
        picks = is_passed and isinstance(bound.rule.shape, Selects) and inputs[0].is_constant
        if is_passed and bound.inputs[0] is not None and (picks or all(map(is_weight, inputs))):
            uses = [use for use in bound.inputs if use is not None]
            leading = next((use for use in uses if use.tensor in picked), bound.inputs[0])
            made = {output.tensor for output in bound.outputs if output is not None}
            picked |= made if picks or leading.tensor in picked else set()
            sources |= dict.fromkeys(made, sources.get(leading.tensor, leading))
    return [found[key] for key in sorted(found, key=lambda key: (found[key].node_index, key))]


def _picked_data(bound: BoundNode, picked: Collection[str], sources: Collection[str]) -> frozenset[str]:
    """What a node reads that was picked from a table by what is fed, and is data, as words are.

    Where it meets nothing but other data it is a weight itself, of an expert for instance.
    """
    read = [tensor for tensor in bound.node.inputs if tensor is not None]
    others = [tensor for tensor in read if tensor.name not in picked]
    is_weight = bool(others) and not any(tensor.is_constant or tensor.name in sources for tensor in others)
    return frozenset() if is_weight else frozenset(tensor.name for tensor in read if tensor.name in picked)


def _constant_axes(graph: Graph, bound: BoundNode) -> Iterator[tuple[TensorUse, int]]:
    for use in bound.inputs:
        tensor = graph.tensors[use.tensor] if use is not None else None
        if use is not None and tensor is not None and tensor.is_constant:
            yield from ((use, axis) for axis in range(len(tensor.shape or ())))


def _meet_sources(
    bound: BoundNode,
    index: int,
    coupling: Coupling,
    sources: Mapping[str, TensorUse],
    found: dict[tuple[TensorUse, int], ParameterAxis],
    data: Collection[str],
) -> None:
    """A weight that reaches a contracting node through Reshape, Transpose or the like has its role there."""
    for use in bound.inputs:
        source = sources.get(use.tensor) if use is not None else None
        if use is None or source is None or use.tensor in data or bound.rule.contracts is None:
            continue
        for key in [key for key in found if key[0] == source]:
            role = _role(bound, coupling, index, coupling.axes[key], use)
            found[key] = ParameterAxis(index, source, key[1], role)


def _role(bound: BoundNode, coupling: Coupling, index: int, sets: Ids, use: TensorUse) -> Role:
    """What a node does with units whose sets lie on an axis of the constant in `use`."""
    if bound.rule.contracts is None:
        return Role.FOLLOWS
    own, outputs, lying = coupling.factors[index], bound.binding.made, frozenset(sets.tolist())
    met = [name for name, ids in own.items() if not lying.isdisjoint(ids.tolist())]
    if any(name in bound.binding.mixed for name in met):
        return Role.PRODUCES  # experts: none can stand in for another
    operand = bound.inputs.index(use)
    if not makes_output(bound, operand) and all(is_inside(bound, name) for name in met):
        return Role.PRODUCES
    is_consumed = any(name not in outputs and not is_fixed(name) for name in met)
    is_made = any(name in outputs and own[name].size > 1 for name in met)
    return Role.CONSUMES if is_consumed and not is_made else Role.PRODUCES
