"""What rules say of operators that compute with integers."""

from __future__ import annotations

from tests.rules.said import BLOCKS, K2, NORMALISES, SLIDES, G, every, line, said_at

_QCONV = "n (G I) *s, _, _, (G O) I *k, {0}, {0}, _, _, (G O) -> n (G O) *t"
_QLSTM = "t n I, d I (q h), d h (q h), d (p h), _, d n h, d n h, d (v h), d, d, d, d -> t d n h, d n h, d n h"
_COMMON_RANGE = "quantizes all hidden units by their common range"
_QATTENTION = "b s I, I (p H d), (p H d), _, {0}, _, _, {0}, w b H u d -> b s (H d), w b H v d"
LINES = [
    line("QLinearConv 2x3x9x9 () () 8x3x3x3 () () () () 8 -> 2x8x7x7", _QCONV.format("_"), sizes="G=1", fits=G,
         contracts=K2, integers="0:2/1 3:5/4"),
    line("QLinearConv 2x8x9x9 () () 8x1x3x3 8 8 () () -> 2x8x7x7", _QCONV.format("(G O)"), group=8, sizes="G=8",
         fits=G, contracts=K2, integers="0:2/1 3:5/4"),
    line("com.microsoft.QLinearConv 2x9x9x3 () () 8x3x3x3 1 1 () () -> 2x7x7x8",
         _QCONV.format("_").replace("n (G I) *s", "n *s (G I)").replace("n (G O) *t", "n *t (G O)"), channels_last=1,
         sizes="G=1", fits=G, contracts=K2, integers="0:2/1 3:5/4"),
    line("ConvInteger 2x3x9x9 8x3x3x3 () 8 -> 2x8x7x7", "n (G I) *s, (G O) I *k, _, (G O) -> n (G O) *t",
         sizes="G=1", fits=G, contracts=K2, integers="0:2 1:3"),
    line("ConvInteger 2x3x9x9 8x3x3x3 -> 2x8x7x7", "n (G I) *s, (G O) I *k, _, _ -> n (G O) *t", sizes="G=1",
         fits=G, contracts=K2, integers="0:2 1:3"),
    line("QLinearMatMul 5x2x3 () () 3x8 8 1x8 () () -> 5x2x8", "A0 M K, _, _, K N, N, 1 N, _, _ -> A0 M N",
         contracts="A0 M K N", integers="0:2/1 3:5/4"),
    line("QLinearMatMul 2x3 () () 3x8 () () () () -> 2x8", "M K, _, _, K N, _, _, _, _ -> M N", contracts="M K N",
         integers="0:2/1 3:5/4"),
    line("MatMulInteger 2x3 3x8 () 8 -> 2x8", "M K, K N, _, N -> M N", contracts="M K N", integers="0:2 1:3"),
    line("MatMulInteger 2x3 3 -> 2", "M K, K, _, _ -> M", contracts="M K", integers="0:2 1:3"),
    line("com.microsoft.MatMulIntegerToFloat 2x3 3x8 () 8 () 8 8 -> 2x8", "M K, K N, _, N, _, N, N -> M N",
         contracts="M K N", integers="0:4/2 1:5/3"),
    line("com.microsoft.DynamicQuantizeMatMul 5x2x3 3x8 1 -> 5x2x8", "A0 M K, K N, _, _, N -> A0 M N",
         contracts="A0 M K N", integers="1:3/2 range 0"),
    line("com.microsoft.QGemm 2x3 () () 3x8 8 8 8 () () -> 2x8", "M K, _, _, K N, N, N, N, _, _ -> M N",
         contracts="M K N", integers="0:2/1 3:5/4"),
    line("com.microsoft.QGemm 3x2 () () 8x3 () () -> 2x8", "K M, _, _, N K, _, _, , _, _ -> M N", transA=1,
         transB=1, contracts="M K N", integers="0:2/1 3:5/4"),
    *[line(f"com.microsoft.{op} 2x8x4 () () 8x1 () () () () -> 2x8x4",
         "A0 A1 A2, _, _, A1 1, _, _, _, _ -> A0 A1 A2")
      for op in ("QLinearAdd", "QLinearMul")],
    line("com.microsoft.QLinearWhere 4 2x8x4 () () () () () () () -> 2x8x4",
         "A2, A0 A1 A2, _, _, , _, _, _, _ -> A0 A1 A2"),
    *[line(f"com.microsoft.{op} 2x8 () () () () -> 2x8", "*A, _, _, _, _ -> *A")
      for op in ("QLinearSigmoid", "QLinearLeakyRelu")],
    line("com.microsoft.QLinearGlobalAveragePool 2x8x4 () () () () -> 2x8x1", "n C *s, _, _, _, _ -> n C *t",
         why=SLIDES),
    line("com.microsoft.QLinearAveragePool 2x4x8 () () () () -> 2x3x8", "n *s C, _, _, _, _ -> n *t C",
         kernel_shape=(2,), channels_last=1, why=SLIDES),
    line("com.microsoft.QLinearConcat () () 2x3 () () 2x5 () () -> 2x8",
         "_, _, A0 S0, _, _, A0 S1, _, _ -> A0 S0+S1", axis=-1),
    line("com.microsoft.QLinearSoftmax 2x8x4 () () () () -> 2x8x4", "A0 A1 a2, _, _, _, _ -> A0 A1 a2", opset=13,
         why=NORMALISES),
    line("com.microsoft.QLinearSoftmax 2x8x4 () () () () -> 2x8x4", "A0 a1 a2, _, _, _, _ -> A0 a1 a2", axis=1,
         why=NORMALISES),
    line("com.microsoft.MatMulNBits 2x5x64 6x2x16 12 -> 2x5x6", "A0 A1 (B s), N B q, (N B), (N B), _, N -> A0 A1 N",
         block_size=32, K=64, N=6, sizes="s=32", fits="N[0]=N K[0]=(B s)", contracts="A0 A1 B s N", why=BLOCKS),
    line("com.microsoft.MatMulNBits 2x64 6x2x32 6x2 6x2 -> 2x6", "A0 (B s), N B q, N B, N B, _, N -> A0 N", bits=8,
         block_size=32, K=64, N=6, sizes="s=32", fits="N[0]=N K[0]=(B s)", contracts="A0 B s N", why=BLOCKS),
    line("com.microsoft.MatMulNBits 2x64 6x2x16 6x2 6x1 _ 6 -> 2x6", "A0 k, N b q, N b, N z, _, N -> A0 N",
         block_size=32, K=64, N=6, fits="N[0]=N", contracts="A0 k N", why=BLOCKS),
    line("com.microsoft.MatMulBnb4 2x5x64 192 24 -> 2x5x6", "A0 A1 k, w0, z -> A0 A1 n", K=64, N=6, block_size=16,
         contracts="A0 A1 k n", why=BLOCKS),
    line("com.microsoft.DynamicQuantizeLSTM 5x2x3 1x3x24 1x6x24 1x48 _ _ _ _ 1 1 1 1 -> 5x1x2x6", _QLSTM,
         hidden_size=6, sizes="q=4 p=8 v=3", contracts="t n d q h I + t n d q h h", integers="1:9/8 2:11/10 range 0",
         why=_COMMON_RANGE),
    line("com.microsoft.DynamicQuantizeLSTM 5x2x3 1x3x24 1x6x24 _ _ _ _ _ 1x24 1x24 1x24 1x24 -> 5x1x2x6",
         _QLSTM.replace(", d, d, d, d", ", d (q h)" * 4), hidden_size=6, sizes="q=4 p=8 v=3",
         contracts="t n d q h I + t n d q h h", integers="1:9/8 2:11/10 range 0", why=_COMMON_RANGE),
    line("com.microsoft.QAttention 2x5x8 8x48 48 () () -> 2x5x16", _QATTENTION.format("_"), num_heads=4,
         sizes="H=4 p=3 w=2", fits="num_heads[0]=H", contracts="b s I p H d + w b s s H d", integers="0:6/3 1:7/4",
         why="compares whole heads along this axis"),
    line("com.microsoft.QAttention 2x5x8 8x48 48 () 48 _ () 48 -> 2x5x16", _QATTENTION.format("(p H d)"),
         num_heads=4, scale=0.5, sizes="H=4 p=3 w=2", fits="num_heads[0]=H", contracts="b s I p H d + w b s s H d",
         integers="0:6/3 1:7/4", why="compares whole heads along this axis"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
