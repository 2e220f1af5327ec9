"""How nodes are written that say yes or no by chance: drawn from what a model is fed, alike for the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ADD_UP = "Add"
"""The operator that adds what was made of one tensor to what was made of others (ONNX Add-7)."""
CAST, CAST_TO = "Cast", "to"
"""The operator that gives numbers another type, and its attribute that says which (ONNX Cast-6)."""
HOLD, HOLD_IN = "Constant", "value"
"""The operator that holds numbers, and its attribute that has them (ONNX Constant-1)."""
_SINCE = 10
_SPREAD = 997
"""Numbers are multiplied with this before what is behind the point is cut off."""
FLOAT, _WHOLE, _BOOL = 1, 7, 9
"""Types of numbers (ONNX TensorProto.DataType)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node that works on what the step before made, and on a number `beside` that, if there is one.

    That number is a whole one, as all floats in a file count as parameters; `as_float` it is read as a float.
    """

    operator: str
    attributes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    beside: int | None = None
    as_float: bool = False


def can_draw(opset: int) -> bool:
    """Whether there are all operators that this takes (ONNX Mod-10)."""
    return opset >= _SINCE


def summed_up() -> tuple[Step, ...]:
    """From a tensor of numbers to one whole number; whole numbers add up to the same in whichever order.

    Source: ONNX Cast-6, Mul-7, ReduceSum-1 (without axes it adds all numbers up, in its later versions too).
    """
    return (
        Step(CAST, {CAST_TO: FLOAT}),
        Step("Mul", beside=_SPREAD, as_float=True),
        Step(CAST, {CAST_TO: _WHOLE}),
        Step("ReduceSum", {"keepdims": 0}),
    )


def binary_place(number: int) -> tuple[Step, ...]:
    """From a whole number to whether it has a one in this binary place.

    Source: ONNX Div-7, Mod-10, Cast-6.
    """
    return (
        Step("Div", beside=2**number),
        Step("Mod", beside=2),
        Step(CAST, {CAST_TO: _BOOL}),
    )
