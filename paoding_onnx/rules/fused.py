"""Operators of com.microsoft that onnxruntime's optimizers write in place of several: FusedConv, Gelu, FusedMatMul."""

from __future__ import annotations

from paoding_onnx.model.graph import Node
from paoding_onnx.rules.rule import Fit, Passes, Rule, axis_index, names, register, right_aligned, spell

_MICROSOFT = "com.microsoft"
_PASSES = {"": Passes.ANY, "Relu": Passes.POSITIVE, "LeakyRelu": Passes.POSITIVE}
"""What fused activations let pass; all others only a scale of one."""


@register("FusedConv", read=1, domain=_MICROSOFT)
def fused_conv(node: Node) -> Rule:
    """com.microsoft FusedConv: Conv, then an optional second branch added, then an optional activation."""
    spatial = len(node.shape(0)) - 2
    return Rule(
        "n (G I) *s, (G O) I *k, (G O), n (G O) *t -> n (G O) *t",
        sizes={"G": node.integer("group", 1)},
        fits=(Fit("group", {0: "G"}),),
        macs=("n", "G", "I", "O", *names("k", spatial), *names("t", spatial)),
        passes=_PASSES.get(node.text("activation", ""), Passes.ONE),
        why="slides over this axis",
    )


@register("FusedGemm", read=1, domain=_MICROSOFT)
def fused_gemm(node: Node) -> Rule:
    """com.microsoft FusedGemm: Gemm, then an activation."""
    a = "K M" if node.integer("transA", 0) else "M K"
    b = "N K" if node.integer("transB", 0) else "K N"
    c = " ".join(right_aligned(["M", "N"], node.shape(2)))
    return Rule(
        f"{a}, {b}, {c} -> M N",
        macs=("M", "K", "N"),
        gain=node.real("alpha", 1.0),
        bias_gain=node.real("beta", 1.0),
        passes=_PASSES.get(node.text("activation", ""), Passes.ONE),
    )


@register("FusedMatMul", "TransposeMatMul", read=1, domain=_MICROSOFT)
def fused_matmul(node: Node) -> Rule:
    """com.microsoft FusedMatMul, TransposeMatMul: alpha A B, each transposed in its last axes or its leading ones."""
    lead = names("A", len(node.output_shape()) - sum(len(node.shape(k)) > 1 for k in (0, 1)))
    a = _factor(node, 0, lead, "M", "A") if len(node.shape(0)) > 1 else ["K"]
    b = _factor(node, 1, lead, "N", "B") if len(node.shape(1)) > 1 else ["K"]
    y = [*lead, *["M"] * (len(a) > 1), *["N"] * (len(b) > 1)]
    return Rule(spell([a, b], [y]), macs=(*y, "K"), gain=node.real("alpha", 1.0))


@register("Gelu", "QuickGelu", read=1, domain=_MICROSOFT)
def gelu(node: Node) -> Rule:
    """com.microsoft Gelu, QuickGelu: functions of one element."""
    return Rule("*A -> *A")


@register("BiasGelu", "FastGelu", read=1, domain=_MICROSOFT)
def bias_gelu(node: Node) -> Rule:
    """com.microsoft BiasGelu, FastGelu: a bias along the last axis, then a function of one element."""
    return Rule("*A C, C -> *A C")


@register("NhwcMaxPool", read=1, domain=_MICROSOFT)
def channels_last_pool(node: Node) -> Rule:
    """com.microsoft NhwcMaxPool: MaxPool of integers with the channels last."""
    return Rule("n *s C -> n *t C", why="slides over this axis")


@register("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", read=1, domain=_MICROSOFT)
def skip_normalization(node: Node) -> Rule:
    """com.microsoft SkipLayerNormalization and its RMS form: two branches and a bias added, then normalised."""
    lead = names("A", len(node.shape(0)) - 1)
    whole, rows = [*lead, "~C"], [*lead, "1"]
    vectors = [["~C"]] * (len(node.inputs) - 2)
    return Rule(spell([whole, right_aligned(whole, node.shape(1)), *vectors], [whole, rows, rows, whole]))


@register("SimplifiedLayerNormalization", read=1)
def rms_normalization(node: Node) -> Rule:
    """SimplifiedLayerNormalization, which onnxruntime keeps in the main domain: as RMSNormalization."""
    ndim = len(node.shape(0))
    first = axis_index(node.integer("axis", -1), ndim)
    axes = [f"~{name}" if k >= first else name for k, name in enumerate(names("C", ndim))]
    statistics = [name if k < first else "1" for k, name in enumerate(axes)]
    return Rule(spell([axes, right_aligned(axes, node.shape(1))], [axes, statistics]))


@register("EmbedLayerNormalization", read=1, domain=_MICROSOFT)
def embed_normalization(node: Node) -> Rule:
    """com.microsoft EmbedLayerNormalization: up to three embeddings added, then normalised."""
    return Rule("b s, b s, v ~C, p ~C, t ~C, ~C, ~C, _, _ -> b s ~C, _, b s ~C", why="picks entries along this axis")


def _factor(node: Node, index: int, lead: list[str], own: str, side: str) -> list[str]:
    """Axes of an operand of FusedMatMul: `own` is its row or column; with transBatch its first axis comes behind."""
    shape = node.shape(index)
    inner = [own, "K"] if (index == 0) != bool(node.integer(f"trans{side}", 0)) else ["K", own]
    if node.integer(f"transBatch{side}", 0):  # (rows, batch, columns): the first axis and the last two change places
        batch = right_aligned(lead, shape[1:-1])
        return [inner[0], *batch, inner[1]]
    return [*right_aligned(lead, shape[:-2]), *inner]
