"""Blocks with subgraphs, which read tensors of the network around them: If, Loop, Scan."""

from __future__ import annotations

import onnx
from onnx import helper

from scripts.fuzz import forms
from scripts.fuzz.bodies import Body, graph_of
from scripts.fuzz.net import BOOL, FLOAT, INT64, Net, Value


def conditional(net: Net, x: Value) -> Value:
    """If: each branch computes something of the tensor outside."""
    truth = net.constant(net.chance(0.5), BOOL, stored=True)
    if net.chance(0.5):
        total = forms.reduce(net, "ReduceSum", x, list(range(x.ndim)), keep=False)
        truth = net.node("Greater", total, net.constant(0.0, x.dtype, stored=True))
    one, two = _branch(net, x, "Relu"), _branch(net, x, "Tanh")
    y = net.node("If", truth, then_branch=one, else_branch=two, dtype=x.dtype, shapes=x.shapes)
    return Value(y.name, x.shapes, x.dtype, x.channel)


def _branch(net: Net, x: Value, operator: str) -> onnx.GraphProto:
    """A branch of If: an activation and a gain of the tensor outside."""
    name, weight = net.name("b"), net.weight(*x.per_channel())
    inner = net.name("b")
    nodes = [helper.make_node(operator, [x.name], [inner]), helper.make_node("Mul", [inner, weight.name], [name])]
    if net.chance(0.3):
        nodes[1] = helper.make_node("Add", [inner, x.name], [name])
    return helper.make_graph(nodes, net.name("branch"), [], [helper.make_tensor_value_info(name, x.dtype, x.dims)])


def ending(net: Net, x: Value, width: int) -> Value:
    """If at the end of a network of rows: each branch has layers of its own, and their result leaves the network.

    What decides is the content of the rows, or a whole number that is fed.
    """
    net.need(x.ndim == 2 and x.dtype == FLOAT)
    if net.chance(0.5):
        total = forms.reduce(net, "ReduceSum", x, [0, 1], keep=False)
        truth = net.node("Greater", total, net.constant(0.0, x.dtype, stored=True))
    else:
        rate = net.add_input("rate", INT64, [], {})
        truth = net.node("Equal", rate, net.constant(8000, INT64, stored=True))
    one, two = (_layers(net, x, operator, width) for operator in ("Relu", "Tanh"))
    shapes = [(shape[0], width) for shape in x.shapes]
    return net.node("If", truth, then_branch=one, else_branch=two, dtype=x.dtype, shapes=shapes)


def _layers(net: Net, x: Value, operator: str, width: int) -> onnx.GraphProto:
    """A branch of If: two dense layers of its own, or one that other nodes read as well."""
    n_units = net.rng.choice([4, 6, 9])
    first, second = net.weight(x.channels, n_units), net.weight(n_units, width)
    made = [net.name("b") for _ in range(3)]
    nodes = [
        helper.make_node("MatMul", [x.name, first.name], [made[0]]),
        helper.make_node(operator, [made[0]], [made[1]]),
        helper.make_node("MatMul", [made[1], second.name], [made[2]]),
    ]
    result = helper.make_tensor_value_info(made[2], x.dtype, [x.dims[0], width])
    return helper.make_graph(nodes, net.name("branch"), [], [result])


def branched(net: Net, x: Value) -> Value:
    """If in the middle of a network: layers in both branches, of what is outside, choices among them now and then."""
    net.need(x.ndim in (2, 3) and x.channel == x.ndim - 1 and x.dtype == FLOAT)
    width = net.rng.choice([x.channels, 4, 6, 9])
    truth = _truth(net, x)
    shapes = [(*shape[:-1], width) for shape in x.shapes]
    one, two = (_way(net, x, width, truth, 1) for _ in range(2))
    y = net.node("If", truth, then_branch=one, else_branch=two, dtype=x.dtype, shapes=shapes)
    return Value(y.name, y.shapes, y.dtype, x.channel)


def _truth(net: Net, x: Value) -> Value:
    """What decides: the content, what a layer says of it, or a number that is fed."""
    style = net.rng.choice(["content", "layer", "fed"])
    if style == "fed":
        return net.node("Equal", net.add_input("rate", INT64, [], {}), net.constant(8000, INT64, stored=True))
    source = net.node("MatMul", x, net.weight(x.channels, 1)) if style == "layer" else x
    total = forms.reduce(net, "ReduceSum", source, list(range(x.ndim)), keep=False)
    return net.node("Greater", total, net.constant(0.0, x.dtype, stored=True))


def _way(net: Net, x: Value, width: int, truth: Value, depth: int) -> onnx.GraphProto:
    """A branch of If, as deep as it may be."""
    body, dims = Body(net), [*x.dims[:-1], width]
    style = net.rng.choice(["deep", "deep", "plain", "passed", "nested"])
    if style == "passed" and width == x.channels:
        made = body.add(net.rng.choice(["Identity", "Relu"]), x.name)
    elif style == "nested" and depth:
        other = body.add("Not", truth.name)
        one, two = (_way(net, x, width, truth, depth - 1) for _ in range(2))
        made = body.add("If", other, then_branch=one, else_branch=two)
    elif style == "deep":
        units = net.rng.choice([4, 6, 9])
        hidden = body.add("Relu", body.add("MatMul", x.name, net.weight(x.channels, units).name))
        made = body.add("MatMul", hidden, net.weight(units, width).name)
    else:
        made = body.add("Tanh", body.add("MatMul", x.name, net.weight(x.channels, width).name))
    return graph_of(body, [], [(made, x.dtype, dims)])


def looped(net: Net, x: Value) -> Value:
    """Loop: the tensor is carried round, a captured one is added each time."""
    captured = net.node("Tanh", x) if net.chance(0.5) else net.weight(*x.per_channel())
    names = [net.name("b") for _ in range(6)]
    step, truth, carried, still, scaled, result = names
    nodes = [
        helper.make_node("Identity", [truth], [still]),
        helper.make_node("Tanh", [carried], [scaled]),
        helper.make_node("Add", [scaled, captured.name], [result]),
    ]
    inputs = [
        helper.make_tensor_value_info(step, INT64, []),
        helper.make_tensor_value_info(truth, BOOL, []),
        helper.make_tensor_value_info(carried, x.dtype, x.dims),
    ]
    outputs = [helper.make_tensor_value_info(still, BOOL, []), helper.make_tensor_value_info(result, x.dtype, x.dims)]
    body = helper.make_graph(nodes, net.name("body"), inputs, outputs)
    count, go = net.constant(2, INT64, stored=True), net.constant(True, BOOL, stored=True)
    y = net.node("Loop", count, go, x, body=body, dtype=x.dtype, shapes=x.shapes)
    return Value(y.name, x.shapes, x.dtype, x.channel)


def scanned(net: Net, x: Value) -> Value:
    """Scan along the batch: a running sum beside what it computes for each sample."""
    net.need(net.opset >= 9 and x.ndim >= 2 and not x.is_open())
    names = [net.name("b") for _ in range(5)]
    state, sample, after, mixed, result = names
    weight = net.weight(*[s if a == x.channel else 1 for a, s in enumerate(x.shape)][1:])
    nodes = [
        helper.make_node("Mul", [sample, weight.name], [mixed]),
        helper.make_node("Add", [state, mixed], [after]),
        helper.make_node("Tanh", [after], [result]),
    ]
    sizes = list(x.shape[1:])
    infos = {name: helper.make_tensor_value_info(name, x.dtype, sizes) for name in names}
    body = helper.make_graph(nodes, net.name("body"), [infos[state], infos[sample]], [infos[after], infos[result]])
    more = {"dtype": x.dtype, "shapes": [x.shape[1:]] * 2}
    first, second = net.many("Scan", 2, net.weight(*sizes), x, body=body, num_scan_inputs=1, **more)
    net.forget(first, second)
    return Value(second.name, x.shapes, x.dtype, x.channel)


BLOCKS = {conditional: 2, branched: 4, looped: 1, scanned: 1}
