"""LOAD: a file becomes a `Model` (its protobuf with the weights taken out) and a `Graph` of plain values.

Reads only. The weights are lifted out of the protobuf once, so that no stage holds a second copy of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from paoding_onnx.errors import ModelError
from paoding_onnx.model.external import inner_tensors, is_external, mark_external, place_of, whole
from paoding_onnx.model.foreign import what_it_is
from paoding_onnx.model.functions import inlined
from paoding_onnx.model.input_files import why_unreadable
from paoding_onnx.model.naming import check_names
from paoding_onnx.model.nodes import Array, TensorSpec
from paoding_onnx.model.stored import stored_in
from paoding_onnx.model.tensors import STORED_APART, array_of, dtype_of, raw_array

LIFT_BYTES = 1024
"""Initializers of at least this many bytes leave the protobuf; smaller ones are not worth the trouble."""
OTHERS_LIFT_BYTES = 1 << 20
"""The same for types that numpy has not, such as bfloat16."""
MOST_KEPT = 2_000_000_000
"""Bytes of tensors that may stay in the protobuf, which cannot be written beyond 2 GB."""
LARGEST_FILE = 1 << 31
"""Bytes of a file beyond which protobuf reads none."""
_FEWEST_BY_HABIT = 3
PLACEHOLDER = "paoding_onnx-weights"
_LIFTED_TYPES = frozenset(np.dtype(code) for code in "?bBhHiIlLqQefd")
"""Those that numpy itself has, which onnxruntime takes over without a copy."""
_OTHER_LIFTED_TYPES = frozenset(
    getattr(onnx.TensorProto, name)
    for name in ("BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ")
)
"""Those of whole bytes that it has not; where several elements share a byte, they stay in the protobuf."""


@dataclass(frozen=True)
class Model:
    """The content of an ONNX file: `proto` without its large initializers, and these as read-only `weights` by name.

    `proto` is shared, never changed by any stage. `external` says that the file kept its weights in a second one;
    `files` are all that it was read from.
    """

    proto: onnx.ModelProto
    weights: Mapping[str, Array]
    external: bool = False
    files: tuple[Path, ...] = ()

    @cached_property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The graph inputs to feed; an input that only repeats an initializer (IR 3) is not one of them."""
        constants = {tensor.name for tensor in self.proto.graph.initializer}
        return tuple(_spec(info) for info in self.proto.graph.input if info.name not in constants)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The graph outputs."""
        return tuple(_spec(info) for info in self.proto.graph.output)

    @cached_property
    def stored(self) -> Mapping[str, Array]:
        """Content of every initializer and Constant node by tensor name; see `paoding_onnx.model.stored.stored_in`."""
        return MappingProxyType(stored_in(self.proto, self.weights))

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says about itself in its `metadata_props`."""
        return {entry.key: entry.value for entry in self.proto.metadata_props}

    @property
    def n_bytes(self) -> int:
        """Bytes of the files that the model was read from; 0 for a model that was made."""
        return sum(file.stat().st_size for file in self.files)


def load(path: Path | str) -> Model:
    """The model in the file at `path`, its external data included: nothing depends on where it lies any more.

    >>> load("models/fraud_mlp.onnx").n_bytes
    26261

    Raises:
        ModelError: if there is no such file, it is not ONNX, it is cut off, or its external data is not there.
    """
    path = Path(path)
    if reason := why_unreadable(path):
        raise ModelError(f"cannot read {path}: {reason}")
    if path.stat().st_size > LARGEST_FILE:
        raise ModelError(f"{path} is no ONNX model: protobuf ends at 2 GB; larger ones keep weights in a second file")
    try:
        proto = _parse(path.read_bytes(), path)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    weights = [tensor for tensor in proto.graph.initializer if is_external(tensor)]
    others = [tensor for tensor in inner_tensors(proto) if is_external(tensor)]
    files = {path.parent / place_of(tensor) for tensor in (*weights, *others)}
    for tensor in others:
        tensor.CopyFrom(whole(tensor, path))
    model = replace(lift(proto, path), external=bool(weights), files=(path, *sorted(files)))
    if (
        sum(len(tensor.raw_data) for tensor in (*model.proto.graph.initializer, *inner_tensors(model.proto)))
        > MOST_KEPT
    ):
        raise ModelError(f"{path} holds more than 2 GB apart from the weights that its nodes read; protobuf ends there")
    return model


def lift(proto: onnx.ModelProto, path: Path | None = None) -> Model:
    """A `Model` of `proto`, read from `path`; it is emptied of its large weights and must not be used again.

    Local functions are inlined: what a function computes is then as open to the trace as anything else.
    """
    weights: dict[str, Array] = {}
    read = {name for node in proto.graph.node for name in node.input}  # onnxruntime drops what only subgraphs read
    for tensor in proto.graph.initializer:
        content = whole(tensor, path) if path and is_external(tensor) else tensor
        if tensor.name in read and _is_large(content):
            weights[tensor.name] = _take_weights(content)
        elif content.data_type != onnx.TensorProto.STRING:
            array_of(content, tensor.name)  # refuses what cannot be read
        if content is not tensor:
            tensor.CopyFrom(content)
    skeleton = onnx.ModelProto()
    skeleton.CopyFrom(proto)  # a protobuf frees cleared fields only when the whole message goes
    return Model(inlined(skeleton), MappingProxyType(weights))


def default_names(model: Model) -> frozenset[str]:
    """Inputs with a default value, which callers may override.

    Before IR 4, every initializer had to be an input. Some exporters went on with that (PyTorch 1.2): a model in which
    all of three or more initializers are inputs means none of them to be overridden.
    """
    stored = {tensor.name for tensor in model.proto.graph.initializer}
    found = frozenset(info.name for info in model.proto.graph.input if info.name in stored)
    is_habit = len(found) == len(stored) >= _FEWEST_BY_HABIT
    return frozenset() if model.proto.ir_version < STORED_APART or is_habit else found


def all_inputs(model: Model) -> tuple[TensorSpec, ...]:
    """The inputs of a model with those that have a default value."""
    names = {spec.name for spec in model.inputs} | default_names(model)
    return tuple(_spec(info) for info in model.proto.graph.input if info.name in names)


def _parse(content: bytes, path: Path) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError as error:
        is_what = what_it_is(path, content)
        said = f", but {is_what}" if is_what else ", or it is cut off; export it again"
        raise ModelError(f"{path} is not an ONNX model{said}") from error
    if not proto.opset_import or not proto.HasField("graph"):
        is_what = what_it_is(path, content)
        missing = "says of no opset which operators it means" if proto.graph.node else "holds no graph"
        raise ModelError(f"{path} is not an ONNX model{f', but {is_what}' if is_what else f': it {missing}'}")
    if not proto.graph.node:
        raise ModelError(f"{path} holds an empty graph: there is nothing to prune")
    if not proto.graph.output:
        raise ModelError(f"{path} has no output: there is nothing to compute")
    check_names(proto)
    return proto


def _is_large(tensor: onnx.TensorProto) -> bool:
    dtype = dtype_of(tensor.data_type)
    is_plain = dtype in _LIFTED_TYPES
    is_whole = is_plain or tensor.data_type in _OTHER_LIFTED_TYPES
    least = LIFT_BYTES if is_plain else OTHERS_LIFT_BYTES
    return is_whole and math.prod(tensor.dims) * dtype.itemsize >= least and tensor.HasField("raw_data")


def _take_weights(tensor: onnx.TensorProto) -> Array:
    array = raw_array(tensor)
    tensor.ClearField("raw_data")
    mark_external(tensor, PLACEHOLDER)
    return array


def _spec(info: onnx.ValueInfoProto) -> TensorSpec:
    tensor = info.type.tensor_type
    dtype = dtype_of(tensor.elem_type) if info.type.HasField("tensor_type") else None
    return TensorSpec(info.name, dtype, tuple(_dim(dim) for dim in tensor.shape.dim))


def _dim(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    if dim.HasField("dim_value"):
        return dim.dim_value if dim.dim_value > 0 else None
    return dim.dim_param or None
