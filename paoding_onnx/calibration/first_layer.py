"""What the nodes right behind an input tell about it: the first weights, the table that tokens are looked up in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.nodes import Array, Tensor
from paoding_onnx.rules.binding import BoundNode, bind_node, stored_statistics
from paoding_onnx.rules.equation import Operand, names_of
from paoding_onnx.rules.facts import Affine, Homogeneity
from paoding_onnx.rules.windows import is_padded_unevenly

_FEW = 8


@dataclass(frozen=True, slots=True)
class Filters:
    """The first kernels that images meet, `(n_units, n_channels, *kernel)`, and their biases, `(n_units,)`.

    With `deviation`, `(n_units,)`, statistics of the answers to training data are stored: `bias` is minus the mean.
    `is_uneven` says that they are padded more on one side than on the other.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    deviation: NDArray[np.float64] | None = None
    is_uneven: bool = False


def first_filters(graph: Graph, name: str) -> Filters | None:
    """The kernels that images in input `name` meet first, with what is multiplied and added right before and behind.

    `None` if anything but this, Cast, Transpose, Pad, Slice and the like stands between.
    """
    found: Filters | None = None
    before: list[Affine] = []
    tensor, is_uneven = name, False
    for bound in _behind(graph, name):
        affine, contracts = bound.rule.affine, bound.rule.contracts
        is_on_the_way = any(t is not None and t.name == tensor for t in bound.node.inputs)
        if not is_on_the_way or not bound.has_rule or not bound.binding.made:
            continue
        is_uneven = is_uneven or (found is None and is_padded_unevenly(bound.node))
        if found is None and contracts is not None:
            found = _filters(bound, before)
            if found is None:
                return None
            found = replace(found, is_uneven=is_uneven)
        elif contracts is not None or (found is not None and not _is_as_wide(found, bound)):
            return found  # what comes behind a second layer is about its units
        elif found is None and affine is not None:
            before.append(affine)
        elif found is not None and affine is not None and found.deviation is None:
            found = _behind_filters(found, bound, affine)
        elif bound.rule.acts.homogeneity is not Homogeneity.ANY:
            return found
        tensor = bound.node.first_output.name
    return found


def _filters(bound: BoundNode, before: Sequence[Affine]) -> Filters | None:
    """The weight of a convolution that has its units on the first axis, and what it adds to them.

    Gains and shifts of what it reads, channel by channel, belong to it.
    """
    constants = list(_constants(bound))
    weights = [(value, operand) for value, operand in constants if value.ndim == 4 and value.dtype.kind == "f"]
    if not weights or not _is_by_unit(bound, weights[0][1]):
        return None
    weight, operand = weights[0]
    biases = [value for value, own in constants if own == operand[:1] and value.size == len(weight)]
    bias = biases[0] if biases else np.zeros(len(weight))
    kernels, added = weight.astype(np.float64), bias.reshape(-1).astype(np.float64)
    for affine in reversed(before):
        if max(affine.gain.size, affine.shift.size) not in (1, kernels.shape[1]):
            return None
        gain, shift = (np.broadcast_to(part, kernels.shape[1]) for part in (affine.gain, affine.shift))
        added = added + kernels.sum((2, 3)) @ shift
        kernels = kernels * gain.reshape(-1, 1, 1)
    return Filters(kernels, added)


def _is_by_unit(bound: BoundNode, weight: Operand) -> bool:
    """Whether the first axis of a weight is that of its output's units, and those from the third on are a kernel's."""
    computed = [k for k, t in enumerate(bound.node.inputs) if t is not None and not t.is_constant]
    read = {name for k in computed for name in names_of(bound.binding.inputs[k] or ())}
    made = bound.binding.made
    return made.issuperset(weight[0].names) and (read | made).isdisjoint(names_of(weight[2:]))


def _is_as_wide(filters: Filters, bound: BoundNode) -> bool:
    """Whether a gain, a shift or statistics count for each filter, if a node has them: others may stand beside them."""
    affine, stored = bound.rule.affine, stored_statistics(bound)
    sizes = {affine.gain.size, affine.shift.size} if affine is not None and stored is None else set()
    sizes |= (
        {tensor.value.size for tensor in (stored.mean,) if tensor.value is not None} if stored is not None else set()
    )
    return sizes <= {1, filters.bias.size}


def _behind_filters(filters: Filters, bound: BoundNode, affine: Affine) -> Filters:
    """The filters with a gain and a shift, or with the statistics that the node stores."""
    stored = stored_statistics(bound)
    if stored is not None and stored.mean.value is not None and stored.variance.value is not None:
        mean, variance = (t.value.astype(np.float64) for t in (stored.mean, stored.variance) if t.value is not None)
        return replace(filters, bias=filters.bias - mean, deviation=np.sqrt(np.maximum(variance, 0)))
    gain = np.broadcast_to(affine.gain.astype(np.float64), filters.bias.shape)
    weights = filters.weights * gain.reshape(-1, *[1] * (filters.weights.ndim - 1))
    return replace(filters, weights=weights, bias=filters.bias * gain + affine.shift.astype(np.float64))


def first_weights(graph: Graph, name: str) -> Floats | None:
    """The first matrix that input `name` is multiplied with, `(n_features, n_units)`; `None` if there is none."""
    for bound in _behind(graph, name):
        if bound.rule.contracts is None:
            continue
        weight, operand = next(_constants(bound), (None, ()))
        if weight is None or weight.ndim != 2 or weight.dtype.kind != "f":
            return None
        summed = [k for k, axis in enumerate(operand) if bound.binding.made.isdisjoint(axis.names)]
        return np.asarray(np.moveaxis(weight, summed[0], 0) if summed else weight, np.float32)
    return None


@dataclass(frozen=True, slots=True)
class Columns:
    """Mean and deviation of each column of the data `(n_features,)`, as a model takes them out of what it reads."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


def first_columns(graph: Graph, name: str) -> Columns | None:
    """What the nodes before the first weights subtract from and divide by the columns of input `name`, its last axis.

    Statistics that are stored there say it outright. `None` if nothing is subtracted or divided, or a node between does
    something else.
    """
    shape = graph.tensors[name].shape or (0,)
    gain, shift, tensor = np.ones(shape[-1]), np.zeros(shape[-1]), name
    for bound in _behind(graph, name):
        if tensor not in {t.name for t in bound.node.inputs if t is not None}:
            continue
        if bound.node.output_shape() != shape or bound.rule.contracts is not None:
            break
        stored, affine = stored_statistics(bound), bound.rule.affine
        if stored is not None and stored.mean.value is not None and stored.variance.value is not None:
            mean, variance = (t.value.astype(np.float64) for t in (stored.mean, stored.variance) if t.value is not None)
            is_by_column = len(shape) == 2 and np.all(gain)
            return Columns((mean - shift) / gain, np.sqrt(np.abs(variance)) / np.abs(gain)) if is_by_column else None
        if affine is not None and _is_by_column(bound, affine, shape[-1]):
            gain, shift = gain * affine.gain, shift * affine.gain + affine.shift
        elif bound.rule.acts.homogeneity is not Homogeneity.ANY or affine is not None:
            break
        tensor = bound.node.first_output.name
    is_told = np.any(gain != 1) or np.any(shift)
    return Columns(-shift / gain, 1 / np.abs(gain)) if is_told and np.all(gain) else None


def _is_by_column(bound: BoundNode, affine: Affine, size: int) -> bool:
    """Whether a gain and a shift are one for all, or one for each position of the last axis."""
    numbers, sizes = bound.node.shape(affine.operand), {affine.gain.size, affine.shift.size}
    return sizes == {1} or (sizes <= {1, size} and numbers[-1:] == (size,))


def is_signal(graph: Graph, name: str) -> bool:
    """Whether kernels slide along the rows of input `name`, so that these are no tables."""
    first = next((bound for bound in _behind(graph, name) if bound.rule.contracts is not None), None)
    return first is not None and any(value.ndim > 2 and max(value.shape[2:]) > 1 for value, _ in _constants(first))


def vocabulary(graph: Graph, name: str) -> int:
    """How many different numbers the integer input `name` may hold; 2 if nothing tells.

    A table may be computed out of constants: quantized weights are, that are cast and scaled.
    """
    made = _made_of_constants(graph)
    for bound in _behind(graph, name):
        for tensor, operand in zip(bound.node.inputs, bound.binding.inputs, strict=True):
            if tensor is None or not (tensor.is_constant or tensor.name in made):
                continue
            if tensor.is_constant and tensor.value is not None and _counts(tensor.value):
                return int(tensor.value.size)
            if tensor.shape is not None and _is_looked_up(bound, tensor, operand or ()):
                return tensor.shape[0]
    return 2


def is_counted(graph: Graph, name: str) -> bool:
    """Whether all that reads the input `name` makes whole numbers of each of its own, as Keras does with tokens."""
    size = graph.tensors[name].shape
    read = [node for node in graph.nodes if any(tensor is not None and tensor.name == name for tensor in node.inputs)]
    made = [tensor for node in read for tensor in node.outputs if tensor is not None]
    return bool(made) and all(t.dtype is not None and t.dtype.kind in "iu" and t.shape == size for t in made)


def _made_of_constants(graph: Graph) -> set[str]:
    """Names of tensors that are computed out of constants alone."""
    found: set[str] = set()
    for node in graph.nodes:
        read = [tensor for tensor in node.inputs if tensor is not None]
        if read and not node.captures and all(tensor.is_constant or tensor.name in found for tensor in read):
            found.update(tensor.name for tensor in node.outputs if tensor is not None)
    return found


def _behind(graph: Graph, name: str) -> Iterator[BoundNode]:
    """Nodes that the content of input `name` reaches, in running order: what is made of sizes is none of it."""
    reached = {name}
    for index, node in enumerate(graph.nodes):
        if any(tensor is not None and tensor.name in reached for tensor in node.inputs):
            bound = bind_node(node, index)
            yield bound
            if bound.binding.made or not bound.has_rule:
                reached.update(tensor.name for tensor in node.outputs if tensor is not None)


def _constants(bound: BoundNode) -> Iterator[tuple[Array, Operand]]:
    """The constants that a node reads, with their axes; none for one without axes of its own."""
    for tensor, operand in zip(bound.node.inputs, bound.binding.inputs, strict=True):
        if tensor is not None and tensor.is_constant and tensor.value is not None:
            yield tensor.value, operand or ()


def _is_looked_up(bound: BoundNode, table: Tensor, operand: Operand) -> bool:
    """Whether a node hands out rows of a table, or sums of them."""
    out, made, dtype = bound.node.outputs[0], bound.binding.outputs[0], table.dtype
    if out is None or dtype is None or len(table.shape or ()) != 2 or not operand:
        return False
    is_plain = dtype.kind == "f" or (dtype.kind in "iu" and dtype.itemsize == 1)  # or quantized
    is_handed_out = bound.binding.made.isdisjoint(operand[0].names) and (made or ())[-1:] == operand[1:]
    return is_plain and dtype == out.dtype and is_handed_out


def _counts(value: Array) -> bool:
    """Whether a constant is 0, 1, 2, ..., as numbers are compared with to make one-hot vectors."""
    is_row = value.size >= _FEW and value.dtype.kind in "iuf"
    return is_row and bool(np.array_equal(value.reshape(-1), np.arange(value.size)))
