"""A network in the making: nodes, weights and the shape of every tensor so far. Knows no architecture."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.shape_inference import infer_node_outputs

from scripts.fuzz.kernels import exists, has_kernel

FLOAT, DOUBLE, HALF = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16
INT64, INT32, INT8, UINT8, BOOL = (
    TensorProto.INT64,
    TensorProto.INT32,
    TensorProto.INT8,
    TensorProto.UINT8,
    TensorProto.BOOL,
)
Shape = tuple[int, ...]
_ANY_TYPE = ("Cast", "Flatten", "Shape", "Size", "Split", "Squeeze", "Transpose", "Unsqueeze")


class Unfit(Exception):  # noqa: N818 - no error: a block says that it cannot stand here
    """A block that does not fit where it was to stand, or an operator that this opset does not know."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor: its shape at two choices of the open sizes (axes on which these differ are open), its channel axis."""

    name: str
    shapes: tuple[Shape, Shape]
    dtype: int
    channel: int = 1

    @property
    def shape(self) -> Shape:
        """The shape at the first choice of open sizes."""
        return self.shapes[0]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shapes[0])

    @property
    def channels(self) -> int:
        """Size of the channel axis."""
        return self.shape[self.channel]

    @property
    def dims(self) -> list[int | None]:
        """Sizes of the axes, `None` for open ones."""
        return [a if a == b else None for a, b in zip(*self.shapes, strict=True)]

    def with_sizes(self, sizes: Mapping[int, int]) -> list[Shape]:
        """Both shapes, with other sizes of some axes."""
        new = {axis % self.ndim: size for axis, size in sizes.items()}
        return [tuple(new.get(axis, size) for axis, size in enumerate(shape)) for shape in self.shapes]

    def per_channel(self) -> Shape:
        """The shape of a constant with one entry for each channel, without leading axes."""
        return (self.channels, *[1] * (self.ndim - self.channel - 1))

    def is_open(self, *axes: int) -> bool:
        """Whether one of these axes (of all, if none is given) is open."""
        return any(self.shapes[0][axis] != self.shapes[1][axis] for axis in axes or range(self.ndim))


@dataclass
class Net:
    """Nodes and tensors so far; all draws come from `rng`. `earlier` are tensors that a skip
    connection may reach, `mask` is an input that says which places of a sequence count.
    """

    rng: random.Random
    opset: int
    ir: int
    dtype: int = FLOAT
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    inputs: dict[str, list[int | str | None]] = field(default_factory=dict)
    infos: list[onnx.ValueInfoProto] = field(default_factory=list)
    weights: list[onnx.ValueInfoProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    data: dict[str, onnx.TensorProto] = field(default_factory=dict)
    earlier: list[Value] = field(default_factory=list)
    vectors: dict[int, Value] = field(default_factory=dict)
    mask: Value | None = None
    count: int = 0

    def name(self, prefix: str) -> str:
        """A new name."""
        self.count += 1
        return f"{prefix}{self.count}"

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.rng.random() < share

    def has(self, operator: str) -> bool:
        """Whether onnxruntime runs an operator at this opset."""
        return exists(operator, self.opset)

    def need(self, fits: bool) -> None:
        """Stop building the current block unless `fits`."""
        if not fits:
            raise Unfit

    def add_input(self, prefix: str, dtype: int, dims: Sequence[int | str], sizes: dict[str, tuple[int, int]]) -> Value:
        """A graph input; named dims are open and have the two sizes that `sizes` gives."""
        name = self.name(prefix)
        shapes = [tuple(sizes[d][k] if isinstance(d, str) else d for d in dims) for k in (0, 1)]
        self.inputs[name] = [dtype, *dims]
        return Value(name, (shapes[0], shapes[1]), dtype)

    def weight(self, *shape: int, kind: str = "w", dtype: int | None = None) -> Value:
        """A new weight whose content is made from its name (`kind` "w": normal, "p": positive, "q": integers)."""
        dtype = dtype or self.dtype
        tied = [info.name for info in self.weights if info.name[0] == kind and _is_like(info, shape, dtype)]
        if tied and len(shape) > 1 and self.chance(0.1):
            return Value(self.rng.choice(tied), (shape, shape), dtype)
        name = self.name(kind)
        self.weights.append(helper.make_tensor_value_info(name, dtype, shape))
        return Value(name, (shape, shape), dtype)

    def vector(self, size: int, kind: str = "w") -> Value:
        """A vector of weights; now and then one that another node reads already."""
        if size in self.vectors and self.chance(0.2):
            return self.vectors[size]
        fresh = self.weight(size, kind="p" if self.chance(0.3) else kind)
        if fresh.name[0] == "p":
            self.vectors[size] = fresh
        return fresh

    def constant(self, values: object, dtype: int = INT64, *, stored: bool | None = None) -> Value:
        """A small constant, written into the text: an initializer, or a Constant node."""
        array = np.array(values, helper.tensor_dtype_to_np_dtype(dtype))
        if self.chance(0.3):
            same = (t.name for t in self.constants if t.data_type == dtype and _holds(t, array))
            if (known := next(same, None)) is not None:
                return Value(known, (array.shape, array.shape), dtype)
        name = self.name("k")
        tensor = numpy_helper.from_array(array, name)
        self.data[name] = tensor
        if (self.chance(0.4) if stored is None else not stored) and self.opset >= 9:  # before, only of floats
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self.constants.append(tensor)
        return Value(name, (array.shape, array.shape), dtype)

    def number(self, value: float, dtype: int | None = None) -> Value:
        """A scalar of the network's type, or one of shape (1,)."""
        return self.constant([value] if self.chance(0.3) else value, dtype or self.dtype)

    def node(self, operator: str, *inputs: Value | None, **more: object) -> Value:
        """The first output of a new node; see `many`."""
        return self.many(operator, 1, *inputs, **more)[0]

    def many(
        self,
        operator: str,
        count: int,
        *inputs: Value | None,
        shapes: Sequence[Shape] | None = None,
        dtype: int | None = None,
        domain: str = "",
        **attributes: object,
    ) -> list[Value]:
        """The outputs of a new node, without attributes that are `None`; `shapes`, `dtype`: not inferred."""
        self.need(bool(domain) or self.has(operator))
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        if self.dtype != FLOAT and not domain and len(inputs) == 1 and inputs[0] is not None:
            self.need(operator in _ANY_TYPE or has_kernel(operator, self.opset, inputs[0].dtype))
        names = ["" if value is None else value.name for value in inputs]
        given = {key: value for key, value in attributes.items() if value is not None}
        label = self.name(operator.lower() + "_") if self.chance(0.8) else ""
        node = helper.make_node(operator, names, [self.name("t") for _ in range(count)], label, domain=domain, **given)
        outputs = self._outputs(node, inputs, shapes, dtype)
        self.nodes.append(node)
        for value in outputs:
            if not value.is_open():
                self.infos.append(helper.make_tensor_value_info(value.name, value.dtype, value.shape))
        return outputs

    def _outputs(
        self,
        node: onnx.NodeProto,
        inputs: Sequence[Value | None],
        given: Sequence[Shape] | None,
        dtype: int | None,
    ) -> list[Value]:
        """The outputs of a node, with their shapes at both choices of open sizes."""
        types = [self._infer(node, inputs, k) if dtype is None else {} for k in (0, 1)]
        made = [value for value in inputs if value is not None and value.name[0] in "tx"]  # weights have no channels
        found = []
        for name in node.output:
            shapes = given or [_dims(types[k], name) for k in (0, 1)]
            alike = (value.channel for value in made if value.ndim == len(shapes[0]))
            axis = next(alike, min(1, len(shapes[0]) - 1))
            found.append(Value(name, (shapes[0], shapes[1]), dtype or types[0][name].tensor_type.elem_type, axis))
        return found

    def _infer(self, node: onnx.NodeProto, inputs: Sequence[Value | None], which: int) -> dict[str, onnx.TypeProto]:
        """What onnx's own inference says of a node's outputs."""
        types = {v.name: helper.make_tensor_type_proto(v.dtype, v.shapes[which]) for v in inputs if v is not None}
        data = {name: self.data[name] for name in node.input if name in self.data}
        schema = onnx.defs.get_schema(node.op_type, self.opset, "")
        opsets = [helper.make_opsetid("", self.opset)]
        try:
            return dict(infer_node_outputs(schema, node, types, data or None, opset_imports=opsets, ir_version=self.ir))
        except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError) as error:
            raise Unfit(str(error)) from error

    def forget(self, *values: Value) -> None:
        """Do not declare the shapes of these: they depend on the data, or are not what onnx thinks."""
        names = {value.name for value in values}
        self.infos[:] = [info for info in self.infos if info.name not in names]

    def tried(self, block: Callable[[Net, Value], Value], x: Value) -> Value:
        """What `block` makes of `x`, or `x` itself if it does not fit: nothing of it stays then."""
        lists = (self.nodes, self.infos, self.weights, self.constants, self.earlier)
        lengths = [len(items) for items in lists]
        vectors = dict(self.vectors)
        try:
            return block(self, x)
        except Unfit:
            for items, length in zip(lists, lengths, strict=True):
                del items[length:]
            self.vectors = vectors
            return x


def with_channel(value: Value, axis: int) -> Value:
    """The value, its channels on another axis."""
    return replace(value, channel=axis % value.ndim)


def _holds(tensor: onnx.TensorProto, array: np.ndarray) -> bool:
    """Whether a constant has this content."""
    return tuple(tensor.dims) == array.shape and np.array_equal(numpy_helper.to_array(tensor), array)


def _is_like(info: onnx.ValueInfoProto, shape: Shape, dtype: int) -> bool:
    """Whether a weight has this shape and type."""
    tensor = info.type.tensor_type
    return tensor.elem_type == dtype and tuple(dim.dim_value for dim in tensor.shape.dim) == shape


def _dims(types: dict[str, onnx.TypeProto], name: str) -> Shape:
    """The shape that inference found."""
    tensor = types[name].tensor_type if name in types else None
    if tensor is None or not tensor.HasField("shape"):
        raise Unfit(f"{name} has no shape")
    if not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
        raise Unfit(f"{name} has an unknown size")
    if any(dim.dim_value < 1 for dim in tensor.shape.dim):
        raise Unfit(f"{name} is empty")
    return tuple(dim.dim_value for dim in tensor.shape.dim)
