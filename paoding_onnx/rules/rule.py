"""What a rule is, and the registry of rules. Holds no operator itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from paoding_onnx.model.nodes import Node, Tensor
from paoding_onnx.rules.equation import Axis, Equation, Operand, axes
from paoding_onnx.rules.facts import (
    Acts,
    Affine,
    Contracts,
    DataDependentShape,
    Integers,
    LooksUp,
    Other,
    ShapeUse,
    Stored,
)
from paoding_onnx.rules.why import UNKNOWN, WORKS, Why


@dataclass(frozen=True, slots=True)
class Fit:
    """Integers of a node that hold sizes: `holder` is an attribute (by name) or an input (by index).

    `axes` says which entry holds the size of which axis; other entries stay. `literals` are for entries that vary with
    open axes: what says the same of an axis, should that axis shrink, without any number.
    """

    holder: str | int
    axes: Mapping[int, Axis]
    literals: Mapping[int, tuple[Axis, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """An operator's facts at one node; everything else is derived from them.

    `sizes` are those of factors that shapes leave open, `why` says what a lower-case factor is for. `fits` are the
    numbers that have to follow the sizes. A node that `contracts` has weights; `acts` says what becomes of a unit's
    numbers, `stored` where statistics of the training data are, `integers` which inputs are quantized, and `shape`
    what the node has to do with shapes beyond having one. `least` says of a factor how much of it must stay, if more
    than one; `alike` are pairs of factors that must stay of one size, and so lose the same positions. `looks_up` are
    tables out of which rows are taken.
    """

    equation: Equation
    sizes: Mapping[str, int] = field(default_factory=dict)
    why: Why | str = WORKS
    fits: tuple[Fit, ...] = ()
    contracts: Contracts | None = None
    acts: Acts = field(default_factory=Other)
    stored: Stored | None = None
    integers: Integers = field(default_factory=Integers)
    shape: ShapeUse | None = None
    least: Mapping[str, int] = field(default_factory=dict)
    alike: tuple[tuple[str, str], ...] = ()
    looks_up: tuple[LooksUp, ...] = ()

    @property
    def because(self) -> Why:
        """`why`, with its kind: where a rule says none, it is something that the operator does."""
        return self.why if isinstance(self.why, Why) else Why(self.why)

    @property
    def affine(self) -> Affine | None:
        """Gain and shift of every unit, if that is all that the node does."""
        return self.acts if isinstance(self.acts, Affine) else None


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered operator: its rule was written against its schemas up to version `read`."""

    domain: str
    operator: str
    read: int
    make: Callable[[Node], Rule]


_REGISTRY: dict[tuple[str, str], Registered] = {}


def register(
    *operators: str, read: int, domain: str = ""
) -> Callable[[Callable[[Node], Rule]], Callable[[Node], Rule]]:
    """Decorator: make a function the rule of one or more operators, whose schemas up to version `read` were read.

    Raises:
        ValueError: if an operator has a rule already.
    """

    def add(make: Callable[[Node], Rule]) -> Callable[[Node], Rule]:
        """Register `make`, and return it as it is."""
        for operator in operators:
            if (domain, operator) in _REGISTRY:
                raise ValueError(f"operator {domain}::{operator} has a rule already")
            _REGISTRY[domain, operator] = Registered(domain, operator, read, make)
        return make

    return add


def operators() -> tuple[Registered, ...]:
    """All operators with a rule, sorted by domain and name."""
    return tuple(_REGISTRY[key] for key in sorted(_REGISTRY))


def rule_for(node: Node) -> Rule | Why:
    """The rule at `node`, or why there is none."""
    entry = _REGISTRY.get((node.domain, node.operator))
    if entry is None:
        return UNKNOWN
    if node.version > entry.read:
        return Why(f"its form of opset {node.version} is newer than the one its rule was written for ({entry.read})")
    unknown = [t.name for t in (*node.inputs, *node.outputs) if t is not None and t.shape is None]
    if unknown:
        return Why(f"{unknown[0]!r} is not a dense tensor of numbers, or its shape is unknown")
    return entry.make(node)


def fixed(node: Node, why: Why | str) -> Rule:
    """A rule under which nothing shrinks: every axis a lower-case factor of its own."""
    left = [_fixed(tensor, f"i{k}") for k, tensor in enumerate(node.inputs)]
    right = [_fixed(tensor, f"o{k}") for k, tensor in enumerate(node.outputs)]
    return Rule(Equation.of(left, right), why=why, shape=DataDependentShape())


def axis_index(axis: int, ndim: int) -> int:
    """A possibly negative axis as an index from 0.

    >>> axis_index(-1, 4)
    3
    """
    return axis + ndim if axis < 0 else axis


def _fixed(tensor: Tensor | None, prefix: str) -> Operand | None:
    return None if tensor is None or tensor.shape is None else axes(f"{prefix}x", len(tensor.shape))
