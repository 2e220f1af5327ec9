"""Blocks of attention and normalisation as one node each, in ONNX's newest form and in onnxruntime's own."""

from __future__ import annotations

from scripts.fuzz.attention import linear
from scripts.fuzz.net import FLOAT, INT8, INT32, INT64, UINT8, Net, Value, with_channel
from scripts.fuzz.quantized import MICROSOFT, fused_dense, integer_matmul, made


def _sequence(net: Net, x: Value) -> None:
    """Stop unless the tensor is a sequence of features."""
    net.need(x.ndim == 3 and x.channel == 2 and x.dtype == FLOAT)


def whole_attention(net: Net, x: Value) -> Value:
    """ONNX Attention of projected queries, keys and values, perhaps grouped."""
    _sequence(net, x)
    net.need(net.opset >= 23)
    heads, shared, width = *net.rng.choice([(4, 2), (2, 2), (3, 3), (4, 1)]), net.rng.choice([4, 6])
    q, k, v = linear(net, x, heads * width), linear(net, x, shared * width), linear(net, x, shared * width)
    if net.chance(0.4):
        q, k = _rotated(net, q, heads, width), _rotated(net, k, shared, width)
    more: dict[str, object] = {"q_num_heads": heads, "kv_num_heads": shared}
    more |= {"scale": 0.5} if net.chance(0.5) else {}
    more |= {"is_causal": 1} if net.chance(0.3) else {}
    is_masked = not x.is_open(1) and net.chance(0.4) and "is_causal" not in more
    mask = net.weight(x.shape[1], x.shape[1]) if is_masked else None
    mixed = net.node("Attention", q, k, v, mask, shapes=q.shapes, dtype=x.dtype, **more)
    return net.node("Add", x, linear(net, with_channel(mixed, 2), x.channels))


def _rotated(net: Net, x: Value, heads: int, width: int) -> Value:
    """Rotary positions as one node."""
    net.need(not x.is_open() and width % 2 == 0)
    n, t = x.shape[:2]
    tables = [net.weight(n, t, width // 2), net.weight(n, t, width // 2)]
    more = {"num_heads": heads, "shapes": x.shapes, "dtype": x.dtype}
    if net.opset < 23 or net.chance(0.5):
        flat = [net.weight(t, width // 2), net.weight(t, width // 2)]
        return made(net, "RotaryEmbedding", x, net.constant([0], INT64), *flat, like=x, num_heads=heads)
    return with_channel(net.node("RotaryEmbedding", x, *tables, **more), 2)


def turned(net: Net, x: Value) -> Value:
    """A projection with rotary positions, on its own."""
    _sequence(net, x)
    y = linear(net, x, 12)
    return linear(net, net.node("Tanh", _rotated(net, y, 3, 4)), x.channels)


def packed_attention(net: Net, x: Value) -> Value:
    """com.microsoft Attention or QAttention: one weight for queries, keys and values."""
    _sequence(net, x)
    heads = net.rng.choice([2, 4])
    units = heads * 4
    bias = net.weight(3 * units)
    more: dict[str, object] = {"num_heads": heads, "shapes": x.with_sizes({2: units})}
    more |= {"unidirectional": 1} if net.chance(0.3) else {}
    if net.chance(0.4) and net.opset >= 10:
        scale, zero = net.constant(0.05, FLOAT), net.constant(120, UINT8)
        q = net.node("QuantizeLinear", x, scale, zero)
        weight = net.weight(x.channels, 3 * units, kind="q", dtype=INT8)
        given = (weight, bias, scale, net.constant(0.005, FLOAT), None, zero, net.constant(0, INT8))
        y = made(net, "QAttention", q, *given, like=x, **more)
    else:
        more |= {"qkv_hidden_sizes": [units] * 3} if net.chance(0.4) else {}
        more |= {"scale": 0.5} if net.chance(0.4) else {}
        y = made(net, "Attention", x, net.weight(x.channels, 3 * units), bias, like=x, **more)
    return linear(net, y, x.channels)


def many_heads(net: Net, x: Value) -> Value:
    """com.microsoft MultiHeadAttention or GroupQueryAttention."""
    _sequence(net, x)
    if net.chance(0.4) and not x.is_open():
        return _grouped(net, x)
    heads, width = net.rng.choice([2, 3]), net.rng.choice([4, 6])
    q, k, v = (linear(net, x, heads * width) for _ in range(3))
    more: dict[str, object] = {"num_heads": heads} | ({"scale": 0.5} if net.chance(0.5) else {})
    bias = net.weight(3 * heads * width) if net.chance(0.4) else None
    return linear(net, made(net, "MultiHeadAttention", q, k, v, bias, like=q, **more), x.channels)


def _grouped(net: Net, x: Value) -> Value:
    """GroupQueryAttention, with its past empty."""
    heads, shared, width = *net.rng.choice([(4, 2), (2, 2), (4, 1)]), 8
    n, t = x.shape[:2]
    q, k, v = linear(net, x, heads * width), linear(net, x, shared * width), linear(net, x, shared * width)
    lengths, total = net.constant([t - 1] * n, INT32), net.constant(t, INT32)
    more = {"num_heads": heads, "kv_num_heads": shared, "domain": MICROSOFT, "dtype": x.dtype, "shapes": q.shapes}
    mixed, *past = net.many("GroupQueryAttention", 3, q, k, v, None, None, lengths, total, **more)
    net.forget(*past)
    return linear(net, with_channel(mixed, 2), x.channels)


def skip_norm(net: Net, x: Value) -> Value:
    """A residual addition and its normalisation as one node."""
    net.need(x.channel == x.ndim - 1 and x.dtype == FLOAT and x.ndim == 3)
    other, scale = linear(net, x, x.channels), net.weight(x.channels, kind="p")
    if net.chance(0.5):
        return made(net, "SkipSimplifiedLayerNormalization", x, other, scale, like=x, epsilon=0.01)
    shift = net.vector(x.channels) if net.chance(0.6) else None
    bias = net.vector(x.channels) if shift and net.chance(0.5) else None
    return made(net, "SkipLayerNormalization", x, other, scale, shift, bias, like=x, epsilon=0.01)


def biased_gelu(net: Net, x: Value) -> Value:
    """A bias and its GELU as one node."""
    net.need(x.channel == x.ndim - 1 and x.dtype == FLOAT)
    return made(net, net.rng.choice(["BiasGelu", "FastGelu"]), x, net.vector(x.channels), like=x)


def embedded_again(net: Net, x: Value) -> Value:
    """Decisions of the network looked up, with positions, and normalised."""
    _sequence(net, x)
    net.need(not x.is_open())
    n, t, c = x.shape
    best = net.node("Cast", net.node("ArgMax", x, axis=2, keepdims=0), to=INT32)
    given = (net.weight(c, 8), net.weight(t, 8), None, net.weight(8, kind="p"), net.weight(8))
    more = {"domain": MICROSOFT, "dtype": x.dtype, "shapes": [(n, t, 8)] * 2, "epsilon": 0.01}
    found, lengths = net.many("EmbedLayerNormalization", 2, best, None, *given, **more)
    net.forget(lengths)
    return net.node("Concat", x, with_channel(found, 2), axis=2)


def quantized_lstm(net: Net, x: Value) -> Value:
    """An LSTM with weights of eight bits."""
    _sequence(net, x)
    units = 6
    turned = net.node("Transpose", x, perm=[1, 0, 2])
    weights = [net.weight(1, size, 4 * units, kind="q", dtype=INT8) for size in (x.channels, units)]
    scale, zero = net.constant([0.005], FLOAT), net.constant([0], INT8)
    given = (*weights, net.weight(1, 8 * units), *[None] * 4, scale, zero, scale, zero)
    shapes = [(shape[1], 1, shape[0], units) for shape in x.shapes]
    more = {"hidden_size": units, "shapes": shapes, "dtype": x.dtype, "domain": MICROSOFT}
    y = net.node("DynamicQuantizeLSTM", turned, *given, **more)
    flat = net.node("Squeeze", y, net.constant([1])) if net.opset >= 13 else net.node("Squeeze", y, axes=[1])
    return with_channel(net.node("Transpose", flat, perm=[1, 0, 2]), 2)


BLOCKS = {
    whole_attention: 5, packed_attention: 3, many_heads: 4, skip_norm: 4, biased_gelu: 2, turned: 3,
    embedded_again: 2, quantized_lstm: 1, integer_matmul: 3, fused_dense: 3,
}  # fmt: skip
