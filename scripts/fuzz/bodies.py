"""Recurrent layers written as Loop or Scan: gates, layers within the body, states, weights that are handed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import onnx
from onnx import helper

from scripts.fuzz import forms
from scripts.fuzz.net import BOOL, FLOAT, INT64, Net, Value, with_channel


@dataclass
class Body:
    """A body or a branch in the making."""

    net: Net
    nodes: list[onnx.NodeProto] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, count: int = 1, **attributes: object) -> str:
        """The first output of a new node."""
        return self.many(operator, count, *inputs, **attributes)[0]

    def many(self, operator: str, count: int, *inputs: str, **attributes: object) -> list[str]:
        """The outputs of a new node."""
        made = [self.net.name("b") for _ in range(count)]
        self.nodes.append(helper.make_node(operator, list(inputs), made, **attributes))
        return made

    def integers(self, values: Sequence[int]) -> str:
        """A constant of the body's own."""
        tensor = helper.make_tensor(self.net.name("k"), INT64, [len(values)], values)
        return self.add("Constant", value=tensor)


def over_steps(net: Net, x: Value) -> Value:
    """A layer over the steps of a sequence: what it hands on, or what it made of each step."""
    net.need(x.ndim == 3 and x.channel == 2 and x.dtype == FLOAT and net.opset >= 13)
    units = net.rng.choice([4, 6, 8])
    start = _start(net, x, units)
    if net.chance(0.4):
        last, steps = _scanned(net, x, start)
    else:
        last, steps = _looped(net, x, start)
    if net.chance(0.6):
        turned = with_channel(forms.transpose(net, steps, [1, 0, 2]), 2)
        return turned if net.chance(0.7) else net.node("Add", turned, forms.unsqueeze(net, last, [1]))
    net.earlier.append(with_channel(last, 1))
    joined = net.node("Add", x, _widened(net, last, x.channels))
    return with_channel(joined, 2)


def remembering(net: Net, x: Value) -> Value:
    """A loop over the steps of a sequence that attends to all it has seen: what it hands on grows at each step."""
    net.need(x.ndim == 3 and x.channel == 2 and x.dtype == FLOAT and net.opset >= 13 and x.shape[1] > 1)
    units, width, body = net.rng.choice([4, 6]), net.rng.choice([3, 5, 8]), Body(net)
    start = _nothing_yet(net, x, units)
    given = [(net.name("b"), INT64, []), (net.name("b"), BOOL, []), (net.name("b"), FLOAT, [x.dims[0], None, units])]
    step, go, before = (name for name, _, _ in given)
    source = body.add("Gather", x.name, step, axis=1)
    fresh = body.add("Tanh", body.add("MatMul", source, net.weight(x.channels, units).name))
    grown = body.add("Concat", before, body.add("Unsqueeze", fresh, body.integers([1])), axis=1)
    query = body.add("Unsqueeze", body.add("MatMul", source, net.weight(x.channels, units).name), body.integers([1]))
    scores = body.add("Softmax", body.add("MatMul", query, body.add("Transpose", grown, perm=[0, 2, 1])), axis=-1)
    values = body.add("MatMul", grown, net.weight(units, width).name) if net.chance(0.5) else grown
    seen = body.add("Squeeze", body.add("MatMul", scores, values), body.integers([1]))
    width = units if values == grown else width
    made = [(body.add("Identity", go), BOOL, []), (grown, FLOAT, [x.dims[0], None, units])]
    made.append((seen, FLOAT, [x.dims[0], width]))
    count = forms.size_of(net, x, 1) if x.is_open(1) or net.chance(0.3) else net.constant(x.shape[1], stored=True)
    shapes = [(shape[0], shape[1] + start.shape[1], units) for shape in x.shapes]
    last, steps = net.many("Loop", 2, count, net.constant(True, BOOL, stored=True), start,
                           body=graph_of(body, given, made), dtype=FLOAT, shapes=shapes)  # fmt: skip
    net.forget(last, steps)
    if net.chance(0.3):
        return forms.reduce(net, "ReduceMax", with_channel(last, 2), [1], keep=True)
    collected = [(shape[1], shape[0], width) for shape in x.shapes]
    return with_channel(forms.transpose(net, Value(steps.name, (collected[0], collected[1]), FLOAT, 2), [1, 0, 2]), 2)


def _nothing_yet(net: Net, x: Value, units: int) -> Value:
    """What is remembered before the first step: nothing at all, or what a layer makes of the first one."""
    if x.is_open(0) or net.chance(0.5):
        return with_channel(forms.unsqueeze(net, _start(net, x, units), [1]), 2)
    return net.weight(x.shape[0], 0, units)


def again_and_again(net: Net, x: Value) -> Value:
    """A layer of rows that is its own input a few times."""
    net.need(x.ndim == 2 and x.dtype == FLOAT and net.opset >= 13)
    body, weight = Body(net), net.weight(x.channels, x.channels)
    step, go, state = (net.name("b") for _ in range(3))
    fresh = body.add("MatMul", state, weight.name)
    if net.chance(0.3):
        fresh = _either(body, state, fresh, x)
    result = _cell(body, fresh, state, x.channels, net.rng.choice(["plain", "deep"]))
    count = net.constant(net.rng.choice([1, 2, 3]), INT64, stored=True)
    graph = graph_of(body, [(step, INT64, []), (go, BOOL, []), (state, FLOAT, x.dims)],
                   [(body.add("Identity", go), BOOL, []), (result, FLOAT, x.dims)])  # fmt: skip
    y = net.node("Loop", count, net.constant(True, BOOL, stored=True), x, body=graph, dtype=FLOAT, shapes=x.shapes)
    return with_channel(y, 1)


def _either(body: Body, state: str, fresh: str, x: Value) -> str:
    """If within a step: a layer of the state, or what is there already."""
    net = body.net
    one, two = Body(net), Body(net)
    made = [(one.add("Relu", one.add("MatMul", state, net.weight(x.channels, x.channels).name)), FLOAT, x.dims)]
    passed = [(two.add(net.rng.choice(["Identity", "Neg"]), fresh), FLOAT, x.dims)]
    total = body.add("ReduceMax", state, keepdims=0)
    truth = body.add("Greater", total, net.constant(0.5, FLOAT, stored=True).name)
    return body.add("If", truth, then_branch=graph_of(one, [], made), else_branch=graph_of(two, [], passed))


def _widened(net: Net, last: Value, units: int) -> Value:
    """What a layer hands on in the end, for each step."""
    wide = net.node("MatMul", with_channel(last, 1), net.weight(last.channels, units))
    return forms.unsqueeze(net, with_channel(wide, 1), [1])


def _start(net: Net, x: Value, units: int) -> Value:
    """The state before the first step: zeros, or what a layer makes of the first one."""
    shapes = [(shape[0], units) for shape in x.shapes]
    if x.is_open(0) or net.chance(0.3):
        first = net.node("Gather", x, net.constant(0, stored=True), axis=1)
        return with_channel(net.node("MatMul", with_channel(first, 1), net.weight(x.channels, units)), 1)
    return net.constant([[0.0] * units] * shapes[0][0], FLOAT, stored=True)


def _shapes(x: Value, units: int) -> tuple[list[int | None], list[tuple[int, ...]]]:
    """Sizes of a state, open ones `None`, and its shapes at both choices of open sizes."""
    return [x.dims[0], units], [(shape[0], units) for shape in x.shapes]


def _looped(net: Net, x: Value, start: Value) -> tuple[Value, Value]:
    """Loop: each step is picked by its number; weights are handed on, or read from outside."""
    units, body = start.shape[1], Body(net)
    dims, shapes = _shapes(x, units)
    step, go, state = (net.name("b") for _ in range(3))
    given, more, passed = [(step, INT64, []), (go, BOOL, []), (state, FLOAT, dims)], [], []
    weight = net.weight(x.channels, units).name
    if net.chance(0.5):
        more, name, weight = [weight], weight, net.name("b")
        given.append((weight, FLOAT, [x.channels, units]))
        passed = [(body.add("Identity", weight) if net.chance(0.5) else weight, FLOAT, [x.channels, units])]
        more = [Value(name, ((x.channels, units),) * 2, FLOAT)]
    source = body.add("Gather", x.name, step, axis=1)
    result = _cell(body, body.add("MatMul", source, weight), state, units, net.rng.choice(["plain", "gated", "deep"]))
    made = [(body.add("Identity", go), BOOL, []), (result, FLOAT, dims), *passed]
    made.append((body.add("Identity", result), FLOAT, dims))
    count = forms.size_of(net, x, 1) if x.is_open(1) or net.chance(0.3) else net.constant(x.shape[1], stored=True)
    outputs = net.many("Loop", 2 + len(more), count, net.constant(True, BOOL, stored=True), start, *more,
                       body=graph_of(body, given, made), dtype=FLOAT, shapes=shapes)  # fmt: skip
    net.forget(*outputs)
    steps = [(shape[1], shape[0], units) for shape in x.shapes]
    return with_channel(outputs[0], 1), Value(outputs[-1].name, (steps[0], steps[1]), FLOAT, 2)


def _scanned(net: Net, x: Value, start: Value) -> tuple[Value, Value]:
    """Scan: each step is handed to the body."""
    units, body = start.shape[1], Body(net)
    dims, shapes = _shapes(x, units)
    state, source = net.name("b"), net.name("b")
    weight = net.weight(x.channels, units)
    drawn = net.rng.choice(["plain", "gated", "deep", "normed"])
    result = _cell(body, body.add("MatMul", source, weight.name), state, units, drawn)
    given = [(state, FLOAT, dims), (source, FLOAT, [x.dims[0], x.channels])]
    made = [(result, FLOAT, dims), (body.add(net.rng.choice(["Neg", "Tanh"]), result), FLOAT, dims)]
    backwards = [1] if net.chance(0.3) else None
    outputs = net.many("Scan", 2, start, x, body=graph_of(body, given, made), num_scan_inputs=1, scan_input_axes=[1],
                       scan_input_directions=backwards, dtype=FLOAT, shapes=shapes)  # fmt: skip
    net.forget(*outputs)
    steps = [(shape[1], shape[0], units) for shape in x.shapes]
    return with_channel(outputs[0], 1), Value(outputs[1].name, (steps[0], steps[1]), FLOAT, 2)


def _cell(body: Body, fresh: str, state: str, units: int, kind: str) -> str:
    """What a step makes of what is new and of its state."""
    net = body.net
    if kind == "gated":
        both = body.add("MatMul", state, net.weight(units, 2 * units).name)
        if net.chance(0.5):
            both = body.add("Add", both, net.vector(2 * units).name)
        gate, candidate = body.many("Split", 2, both, body.integers([units, units]), axis=net.rng.choice([1, -1]))
        opened = body.add("Sigmoid", gate)
        return body.add("Add", body.add("Mul", opened, state), body.add("Tanh", body.add("Add", candidate, fresh)))
    if kind == "deep":
        inner = net.rng.choice([3, 5, 7])
        hidden = body.add("Relu", body.add("Gemm", state, net.weight(units, inner).name, net.vector(inner).name))
        return body.add("Tanh", body.add("Add", body.add("MatMul", hidden, net.weight(inner, units).name), fresh))
    total = body.add("Add", body.add("MatMul", state, net.weight(units, units).name), fresh)
    if kind == "normed" and net.has("LayerNormalization"):
        return body.add("LayerNormalization", total, net.vector(units, "p").name, epsilon=0.01)
    return body.add("Tanh", total)


_Info = tuple[str, int, Sequence[int | None]]


def graph_of(body: Body, given: Sequence[_Info], made: Sequence[_Info]) -> onnx.GraphProto:
    """The subgraph that a body is."""
    infos = ([helper.make_tensor_value_info(*info) for info in side] for side in (given, made))
    return helper.make_graph(body.nodes, body.net.name("body"), *infos)


BLOCKS = {over_steps: 3, remembering: 2, again_and_again: 2}
