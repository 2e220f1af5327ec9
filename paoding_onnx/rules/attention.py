"""Attention as one node, in onnxruntime's forms and ONNX's own, and rotary embeddings."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Rule, fixed, register, right_aligned

_MICROSOFT = "com.microsoft"
_WHY = "compares whole heads along this axis, or scales by its size"


@register("Attention", read=1, domain=_MICROSOFT)
def packed_attention(node: Node) -> Rule:
    """com.microsoft Attention: queries, keys and values from one weight; heads go whole."""
    sizes = node.integers("qkv_hidden_sizes")
    if sizes is not None and len(set(sizes)) > 1:
        return fixed(node, "has values of another size than its keys")
    fits = [Fit("num_heads", {0: "H"})]
    if sizes is not None:
        fits.append(Fit("qkv_hidden_sizes", dict.fromkeys(range(3), "(H d)")))
    return Rule(
        f"b s I, I (p H d), (p H d), _, w b H u d, {_scores(node, 5, 'H')}, _ -> b s (H d), w b H v d",
        sizes={"H": node.integer("num_heads", 1), "p": 3, "w": 2},
        fits=tuple(fits),
        macs=("b", "s", "I", "p", "H", "d"),
        more_macs=("w", "b", "s", "s", "H", "d"),
        why=_WHY,
    )


@register("MultiHeadAttention", read=1, domain=_MICROSOFT)
def multi_head_attention(node: Node) -> Rule:
    """com.microsoft MultiHeadAttention: parts of a head go alone where no bias ties them and the scale is given."""
    if any(len(node.shape(k)) != 3 for k in (0, 1, 2)):
        return fixed(node, "has its queries, keys or values packed")
    keys, values = ("D", "E") if _has_scale(node) else ("d", "E")
    if node.operand(3) is not None:
        if node.shape(1) != node.shape(2):
            return fixed(node, "has one bias for keys and values of different sizes")
        keys = values = "d"
    scores = _scores(node, 5, "H")
    return Rule(
        f"b s (H {keys}), b t (H {keys}), b t (H {values}), (p H d), _, {scores}, b H u {keys}, b H u {values}, _, _"
        f" -> b s (H {values}), b H v {keys}, b H v {values}, b H s v",
        sizes={"H": node.integer("num_heads", 1), **({"p": 3} if node.operand(3) is not None else {})},
        fits=(Fit("num_heads", {0: "H"}),),
        macs=("b", "s", "t", "H", keys),
        more_macs=("b", "s", "t", "H", values),
        why=_WHY,
    )


@register("GroupQueryAttention", read=1, domain=_MICROSOFT)
def group_query_attention(node: Node) -> Rule:
    """com.microsoft GroupQueryAttention: R query heads share one of K heads of keys and values."""
    if node.operand(1) is None:
        return fixed(node, "has its queries, keys and values packed")
    if node.text("k_quant_type", "NONE") != "NONE":
        return fixed(node, "keeps its keys and values quantized")
    query, shared = "b s (K R d)", "b s (K d)"
    return Rule(
        f"{query}, {shared}, {shared}, b K u d, b K u d, _, _, _, _, _, {_scores(node, 10, '(K R)')}, (K R), _, _, d, d"
        f" -> {query}, b K v d, b K v d, b (K R) s v",
        sizes={"K": node.integer("kv_num_heads", 1), "R": _ratio(node, "num_heads", "kv_num_heads")},
        fits=(Fit("num_heads", {0: "(K R)"}), Fit("kv_num_heads", {0: "K"})),
        macs=("b", "s", "s", "K", "R", "d"),
        more_macs=("b", "s", "s", "K", "R", "d"),
        why=_WHY,
    )


@register("Attention", read=25)
def attention(node: Node) -> Rule:
    """ONNX Attention-25: R query heads share one of K heads; parts of heads go alone where the scale is given."""
    part = "D" if _has_scale(node) else "d"
    if len(node.shape(0)) == 4:
        ratio = node.shape(0)[1] // max(node.shape(1)[1], 1)
        sizes: dict[str, int] = {"R": ratio}
        fits: tuple[Fit, ...] = ()
        query, key, value, y = f"b (K R) s {part}", f"b K t {part}", "b K t E", "b (K R) s E"
    else:
        sizes = {"K": node.integer("kv_num_heads", 1), "R": _ratio(node, "q_num_heads", "kv_num_heads")}
        fits = (Fit("q_num_heads", {0: "(K R)"}), Fit("kv_num_heads", {0: "K"}))
        query, key, value, y = f"b s (K R {part})", f"b t (K {part})", "b t (K E)", "b s (K R E)"
    mask = _scores(node, 3, "(K R)")
    return Rule(
        f"{query}, {key}, {value}, {mask}, b K u {part}, b K u E, _ -> {y}, b K v {part}, b K v E, b (K R) s v",
        sizes=sizes,
        fits=fits,
        macs=("b", "s", "t", "K", "R", part),
        more_macs=("b", "s", "t", "K", "R", "E"),
        why=_WHY,
    )


@register("RotaryEmbedding", read=23)
@register("RotaryEmbedding", read=1, domain=_MICROSOFT)
def rotary(node: Node) -> Rule:
    """ONNX RotaryEmbedding-23, com.microsoft too: turns pairs of a head's entries; heads go whole."""
    why = "turns pairs of entries along this axis"
    if len(node.shape(0)) == 4:
        return Rule("b H s d, _, _, _ -> b H s d", why=why)
    heads = node.integer("num_heads", 0)
    size = node.shape(0)[-1] // heads if heads else 2 * node.shape(2)[-1]
    fits = (Fit("num_heads", {0: "H"}),) if heads else ()
    return Rule("b s (H d), _, _, _ -> b s (H d)", sizes={"d": size}, fits=fits, why=why)


def _has_scale(node: Node) -> bool:
    """Whether the scale of the scores is written down, and not computed from the size of a head.

    Keys that are returned too keep that size, so that nobody who reads them misses a part.
    """
    return node.real("scale", 0.0) != 0 and all(tensor is None for tensor in node.outputs[1:])


def _scores(node: Node, index: int, heads: str) -> str:
    """Axes of what is added to the scores of queries (s) and keys, which broadcasts: batch, heads, s, v."""
    return " ".join(right_aligned(["m", heads, "s", "k"], node.shape(index)))


def _ratio(node: Node, queries: str, shared: str) -> int:
    return node.integer(queries, 1) // max(node.integer(shared, 1), 1)
