"""Blocks of element-wise operators, on tensors of any layout; each keeps numbers where they are harmless."""

from __future__ import annotations

from scripts.fuzz import forms
from scripts.fuzz.kernels import has_kernel
from scripts.fuzz.net import BOOL, DOUBLE, FLOAT, HALF, INT32, UINT8, Net, Value

SMOOTH = (
    "Abs Atan Asinh Celu Cos Elu Erf Gelu HardSigmoid HardSwish Identity LeakyRelu Mish Neg Relu Selu Sigmoid Sin",
    "Softplus Softsign Swish Tanh",
)
STEPS = "Ceil Floor Round Sign ThresholdedRelu"
"""Functions that jump: at half precision rounding alone could take a value over an edge."""
BOUNDED = "Exp Sinh Cosh Tan"
POSITIVE = "Log Sqrt Reciprocal"
INSIDE = "Acos Asin Atanh"


def activation(net: Net, x: Value) -> Value:
    """A common activation."""
    return unary(net, x, net.rng.choice(["Relu", "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "HardSigmoid"]))


def any_unary(net: Net, x: Value) -> Value:
    """Any functions of one element, one behind another, where they have a value."""
    words = " ".join([*SMOOTH, BOUNDED, POSITIVE, INSIDE, "Acosh", "Shrink", *([] if net.dtype == HALF else [STEPS])])
    known = [name for name in words.split() if has_kernel(name, net.opset, x.dtype)]
    for operator in net.rng.sample(known, 2):
        x = unary(net, x, operator)
    return x


def unary(net: Net, x: Value, operator: str) -> Value:
    """A function of one element, behind what keeps its operand in its domain."""
    net.need(has_kernel(operator, net.opset, x.dtype))
    if operator in BOUNDED:
        x = net.node("Tanh", x)
    elif operator in POSITIVE.split():
        x = net.node("Add", net.node("Abs", x), net.number(0.5))
    elif operator == "Acosh":
        x = net.node("Add", net.node("Abs", x), net.number(1.5))
    elif operator in INSIDE.split():
        x = net.node("Tanh", net.node("Mul", x, net.number(0.5)))
    return net.node(operator, x, **({"lambd": 0.1, "bias": 0.05} if operator == "Shrink" else {}))


def spelt_out(net: Net, x: Value) -> Value:
    """An activation as exporters spell it out: GELU by Erf or Tanh, SiLU, hard swish, quick GELU."""
    kind = net.rng.choice(["erf", "tanh", "silu", "hard", "quick"])
    if kind == "erf":
        inner = net.node("Add", net.node("Erf", net.node("Div", x, net.number(1.4142135))), net.number(1.0))
        return net.node("Mul", net.node("Mul", x, inner), net.number(0.5))
    if kind == "tanh":
        cube = net.node("Mul", net.node("Pow", net.node("Tanh", x), net.constant(3.0, x.dtype)), net.number(0.044))
        inner = net.node("Add", net.node("Tanh", net.node("Add", x, cube)), net.number(1.0))
        return net.node("Mul", x, net.node("Mul", inner, net.number(0.5)))
    if kind == "hard":
        return net.node("Div", net.node("Mul", x, forms.clip(net, _plus(net, x, 3.0), 0.0, 6.0)), net.number(6.0))
    inner = net.node("Mul", x, net.number(1.702)) if kind == "quick" else x
    return net.node("Mul", x, net.node("Sigmoid", inner))


def with_constant(net: Net, x: Value) -> Value:
    """A constant added, multiplied or compared: one for all, one for each channel, or one for each element."""
    operator = net.rng.choice(["Add", "Sub", "Mul", "Div", "Max", "Min", "Add", "Mul", "Pow", "PRelu"])
    net.need(operator not in ("Max", "Min") or net.opset >= 8)  # they do not broadcast before
    if operator == "PRelu":
        return net.node("PRelu", x, net.weight(*per_channel(net, x), kind="p"))
    if operator == "Pow":
        exponent = net.constant(net.rng.choice([0.5, 2.0]), x.dtype)
        return net.node("Pow", net.node("Abs", forms.clip(net, x, -3.0, 3.0)), exponent)
    kind = "p" if operator == "Div" or net.chance(0.5) else "w"
    constant = net.number(0.75) if net.chance(0.25) else hidden_constant(net, _constant_shape(net, x), kind)
    swapped = net.chance(0.3) and operator != "Div"
    return net.node(operator, constant, x) if swapped else net.node(operator, x, constant)


def hidden_constant(net: Net, shape: tuple[int, ...], kind: str) -> Value:
    """A constant, now and then behind nodes that only hand it on."""
    way = net.rng.choice(["", "", "", "", "Identity", "Unsqueeze", "Reshape", "Transpose", "Cast", "twice"])
    if way == "Identity":
        return net.node("Identity", net.weight(*shape, kind=kind))
    if way == "Unsqueeze" and len(shape) > 1:
        return forms.unsqueeze(net, net.weight(*shape[1:], kind=kind), [0]) if shape[0] == 1 else _behind(net, shape)
    if way == "Reshape":
        return net.node("Reshape", net.weight(max(shape), kind=kind), net.constant(_flat_target(net, shape)))
    if way == "Transpose":
        return net.node("Transpose", net.weight(*shape[::-1], kind=kind), perm=[*range(len(shape))][::-1])
    if way == "Cast":
        other = net.rng.choice([kind_ for kind_ in (FLOAT, DOUBLE, HALF) if kind_ != net.dtype])
        return net.node("Cast", net.weight(*shape, kind=kind, dtype=other), to=net.dtype)
    if way == "twice" and kind == "p":
        return net.node("Mul", net.weight(*shape, kind=kind), net.weight(*shape, kind=kind))
    return net.weight(*shape, kind=kind)


def _behind(net: Net, shape: tuple[int, ...]) -> Value:
    """A positive constant that is computed from a negative one."""
    return net.node("Exp", net.node("Neg", net.weight(*shape, kind="p")))


def _flat_target(net: Net, shape: tuple[int, ...]) -> list[int]:
    """A Reshape target that gives a vector this shape."""
    net.need(max(shape) > 0 and sum(size > 1 for size in shape) <= 1)
    return [-1 if size > 1 and net.chance(0.5) else size for size in shape]


def per_channel(net: Net, x: Value) -> tuple[int, ...]:
    """A shape that broadcasts along all axes but the channels."""
    shape = tuple(size if axis == x.channel else 1 for axis, size in enumerate(x.shape))
    return shape if net.chance(0.3) else shape[x.channel :]


def _constant_shape(net: Net, x: Value) -> tuple[int, ...]:
    """A shape that broadcasts to the tensor's."""
    if net.chance(0.3) and x.ndim > 1 and not x.is_open(*range(1, x.ndim)):
        return x.shape[1:] if net.chance(0.5) else (1, *x.shape[1:])
    return per_channel(net, x)


def _plus(net: Net, x: Value, number: float) -> Value:
    """The tensor and a number added."""
    return net.node("Add", x, net.number(number))


def clipped(net: Net, x: Value) -> Value:
    """Clip with two bounds or one."""
    low, high = net.rng.choice([(-0.5, 0.75), (None, 0.6), (-0.3, None), (0.0, 6.0)])
    return forms.clip(net, x, low, high)


def comparison(net: Net, x: Value) -> Value:
    """A mask from comparing, put to use as a factor or as a condition."""
    net.need(x.dtype != HALF)
    operator = net.rng.choice(["Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal"])
    left = net.node("Floor", x) if operator == "Equal" else x
    if operator == "Equal" and net.opset < 11:
        left = net.node("Cast", left, to=INT32)
        truth = net.node("Equal", left, net.constant(0, INT32))
    else:
        truth = net.node(operator, left, net.number(0.0))
    return _use(net, x, truth)


def logic(net: Net, x: Value) -> Value:
    """Masks combined by And, Or, Xor, Not, IsNaN and IsInf."""
    net.need(x.dtype == FLOAT)
    one = net.node("Greater", x, net.number(0.1))
    if net.has("IsNaN") and net.chance(0.3):
        two = net.node("IsNaN", net.node("Sqrt", x))
    elif net.has("IsInf") and net.chance(0.3):
        two = net.node("IsInf", net.node("Reciprocal", net.node("Relu", x)))
    else:
        two = net.node("Less", x, net.number(0.7))
    both = net.node(net.rng.choice(["And", "Or", "Xor"]), one, two)
    return _use(net, x, net.node("Not", both) if net.chance(0.5) else both)


def _use(net: Net, x: Value, truth: Value) -> Value:
    """A condition put to use."""
    if net.opset >= 9 and net.chance(0.5):
        other = net.number(0.25) if net.chance(0.4) else net.node("Neg", x)
        return net.node("Where", truth, x, other) if net.chance(0.7) else net.node("Where", truth, other, x)
    as_number = net.node("CastLike", truth, x) if net.has("CastLike") and net.chance(0.4) else None
    as_number = as_number or net.node("Cast", truth, to=x.dtype)
    return net.node("Mul", x, as_number)


def typed(net: Net, x: Value) -> Value:
    """A detour through another type."""
    net.need(x.dtype == FLOAT)
    kind = net.rng.choice([DOUBLE, INT32, UINT8, BOOL, FLOAT])
    if kind == UINT8 and net.has("BitShift"):
        small = net.node("Cast", net.node("Abs", forms.clip(net, x, -9.0, 9.0)), to=UINT8)
        shifted = net.node("BitShift", small, net.constant(2, UINT8), direction=net.rng.choice(["LEFT", "RIGHT"]))
        return net.node("Cast", shifted, to=x.dtype)
    scaled = net.node("Mul", x, net.number(8.0)) if kind == INT32 else x
    there = net.node("Cast", scaled, to=kind)
    if net.has("CastLike") and net.chance(0.4):
        return net.node("CastLike", there, x)
    return net.node("Cast", there, to=x.dtype)


def modulo(net: Net, x: Value) -> Value:
    """The remainder of a division."""
    net.need(x.dtype == FLOAT and net.has("Mod"))
    return net.node("Mod", x, net.number(1.5), fmod=1)


def dropout(net: Net, x: Value) -> Value:
    """Dropout, which does nothing here; a second output now and then."""
    count = 2 if net.chance(0.2) else 1
    if net.opset < 12:
        return net.many("Dropout", count, x, ratio=0.3)[0]
    return net.many("Dropout", count, x, net.constant(0.3, FLOAT) if net.chance(0.5) else None)[0]


def quantized(net: Net, x: Value) -> Value:
    """Quantized and back, with one scale or one for each channel."""
    net.need(x.dtype == FLOAT and net.has("QuantizeLinear"))
    kind = UINT8 if net.chance(0.4) else None
    axis = x.channel if net.opset >= 13 and net.chance(0.5) else None
    scale = net.number(0.05) if axis is None else net.weight(x.channels, kind="p")
    if axis is None and scale.ndim:
        scale = net.constant(0.05, x.dtype)
    small = x if axis is None else net.node("Mul", x, net.number(8.0))
    zero = None if kind is None else net.constant(100 if axis is None else [100] * x.channels, kind)
    there = net.node("QuantizeLinear", small, scale, zero, axis=axis)
    return net.node("DequantizeLinear", there, scale, zero, axis=axis)


def several(net: Net, x: Value) -> Value:
    """Max, Mean, Min or Sum of two or three tensors."""
    operator = net.rng.choice(["Max", "Mean", "Min", "Sum"])
    other = net.node("Sigmoid", x)
    constant = net.weight(*per_channel(net, x)) if net.chance(0.5) and net.opset >= 8 else None
    return net.node(operator, x, other, constant)


BLOCKS = {
    activation: 10, any_unary: 12, spelt_out: 3, with_constant: 6, clipped: 1, comparison: 3, logic: 1, typed: 2,
    modulo: 1, dropout: 1, quantized: 2, several: 2,
}  # fmt: skip
