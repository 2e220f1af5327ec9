"""What rules say of operators that onnxruntime writes in place of several."""

from __future__ import annotations

from tests.rules.said import K2, SLIDES, G, every, line, said_at

FUSED_CONV = "n (G I) *s, (G O) I *k, (G O), n (G O) *t -> n (G O) *t"
LINES = [
    line("com.microsoft.FusedConv 2x3x9x9 8x3x3x3 8 2x8x7x7 -> 2x8x7x7", FUSED_CONV, activation="Relu", sizes="G=1",
         fits=G, contracts=K2, acts="positive", why=SLIDES),
    line("com.microsoft.FusedConv 2x8x9 8x1x3 -> 2x8x7", FUSED_CONV, group=8, sizes="G=8", fits=G,
         contracts="n G I O k0 t0", acts="any", why=SLIDES),
    line("com.microsoft.FusedGemm 2x3 8x3 8 -> 2x8", "M K, N K, N -> M N", transB=1, activation="Relu",
         contracts="M K N", acts="positive"),
    line("com.microsoft.FusedGemm 2x3 3x8 8 -> 2x8", "M K, K N, N -> M N", alpha=0.5, beta=2.0, activation="Tanh",
         contracts="M K N alpha 0.5 beta 2"),
    line("com.microsoft.FusedGemm 3x2 3x8 -> 2x8", "K M, K N,  -> M N", transA=1, contracts="M K N", acts="any"),
    line("com.microsoft.FusedMatMul 5x2x3 8x3 -> 5x2x8", "A0 M K, N K -> A0 M N", transB=1, contracts="A0 M N K"),
    line("com.microsoft.FusedMatMul 2x5x4x3 5x4x3x8 -> 5x4x2x8", "M A0 A1 K, A0 A1 K N -> A0 A1 M N", transBatchA=1,
         contracts="A0 A1 M N K"),
    line("com.microsoft.FusedMatMul 5x3x2 8x5x3 -> 5x2x8", "A0 K M, N A0 K -> A0 M N", transA=1, transB=1,
         transBatchB=1, contracts="A0 M N K"),
    line("com.microsoft.FusedMatMul 3 3x8 -> 8", "K, K N -> N", alpha=0.5, contracts="N K alpha 0.5"),
    line("com.microsoft.TransposeMatMul 5x3x2 1x3x8 -> 5x2x8", "A0 K M, 1 K N -> A0 M N", transA=1,
         contracts="A0 M N K"),
    *[line(f"com.microsoft.{op} 2x8 -> 2x8", "*A -> *A") for op in ("Gelu", "QuickGelu")],
    *[line(f"com.microsoft.{op} 2x5x8 8 -> 2x5x8", "*A C, C -> *A C") for op in ("BiasGelu", "FastGelu")],
    line("com.microsoft.NhwcMaxPool 2x4x4x8 -> 2x3x3x8", "n *s C -> n *t C", kernel_shape=(2, 2), why=SLIDES),
    line("com.microsoft.SkipLayerNormalization 2x5x8 5x8 8 8 8 -> 2x5x8 _ _ 2x5x8",
         "A0 A1 ~C, A1 ~C, ~C, ~C, ~C -> A0 A1 ~C, A0 A1 1, A0 A1 1, A0 A1 ~C"),
    line("com.microsoft.SkipSimplifiedLayerNormalization 5x8 5x8 8 -> 5x8",
         "A0 ~C, A0 ~C, ~C -> A0 ~C, A0 1, A0 1, A0 ~C"),
    line("SimplifiedLayerNormalization 2x5x8 8 -> 2x5x8", "C0 C1 ~C2, ~C2 -> C0 C1 ~C2, C0 C1 1", axis=-1),
    line("com.microsoft.EmbedLayerNormalization i2x5 _ 20x8 7x8 _ 8 8 -> 2x5x8 2",
         "b s, b s, v ~C, p ~C, t ~C, ~C, ~C, _, _ -> b s ~C, _, b s ~C", why="picks entries along this axis",
         looks_up="2[v]@0 4[t]@1"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
