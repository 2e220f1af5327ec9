"""A failing network made smaller while it still fails in the same way."""

from __future__ import annotations

from collections.abc import Iterator

import onnx
from onnx import TensorProto, helper

from scripts.fuzz.oracle import Outcome, judge
from scripts.fuzz.text import to_text

SEEDS = 3
"""Plans tried for each smaller network: units have other numbers there."""


def shrink(text: str, seed: int, outcome: Outcome, *, attempts: int = 300) -> tuple[str, int]:
    """The smallest text found that fails as `outcome` says, and the seed with which it does."""
    candidates = _candidates(onnx.parser.parse_model(text))
    for _ in range(attempts):
        candidate = next(candidates, None)
        if candidate is None:
            break
        found = _failing_seed(candidate, seed, outcome)
        if found is not None:
            text, seed = candidate, found
            candidates = _candidates(onnx.parser.parse_model(text))
    return text, seed


def _failing_seed(text: str, seed: int, outcome: Outcome) -> int | None:
    """The first of a few seeds with which a text fails in the same way."""
    for other in range(seed, seed + SEEDS):
        found = judge(text, other)
        if found.kind == outcome.kind and found.detail[:15] == outcome.detail[:15]:
            return other
        if not found.is_failure and found.kind != "pruned":
            return None
    return None


def _candidates(proto: onnx.ModelProto) -> Iterator[str]:
    """Smaller networks: one output less, an earlier output, a later input, one node less."""
    types = _types(proto)
    names = [info.name for info in proto.graph.output]
    if len(names) > 1:
        yield from (_with_outputs(proto, [name], types) for name in names)
    made = [node.output[0] for node in proto.graph.node if node.op_type != "Constant"]
    yield from (_with_outputs(proto, [name], types) for name in made[1:-1] if name in types)
    yield from (_from_input(proto, name, types) for name in made[-3::-1] if name in types)
    for index, node in enumerate(proto.graph.node):
        output = types.get(node.output[0])
        for name in node.input:
            if output is not None and name in types and types[name] == output:
                yield _bypassed(proto, index, name)


def _types(proto: onnx.ModelProto) -> dict[str, tuple[int, tuple[int | str, ...]]]:
    """Type and shape of every tensor of numbers, as far as inference knows them."""
    found = {}
    inferred = onnx.shape_inference.infer_shapes(proto).graph
    for info in (*inferred.input, *inferred.value_info, *inferred.output):
        tensor = info.type.tensor_type
        dims = tuple(d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim)
        if tensor.elem_type in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
            found[info.name] = tensor.elem_type, dims
    return found


def _with_outputs(proto: onnx.ModelProto, names: list[str], types: dict[str, tuple[int, tuple[int | str, ...]]]) -> str:
    """The network that returns these tensors only."""
    copy = _copy(proto)
    del copy.graph.output[:]
    for name in names:
        dtype, dims = types[name]
        shape = [d if isinstance(d, int) else None for d in dims]
        copy.graph.output.append(helper.make_tensor_value_info(name, dtype, shape))
    return _cleaned(copy)


def _from_input(proto: onnx.ModelProto, name: str, types: dict[str, tuple[int, tuple[int | str, ...]]]) -> str:
    """The network that gets an inner tensor as an input."""
    copy = _copy(proto)
    for node in copy.graph.node:
        node.output[:] = [f"{output}_" if output == name else output for output in node.output]
    dtype, dims = types[name]
    copy.graph.input.append(helper.make_tensor_value_info(name, dtype, [None if d == "?" else d for d in dims]))
    return _cleaned(copy)


def _bypassed(proto: onnx.ModelProto, index: int, source: str) -> str:
    """The network in which one input of a node takes the place of its output."""
    copy = _copy(proto)
    gone = copy.graph.node[index].output[0]
    del copy.graph.node[index]
    for node in copy.graph.node:
        node.input[:] = [source if name == gone else name for name in node.input]
    for info in [info for info in copy.graph.output if info.name == gone]:
        info.name = source
    return _cleaned(copy)


def _copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A copy to change."""
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


def _cleaned(proto: onnx.ModelProto) -> str:
    """The text without what no output comes from."""
    graph = proto.graph
    wanted = {info.name for info in graph.output}
    for node in reversed([*graph.node]):
        if wanted & set(node.output):
            wanted |= _reads(node)
        else:
            graph.node.remove(node)
    made = {name for node in graph.node for name in node.output}
    for items in (graph.initializer, graph.input, graph.value_info):
        for item in [item for item in items if item.name not in wanted or (items is graph.input and item.name in made)]:
            items.remove(item)
    weights = [info for info in graph.value_info if info.name not in made]
    del graph.value_info[:]
    graph.value_info.extend(weights)
    return to_text(proto)


def _reads(node: onnx.NodeProto) -> set[str]:
    """All names that a node and its subgraphs read."""
    inner = (_reads(n) for a in node.attribute if a.HasField("g") for n in a.g.node)
    return set(node.input).union(*inner)
