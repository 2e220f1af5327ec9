"""Blocks of sequence models, on tensors of batch, sequence and features."""

from __future__ import annotations

from scripts.fuzz import forms
from scripts.fuzz.attention import attention, linear
from scripts.fuzz.forms import Copy
from scripts.fuzz.kernels import has_kernel
from scripts.fuzz.net import FLOAT, INT32, Net, Value, with_channel
from scripts.fuzz.second import SMALLEST_TABLE


def projection(net: Net, x: Value) -> Value:
    """A layer for each place."""
    return linear(net, x, net.rng.choice([4, 8, 12, 16]))


def mlp(net: Net, x: Value) -> Value:
    """Two layers around an activation, added to what went in."""
    inner = linear(net, x, net.rng.choice([8, 12, 16, 24]))
    known = [op for op in ("Gelu", "Swish", "Mish", "HardSwish") if has_kernel(op, net.opset, x.dtype)]
    active = net.node(net.rng.choice(["Relu", "Tanh", *known]), inner)
    return net.node("Add", x, linear(net, active, x.channels))


def gated_mlp(net: Net, x: Value) -> Value:
    """A gated layer as in Llama: two projections, one of them through an activation, from one matrix or two."""
    units = net.rng.choice([4, 8, 12])
    if net.chance(0.5):
        gate, up = linear(net, x, units), linear(net, x, units)
    else:
        gate, up = forms.split(net, linear(net, x, 2 * units), [units, units], x.channel, spelt=net.chance(0.5))
    active = net.node("Mul", gate, net.node("Sigmoid", gate))
    return net.node("Add", x, linear(net, net.node("Mul", active, up), x.channels))


def norm(net: Net, x: Value) -> Value:
    """Normalisation along the features, as an operator or spelt out."""
    kind = net.rng.choice(["layer", "rms", "spelt", "spelt rms"])
    c, last = x.channels, x.ndim - 1
    net.need(x.channel == last)
    if kind == "layer":
        given = (net.vector(c, "p"), net.vector(c) if net.chance(0.6) else None)
        return net.node("LayerNormalization", x, *given, axis=net.rng.choice([-1, last]), epsilon=0.01)
    if kind == "rms":
        return net.node("RMSNormalization", x, net.weight(c, kind="p"), axis=-1, epsilon=0.01)
    centred = x if kind == "spelt rms" else net.node("Sub", x, forms.reduce(net, "ReduceMean", x, [last], keep=True))
    two = net.constant(2.0, x.dtype)
    square = net.node("Pow", centred, two) if net.chance(0.5) else net.node("Mul", centred, centred)
    variance = net.node("Add", forms.reduce(net, "ReduceMean", square, [last], keep=True), net.number(0.1))
    if net.chance(0.5):
        plain = net.node("Div", centred, net.node("Sqrt", variance))
    else:
        plain = net.node("Mul", centred, net.node("Reciprocal", net.node("Sqrt", variance)))
    scaled = net.node("Mul", plain, net.vector(c, "p"))
    return scaled if kind == "spelt rms" else net.node("Add", scaled, net.vector(c))


def positions(net: Net, x: Value) -> Value:
    """Learned positions added: a table as long as the sequence, or rows of a longer one: the first, or any."""
    net.need(x.ndim == 3 and x.channel == 2)
    t, c = x.shape[1:]
    if not x.is_open(1) and net.chance(0.6):
        return net.node("Add", x, net.weight(*net.rng.choice([(t, c), (1, t, c)])))
    if not x.is_open(1) and net.chance(0.5):
        rows = net.constant([net.rng.randrange(t + 4) for _ in range(t)])
        return net.node("Add", x, net.node("Gather", net.weight(t + 4, c), rows, axis=0))
    net.need(net.opset >= 10)
    table = net.weight(300, c)
    length = forms.unsqueeze(net, forms.size_of(net, x, 1), [0])
    shapes = [(shape[1], c) for shape in x.shapes]
    return net.node("Add", x, net.node("Slice", table, net.constant([0]), length, net.constant([0]), shapes=shapes))


def convolved(net: Net, x: Value) -> Value:
    """A convolution over the sequence, between two transpositions."""
    net.need(x.ndim == 3 and x.channel == 2 and x.dtype == FLOAT)
    turned = forms.transpose(net, x, [0, 2, 1])
    c = x.channels
    group = net.rng.choice([1, 1, c])
    units = c if group > 1 else net.rng.choice([4, 8, c])
    y = net.node("Conv", turned, net.weight(units, c // group, 3), net.vector(units), pads=[1, 1], group=group)
    return forms.transpose(net, net.node("Relu", y), [0, 2, 1])


def recurrent(net: Net, x: Value) -> Value:
    """One or two recurrent layers, in one direction or both."""
    net.need(x.ndim == 3 and x.channel == 2 and x.dtype == FLOAT)
    y = forms.transpose(net, x, [1, 0, 2])
    for _ in range(net.rng.choice([1, 1, 2])):
        y = _recurrent(net, y)
    return with_channel(forms.transpose(net, y, [1, 0, 2]), 2)


def _recurrent(net: Net, x: Value) -> Value:
    """One recurrent layer on sequence, batch, features."""
    operator, gates = net.rng.choice([("LSTM", 4), ("LSTM", 4), ("GRU", 3), ("GRU", 3), ("RNN", 1)])
    units, direction = net.rng.choice([4, 6, 8]), net.rng.choice(["forward", "forward", "reverse", "bidirectional"])
    d = 2 if direction == "bidirectional" else 1
    w, r = net.weight(d, gates * units, x.channels), net.weight(d, gates * units, units)
    bias = net.weight(d, 2 * gates * units) if net.chance(0.7) else None
    state = net.weight(d, x.shape[1], units) if not x.is_open(1) and net.chance(0.3) else None
    states = [None, state] if operator != "LSTM" else [None, state, net.weight(*state.shape) if state else None]
    if operator == "LSTM" and net.chance(0.2):
        states = [*states, net.weight(d, 3 * units)]
    more: dict[str, object] = {"direction": None if direction == "forward" else direction, "hidden_size": units}
    if operator == "GRU" and net.chance(0.5):
        more["linear_before_reset"] = 1
    shapes = [(s[0], d, s[1], units) for s in x.shapes]
    y = net.node(operator, x, w, r, bias, *states, shapes=shapes, **more)
    if d == 1 and net.chance(0.7):
        return with_channel(forms.squeeze(net, y, [1]), 2)
    turned = net.node("Transpose", y, perm=[0, 2, 1, 3])
    return forms.reshape(net, turned, [Copy(0), Copy(1), d * units], channel=2)


def last_state(net: Net, x: Value) -> Value:
    """Rows made of the last state of a recurrent layer."""
    net.need(x.dtype == FLOAT)
    turned, units = forms.transpose(net, x, [1, 0, 2]), net.rng.choice([4, 6, 8])
    shapes = [[(s[0], 1, s[1], units), (1, s[1], units)] for s in turned.shapes]
    operator, gates = net.rng.choice([("LSTM", 4), ("GRU", 3), ("RNN", 1)])
    weights = [net.weight(1, gates * units, x.channels), net.weight(1, gates * units, units)]
    _, last = net.many(operator, 2, turned, *weights, hidden_size=units, shapes=[pair[0] for pair in shapes])
    net.forget(last)
    fixed = Value(last.name, (shapes[0][1], shapes[1][1]), last.dtype, 2)
    return with_channel(forms.squeeze(net, fixed, [0]), 1)


def to_rows(net: Net, x: Value) -> Value:
    """Rows made of a sequence: one place, the mean, the largest, all places end to end, or a recurrent state."""
    style = net.rng.choice(["mean", "max", "first", "slice", "flat", "state"])
    if style == "flat" and not x.is_open(1):
        return with_channel(net.node("Flatten", x), 1)
    if style == "state" and x.dtype == FLOAT:
        return last_state(net, x)
    if style == "first":
        index = net.constant(net.rng.choice([0, -1 if net.opset >= 11 else 0]))
        return with_channel(net.node("Gather", x, index, axis=1), 1)
    if style == "slice":
        return with_channel(forms.squeeze(net, forms.cut(net, x, 1, 0, 1), [1]), 1)
    return forms.reduce(net, "ReduceMax" if style == "max" else "ReduceMean", x, [1], keep=False)


def embedded(net: Net, length: int | str, batch: int | str) -> tuple[Value, Value]:
    """Embedded tokens, and the table, with which the network may end too."""
    kind = INT32 if net.chance(0.2) else 7
    ids = net.add_input("x", kind, [batch, length], {"N": (2, 3), "T": (5, 7)})
    table = net.weight(net.rng.choice([SMALLEST_TABLE, 10]), net.rng.choice([8, 12, 16]))
    return with_channel(net.node("Gather", table, ids, axis=0), 2), table


BLOCKS = {
    attention: 10, mlp: 8, gated_mlp: 5, norm: 8, projection: 4, positions: 2, convolved: 2, recurrent: 5,
}  # fmt: skip
