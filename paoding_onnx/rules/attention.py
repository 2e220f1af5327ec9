"""Attention as one node, in onnxruntime's forms and ONNX's own, and rotary embeddings."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Axis, Operand, axis, right_aligned
from paoding_onnx.rules.facts import Contracts
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Rule, fixed, register
from paoding_onnx.rules.why import Hold, Why

_MICROSOFT = "com.microsoft"
_WHY = Why("compares whole heads along this axis, or scales by its size", Hold.HEADS)


@register("Attention", read=1, domain=_MICROSOFT)
def packed_attention(node: Node) -> Rule:
    """com.microsoft Attention: queries, keys and values from one weight; heads go whole."""
    sizes = node.integers("qkv_hidden_sizes")
    if sizes is not None and len(set(sizes)) > 1:
        return fixed(node, "has values of another size than its keys")
    fits = [Fit("num_heads", {0: axis("H")})]
    if sizes is not None:
        fits.append(Fit("qkv_hidden_sizes", dict.fromkeys(range(3), axis("H", "d"))))
    return Rule(
        parse(
            "b s I, I (p H d), (p H d), _, w b H u d, {scores}, _ -> b s (H d), w b H v d",
            scores=_scores(node, 5, axis("H")),
        ),
        sizes={"H": node.integer("num_heads", 1), "p": 3, "w": 2},
        fits=tuple(fits),
        contracts=Contracts((("b", "s", "I", "p", "H", "d"), ("w", "b", "s", "s", "H", "d"))),
        why=_WHY,
    )


@register("MultiHeadAttention", read=1, domain=_MICROSOFT)
def multi_head_attention(node: Node) -> Rule:
    """com.microsoft MultiHeadAttention: parts of a head go alone where no bias ties them and the scale is given."""
    if any(len(node.shape(k)) != 3 for k in (0, 1, 2)):
        return fixed(node, "has its queries, keys or values packed")
    key, value = ("D", "E") if _has_scale(node) else ("d", "E")
    if node.operand(3) is not None:
        if node.shape(1) != node.shape(2):
            return fixed(node, "has one bias for keys and values of different sizes")
        key = value = "d"
    return Rule(
        parse(
            "b s (H {key}), b t (H {key}), b t (H {value}), (p H d), _, {scores}, b H u {key}, b H u {value}, _, _"
            " -> b s (H {value}), b H v {key}, b H v {value}, b H s v",
            key=axis(key),
            value=axis(value),
            scores=_scores(node, 5, axis("H")),
        ),
        sizes={"H": node.integer("num_heads", 1), **({"p": 3} if node.operand(3) is not None else {})},
        fits=(Fit("num_heads", {0: axis("H")}),),
        contracts=Contracts((("b", "s", "t", "H", key), ("b", "s", "t", "H", value))),
        why=_WHY,
    )


@register("GroupQueryAttention", read=1, domain=_MICROSOFT)
def group_query_attention(node: Node) -> Rule:
    """com.microsoft GroupQueryAttention: R query heads share one of K heads of keys and values."""
    if node.operand(1) is None:
        return fixed(node, "has its queries, keys and values packed")
    if node.text("k_quant_type", "NONE") != "NONE":
        return fixed(node, "keeps its keys and values quantized")
    heads = axis("K", "R")
    return Rule(
        parse(
            "b s (K R d), b s (K d), b s (K d), b K u d, b K u d, _, _, _, _, _, {scores}, (K R), _, _, d, d"
            " -> b s (K R d), b K v d, b K v d, b (K R) s v",
            scores=_scores(node, 10, heads),
        ),
        sizes={"K": node.integer("kv_num_heads", 1), "R": _ratio(node, "num_heads", "kv_num_heads")},
        fits=(Fit("num_heads", {0: heads}), Fit("kv_num_heads", {0: axis("K")})),
        contracts=Contracts((("b", "s", "s", "K", "R", "d"),) * 2),
        why=_WHY,
    )


@register("Attention", read=25)
def attention(node: Node) -> Rule:
    """ONNX Attention-25: R query heads share one of K heads; parts of heads go alone where the scale is given."""
    part, heads = "D" if _has_scale(node) else "d", axis("K", "R")
    contracts = Contracts((("b", "s", "t", "K", "R", part), ("b", "s", "t", "K", "R", "E")))
    mask = _scores(node, 3, heads)
    if len(node.shape(0)) == 4:
        sizes = {"R": node.shape(0)[1] // max(node.shape(1)[1], 1)}
        return Rule(parse(_HEADS_APART, part=axis(part), mask=mask), sizes=sizes, contracts=contracts, why=_WHY)
    sizes = {"K": node.integer("kv_num_heads", 1), "R": _ratio(node, "q_num_heads", "kv_num_heads")}
    fits = (Fit("q_num_heads", {0: heads}), Fit("kv_num_heads", {0: axis("K")}))
    return Rule(parse(_HEADS_JOINED, part=axis(part), mask=mask), sizes=sizes, fits=fits, contracts=contracts, why=_WHY)


_HEADS_APART = (
    "b (K R) s {part}, b K t {part}, b K t E, {mask}, b K u {part}, b K u E, _"
    " -> b (K R) s E, b K v {part}, b K v E, b (K R) s v"
)
_HEADS_JOINED = (
    "b s (K R {part}), b t (K {part}), b t (K E), {mask}, b K u {part}, b K u E, _"
    " -> b s (K R E), b K v {part}, b K v E, b (K R) s v"
)


@register("RotaryEmbedding", read=23)
@register("RotaryEmbedding", read=1, domain=_MICROSOFT)
def rotary(node: Node) -> Rule:
    """ONNX RotaryEmbedding-23, com.microsoft too: turns pairs of a head's entries; heads go whole."""
    why = "turns pairs of entries along this axis"
    if len(node.shape(0)) == 4:
        return Rule(parse("b H s d, _, _, _ -> b H s d"), why=why)
    heads = node.integer("num_heads", 0)
    size = node.shape(0)[-1] // heads if heads else 2 * node.shape(2)[-1]
    fits = (Fit("num_heads", {0: axis("H")}),) if heads else ()
    return Rule(parse("b s (H d), _, _, _ -> b s (H d)"), sizes={"d": size}, fits=fits, why=why)


def _has_scale(node: Node) -> bool:
    """Whether the scale of the scores is written down, and not computed from the size of a head.

    Keys that are returned too keep that size, so that nobody who reads them misses a part.
    """
    return node.real("scale", 0.0) != 0 and all(tensor is None for tensor in node.outputs[1:])


def _scores(node: Node, index: int, heads: Axis) -> Operand:
    """Axes of what is added to the scores of queries (s) and keys, which broadcasts: batch, heads, s, v."""
    return right_aligned((axis("m"), heads, axis("s"), axis("k")), node.shape(index))


def _ratio(node: Node, queries: str, shared: str) -> int:
    return node.integer(queries, 1) // max(node.integer(shared, 1), 1)
