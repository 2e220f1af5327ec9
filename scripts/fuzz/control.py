"""Blocks with subgraphs, which read tensors of the network around them: If, Loop, Scan."""

from __future__ import annotations

import onnx
from onnx import helper

from scripts.fuzz import forms
from scripts.fuzz.net import BOOL, INT64, Net, Value


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


BLOCKS = {conditional: 2, looped: 1, scanned: 1}
