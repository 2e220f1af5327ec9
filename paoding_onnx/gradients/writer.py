"""Writes nodes and constants that are added to a frozen network. Knows forms of operators, and no network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from paoding_onnx.rules.forms import Form, along, permuted, sum_over


class Writer:
    """Nodes whose names start with `prefix`, in the operators of opset `version`, and the constants they read."""

    def __init__(self, prefix: str, version: int) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._prefix = prefix
        self._version = version
        self._count = 0

    def constant(self, values: NDArray[np.generic] | float | Sequence[int]) -> str:
        """A constant, of floats or integers; returns its name."""
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = self._fresh()
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", form: Form | None = None) -> str:
        """A node with one output; returns the name of that."""
        output = output or self._fresh()
        node = onnx.helper.make_node(operator, inputs, [output], name=f"{output}_node")
        if form is not None:
            node.attribute.extend(onnx.helper.make_attribute(key, value) for key, value in form.attributes.items())
        self.nodes.append(node)
        return output

    def sum(self, source: str, axes: Sequence[int], *, keeps_axes: bool = True) -> str:
        """A sum over axes."""
        form = sum_over(axes, self._version, keeps_axes=keeps_axes)
        more = () if form.integers is None else (self.constant(list(form.integers)),)
        return self.add("ReduceSum", source, *more, form=form)

    def scaled(self, source: str, factor: NDArray[np.generic] | float, *, output: str = "") -> str:
        """A tensor times a constant."""
        return self.add("Mul", source, self.constant(np.asarray(factor, np.float32)), output=output)

    def shaped(self, source: str, shape: Sequence[int]) -> str:
        """A tensor in another shape."""
        return self.add("Reshape", source, self.constant(list(shape)))

    def permuted(self, source: str, order: Sequence[int]) -> str:
        """A tensor with its axes in another order."""
        return self.add("Transpose", source, form=permuted(order))

    def padded(self, source: str, pads: Sequence[int]) -> str:
        """A tensor with zeros around it: so many at the begins of all axes, then at their ends (ONNX Pad-11)."""
        return self.add("Pad", source, self.constant(list(pads)))

    def piece(self, source: str, starts: Sequence[int], ends: Sequence[int], steps: Sequence[int]) -> str:
        """What a tensor has on its last axes from `starts` up to `ends`, in steps (ONNX Slice-10)."""
        axes = list(range(-len(starts), 0))
        return self.add("Slice", source, *(self.constant(list(part)) for part in (starts, ends, axes, steps)))

    def joined(self, sources: Sequence[str]) -> str:
        """Tensors laid end to end along their first axis."""
        return self.add("Concat", *sources, form=along(0))

    def _fresh(self) -> str:
        self._count += 1
        return f"{self._prefix}_{self._count}"


def version_of(proto: onnx.ModelProto) -> int:
    """The opset of a model's own operators."""
    return max((opset.version for opset in proto.opset_import if not opset.domain), default=1)
