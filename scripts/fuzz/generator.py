"""Random networks: an input, a few blocks in a row that may reach back, a head, one or more outputs."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import onnx
from onnx import helper

from scripts.fuzz import (
    arithmetic,
    attention,
    bodies,
    control,
    experts,
    forms,
    fused_attention,
    images,
    indexing,
    joins,
    mixing,
    odd,
    pointwise,
    quantized,
    rows,
    tokens,
)
from scripts.fuzz.forms import Copy
from scripts.fuzz.kernels import NEWEST
from scripts.fuzz.net import BOOL, DOUBLE, FLOAT, HALF, INT64, Net, Unfit, Value, with_channel
from scripts.fuzz.text import to_text

Block = Callable[[Net, Value], Value]
IR = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10,
      23: 11, 24: 11, 25: 12, 26: 13}  # fmt: skip
"""The file format that came with each opset."""
RARE = [
    (arithmetic.BLOCKS, 2),
    (control.BLOCKS, 0.6),
    (bodies.BLOCKS, 0.7),
    (experts.BLOCKS, 0.7),
    (odd.BLOCKS, 2),
    (indexing.BLOCKS, 2.5),
    (quantized.ANYWHERE, 0.5),
]


def generate(seed: int) -> str:
    """The text of a random network; the same for the same seed.

    Raises:
        Unfit: if the draws make no network.
    """
    rng = random.Random(seed)
    opset = rng.choice([rng.randint(7, NEWEST), rng.randint(21, NEWEST), rng.choice([9, 11, 13, 17, 18])])
    template = rng.choices([image_net, token_net, row_net], [6, 4, 2])[0]
    others = [HALF] if template is image_net else [HALF, DOUBLE]  # Conv has no kernel for doubles
    dtype = FLOAT if rng.random() < 0.9 else rng.choice(others)
    net = Net(rng, opset, min(IR[opset] + rng.choice([0, 0, 0, 1]), 13), dtype)
    outputs = template(net)
    return to_text(_model(net, outputs))


def image_net(net: Net) -> list[Value]:
    """A convolutional network."""
    space = net.rng.choices([1, 2, 3], [1, 10, 1])[0]
    side = net.rng.choice([4, 6, 7, 8, 8, 10]) if space < 3 else 4
    open_space = space == 2 and net.chance(0.04)
    dims = [_batch(net), net.rng.choice([1, 3, 3, 4]), *(["H", "W"] if open_space else [side] * space)]
    x = net.add_input("x", net.dtype, dims, {"N": (2, 3), "H": (8, 12), "W": (8, 10)})
    x = net.tried(images.conv, x)
    main = [(images.BLOCKS, 6), (mixing.BLOCKS, 3), (joins.BLOCKS, 5), (pointwise.BLOCKS, 3), (quantized.IMAGES, 1)]
    x = run(net, x, [*main, *RARE])
    if space == 2 and net.dtype == FLOAT and net.chance(0.12):
        return sequence_of(net, patches(net, x))
    if net.chance(0.25):
        return outputs_of(net, net.tried(lambda n, v: images.convolved(n, v, 3), x))
    x = rows.from_image(net, x)
    for _ in range(net.rng.choice([0, 1, 1, 2])):
        x = net.tried(rows.deep, x)
    return outputs_of(net, head_of(net, x))


def patches(net: Net, x: Value) -> Value:
    """The pixels of an image as a sequence."""
    if x.is_open(2, 3):
        net.need(net.opset >= 11)
        shapes = [(*s[:2], s[2] * s[3]) for s in x.shapes]
        flat = net.node("Reshape", x, net.constant([0, 0, -1]), shapes=shapes)
    else:
        flat = forms.reshape(net, x, [Copy(0), x.channels, x.shape[2] * x.shape[3]])
    return forms.transpose(net, flat, [0, 2, 1])


def token_net(net: Net) -> list[Value]:
    """A sequence model: transformer, recurrent or both, on tokens or on vectors."""
    length = "T" if net.chance(0.15) else net.rng.choice([3, 4, 6])
    table, batch = None, _batch(net)
    if net.chance(0.4):
        x, table = tokens.embedded(net, length, batch)
    else:
        x = net.add_input("x", net.dtype, [batch, length, net.rng.choice([4, 6])], {"N": (2, 3), "T": (5, 7)})
        x = with_channel(x, 2)
        x = attention.linear(net, x, net.rng.choice([8, 12, 16]))
    if net.chance(0.25):
        net.mask = net.add_input("x", net.rng.choice([BOOL, INT64, FLOAT]), [batch, length], {"N": (2, 3), "T": (5, 7)})
    return sequence_of(net, x, table)


def sequence_of(net: Net, x: Value, table: Value | None = None) -> list[Value]:
    """Blocks on a sequence, and a head, which may be the table of the embedding."""
    x = net.tried(tokens.positions, x)
    main = [(tokens.BLOCKS, 9), (joins.BLOCKS, 3), (pointwise.BLOCKS, 2), (fused_attention.BLOCKS, 2.5)]
    x = run(net, x, [*main, *RARE])
    if table is not None and net.chance(0.5):
        x = x if x.channels == table.shape[1] else attention.linear(net, x, table.shape[1])
        words = with_channel(net.node("MatMul", x, net.node("Transpose", table, perm=[1, 0])), 2)
        if net.chance(0.3):
            words = attention.linear(net, net.node("Relu", words), 5)
        return outputs_of(net, words)
    if net.chance(0.3):
        return outputs_of(net, attention.linear(net, x, 5))
    x = tokens.to_rows(net, x)
    return outputs_of(net, rows.dense_to(net, x, 5))


def row_net(net: Net) -> list[Value]:
    """A dense network."""
    x = net.add_input("x", net.dtype, [_batch(net), net.rng.choice([3, 6, 8])], {"N": (2, 3)})
    x = rows.deep(net, x)
    if net.chance(0.25) and not x.is_open():
        other = net.add_input("x", net.dtype, [x.shape[0], 4], {})
        net.earlier.append(rows.dense_to(net, other, net.rng.choice([x.channels, 6])))
    x = run(net, x, [(rows.BLOCKS, 5), (joins.BLOCKS, 3), (pointwise.BLOCKS, 3), (quantized.ROWS, 2), *RARE])
    return outputs_of(net, head_of(net, x))


def head_of(net: Net, x: Value) -> Value:
    """The last layer of rows; now and then two networks, one of which is computed."""
    if x.ndim == 2 and x.dtype == FLOAT and net.chance(0.1):
        return control.ending(net, x, 5)
    return rows.dense_to(net, x, 5)


def run(net: Net, x: Value, families: list[tuple[Mapping[Block, int], float]]) -> Value:
    """A few blocks in a row, each drawn from a family of blocks."""
    for _ in range(net.rng.randint(2, 9)):
        net.earlier = [*net.earlier, x][-5:]
        (family,) = net.rng.choices([f for f, _ in families], [weight for _, weight in families])
        (block,) = net.rng.choices(list(family), list(family.values()))
        y = net.tried(block, x)
        x = with_channel(y, x.channel)
    return x


def outputs_of(net: Net, last: Value) -> list[Value]:
    """What the network returns: its last tensor, now and then others on the way."""
    if net.chance(0.15):
        last = net.node(net.rng.choice(["Softmax", "Sigmoid", "Tanh", "Identity"]), last)
    found = [last]
    if net.earlier and net.chance(0.2):
        other = net.rng.choice(net.earlier)
        found.append(other if net.chance(0.4) else joins.projected(net, other, 3))
    made = {name for node in net.nodes for name in node.output}
    return [value for value in dict.fromkeys(found) if value.name in made]


def _batch(net: Net) -> int | str:
    """A batch size, or the name of an open one."""
    return "N" if net.chance(0.35) else net.rng.choice([1, 2, 3])


def _model(net: Net, outputs: list[Value]) -> onnx.ModelProto:
    """The model that returns `outputs`."""
    if not outputs:
        raise Unfit("no outputs")
    infos = [helper.make_tensor_value_info(name, dims[0], dims[1:]) for name, dims in net.inputs.items()]
    results = [helper.make_tensor_value_info(v.name, v.dtype, v.dims) for v in outputs]
    kept = _needed(net.nodes, {value.name for value in outputs}, drop=net.chance(0.9))
    read = {name for node in kept for name in _reads(node)}
    named = {name for node in kept for name in node.output} - {value.name for value in outputs}
    weights = [info for info in net.weights if info.name in read]
    inner = [info for info in net.infos if info.name in named] if net.chance(0.4) else []
    constants = [tensor for tensor in net.constants if tensor.name in read]
    graph = helper.make_graph(kept, "g", infos, results, constants, value_info=[*weights, *inner])
    domains = {"": net.opset} | {node.domain: 1 for node in kept if node.domain}
    opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
    return helper.make_model(graph, ir_version=net.ir, opset_imports=opsets)


def _needed(nodes: list[onnx.NodeProto], wanted: set[str], *, drop: bool) -> list[onnx.NodeProto]:
    """The nodes that outputs come from; all of them unless `drop`."""
    kept = []
    for node in reversed(nodes):
        if not drop or wanted & set(node.output):
            kept.append(node)
            wanted = wanted | _reads(node)
    return kept[::-1]


def _reads(node: onnx.NodeProto) -> set[str]:
    """All names that a node and its subgraphs read."""
    inner = (_reads(n) for a in node.attribute if a.HasField("g") for n in a.g.node)
    return set(node.input).union(*inner)
