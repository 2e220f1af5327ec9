"""Operators of com.microsoft that onnxruntime's optimizers write in place of several: FusedConv, Gelu, FusedMatMul."""

from __future__ import annotations

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import ONE, Axis, Equation, Operand, axes, axis, names_of, right_aligned
from paoding_onnx.rules.facts import ANY_SCALE, POSITIVE_SCALE, Acts, Contracts, LooksUp, Other
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.products import matrix_product
from paoding_onnx.rules.rule import Fit, Rule, axis_index, register
from paoding_onnx.rules.why import SLIDES, Hold, Why

_MICROSOFT = "com.microsoft"
_ACTS = {"": ANY_SCALE, "Relu": POSITIVE_SCALE, "LeakyRelu": POSITIVE_SCALE}
"""What fused activations let pass; all others only a scale of one."""


@register("FusedConv", read=1, domain=_MICROSOFT)
def fused_conv(node: Node) -> Rule:
    """com.microsoft FusedConv: Conv, then an optional second branch added, then an optional activation."""
    spatial = len(node.shape(0)) - 2
    product = ("n", "G", "I", "O", *names_of(axes("k", spatial)), *names_of(axes("t", spatial)))
    return Rule(
        parse("n (G I) *s, (G O) I *k, (G O), n (G O) *t -> n (G O) *t"),
        sizes={"G": node.integer("group", 1)},
        fits=(Fit("group", {0: axis("G")}),),
        contracts=Contracts((product,)),
        acts=_activation(node),
        why=SLIDES,
    )


@register("FusedGemm", read=1, domain=_MICROSOFT)
def fused_gemm(node: Node) -> Rule:
    """com.microsoft FusedGemm: Gemm, then an activation."""
    ab = matrix_product(node)
    return Rule(
        Equation.of([ab.left, ab.right, right_aligned(ab.result, node.shape(2))], [ab.result]),
        contracts=Contracts((ab.names,), alpha=node.real("alpha", 1.0), beta=node.real("beta", 1.0)),
        acts=_activation(node),
    )


@register("FusedMatMul", "TransposeMatMul", read=1, domain=_MICROSOFT)
def fused_matmul(node: Node) -> Rule:
    """com.microsoft FusedMatMul, TransposeMatMul: alpha A B, each transposed in its last axes or its leading ones."""
    lead = axes("A", len(node.output_shape()) - sum(len(node.shape(k)) > 1 for k in (0, 1)))
    rows, shared, columns = axis("M"), axis("K"), axis("N")
    a = _factor(node, 0, lead, rows, "A") if len(node.shape(0)) > 1 else (shared,)
    b = _factor(node, 1, lead, columns, "B") if len(node.shape(1)) > 1 else (shared,)
    y = (*lead, *[rows] * (len(a) > 1), *[columns] * (len(b) > 1))
    contracts = Contracts((names_of((*y, shared)),), alpha=node.real("alpha", 1.0))
    return Rule(Equation.of([a, b], [y]), contracts=contracts)


@register("Gelu", "QuickGelu", read=1, domain=_MICROSOFT)
def gelu(node: Node) -> Rule:
    """com.microsoft Gelu, QuickGelu: functions of one element."""
    return Rule(parse("*A -> *A"))


@register("BiasGelu", "FastGelu", read=1, domain=_MICROSOFT)
def bias_gelu(node: Node) -> Rule:
    """com.microsoft BiasGelu, FastGelu: a bias along the last axis, then a function of one element."""
    return Rule(parse("*A C, C -> *A C"))


@register("NhwcMaxPool", read=1, domain=_MICROSOFT)
def channels_last_pool(node: Node) -> Rule:
    """com.microsoft NhwcMaxPool: MaxPool of integers with the channels last."""
    return Rule(parse("n *s C -> n *t C"), why=SLIDES)


@register("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", read=1, domain=_MICROSOFT)
def skip_normalization(node: Node) -> Rule:
    """com.microsoft SkipLayerNormalization and its RMS form: two branches and a bias added, then normalised."""
    lead, units = axes("A", len(node.shape(0)) - 1), axis("C").mixed()
    whole, rows = (*lead, units), (*lead, ONE)
    vectors = [(units,)] * (len(node.inputs) - 2)
    return Rule(Equation.of([whole, right_aligned(whole, node.shape(1)), *vectors], [whole, rows, rows, whole]))


@register("SimplifiedLayerNormalization", read=1)
def rms_normalization(node: Node) -> Rule:
    """SimplifiedLayerNormalization, which onnxruntime keeps in the main domain: as RMSNormalization."""
    ndim = len(node.shape(0))
    first = axis_index(node.integer("axis", -1), ndim)
    whole = [one.mixed() if k >= first else one for k, one in enumerate(axes("C", ndim))]
    statistics = [*whole[:first], *[ONE] * (ndim - first)]
    return Rule(Equation.of([whole, right_aligned(whole, node.shape(1))], [whole, statistics]))


@register("EmbedLayerNormalization", read=1, domain=_MICROSOFT)
def embed_normalization(node: Node) -> Rule:
    """com.microsoft EmbedLayerNormalization: up to three embeddings added, then normalised."""
    added = parse("b s, b s, v ~C, p ~C, t ~C, ~C, ~C, _, _ -> b s ~C, _, b s ~C")
    tables = (LooksUp(0, 2, "v"), LooksUp(1, 4, "t"))
    return Rule(added, looks_up=tables, why=Why("picks entries along this axis", Hold.TABLE))


def _activation(node: Node) -> Acts:
    return _ACTS.get(node.text("activation", ""), Other())


def _factor(node: Node, index: int, lead: Operand, own: Axis, side: str) -> Operand:
    """Axes of an operand of FusedMatMul: `own` is its row or column; with transBatch its first axis comes behind."""
    shape, shared = node.shape(index), axis("K")
    inner = (own, shared) if (index == 0) != bool(node.integer(f"trans{side}", 0)) else (shared, own)
    if node.integer(f"transBatch{side}", 0):  # (rows, batch, columns): the first axis and the last two change places
        return (inner[0], *right_aligned(lead, shape[1:-1]), inner[1])
    return (*right_aligned(lead, shape[:-2]), *inner)
