"""Blocks of integer arithmetic and of the fused operators that onnxruntime's own tools write."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.fuzz import forms
from scripts.fuzz.net import FLOAT, INT8, INT32, UINT8, Net, Shape, Value, with_channel

MICROSOFT = "com.microsoft"


def made(net: Net, operator: str, *inputs: Value | None, like: Value, **more: object) -> Value:
    """A node of onnxruntime's own domain, whose output has the shape and type of `like` where `more` says nothing."""
    given = {"shapes": like.shapes, "dtype": like.dtype, "domain": MICROSOFT, **more}
    return with_channel(net.many(operator, 1, *inputs, **given)[0], like.channel)


@dataclass(frozen=True, slots=True)
class Scales:
    """Scale and zero point of activations, and of weights (for each unit, or one for all)."""

    scale: Value
    zero: Value
    weight_scale: Value
    weight_zero: Value


def _scales(net: Net, units: int) -> Scales:
    """Scales and zero points for a layer of `units`."""
    zero = net.constant(120, UINT8)
    if net.chance(0.5):
        return Scales(net.constant(0.05, FLOAT), zero, net.weight(units, kind="p"), net.constant([0] * units, INT8))
    return Scales(net.constant(0.05, FLOAT), zero, net.constant(0.01, FLOAT), net.constant(3, INT8))


def _quantize(net: Net, x: Value, scales: Scales) -> Value:
    """A tensor as 8-bit integers."""
    net.need(x.dtype == FLOAT and net.opset >= 10)
    return net.node("QuantizeLinear", x, scales.scale, scales.zero)


def _restore(net: Net, q: Value, scales: Scales) -> Value:
    """8-bit integers as floats again."""
    return net.node("DequantizeLinear", q, scales.scale, scales.zero)


def integer_conv(net: Net, x: Value) -> Value:
    """QLinearConv or ConvInteger between quantizing and restoring."""
    net.need(x.ndim == 4 and x.channel == 1)
    group = x.channels if net.chance(0.3) else 1
    units = x.channels if group > 1 else net.rng.choice([4, 6, 8])
    kernel = net.weight(units, x.channels // group, 3, 3, kind="q", dtype=INT8)
    scales, more = _scales(net, units), {"pads": [1, 1, 1, 1], "group": group}
    q = _quantize(net, x, scales)
    if net.chance(0.3):
        y = net.node("Cast", net.node("ConvInteger", q, kernel, scales.zero, **more), to=FLOAT)
        return net.node("Mul", y, net.number(0.001))
    bias = net.weight(units, kind="q", dtype=INT32) if net.chance(0.5) else None
    scaled = net.constant(0.001, FLOAT)
    fixed = Scales(scales.scale, scales.zero, net.constant([0.01] * units, FLOAT), scales.weight_zero)
    per_unit = fixed.weight_scale if scales.weight_scale.ndim else scaled
    weights = (kernel, per_unit, scales.weight_zero, scales.scale, scales.zero)
    if net.chance(0.3):
        return _restore(net, _channels_last(net, q, scales, (*weights, bias), group), scales)
    return _restore(net, net.node("QLinearConv", q, scales.scale, scales.zero, *weights, bias, **more), scales)


def _channels_last(net: Net, q: Value, scales: Scales, weights: tuple[Value, ...], group: int) -> Value:
    """The same convolution with channels last, as onnxruntime lays it out."""
    last = forms.transpose(net, q, [0, 2, 3, 1])
    shapes = last.with_sizes({-1: weights[0].shape[0]})
    more = {"pads": [1, 1, 1, 1], "group": group, "channels_last": 1, "shapes": shapes}
    y = made(net, "QLinearConv", last, scales.scale, scales.zero, *weights, like=last, **more)
    return forms.transpose(net, with_channel(y, 3), [0, 3, 1, 2])


def quantized_pair(net: Net, x: Value) -> Value:
    """Two quantized tensors added, multiplied, chosen from or joined."""
    scales = _scales(net, 4)
    one = _quantize(net, x, scales)
    two = _quantize(net, net.node("Tanh", x), scales)
    s, z = scales.scale, scales.zero
    operator = net.rng.choice(["QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearWhere"])
    if operator == "QLinearConcat":
        net.need(x.channels <= 16)
        axis, shapes = x.channel, x.with_sizes({x.channel: 2 * x.channels})
        y = made(net, operator, s, z, one, s, z, two, s, z, like=one, axis=axis, shapes=shapes)
    elif operator == "QLinearWhere":
        net.need(net.opset >= 9)
        truth = net.node("Greater", x, net.constant(0.0, FLOAT))
        y = made(net, operator, truth, one, s, z, two, s, z, s, z, like=one)
    else:
        y = made(net, operator, one, s, z, two, s, z, s, z, like=one)
    return _restore(net, y, scales)


def quantized_unary(net: Net, x: Value) -> Value:
    """A function of quantized elements, or a softmax of them."""
    scales = _scales(net, 4)
    q, s, z = _quantize(net, x, scales), scales.scale, scales.zero
    operator = net.rng.choice(["QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"])
    if operator == "QLinearSoftmax":
        axis = net.rng.randrange(1, x.ndim)
        fine = net.constant(0.01, FLOAT)
        y = made(net, operator, q, s, z, fine, z, like=q, axis=axis, opset=net.opset)
        return net.node("DequantizeLinear", y, fine, z)
    return _restore(net, made(net, operator, q, s, z, s, z, like=q), scales)


def quantized_pool(net: Net, x: Value) -> Value:
    """Pooling of quantized images; channels second, or last."""
    net.need(x.ndim == 4 and x.channel == 1 and min(x.shape[2:]) >= 3)
    scales = _scales(net, 4)
    q, s, z = _quantize(net, x, scales), scales.scale, scales.zero
    operator = net.rng.choice(["QLinearAveragePool", "QLinearGlobalAveragePool", "NhwcMaxPool"])
    shrunk: list[Shape] = [(*shape[:2], shape[2] - 1, shape[3] - 1) for shape in x.shapes]
    if operator == "QLinearAveragePool":
        y = made(net, operator, q, s, z, s, z, like=q, kernel_shape=[2, 2], shapes=shrunk)
    elif operator == "QLinearGlobalAveragePool":
        y = made(net, operator, q, s, z, s, z, like=q, shapes=x.with_sizes({2: 1, 3: 1}))
        return net.node("Mul", x, net.node("Sigmoid", _restore(net, y, scales)))
    else:
        last = forms.transpose(net, q, [0, 2, 3, 1])
        moved = [(shape[0], *shape[2:], shape[1]) for shape in shrunk]
        pooled = made(net, operator, last, like=last, kernel_shape=[2, 2], shapes=moved)
        y = forms.transpose(net, with_channel(pooled, 3), [0, 3, 1, 2])
    return _restore(net, y, scales)


def fused_conv(net: Net, x: Value) -> Value:
    """A convolution with its activation inside, and perhaps with the tensor it is added to."""
    net.need(x.ndim == 4 and x.channel == 1 and x.dtype == FLOAT)
    units = x.channels if net.chance(0.5) else net.rng.choice([4, 8])
    kernel, bias = net.weight(units, x.channels, 1, 1), net.vector(units)
    other = x if units == x.channels and net.chance(0.5) else None
    more = {"activation": net.rng.choice(["Relu", "Sigmoid", "Tanh"]), "shapes": x.with_sizes({1: units})}
    return made(net, "FusedConv", x, kernel, bias, other, like=x, **more)


def microsoft_unary(net: Net, x: Value) -> Value:
    """GELU in onnxruntime's forms, or a detour through 16-bit integers."""
    net.need(x.dtype == FLOAT)
    operator = net.rng.choice(["Gelu", "QuickGelu", "FastGelu", "QuantizeLinear"])
    if operator == "QuantizeLinear":
        scale, zero = net.constant(0.01, FLOAT), net.constant(32000, 4)
        q = made(net, operator, x, scale, zero, like=x, dtype=4)
        return made(net, "DequantizeLinear", q, scale, zero, like=q, dtype=FLOAT)
    return made(net, operator, x, like=x)


def integer_matmul(net: Net, x: Value) -> Value:
    """A dense layer in integers, in one of the ways quantizers write it."""
    net.need(x.channel == x.ndim - 1 and x.dtype == FLOAT and net.opset >= 11)
    units = net.rng.choice([4, 6, 8])
    shapes = [(*shape[:-1], units) for shape in x.shapes]
    weight = net.weight(x.channels, units, kind="q", dtype=INT8)
    scale, zero = net.constant([0.01] * units, FLOAT), net.constant([0] * units, INT8)
    style = net.rng.choice(["linear", "dynamic", "to float", "one", "blocks"])
    if style == "one":
        bias = net.vector(units) if net.chance(0.5) else None
        return made(net, "DynamicQuantizeMatMul", x, weight, scale, zero, bias, like=x, shapes=shapes)
    if style == "linear":
        scales = _scales(net, units)
        q = _quantize(net, x, scales)
        given = (scales.scale, scales.zero, weight, scale, zero, scales.scale, scales.zero)
        return _restore(net, with_channel(net.node("QLinearMatMul", q, *given), x.channel), scales)
    if style == "blocks":
        return _blocks(net, x, units)
    small, own, middle = net.many("DynamicQuantizeLinear", 3, x)
    if style == "to float":
        given = (own, scale, middle, zero, net.vector(units))
        return made(net, "MatMulIntegerToFloat", small, weight, *given, like=x, shapes=shapes)
    total = with_channel(net.node("MatMulInteger", small, weight, middle), x.channel)
    return net.node("Mul", net.node("Mul", net.node("Cast", total, to=FLOAT), own), scale)


def _blocks(net: Net, x: Value, units: int) -> Value:
    """Weights of four bits, with a scale for each block of sixteen."""
    count = -(-x.channels // 16)
    packed = net.weight(units, count, 8, kind="q", dtype=UINT8)
    scale = net.weight(units * count, kind="p")
    more = {"K": x.channels, "N": units, "bits": 4, "block_size": 16, "shapes": x.with_sizes({-1: units})}
    y = made(net, "MatMulNBits", x, packed, scale, like=x, **more)
    return net.node("Mul", y, net.number(0.05))


def fused_dense(net: Net, x: Value) -> Value:
    """Dense layers of onnxruntime's own: with an activation, a factor, or in integers."""
    net.need(x.channel == x.ndim - 1 and x.dtype == FLOAT)
    units = net.rng.choice([4, 6, 8])
    shapes = [(*shape[:-1], units) for shape in x.shapes]
    style = net.rng.choice(["FusedGemm", "FusedMatMul", "TransposeMatMul", "QGemm", "QGemm"])
    if style in ("FusedMatMul", "TransposeMatMul"):
        more = {"alpha": 0.7, "transB": 1, "shapes": shapes}
        return made(net, style, x, net.weight(units, x.channels), like=x, **more)
    net.need(x.ndim == 2)
    if style == "FusedGemm":
        given = (net.weight(units, x.channels), net.vector(units))
        more = {"transB": 1, "activation": "Tanh", "shapes": shapes}
        return made(net, style, x, *given, like=x, **more)
    scales = _scales(net, units)
    weight = net.weight(x.channels, units, kind="q", dtype=INT8)
    per_unit, zero = net.constant([0.01] * units, FLOAT), net.constant([0] * units, INT8)
    bias = net.weight(units, kind="q", dtype=INT32)
    given = (scales.scale, scales.zero, weight, per_unit, zero, bias)
    return made(net, style, _quantize(net, x, scales), *given, like=x, shapes=shapes)


ANYWHERE = {quantized_pair: 3, quantized_unary: 2, microsoft_unary: 3}
IMAGES = {integer_conv: 4, quantized_pool: 3, fused_conv: 3}
ROWS = {integer_matmul: 3, fused_dense: 3}
