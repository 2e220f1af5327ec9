"""The golden lines, continued: integer operators and those that onnxruntime's optimizers and quantizers write."""

from __future__ import annotations

from tests.rules.golden import K2, G, line

_QCONV = "n (G I) *s, _, _, (G O) I *k, {0}, {0}, _, _, (G O) -> n (G O) *t"
_QLSTM = (
    "t n I, d I (q h), d h (q h), d (p h), _, d n h, d n h, d (v h), d, d, d, d -> t d n h, d n h, d n h",
    "quantizes all hidden units by their common range",
)
_QATTENTION = "b s I, I (p H d), (p H d), _, {0}, _, _, {0}, w b H u d -> b s (H d), w b H v d"
QUANTIZED = [
    line("DynamicQuantizeLinear 2x8 -> 2x8 () ()", "*A -> *A, _, _"),
    line("com.microsoft.QuantizeLinear 2x8 () () -> 2x8", "A0 A1, ,  -> A0 A1"),
    line("com.microsoft.DequantizeLinear 8x2 8 8 -> 8x2", "A0 A1, A0, A0 -> A0 A1", axis=0),
    line("QLinearConv 2x3x9x9 () () 8x3x3x3 () () () () 8 -> 2x8x7x7", _QCONV.format("_"), sizes="G=1 I=3 O=8", fits=G,
         macs=K2),
    line("QLinearConv 2x8x9x9 () () 8x1x3x3 8 8 () () -> 2x8x7x7", _QCONV.format("(G O)"), sizes="G=8 I=1", fits=G,
         macs=K2, group=8),
    line("com.microsoft.QLinearConv 2x9x9x3 () () 8x3x3x3 1 1 () () -> 2x7x7x8", _QCONV.format("_").replace(
         "n (G I) *s", "n *s (G I)").replace("n (G O) *t", "n *t (G O)"), fits=G, macs=K2, channels_last=1),
    line("ConvInteger 2x3x9x9 8x3x3x3 () 8 -> 2x8x7x7", "n (G I) *s, (G O) I *k, _, (G O) -> n (G O) *t", fits=G,
         macs=K2),
    line("ConvInteger 2x3x9x9 8x3x3x3 -> 2x8x7x7", "n (G I) *s, (G O) I *k, _, _ -> n (G O) *t", fits=G, macs=K2),
    line("QLinearMatMul 5x2x3 () () 3x8 8 1x8 () () -> 5x2x8", "A0 M K, _, _, K N, N, 1 N, _, _ -> A0 M N",
         macs="A0 M N K"),
    line("QLinearMatMul 2x3 () () 3x8 () () () () -> 2x8", "M K, _, _, K N, _, _, _, _ -> M N", macs="M N K"),
    line("MatMulInteger 2x3 3x8 () 8 -> 2x8", "M K, K N, _, N -> M N", macs="M N K"),
    line("MatMulInteger 2x3 3 -> 2", "M K, K, _, _ -> M", macs="M K"),
    line("com.microsoft.MatMulIntegerToFloat 2x3 3x8 () 8 () 8 8 -> 2x8", "M K, K N, _, N, _, N, N -> M N",
         macs="M N K"),
    line("com.microsoft.DynamicQuantizeMatMul 5x2x3 3x8 1 -> 5x2x8", "A0 M K, K N, _, _, N -> A0 M N",
         macs="A0 M N K"),
    line("com.microsoft.QGemm 2x3 () () 3x8 8 8 8 () () -> 2x8", "M K, _, _, K N, N, N, N, _, _ -> M N", macs="M K N"),
    line("com.microsoft.QGemm 3x2 () () 8x3 () () -> 2x8", "K M, _, _, N K, _, _, , _, _ -> M N", macs="M K N",
         transA=1, transB=1),
    *[line(f"com.microsoft.{op} 2x8x4 () () 8x1 () () () () -> 2x8x4", "A0 A1 A2, _, _, A1 1, _, _, _, _ -> A0 A1 A2")
      for op in ("QLinearAdd", "QLinearMul")],
    line("com.microsoft.QLinearWhere 4 2x8x4 () () () () () () () -> 2x8x4",
         "A2, A0 A1 A2, _, _, , _, _, _, _ -> A0 A1 A2"),
    *[line(f"com.microsoft.{op} 2x8 () () () () -> 2x8", "*A, _, _, _, _ -> *A")
      for op in ("QLinearSigmoid", "QLinearLeakyRelu")],
    line("com.microsoft.QLinearGlobalAveragePool 2x8x4 () () () () -> 2x8x1", "n C *s, _, _, _, _ -> n C *t"),
    line("com.microsoft.QLinearAveragePool 2x4x8 () () () () -> 2x3x8", "n *s C, _, _, _, _ -> n *t C",
         kernel_shape=(2,), channels_last=1),
    line("com.microsoft.QLinearConcat () () 2x3 () () 2x5 () () -> 2x8", "_, _, A0 S0, _, _, A0 S1, _, _ -> A0 S0+S1",
         axis=-1),
    line("com.microsoft.QLinearSoftmax 2x8x4 () () () () -> 2x8x4", "A0 A1 a2, _, _, _, _ -> A0 A1 a2", opset=13),
    line("com.microsoft.QLinearSoftmax 2x8x4 () () () () -> 2x8x4", "A0 a1 a2, _, _, _, _ -> A0 a1 a2", axis=1),
    line("com.microsoft.MatMulNBits 2x5x64 6x2x16 12 -> 2x5x6", "A0 A1 (B s), N B q, (N B), (N B), _, N -> A0 A1 N",
         fits="N[0]=N K[0]=(B s)", macs="A0 A1 B s N", sizes="s=32 B=2", block_size=32, K=64, N=6),
    line("com.microsoft.MatMulNBits 2x64 6x2x32 6x2 6x2 -> 2x6", "A0 (B s), N B q, N B, N B, _, N -> A0 N", bits=8,
         fits="N[0]=N K[0]=(B s)", macs="A0 B s N", block_size=32, K=64, N=6),
    line("com.microsoft.MatMulNBits 2x64 6x2x16 6x2 6x1 _ 6 -> 2x6", "A0 k, N b q, N b, N z, _, N -> A0 N",
         fits="N[0]=N", macs="A0 k N", block_size=32, K=64, N=6, why="one scale for each block"),
    line("com.microsoft.DynamicQuantizeLSTM 5x2x3 1x3x24 1x6x24 1x48 _ _ _ _ 1 1 1 1 -> 5x1x2x6", _QLSTM[0],
         hidden_size=6, macs="t n d q h I", why=_QLSTM[1]),
    line("com.microsoft.DynamicQuantizeLSTM 5x2x3 1x3x24 1x6x24 _ _ _ _ _ 1x24 1x24 1x24 1x24 -> 5x1x2x6",
         _QLSTM[0].replace(", d, d, d, d", ", d (q h)" * 4), hidden_size=6, macs="t n d q h I"),
    line("com.microsoft.QAttention 2x5x8 8x48 48 () () -> 2x5x16", _QATTENTION.format("_"), num_heads=4,
         fits="num_heads[0]=H", macs="b s I p H d", sizes="H=4 d=4", why="whole heads"),
    line("com.microsoft.QAttention 2x5x8 8x48 48 () 48 _ () 48 -> 2x5x16", _QATTENTION.format("(p H d)"), num_heads=4,
         scale=0.5, fits="num_heads[0]=H", macs="b s I p H d"),
]  # fmt: skip
FUSED_CONV = "n (G I) *s, (G O) I *k, (G O), n (G O) *t -> n (G O) *t"
FUSED = [
    line("com.microsoft.FusedConv 2x3x9x9 8x3x3x3 8 2x8x7x7 -> 2x8x7x7", FUSED_CONV, activation="Relu", fits=G,
         macs=K2),
    line("com.microsoft.FusedConv 2x8x9 8x1x3 -> 2x8x7", FUSED_CONV, group=8, sizes="G=8 I=1 O=1", fits=G,
         macs="n G I O k0 t0"),
    line("com.microsoft.FusedGemm 2x3 8x3 8 -> 2x8", "M K, N K, N -> M N", transB=1, activation="Relu", macs="M K N"),
    line("com.microsoft.FusedGemm 3x2 3x8 -> 2x8", "K M, K N,  -> M N", transA=1, macs="M K N"),
    line("com.microsoft.FusedMatMul 5x2x3 8x3 -> 5x2x8", "A0 M K, N K -> A0 M N", transB=1, macs="A0 M N K"),
    line("com.microsoft.FusedMatMul 2x5x4x3 5x4x3x8 -> 5x4x2x8", "M A0 A1 K, A0 A1 K N -> A0 A1 M N", transBatchA=1,
         macs="A0 A1 M N K"),
    line("com.microsoft.FusedMatMul 5x3x2 8x5x3 -> 5x2x8", "A0 K M, N A0 K -> A0 M N", transA=1, transB=1,
         transBatchB=1, macs="A0 M N K"),
    line("com.microsoft.FusedMatMul 3 3x8 -> 8", "K, K N -> N", macs="N K"),
    line("com.microsoft.TransposeMatMul 5x3x2 1x3x8 -> 5x2x8", "A0 K M, 1 K N -> A0 M N", transA=1, macs="A0 M N K"),
    *[line(f"com.microsoft.{op} 2x8 -> 2x8", "*A -> *A") for op in ("Gelu", "QuickGelu")],
    *[line(f"com.microsoft.{op} 2x5x8 8 -> 2x5x8", "*A C, C -> *A C") for op in ("BiasGelu", "FastGelu")],
    line("com.microsoft.NhwcMaxPool 2x4x4x8 -> 2x3x3x8", "n *s C -> n *t C", kernel_shape=(2, 2)),
    line("com.microsoft.SkipLayerNormalization 2x5x8 5x8 8 8 8 -> 2x5x8 _ _ 2x5x8",
         "A0 A1 ~C, A1 ~C, ~C, ~C, ~C -> A0 A1 ~C, A0 A1 1, A0 A1 1, A0 A1 ~C"),
    line("com.microsoft.SkipSimplifiedLayerNormalization 5x8 5x8 8 -> 5x8",
         "A0 ~C, A0 ~C, ~C -> A0 ~C, A0 1, A0 1, A0 ~C"),
    line("SimplifiedLayerNormalization 2x5x8 8 -> 2x5x8", "C0 C1 ~C2, ~C2 -> C0 C1 ~C2, C0 C1 1", axis=-1),
    line("com.microsoft.EmbedLayerNormalization i2x5 _ 20x8 7x8 _ 8 8 -> 2x5x8 2",
         "b s, b s, v ~C, p ~C, t ~C, ~C, ~C, _, _ -> b s ~C, _, b s ~C", why="picks entries"),
]  # fmt: skip
_PACKED = "b s I, I (p H d), (p H d), _, w b H u d, {}, _ -> b s (H d), w b H v d"
_MULTI = (
    "b s (H {0}), b t (H {0}), b t (H {1}), (p H d), _, {2}, b H u {0}, b H u {1}, _, _"
    " -> b s (H {1}), b H v {0}, b H v {1}, b H s v"
)
_SHARED = (
    "b s (K R d), b s (K d), b s (K d), b K u d, b K u d, _, _, _, _, _, {}, (K R), _, _, d, d"
    " -> b s (K R d), b K v d, b K v d, b (K R) s v"
)
_ONNX = "b {0}, b {1}, b {2}, {4}, b K u {5}, b K u E, _ -> b {3}, b K v {5}, b K v E, b (K R) s v"
ATTENTION = [
    line("com.microsoft.Attention 2x5x8 8x48 48 _ _ 1x4x5x5 -> 2x5x16", _PACKED.format("1 H s k"), num_heads=4,
         sizes="H=4 d=4", fits="num_heads[0]=H", macs="b s I p H d", why="whole heads"),
    line("com.microsoft.Attention 2x5x8 8x48 48 2 2x2x4x3x4 -> 2x5x16 2x2x4x8x4", _PACKED.format(""), num_heads=4,
         qkv_hidden_sizes=(16, 16, 16), scale=0.5, macs="b s I p H d", sizes="u=3 v=8",
         fits="num_heads[0]=H qkv_hidden_sizes[0]=(H d) qkv_hidden_sizes[1]=(H d) qkv_hidden_sizes[2]=(H d)"),
    line("com.microsoft.Attention 2x5x8 8x40 -> 2x5x8", "i0x0 i0x1 i0x2, i1x0 i1x1 -> o0x0 o0x1 o0x2", num_heads=4,
         qkv_hidden_sizes=(16, 16, 8), why="values of another size"),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x8 -> 2x5x8", _MULTI.format("d", "E", ""), num_heads=4,
         sizes="H=4 d=4 E=2", fits="num_heads[0]=H", macs="b s t H d"),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x8 _ _ 1x1x5x7 -> 2x5x8", _MULTI.format(
         "D", "E", "1 1 s k"), num_heads=4, scale=0.5, fits="num_heads[0]=H", macs="b s t H D"),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x16 48 -> 2x5x16 2x4x7x4 2x4x7x4", _MULTI.format(
         "d", "d", ""), num_heads=4, scale=0.5, fits="num_heads[0]=H", macs="b s t H d"),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x8 40 -> 2x5x8",
         "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2, i2x0 i2x1 i2x2, i3x0 -> o0x0 o0x1 o0x2", num_heads=4, why="different sizes"),
    line("com.microsoft.MultiHeadAttention 2x5x4x3x4 -> 2x5x16", "i0x0 i0x1 i0x2 i0x3 i0x4 -> o0x0 o0x1 o0x2",
         num_heads=4, why="packed"),
    line("com.microsoft.GroupQueryAttention 2x5x48 2x5x16 2x5x16 _ _ 2 () -> 2x5x48 2x2x5x8 2x2x5x8", _SHARED.format(
         ""), num_heads=6, kv_num_heads=2, sizes="K=2 R=3 d=8", fits="num_heads[0]=(K R) kv_num_heads[0]=K",
         macs="b s s K R d"),
    line("com.microsoft.GroupQueryAttention 2x5x80 _ _ _ _ 2 () -> 2x5x48", "i0x0 i0x1 i0x2, _, _, _, _, i5x0,  -> "
         "o0x0 o0x1 o0x2", num_heads=6, kv_num_heads=2, why="packed"),
    line("com.microsoft.GroupQueryAttention 2x5x48 2x5x16 2x5x16 _ _ 2 () -> 2x5x48", "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2, "
         "i2x0 i2x1 i2x2, _, _, i5x0,  -> o0x0 o0x1 o0x2", num_heads=6, kv_num_heads=2, k_quant_type="PER_TENSOR",
         why="quantized"),
    line("Attention 2x5x48 2x7x16 2x7x8 5x7 -> 2x5x24", _ONNX.format(
         "s (K R d)", "t (K d)", "t (K E)", "s (K R E)", "s k", "d"), opset=23, q_num_heads=6, kv_num_heads=2,
         sizes="K=2 R=3 d=8 E=4", fits="q_num_heads[0]=(K R) kv_num_heads[0]=K", macs="b s t K R d"),
    line("Attention 2x6x5x8 2x2x7x8 2x2x7x4 -> 2x6x5x4", _ONNX.format(
         "(K R) s D", "K t D", "K t E", "(K R) s E", "", "D"), opset=24, scale=0.5, sizes="R=3", macs="b s t K R D"),
    line("Attention 2x6x5x8 2x2x7x8 2x2x7x4 -> 2x6x5x4 2x2x7x8 2x2x7x4", _ONNX.format(
         "(K R) s d", "K t d", "K t E", "(K R) s E", "", "d"), opset=24, scale=0.5, macs="b s t K R d"),
    line("RotaryEmbedding 2x5x24 2x5x4 2x5x4 -> 2x5x24", "b s (H d), _, _, _ -> b s (H d)", opset=23, num_heads=3,
         sizes="H=3 d=8", fits="num_heads[0]=H", why="turns pairs"),
    line("com.microsoft.RotaryEmbedding 2x5x24 1 5x4 5x4 -> 2x5x24", "b s (H d), _, _, _ -> b s (H d)",
         sizes="H=3 d=8"),
    line("com.microsoft.RotaryEmbedding 2x3x5x8 1 5x4 5x4 -> 2x3x5x8", "b H s d, _, _, _ -> b H s d"),
]  # fmt: skip
_DEFORM = "n {0} *s, {1} {2} *k, n {3} *t, {1}, n {4} *t -> n {1} *t"
INDEXING = [
    line("GatherElements 2x8x4 i2x8x3 -> 2x8x3", "A0 A1 v, A0 A1 I -> A0 A1 I", axis=-1, why="by index"),
    line("GatherElements 2x8x4 i2x1x4 -> 2x1x4", "A0 v A2, A0 I A2 -> A0 I A2", axis=1),
    line("GatherElements 2x8x4 i2x3x4 -> 2x3x4", "v s1 A2, I t1 A2 -> I t1 A2"),
    line("ScatterElements 2x8x4 i2x8x3 2x8x3 -> 2x8x4", "A0 A1 v, A0 A1 i, A0 A1 i -> A0 A1 v", axis=2, why="by index"),
    line("Scatter 2x8 i1x3 1x3 -> 2x8", "s0 v, t0 i, t0 i -> s0 v", opset=10, axis=1),
    line("GatherND 4x5x8 i3x2 -> 3x8", "v0 v1 R0, I0 k -> I0 R0", why="by index"),
    line("GatherND 2x5x8 i2x3x1 -> 2x3x8", "B0 v0 R0, B0 I0 k -> B0 I0 R0", batch_dims=1),
    line("ScatterND 4x5x8 i3x2 3x8 -> 4x5x8", "v0 v1 R0, i0 k, i0 R0 -> v0 v1 R0", why="by index"),
    line("TensorScatter 2x4x9x8 2x4x1x8 i2 -> 2x4x9x8", "A0 A1 s A3, A0 A1 t A3, A0 -> A0 A1 s A3", opset=24,
         why="by index"),
    line("TopK 2x8x4 [2] -> 2x8x2 2x8x2", "A0 A1 s, _ -> A0 A1 t, A0 A1 t", why="sorts"),
    line("TopK 2x8x4 -> 2x3x4 2x3x4", "A0 s A2 -> A0 t A2, A0 t A2", opset=9, axis=1, k=3),
    line("CumSum 2x8x4 [1] -> 2x8x4", "A0 a1 A2, _ -> A0 a1 A2", why="adds up"),
    line("CumSum 2x8 () -> 2x8", "a0 a1, _ -> a0 a1"),
    line("CumProd 2x8 [-1] -> 2x8", "A0 a1, _ -> A0 a1", opset=26),
    line("ReverseSequence 5x2x8 i2 -> 5x2x8", "t b A2, b -> t b A2", why="turns entries around"),
    line("OneHot i2x8 () 2 -> 2x8x5", "A0 A1, _, _ -> A0 A1 d", why="one entry for each number"),
    line("OneHot i2x8 () 2 -> 2x5x8", "A0 A1, _, _ -> A0 d A1", axis=1),
    line("Trilu 2x5x5 -> 2x5x5", "A0 r c, _ -> A0 r c", why="diagonal"),
    line("com.microsoft.Trilu 5x5 () -> 5x5", "r c, _ -> r c"),
    line("Compress 2x8x4 i8 -> 2x3x4", "A0 s A2, c -> A0 t A2", axis=1, why="by a condition"),
    line("Compress 2x8 i16 -> 3", "i0x0 i0x1, i1x0 -> o0x0", why="flattened"),
    line("RoiAlign 2x8x9x9 3x4 i3 -> 3x8x2x2", "n C h w, r f, r -> r C p q", why="boxes"),
    line("MaxRoiPool 2x8x9x9 3x5 -> 3x8x2x2", "n C h w, r f, r -> r C p q"),
    *[line(f"{domain}GridSample 2x8x9x9 2x3x4x2 -> 2x8x3x4", "n C *s, n *t d -> n C *t", why="computed places")
      for domain in ("", "com.microsoft.")],
    line("CenterCropPad 2x8x9x9 [5,7] -> 2x8x5x7", "A0 A1 s2 s3, _ -> A0 A1 t2 t3", axes=(2, -1), why="is cut"),
    line("CenterCropPad 2x8 [2,5] -> 2x5", "s0 s1, _ -> t0 t1"),
    line("Col2Im 2x12x9 [6,6] [2,2] -> 2x3x6x6", "n (C b) l, _, _ -> n C *t", sizes="C=3 b=4", why="becomes blocks"),
    line("DFT 2x8x4x1 -> 2x8x4x2", "A0 s A2 p -> A0 t A2 q", opset=17, why="transforms"),
    line("DFT 2x8x4x1 _ [-2] -> 2x8x4x2", "A0 A1 s p, _, _ -> A0 A1 t q"),
    line("DFT 2x8x4x1 -> 2x8x4x2", "A0 A1 s p -> A0 A1 t q"),
    line("DFT 2x8x4x1 _ [?] -> 2x8x4x2", "i0x0 i0x1 i0x2 i0x3, _, i2x0 -> o0x0 o0x1 o0x2 o0x3", why="chosen"),
    line("DeformConv 2x6x9x9 8x3x3x3 2x18x7x7 8 -> 2x8x7x7", _DEFORM.format("(G I)", "(G O)", "I", "f", "m"), group=2,
         sizes="G=2 I=3 O=4 f=18", fits=G, macs=K2),
    line("DeformConv 2x6x9x9 8x6x3x3 2x36x7x7 _ 2x18x7x7 -> 2x8x7x7", _DEFORM.format(
         "(F I)", "O", "(F I)", "(F f)", "(F m)"), offset_group=2, sizes="F=2 I=3 O=8 f=18 m=9",
         fits="offset_group[0]=F", macs="n F I O k0 k1 t0 t1"),
    line("DeformConv 2x6x9 8x3x3 2x12x7 -> 2x8x7", "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2, i2x0 i2x1 i2x2 -> o0x0 o0x1 o0x2",
         group=2, offset_group=2, why="groups of places"),
    line("NonZero 2x8 -> 2x3", "i0x0 i0x1 -> o0x0 o0x1", why="lists the places"),
    line("Unique 2x8 -> 7", "i0x0 i0x1 -> o0x0", why="sorts"),
    line("EyeLike 8x8 -> 8x8", "i0x0 i0x1 -> o0x0 o0x1", why="diagonal"),
    line("NonMaxSuppression 1x6x4 1x2x6 -> 3x3", "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2 -> o0x0 o0x1", why="picks boxes"),
    line("AffineGrid 2x2x3 [2,3,4,5] -> 2x4x5x2", "i0x0 i0x1 i0x2, i1x0 -> o0x0 o0x1 o0x2 o0x3", why="places"),
    line("STFT 2x64 () _ () -> 2x4x9x2", "i0x0 i0x1, , _,  -> o0x0 o0x1 o0x2 o0x3", why="transforms"),
    *[line(f"{op} () -> 8", " -> o0x0", why="window of this size")
      for op in ("HannWindow", "HammingWindow", "BlackmanWindow")],
    line("Det 2x8x8 -> 2", "i0x0 i0x1 i0x2 -> o0x0", why="matrices"),
    line("MaxUnpool 2x8x4 i2x8x4 -> 2x8x8", "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2 -> o0x0 o0x1 o0x2", why="all channels"),
]  # fmt: skip
OTHERS = [*QUANTIZED, *FUSED, *ATTENTION, *INDEXING]
