"""What else is known about operators: attributes that many share, and the forms of those that this package writes.

Rules say what a node does that is read. This says how one is to be written, at the opset of the model it is added to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

TYPE_ATTRIBUTES = ("to", "dtype", "stash_type")
"""Attributes that name a type of numbers: of what a node makes, or in which it computes."""
SEED_ATTRIBUTE = "seed"
"""The attribute that makes an operator draw the same random numbers again."""

TAKE = "Gather"
"""The operator that takes entries along an axis by their indices (ONNX Gather-1); see `take_along`."""
CHOOSE = "Where"
"""The operator that takes the numbers of one of two tensors (ONNX Where-9): a condition, and both."""
CHOOSE_BRANCH = "If"
"""The operator that computes one of two subgraphs (ONNX If-1); see `branch_taken`."""
TURN = "Transpose"
"""The operator that puts axes in another order (ONNX Transpose-1); see `permuted`."""
PASS_ON = "Identity"
"""The operator that makes what it is given (ONNX Identity-1)."""

CUT_OFF = "Relu"
"""The operator that makes zero of negative numbers (ONNX Relu-14)."""

SCALE_MADE, ZERO_MADE = 1, 2
"""Outputs of what quantizes by the range it meets, beside the integers (ONNX DynamicQuantizeLinear-11)."""

_PICKING = ("ArgMax", "ArgMin", "Hardmax", "NonMaxSuppression", "NonZero", "TopK", "Unique")
_ROUNDING = ("Ceil", "Floor", "Round", "Sign")
_CHOICE_SINCE = 9
_AXES_ARE_INPUT_SINCE = 13


@dataclass(frozen=True, slots=True)
class Form:
    """How a node is written: its attributes, and the integers that its second input holds, if it takes one."""

    attributes: Mapping[str, int | list[int]]
    integers: tuple[int, ...] | None = None


_MOVING = (
    *("Cast", "Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Tile", "Transpose"),
    "Unsqueeze",
)


def jumps(operator: str) -> bool:
    """Whether what an operator makes may jump where its input hardly changes: it picks, or rounds."""
    return operator in _PICKING or operator in _ROUNDING


def quantizes(operator: str) -> bool:
    """Whether an operator rounds floats to the nearest of a few numbers, number by number."""
    return operator in ("QuantizeLinear", "DynamicQuantizeLinear")


def on_floats(operator: str) -> str | None:
    """What computes with floats as an operator does with integers that stand for them; `None` where nothing does.

    >>> on_floats("MatMulInteger"), on_floats("MatMul")
    ('MatMul', None)
    """
    return {"MatMulInteger": "MatMul", "ConvInteger": "Conv"}.get(operator)


def hands_on(operator: str) -> bool:
    """Whether what an operator makes are numbers of its first input, as they are; only their type may be another."""
    return operator in _MOVING


def is_of_any_size(operator: str) -> bool:
    """Whether an operator hands on all numbers of its first input, in a way that says nothing of how many there are."""
    return operator in ("Cast", "Flatten", "Identity", "Squeeze", "Transpose", "Unsqueeze")


def makes_shares(operator: str) -> bool:
    """Whether what an operator makes along an axis are shares of a whole, or their logarithms: classes, or attention.

    >>> makes_shares("Softmax"), makes_shares("Sigmoid")
    (True, False)
    """
    return operator in ("Softmax", "LogSoftmax")


def is_equality(operator: str) -> bool:
    """Whether an operator says, number by number, where two tensors hold the same."""
    return operator == "Equal"


def finds_extremes(operator: str) -> bool:
    """Whether an operator says where the largest or smallest numbers are, which depends on their order alone."""
    return operator in ("ArgMax", "ArgMin")


def can_choose(opset: int) -> bool:
    """Whether there is an operator that chooses between tensors, number by number (ONNX Where-9)."""
    return opset >= _CHOICE_SINCE


def take_along(axis: int) -> Form:
    """Entries of one axis, by indices that the second input holds."""
    return Form(MappingProxyType({"axis": axis}))


def sum_over(axes: Sequence[int], opset: int, *, keeps_axes: bool = True) -> Form:
    """A sum over axes, which are an input since ONNX ReduceSum-13, an attribute before.

    >>> sum_over([2, 3], 13).integers, dict(sum_over([2, 3], 11).attributes)
    ((2, 3), {'keepdims': 1, 'axes': [2, 3]})
    """
    kept = {"keepdims": int(keeps_axes)}
    if opset >= _AXES_ARE_INPUT_SINCE:
        return Form(MappingProxyType(kept), tuple(axes))
    return Form(MappingProxyType({**kept, "axes": list(axes)}))


def along(axis: int) -> Form:
    """Tensors laid end to end along one axis (ONNX Concat-4)."""
    return Form(MappingProxyType({"axis": axis}))


def permuted(order: Sequence[int]) -> Form:
    """The axes in another order (ONNX Transpose-1)."""
    return Form(MappingProxyType({"perm": list(order)}))


def branch_taken(*, condition: bool) -> str:
    """The attribute that holds what a node computes which chooses between two subgraphs (ONNX If-1).

    >>> branch_taken(condition=False)
    'else_branch'
    """
    return "then_branch" if condition else "else_branch"
