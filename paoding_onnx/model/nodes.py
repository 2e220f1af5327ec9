"""Read-only values that describe nodes and tensors of a model. Cannot prune, cut or run anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]
Attribute = int | float | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...] | None
"""An attribute's value; `None` for the kinds no rule reads (tensors, graphs, types)."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A graph input or output: `dims` holds a size, a symbol, or `None` for an axis left open."""

    name: str
    dtype: np.dtype[np.generic] | None
    dims: tuple[int | str | None, ...]


class Origin(StrEnum):
    """Where a tensor comes from."""

    INPUT = "input"
    CONSTANT = "constant"
    COMPUTED = "computed"
    STEP = "step"
    """Handed to a body anew at each step."""


class Part(StrEnum):
    """What of a node of the file a node stands for: one that repeats a body is two, with those of the body between."""

    WHOLE = "whole"
    ENTRY = "entry"
    """What goes into each step."""
    EXIT = "exit"
    """What comes out of each step, and goes into the next one."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of the graph.

    `shape` is `None` if nothing was measured. `value` is the content of a constant, or the measured content of a small
    tensor (which may be shape arithmetic). `varies` marks, entry by entry of `value`, what depends on open axes; `open`
    says which axes of the tensor itself may have another size than was measured (none where it is empty).
    """

    name: str
    origin: Origin
    shape: tuple[int, ...] | None = None
    dtype: np.dtype[np.generic] | None = None
    value: Array | None = None
    varies: NDArray[np.bool_] | None = None
    open: tuple[bool, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether the file itself holds the content."""
        return self.origin is Origin.CONSTANT

    def entries(self) -> tuple[int | None, ...] | None:
        """The integers this tensor holds, `None` for one that varies with open axes; `None` if unknown.

        >>> Tensor("t", Origin.CONSTANT, (2,), value=np.array([3, 4])).entries()
        (3, 4)
        """
        if self.value is None or self.value.dtype.kind not in "iu":
            return None
        varies = np.zeros(self.value.shape, bool) if self.varies is None else self.varies
        return tuple(None if v else int(e) for e, v in zip(self.value.flat, varies.flat, strict=True))


@dataclass(frozen=True, slots=True)
class Node:
    """One operator applied to tensors; an omitted optional input or output is `None`.

    `version` is the opset in which the operator's present form appeared (ONNX "since version"), 0 if unknown.
    `captures` names the outer tensors that the node's subgraphs read.

    A node in a body has in `within` the name of the first output of the node of the main graph that runs it; `times`
    says how often it runs at the sizes at which costs are told. The two parts of a node that repeats a body hold it as
    `whole`; `ties` has, at the exit, pairs of a tensor that a step makes and what it is called in the next step.
    """

    name: str
    operator: str
    domain: str
    version: int
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor | None, ...]
    attributes: Mapping[str, Attribute]
    captures: tuple[str, ...] = ()
    part: Part = Part.WHOLE
    within: str = ""
    times: int = 1
    whole: Node | None = None
    ties: tuple[tuple[str, str], ...] = ()

    def between(
        self, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor | None, ...], whole: Node | None
    ) -> Node:
        """The same node with other values for its tensors, and for what it is a part of."""
        return Node(  # a fifth of what `dataclasses.replace` takes, and all nodes are changed several times
            self.name,
            self.operator,
            self.domain,
            self.version,
            inputs,
            outputs,
            self.attributes,
            self.captures,
            self.part,
            self.within,
            self.times,
            whole,
            self.ties,
        )

    def integer(self, name: str, default: int) -> int:
        """Integer attribute `name`, or `default` where the node does not set it."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) else default

    def integers(self, name: str) -> tuple[int, ...] | None:
        """List-of-integers attribute `name`, or `None` where the node does not set it."""
        value = self.attributes.get(name)
        return tuple(int(v) for v in value) if isinstance(value, tuple) else None

    def text(self, name: str, default: str) -> str:
        """String attribute `name`, or `default` where the node does not set it."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else default

    def real(self, name: str, default: float) -> float:
        """Float attribute `name`, or `default` where the node does not set it."""
        value = self.attributes.get(name)
        return value if isinstance(value, float) else default

    def operand(self, index: int) -> Tensor | None:
        """Input `index`, or `None` where it is omitted."""
        return self.inputs[index] if index < len(self.inputs) else None

    def shape(self, index: int) -> tuple[int, ...]:
        """Shape of input `index`; `()` where it is omitted or unknown (the trace refuses such nodes first)."""
        tensor = self.operand(index)
        return tensor.shape if tensor is not None and tensor.shape is not None else ()

    @property
    def first_output(self) -> Tensor:
        """The first output that is not omitted; every node has one, and its name tells nodes apart."""
        return next(tensor for tensor in self.outputs if tensor is not None)

    def output_shape(self, index: int = 0) -> tuple[int, ...]:
        """Shape of output `index`; `()` where it is omitted or unknown."""
        tensor = self.outputs[index]
        return tensor.shape if tensor is not None and tensor.shape is not None else ()

    def entries(self, index: int) -> tuple[int | None, ...] | None:
        """Integers that input `index` holds; see `Tensor.entries`."""
        tensor = self.operand(index)
        return None if tensor is None else tensor.entries()
