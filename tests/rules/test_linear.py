"""What rules say of operators that multiply with weights and add up."""

from __future__ import annotations

from tests.rules.said import SLIDES, G, every, line, said_at

STRIDED = "n (G I) s0 s1, (G O) I k0 k1, (G O) -> n (G O) t0 t1"
VALID = "n (G I) b0+~S0+e0 b1+~S1+e1, (G O) I k0 k1, (G O) -> n (G O) ~S0 ~S1"
SAME = "n (G I) ~S0 ~S1, (G O) I k0 k1, (G O) -> n (G O) ~S0 ~S1"
POINTWISE = "n (G I) S0 S1, (G O) I k0 k1, (G O) -> n (G O) S0 S1"
CONV_TRANSPOSE = "n (G I) *s, (G I) O *k, (G O) -> n (G O) *t"
STRIDED_CONV = "n G I O k0 k1 t0 t1 bias 2 x16"
DENSE_CONV = "n G I O k0 k1 S0 S1 bias 2 x16"
GROUPED_CONV = "n G I O k0 k1 S0 S1 bias 2 x4"
LINES = [
    line("Einsum 2x5x8 8x6 -> 2x5x6", "B0 S3 I1, I1 O2 -> B0 S3 O2", equation="bsi,io->bso",
         contracts="B0 I1 O2 S3", acts="any"),
    line("Einsum 2x8 -> 2x8", "i0x0 i0x1 -> o0x0 o0x1", equation="...i->...i", shape="depends on data",
         why="leaves axes of its equation unnamed"),
    line("Conv 2x3x9x9 8x3x3x3 8 -> 2x8x4x4", STRIDED, strides=(2, 2), sizes="G=1", fits=G, contracts=STRIDED_CONV,
         acts="any", why=SLIDES),
    line("Conv 2x3x8x8 8x3x3x3 -> 2x8x6x6", VALID, sizes="G=1 b0=1 e0=1 b1=1 e1=1", fits=G, contracts=DENSE_CONV,
         acts="any", why=SLIDES),
    line("Conv 2x8x8x8 8x1x3x3 8 -> 2x8x8x8", SAME, group=8, pads=(1, 1, 1, 1), sizes="G=8", fits=G,
         contracts=GROUPED_CONV, acts="any", why=SLIDES),
    line("Conv 2x4x8x8 8x1x3x3 8 -> 2x8x8x8", SAME, group=4, strides=(1, 1), pads=(1, 1, 1, 1), sizes="G=4", fits=G,
         contracts=GROUPED_CONV, acts="any", why=SLIDES),
    line("Conv 2x6x8x8 8x3x1x1 8 -> 2x8x8x8", POINTWISE, group=2, sizes="G=2", fits=G, contracts=GROUPED_CONV,
         acts="any", why=SLIDES),
    line("Conv 2x3x8x8 8x3x3x3 -> 2x8x10x10", STRIDED, pads=(2, 2, 2, 2), sizes="G=1", fits=G,
         contracts=STRIDED_CONV, acts="any", why=SLIDES),
    line("Conv 2x3x9 8x3x4 -> 2x8x6", "n (G I) s0, (G O) I k0, (G O) -> n (G O) t0", sizes="G=1", fits=G,
         contracts="n G I O k0 t0 bias 2 x16", acts="any", why=SLIDES),
    line("Conv 2x3x4x5x6 8x3x1x1x1 -> 2x8x4x5x6", "n (G I) S0 S1 S2, (G O) I k0 k1 k2, (G O) -> n (G O) S0 S1 S2",
         sizes="G=1", fits=G, contracts="n G I O k0 k1 k2 S0 S1 S2 bias 2 x16", acts="any", why=SLIDES),
    line("ConvTranspose 2x3x4x4 3x8x2x2 8 -> 2x8x5x5", CONV_TRANSPOSE, sizes="G=1", fits=G,
         contracts="n G I O k0 k1 s0 s1 bias 2", acts="any", why=SLIDES),
    line("ConvTranspose 2x6x4 6x4x2 8 -> 2x8x5", CONV_TRANSPOSE, group=2, sizes="G=2", fits=G,
         contracts="n G I O k0 s0 bias 2", acts="any", why=SLIDES),
    line("Gemm 2x3 3x8 8 -> 2x8", "M K, K N, N -> M N", contracts="M K N bias 2", acts="any"),
    line("Gemm 2x3 8x3 8 -> 2x8", "M K, N K, N -> M N", transB=1, contracts="M K N bias 2", acts="any"),
    line("Gemm 3x2 3x8 1x8 -> 2x8", "K M, K N, 1 N -> M N", transA=1, contracts="M K N bias 2", acts="any"),
    line("Gemm 3x2 8x3 2x1 -> 2x8", "K M, N K, M 1 -> M N", transA=1, transB=1, contracts="M K N bias 2", acts="any"),
    line("Gemm 2x3 3x8 () -> 2x8", "M K, K N,  -> M N", contracts="M K N bias 2", acts="any"),
    line("Gemm 2x3 3x8 -> 2x8", "M K, K N,  -> M N", contracts="M K N bias 2", acts="any"),
    line("Gemm 2x3 3x8 8 -> 2x8", "M K, K N, N -> M N", alpha=0.5, beta=2.0,
         contracts="M K N alpha 0.5 beta 2 bias 2", acts="any"),
    line("MatMul 2x3 3x8 -> 2x8", "M K, K N -> M N", contracts="M K N", acts="any"),
    line("MatMul 5x2x3 3x8 -> 5x2x8", "A0 M K, K N -> A0 M N", contracts="A0 M K N", acts="any"),
    line("MatMul 5x4x2x3 4x3x8 -> 5x4x2x8", "A0 A1 M K, A1 K N -> A0 A1 M N", contracts="A0 A1 M K N", acts="any"),
    line("MatMul 1x2x3 5x3x8 -> 5x2x8", "1 M K, A0 K N -> A0 M N", contracts="A0 M K N", acts="any"),
    line("MatMul 3 3x8 -> 8", "K, K N -> N", contracts="K N", acts="any"),
    line("MatMul 2x3 3 -> 2", "M K, K -> M", contracts="M K", acts="any"),
    line("MatMul 3 3 -> ()", "K, K -> ", contracts="K", acts="any"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
