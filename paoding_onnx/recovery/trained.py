"""Which numbers of a network are trained: weights and biases of its layers, gains and shifts. Runs nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from paoding_onnx.layerwise.contraction import Contraction, contraction
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Tensor
from paoding_onnx.rules.binding import BoundNode, StoredStatistics, bind_nodes, stored_statistics


@dataclass(frozen=True, slots=True)
class TrainedLayer:
    """A node that multiplies with a weight that is trained, and its bias if it has one that is."""

    bound: BoundNode
    of: Contraction
    weight: str
    bias: str | None


@dataclass(frozen=True, slots=True)
class Normalization:
    """A node whose stored statistics may be replaced by those of the batch; `gain` and `shift` are constants of it."""

    bound: BoundNode
    stored: StoredStatistics
    gain: str
    shift: str


@dataclass(frozen=True, slots=True)
class Trained:
    """What is trained: `layers`, and constants that nodes multiply with or add, `vectors`.

    The `normalizations` are all those that have gain, shift and statistics of their own; their gains and shifts are
    among the vectors.
    """

    layers: tuple[TrainedLayer, ...]
    vectors: tuple[str, ...]
    normalizations: tuple[Normalization, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All constants that are trained."""
        weights = (name for layer in self.layers for name in (layer.weight, layer.bias) if name is not None)
        return (*weights, *self.vectors)

    def within(self, stored: Collection[str]) -> Trained:
        """What of it is `stored` as it is, and not computed of other constants."""
        layers = tuple(
            replace(layer, bias=layer.bias if layer.bias in stored else None)
            for layer in self.layers
            if layer.weight in stored
        )
        vectors = tuple(name for name in self.vectors if name in stored)
        normalizations = tuple(one for one in self.normalizations if {one.gain, one.shift} <= set(stored))
        return Trained(layers, vectors, normalizations)


def trained_of(graph: Graph) -> Trained:
    """What of a network can be trained: constants of floats that one node alone reads, once."""
    bound_nodes, readers = bind_nodes(graph), graph.readers
    layers, vectors = [], []
    normalizations = tuple(_normalizations(bound_nodes, readers))
    statistics = {t.name for one in normalizations for t in (one.stored.mean, one.stored.variance)}
    for bound in bound_nodes:
        of = contraction(bound)
        weight = bound.node.operand(of.weight) if of is not None else None
        if of is not None and _is_own(weight, readers, graph) and weight is not None and _can_be_arranged(bound, of):
            layers.append(TrainedLayer(bound, of, weight.name, _bias(bound, of, readers, graph)))
        elif bound.rule.affine is not None and stored_statistics(bound) is None:
            vectors += [t.name for t in bound.node.inputs if _is_own(t, readers, graph) and t is not None]
    vectors += [name for one in normalizations for name in (one.gain, one.shift)]
    return Trained(tuple(layers), tuple(name for name in vectors if name not in statistics), normalizations)


def _normalizations(bound_nodes: tuple[BoundNode, ...], readers: Mapping[str, list[int]]) -> Iterator[Normalization]:
    for bound in bound_nodes:
        stored, affine = stored_statistics(bound), bound.rule.affine
        if stored is None or affine is None:
            continue
        tensors = [tensor for tensor in bound.node.inputs[1:] if tensor is not None]
        gain = bound.node.operand(affine.operand)
        others = [t for t in tensors if t.name not in (stored.mean.name, stored.variance.name) and t is not gain]
        is_own = all(t.is_constant and len(readers[t.name]) == 1 for t in tensors)
        if gain is not None and len(others) == 1 and is_own:
            yield Normalization(bound, stored, gain.name, others[0].name)


def _is_own(tensor: Tensor | None, readers: Mapping[str, list[int]], graph: Graph) -> bool:
    """Whether a tensor is a constant of several floats that one node alone reads."""
    if tensor is None or not tensor.is_constant or tensor.dtype is None or tensor.name in graph.outputs:
        return False
    is_several = tensor.value is not None and tensor.value.size > 1
    return tensor.dtype.kind == "f" and is_several and len(readers[tensor.name]) == 1


def _can_be_arranged(bound: BoundNode, of: Contraction) -> bool:
    """Whether the units that a layer with a kernel makes lie on the second axis of its output, all of them."""
    if not of.kernel:
        return True
    made = bound.binding.outputs[0] or ()
    return len(made) > 1 and len(made[1].segments) == 1 and made[1].names == (*of.shared, *of.made)


def _bias(bound: BoundNode, of: Contraction, readers: Mapping[str, list[int]], graph: Graph) -> str | None:
    contracts = bound.rule.contracts
    if contracts is None or contracts.bias is None or not contracts.beta:
        return None
    tensor = bound.node.operand(contracts.bias)
    if tensor is None or tensor.value is None or not _is_own(tensor, readers, graph):
        return None
    n_units = 1
    for name in (*of.shared, *of.made):
        n_units *= bound.binding.sizes[name]
    return tensor.name if tensor.value.size == n_units else None
