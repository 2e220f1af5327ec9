"""The contract table, continued: integer operators and those that onnxruntime's optimizers and quantizers write."""

from __future__ import annotations

from tests.rules.contract import BACK, PINNED, SEQUENCE, Case

_MS = "com.microsoft"
_TOKENS = "f = Reshape (a, flat) t = Transpose <perm=[0,2,1]> (f)"
"""Channels become the features of 64 tokens, and come back."""
_IMAGE = "b = Transpose <perm=[0,2,1]> (i) c = Reshape (b, image)"
_SHAPES = "int64[3] flat={0,0,64}, int64[4] image={0,0,8,8}"
_HEADS = "xq = MatMul (t, wq) xk = MatMul (t, wk) xv = MatMul (t, wv)"
_Q = "q = QuantizeLinear (a, s, z)"
_D = "c = DequantizeLinear (p, s, z)"
_R = f"{_Q} qr = QuantizeLinear (r, s, z)"
_ROWS = "g = GlobalAveragePool (a) f = Flatten (g)"
_UNFLAT = "c = Unsqueeze (e, last)"
_S = "float s={0.05}, uint8 z={120}, float sw={0.01}, int8 zw={3}"
_SK = "float[6] sk={0.004,0.006,0.005,0.004,0.006,0.005}"
"""Scales with which sums do not saturate: a saturated output would hide what went wrong before it."""
_K = f"{_S}, {_SK}, int8[6] zk={{0,0,0,0,0,0}}, int8[6,8,3,3] k, int32[6] kb"
_M = f"{_S}, {_SK}, int8[6] zk={{3,-4,2,0,-1,5}}, int8[8,6] k, float[6] kf, int64[2] last={{2,3}}"
_LAST_AXIS = "t = Transpose <perm=[0,2,3,1]> (a)"
_CHANNELS_LAST = "l = Transpose <perm=[0,2,3,1]> (q)"
QUANTIZED = [
    Case("QLinearConv", f"{_Q} p = QLinearConv <pads=[1,1,1,1]> (q, s, z, k, sk, zk, s, z, kb) {_D}", _K, channels=6,
         units=22),
    Case("QLinearConv", f"{_Q} p = QLinearConv <pads=[1,1,1,1]> (q, s, z, k, sw, zw, s, z) {_D}", _K, channels=6,
         units=22),
    Case("QLinearConv", f"{_Q} p = QLinearConv <group=8, pads=[1,1,1,1]> (q, s, z, k, sk, zk, s, z, kb) {_D}",
         f"{_S}, int8[8,1,3,3] k, float[8] sk, int8[8] zk={{0,0,0,0,0,0,0,0}}, int32[8] kb"),
    Case("QLinearConv", f"{_Q} {_CHANNELS_LAST} m = com.microsoft.QLinearConv <channels_last=1> (l, s, z, k, sk, zk, s,"
         f" z, kb) p = Transpose <perm=[0,3,1,2]> (m) {_D}", _K, channels=6, units=22),
    Case("ConvInteger", f"{_Q} i = ConvInteger (q, k, z) c = Cast <to=1> (i)", _K, channels=6, units=22),
    Case("ConvInteger", f"{_Q} i = ConvInteger (q, k, z, zw) c = Cast <to=1> (i)", _K, channels=6, units=22),
    Case("QLinearMatMul", f"{_LAST_AXIS} q = QuantizeLinear (t, s, z) m = QLinearMatMul (q, s, z, k, sk, zk, s, z) "
         f"p = Transpose <perm=[0,3,1,2]> (m) {_D}", _M, channels=6, units=22),
    Case("QLinearMatMul", f"{_LAST_AXIS} q = QuantizeLinear (t, s, z) m = QLinearMatMul (q, s, z, k, sw, zw, s, z) "
         f"p = Transpose <perm=[0,3,1,2]> (m) {_D}", _M, channels=6, units=22),
    Case("MatMulInteger", f"{_LAST_AXIS} q = QuantizeLinear (t, s, z) i = MatMulInteger (q, k, z, zk) "
         "u = Cast <to=1> (i) c = Transpose <perm=[0,3,1,2]> (u)", _M, channels=6, units=22),
    Case("MatMulInteger", f"{_LAST_AXIS} q = QuantizeLinear (t, s) i = MatMulInteger (q, k) "
         "u = Cast <to=1> (i) c = Transpose <perm=[0,3,1,2]> (u)", _M, channels=6, units=22),
    Case("DynamicQuantizeLinear", f"{_LAST_AXIS} q, qs, qz = DynamicQuantizeLinear (t) i = MatMulInteger (q, k, qz) "
         "u = Cast <to=1> (i) v = Mul (u, qs) c = Transpose <perm=[0,3,1,2]> (v)", _M, channels=6, units=22),
    Case("MatMulIntegerToFloat", f"{_LAST_AXIS} q, qs, qz = DynamicQuantizeLinear (t) "
         "i = com.microsoft.MatMulIntegerToFloat (q, k, qs, sk, qz, zk, kf) c = Transpose <perm=[0,3,1,2]> (i)", _M,
         channels=6, units=22),
    Case("DynamicQuantizeMatMul", f"{_LAST_AXIS} i = com.microsoft.DynamicQuantizeMatMul (t, k, sk, zk, kf) "
         "c = Transpose <perm=[0,3,1,2]> (i)", _M, channels=6, units=22),
    Case("DynamicQuantizeMatMul", f"{_LAST_AXIS} i = com.microsoft.DynamicQuantizeMatMul (t, k, sw) "
         "c = Transpose <perm=[0,3,1,2]> (i)", _M, channels=6, units=22),
    Case("QGemm", f"{_ROWS} q = QuantizeLinear (f, s, z) p = com.microsoft.QGemm (q, s, z, k, sk, zk, kb, s, z) "
         f"e = DequantizeLinear (p, s, z) {_UNFLAT}", f"{_M}, int32[6] kb", channels=6, units=22),
    Case("QGemm", f"{_ROWS} q = QuantizeLinear (f, s, z) e = com.microsoft.QGemm <transB=1> (q, s, z, k, sw, zw) "
         f"{_UNFLAT}", f"{_S}, int8[6,8] k, int64[2] last={{2,3}}", channels=6, units=22),
    *[Case(op, f"{_R} p = com.microsoft.{op} (q, s, z, qr, s, z, s, z) {_D}", _S, units=8)
      for op in ("QLinearAdd", "QLinearMul")],
    Case("QLinearMul", f"{_Q} p = com.microsoft.QLinearMul (q, s, z, k, s, z, s, z) {_D}", f"{_S}, uint8[8,1,1] k"),
    *[Case(op, f"{_Q} p = com.microsoft.{op} (q, s, z, s, z) {_D}", _S)
      for op in ("QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool")],
    Case("QLinearGlobalAveragePool", f"{_Q} {_CHANNELS_LAST} m = com.microsoft.QLinearGlobalAveragePool "
         f"<channels_last=1> (l, s, z, s, z) p = Transpose <perm=[0,3,1,2]> (m) {_D}", _S),
    Case("QLinearAveragePool", f"{_Q} p = com.microsoft.QLinearAveragePool <kernel_shape=[2,2]> (q, s, z, s, z) {_D}",
         _S),
    Case("QLinearConcat", f"{_R} p = com.microsoft.QLinearConcat <axis=1> (s, z, q, s, z, qr, s, z) {_D}", _S,
         channels=16),
    Case("QLinearSoftmax", f"{_Q} p = com.microsoft.QLinearSoftmax <axis=3, opset=13> (q, s, z, sw, z) "
         "c = DequantizeLinear (p, sw, z)", _S),
    Case("QLinearSoftmax", f"{_Q} p = com.microsoft.QLinearSoftmax <axis=1, opset=13> (q, s, z, sw, z) "
         "c = DequantizeLinear (p, sw, z)", _S, units=PINNED),
    Case("QLinearWhere", f"{_R} w = Greater (a, zero) p = com.microsoft.QLinearWhere (w, q, s, z, qr, s, z, s, z) {_D}",
         _S, units=8),
    Case("MatMulNBits", f"{_LAST_AXIS} i = com.microsoft.MatMulNBits <K=8, N=6, bits=4, block_size=16> (t, k, sk) "
         "c = Transpose <perm=[0,3,1,2]> (i)", "uint8[6,1,8] k, float[6] sk", channels=6, units=14),
    Case("MatMulNBits", f"{_LAST_AXIS} i = com.microsoft.MatMulNBits <K=8, N=6, bits=4, block_size=16> (t, k, sk, zk) "
         "c = Transpose <perm=[0,3,1,2]> (i)", "uint8[6,1,8] k, float[6,1] sk, uint8[6,1] zk", channels=6, units=14),
    Case("MatMulBnb4", f"{_LAST_AXIS} i = com.microsoft.MatMulBnb4 <K=8, N=6, quant_type=1, block_size=16> (t, k, sk) "
         "c = Transpose <perm=[0,3,1,2]> (i)", "uint8[24] k, float[3] sk", channels=6, units=PINNED),
    Case("GatherBlockQuantized", "m = ArgMax <axis=1> (a) n = Reshape (m, rows) "
         f"i = com.microsoft.GatherBlockQuantized <block_size=16, bits=4, quantize_axis=1> (k, n, sk) {_IMAGE}",
         f"uint8[8,16] k, float[8,2] sk, int64[2] rows={{2,64}}, {_SHAPES}", channels=32, units=10),
    Case("DequantizeLinear", "sb = Expand (half, full) q = QuantizeLinear <axis=1, block_size=4> (a, sb) "
         "c = DequantizeLinear <axis=1, block_size=4> (q, sb)", "int64[4] full={2,2,8,8}", units=10, opset=21),
    Case("DynamicQuantizeLSTM", f"{SEQUENCE} y0, e = com.microsoft.DynamicQuantizeLSTM <hidden_size=6> "
         "(s, k, u, v, , , , , sw, zw, sw, zw) c = Reshape (e, back)", f"{BACK}, int8[1,8,24] k, int8[1,6,24] u, "
         "float[1,48] v, float[1] sw={0.01}, int8[1] zw={0}", channels=6),
    Case("QAttention", f"{_TOKENS} q = QuantizeLinear (t, s, z) "
         f"i = com.microsoft.QAttention <num_heads=4> (q, k, kb, s, sw, , z, zw) {_IMAGE}",
         f"{_S}, int8[8,48] k, float[48] kb, {_SHAPES}", channels=16, units=20),
    Case("QAttention", f"{_TOKENS} q = QuantizeLinear (t, s, z) "
         f"i = com.microsoft.QAttention <num_heads=4, scale=0.5> (q, k, kb, s, sk, , z, zk) {_IMAGE}",
         f"{_S}, int8[8,48] k, float[48] kb, float[48] sk, int8[48] zk, {_SHAPES}", channels=16, units=20),
    Case("QuantizeLinear", "q = com.microsoft.QuantizeLinear (a, s, z) c = Cast <to=1> (q)",
         "float s={0.01}, uint16 z={32000}"),
    Case("DequantizeLinear", "q = com.microsoft.QuantizeLinear (a, s, z) c = com.microsoft.DequantizeLinear (q, s, z)",
         "float s={0.01}, uint16 z={32000}"),
]  # fmt: skip
FUSED = [
    Case("FusedConv", f'c = {_MS}.FusedConv <pads=[1,1,1,1], activation="Relu"> (a, k, b)',
         "float[6,8,3,3] k, float[6] b", channels=6, units=22),
    Case("FusedConv", f'c = {_MS}.FusedConv <activation="Sigmoid"> (a, k, b, r)', "float[8,8,1,1] k, float[8] b"),
    Case("FusedConv", f'c = {_MS}.FusedConv <group=8, activation="LeakyRelu", activation_params=[0.1]> (a, k)',
         "float[8,1,3,3] k"),
    Case("FusedGemm", f'{_ROWS} e = {_MS}.FusedGemm <transB=1, alpha=0.5, activation="Tanh"> (f, k, b) {_UNFLAT}',
         "float[6,8] k, float[6] b, int64[2] last={2,3}", channels=6, units=22),
    Case("FusedMatMul", f"{_TOKENS} i = {_MS}.FusedMatMul <alpha=0.5, transB=1> (t, k) {_IMAGE}",
         f"float[6,8] k, {_SHAPES}", channels=6, units=22),
    Case("FusedMatMul", f"{_TOKENS} i = {_MS}.FusedMatMul <transA=1> (f, k) {_IMAGE}", f"float[8,6] k, {_SHAPES}",
         channels=6, units=22),
    Case("FusedMatMul", f"{_TOKENS} u = Transpose <perm=[1,0,2]> (t) i = {_MS}.FusedMatMul <transBatchA=1> (u, k) "
         f"{_IMAGE}", f"float[2,8,6] k, {_SHAPES}", channels=6, units=22),
    Case("FusedMatMul", f"{_TOKENS} u = Transpose <perm=[2,0,1]> (t) i = {_MS}.FusedMatMul <transBatchA=1, transA=1> "
         f"(u, k) {_IMAGE}", f"float[2,8,6] k, {_SHAPES}", channels=6, units=22),
    Case("TransposeMatMul", f"{_TOKENS} i = {_MS}.TransposeMatMul <transA=1> (f, k) {_IMAGE}",
         f"float[8,6] k, {_SHAPES}", channels=6, units=22),
    *[Case(op, f"c = {_MS}.{op} (a)") for op in ("Gelu", "QuickGelu", "FastGelu")],
    *[Case(op, f"{_TOKENS} i = {_MS}.{op} (t, k) {_IMAGE}", f"float[8] k, {_SHAPES}")
      for op in ("BiasGelu", "FastGelu")],
    Case("NhwcMaxPool", f"{_Q} {_CHANNELS_LAST} m = {_MS}.NhwcMaxPool <kernel_shape=[2,2]> (l) "
         f"p = Transpose <perm=[0,3,1,2]> (m) {_D}", _S),
    Case("SkipLayerNormalization", f"{_TOKENS} i = {_MS}.SkipLayerNormalization (t, e, k, k, k) {_IMAGE}",
         f"float[8] k, float[64,8] e, {_SHAPES}"),
    Case("SkipLayerNormalization", f"{_TOKENS} v, , , n = {_MS}.SkipLayerNormalization (t, t, k) i = Add (v, n) "
         f"{_IMAGE}", f"float[8] k, {_SHAPES}"),
    Case("SkipSimplifiedLayerNormalization", f"{_TOKENS} i = {_MS}.SkipSimplifiedLayerNormalization (t, t, k, k) "
         f"{_IMAGE}", f"float[8] k, {_SHAPES}"),
    Case("SimplifiedLayerNormalization", f"{_TOKENS} i = SimplifiedLayerNormalization <axis=-1> (t, k) {_IMAGE}",
         f"float[8] k, {_SHAPES}"),
    Case("EmbedLayerNormalization", "m = ArgMax <axis=1> (a) n = Reshape (m, rows) ids = Cast <to=6> (n) "
         f"i, index = {_MS}.EmbedLayerNormalization (ids, , k, e, , g1, g2) {_IMAGE}", "float[8,6] k, float[64,6] e, "
         f"float[6] g1, float[6] g2, int64[2] rows={{2,64}}, {_SHAPES}", channels=6, units=14),
]  # fmt: skip
_MIXED = f"{_TOKENS} l = MatMul (t, wr) g = Reshape (l, rows)"
_MOE = f"float[8,4] wr, int64[2] rows={{-1,4}}, float[4,8] n2, {_SHAPES}"
EXPERTS = [
    Case("MoE", f'{_MIXED} i = {_MS}.MoE <k=2, activation_type="relu"> (t, g, m1, n1, m2, n2) {_IMAGE}',
         f"float[4,6,8] m1, float[4,6] n1, float[4,8,6] m2, {_MOE}", units=26),
    Case("MoE", f'{_MIXED} i = {_MS}.MoE <k=2, activation_type="swiglu", swiglu_fusion=1> (t, g, m1, n1, m2, n2) '
         f"{_IMAGE}", f"float[4,12,8] m1, float[4,12] n1, float[4,8,6] m2, {_MOE}", units=26),
    Case("QMoE", f"{_MIXED} d = Concat <axis=2> (t, t) i = {_MS}.QMoE <k=2, activation_type=\"relu\", block_size=16, "
         f"expert_weight_bits=4> (d, g, k1, q1, , k2, q2) {_IMAGE}", "uint8[4,32,8] k1, float[4,32,1] q1, "
         f"uint8[4,16,16] k2, float[4,16,2] q2, {_MOE}", channels=16, units=14),
]  # fmt: skip
_PROJECTIONS = "float[8,24] wq, float[8,24] wk, float[8,24] wv"
_GROUPED = "float[8,48] wq, float[8,16] wk, float[8,16] wv, int32[2] last={63,63}, int32 total={64}"
ATTENTION = [
    Case("Attention", f"{_TOKENS} i = {_MS}.Attention <num_heads=4> (t, k, v, , , e) {_IMAGE}",
         f"float[8,48] k, float[48] v, float[1,4,64,64] e, {_SHAPES}", channels=16, units=20),
    Case("Attention", f"{_TOKENS} i, n = {_MS}.Attention <num_heads=2, qkv_hidden_sizes=[16,16,16], scale=0.5, "
         f"unidirectional=1> (t, k, v) {_IMAGE}", f"float[8,48] k, float[48] v, {_SHAPES}", channels=16, units=18),
    Case("Attention", f"{_TOKENS} i = {_MS}.Attention <num_heads=2, qkv_hidden_sizes=[16,16,8]> (t, k, v) {_IMAGE}",
         f"float[8,40] k, float[40] v, {_SHAPES}", units=PINNED),
    Case("MultiHeadAttention", f"{_TOKENS} {_HEADS} i = {_MS}.MultiHeadAttention <num_heads=4> (xq, xk, xv, v) "
         f"{_IMAGE}", f"{_PROJECTIONS}, float[72] v, {_SHAPES}", channels=24, units=20),
    Case("MultiHeadAttention", f"{_TOKENS} {_HEADS} i = {_MS}.MultiHeadAttention <num_heads=6> (xq, xk, xv, , , e) "
         f"{_IMAGE}", f"{_PROJECTIONS}, float[1,1,64,64] e, {_SHAPES}", channels=24, units=22),
    Case("MultiHeadAttention", f"{_TOKENS} {_HEADS} i = {_MS}.MultiHeadAttention <num_heads=4> (xq, xk, xv) {_IMAGE}",
         f"{_PROJECTIONS}, {_SHAPES}", channels=24, units=22),
    Case("MultiHeadAttention", f"{_TOKENS} {_HEADS} i = {_MS}.MultiHeadAttention <num_heads=3, scale=0.5> (xq, xk, xv) "
         f"{_IMAGE}", f"{_PROJECTIONS}, {_SHAPES}", channels=24, units=32),
    Case("GroupQueryAttention", f"{_TOKENS} {_HEADS} i, k1, v1 = {_MS}.GroupQueryAttention "
         f"<num_heads=6, kv_num_heads=2> (xq, xk, xv, , , last, total) {_IMAGE}", f"{_GROUPED}, {_SHAPES}",
         channels=48, units=19),
    Case("GroupQueryAttention", f"{_TOKENS} {_HEADS} i, k1, v1 = {_MS}.GroupQueryAttention "
         f"<num_heads=3, kv_num_heads=3> (xq, xk, xv, , , last, total) {_IMAGE}", f"{_PROJECTIONS}, "
         f"int32[2] last={{63,63}}, int32 total={{64}}, {_SHAPES}", channels=24, units=19),
    Case("Attention", f"{_TOKENS} {_HEADS} i = Attention <q_num_heads=6, kv_num_heads=2> (xq, xk, xv) {_IMAGE}",
         f"{_GROUPED}, {_SHAPES}", channels=48, units=24, opset=23),
    Case("Attention", f"{_TOKENS} {_HEADS} i = Attention <q_num_heads=3, kv_num_heads=3, scale=0.5> (xq, xk, xv, e) "
         f"{_IMAGE}", f"{_PROJECTIONS}, float[64,64] e, {_SHAPES}", channels=24, units=32, opset=24),
    Case("Attention", f"{_TOKENS} xq = MatMul (t, wq) yq = Reshape (xq, split) zq = Transpose <perm=[0,2,1,3]> (yq) "
         "i4 = Attention (zq, zq, zq) i3 = Transpose <perm=[0,2,1,3]> (i4) i = Reshape (i3, joined) "
         f"{_IMAGE}", f"float[8,24] wq, int64[4] split={{0,0,6,4}}, int64[3] joined={{0,0,24}}, {_SHAPES}", channels=24,
         units=22, opset=23),
    Case("RotaryEmbedding", f"{_TOKENS} xq = MatMul (t, wq) i = RotaryEmbedding <num_heads=3> (xq, cos, sin) {_IMAGE}",
         f"float[8,24] wq, float[2,64,4] cos, float[2,64,4] sin, {_SHAPES}", channels=24, units=19, opset=23),
    Case("RotaryEmbedding", f"{_TOKENS} xq = MatMul (t, wq) i = {_MS}.RotaryEmbedding (xq, zeros, cos, sin) {_IMAGE}",
         f"float[8,24] wq, float[64,4] cos, float[64,4] sin, int64[1] zeros={{0}}, {_SHAPES}", channels=24, units=19),
]  # fmt: skip
_PLACES = "j, places = TopK (a, two)"
_TWO = "int64[1] two={2}"
INDEXING = [
    Case("GatherElements", f"{_PLACES} c = GatherElements <axis=3> (a, places)", _TWO),
    Case("GatherElements", "l = ArgMax <axis=1> (a) c = GatherElements <axis=1> (a, l)", channels=1, units=PINNED),
    Case("GatherElements", "c = GatherElements <axis=2> (a, places)", "int64[2,3,1,1] places={0,1,2,3,4,5}", channels=3,
         units=PINNED),
    Case("GatherND", "t = Transpose <perm=[2,3,0,1]> (a) p = GatherND (t, places) c = Reshape (p, back)",
         "int64[3,2] places={0,1,7,7,3,4}, int64[4] back={6,-1,1,1}"),
    Case("GatherND", "p = GatherND <batch_dims=2> (a, places) c = Unsqueeze (p, last)",
         "int64[2,8,1] places={0,1,2,3,4,5,6,7,0,1,2,3,4,5,6,7}, int64[1] last={3}"),
    Case("ScatterElements", f"{_PLACES} u = Neg (j) c = ScatterElements <axis=3> (a, places, u)", _TWO),
    Case("ScatterElements", "s = Slice (a, zero_, one_, one_) p = Cast <to=7> (s) "
         "c = ScatterElements <axis=1> (a, zeros, s)", "int64[1] zero_={0}, int64[1] one_={1}, int64[2,1,8,8] zeros",
         units=PINNED),
    Case("Scatter", "c = Scatter <axis=2> (a, places, updates)", "int64[2,8,1,8] places, float[2,8,1,8] updates",
         opset=9),
    Case("ScatterND", "t = Transpose <perm=[0,2,3,1]> (a) e = ScatterND (t, places, updates) "
         "c = Transpose <perm=[0,3,1,2]> (e)", "int64[2,3] places={0,1,7,1,7,3}, float[2,8] updates"),
    Case("TensorScatter", "c = TensorScatter <axis=3> (a, r, at)", "int64[2] at={0,0}", opset=24, units=8),
    Case("TopK", "c, i = TopK <axis=3> (a, two)", _TWO),
    Case("TopK", "m, c1 = TopK <axis=3> (a, two) c = Cast <to=1> (c1)", _TWO),
    Case("TopK", "c, i = TopK <axis=1> (a, two)", _TWO, channels=2, units=PINNED),
    Case("CumSum", "c = CumSum (a, axis)", "int64 axis={2}"),
    Case("CumSum", "c = CumSum (a, axis)", "int64 axis={-3}", units=PINNED),
    Case("CumProd", "c = CumProd (a, axis)", "int64 axis={3}", opset=26),
    Case("ReverseSequence", "t = Transpose <perm=[2,0,1,3]> (a) e = ReverseSequence (t, lengths) "
         "c = Transpose <perm=[1,2,0,3]> (e)", "int64[2] lengths={3,8}"),
    Case("OneHot", "m = ArgMax <axis=3, keepdims=0> (a) c = OneHot <axis=3> (m, eight, values)",
         "int64 eight={8}, float[2] values={0,1}"),
    Case("Trilu", "c = Trilu (a)"),
    Case("Trilu", f"c = {_MS}.Trilu <upper=0> (a)"),
    Case("Compress", "c = Compress <axis=2> (a, which)", "bool[8] which={1,0,0,1,1,0,1,0}"),
    Case("Compress", "p = Compress (a, which) c = Reshape (p, back)", "bool[8] which={1,0,0,1,1,0,1,0}, "
         "int64[4] back={1,4,1,1}", channels=4, units=PINNED),
    Case("RoiAlign", "c = RoiAlign <output_height=2, output_width=2> (a, boxes, which)",
         "float[3,4] boxes={0,0,4,4,1,1,7,7,2,0,5,3}, int64[3] which={0,1,1}"),
    Case("MaxRoiPool", "c = MaxRoiPool <pooled_shape=[2,2]> (a, boxes)", "float[2,5] boxes={0,0,0,4,4,1,1,1,7,7}"),
    Case("GridSample", "c = GridSample (a, grid)", "float[2,3,4,2] grid"),
    Case("GridSample", f"c = {_MS}.GridSample (a, grid)", "float[2,3,4,2] grid"),
    Case("CenterCropPad", "c = CenterCropPad <axes=[2,3]> (a, size)", "int64[2] size={5,5}", opset=18),
    Case("CenterCropPad", "c = CenterCropPad <axes=[1]> (a, size)", "int64[1] size={5}", opset=18, channels=5,
         units=PINNED),
    Case("Col2Im", "f = Reshape (a, flat) c = Col2Im (f, image, block)", "int64[3] flat={2,0,64}, "
         "int64[2] image={8,8}, int64[2] block={1,1}", opset=18),
    Case("Col2Im", "f = Reshape (a, flat) c = Col2Im <strides=[2,2]> (f, image, block)", "int64[3] flat={2,0,64}, "
         "int64[2] image={16,16}, int64[2] block={2,2}", opset=18, channels=2, units=10),
    Case("DFT", "u = Unsqueeze (a, last) d = DFT <axis=3> (u) c = ReduceSum <keepdims=0> (d, last)",
         "int64[1] last={4}"),
    Case("DFT", "u = Unsqueeze (a, last) d = DFT (u, , axis) c = ReduceSum <keepdims=0> (d, last)",
         "int64[1] last={4}, int64 axis={1}", opset=20, units=PINNED),
    Case("DeformConv", "c = DeformConv <pads=[1,1,1,1]> (a, k, offsets, b)",
         "float[6,8,3,3] k, float[2,18,8,8] offsets, float[6] b", channels=6, units=22, opset=19),
    Case("DeformConv", "c = DeformConv <offset_group=4> (a, k, offsets, , masks)",
         "float[6,8,1,1] k, float[2,8,8,8] offsets, float[2,4,8,8] masks", channels=6, units=18, opset=19),
    Case("DeformConv", "c = DeformConv <offset_group=2, group=2> (a, k, offsets)",
         "float[6,4,1,1] k, float[2,4,8,8] offsets", channels=6, units=15, opset=19),
    Case("DeformConv", "c = DeformConv <offset_group=4, group=2> (a, k, offsets)",
         "float[6,4,1,1] k, float[2,8,8,8] offsets", channels=6, units=11, opset=19),
    Case("DeformConv", "c = DeformConv <offset_group=2, group=4> (a, k, offsets)",
         "float[8,2,1,1] k, float[2,4,8,8] offsets", channels=8, units=10, opset=19),
    Case("NonZero", "p = Greater (a, zero) z = NonZero (p) s = Cast <to=1> (z) m = ReduceMean <axes=[0,1]> (s) "
         "c = Add (r, m)", units=PINNED),
    Case("Unique", "u, i, n, k = Unique (a) f = ReduceMax (u) c = Mul (a, f)", units=PINNED),
    Case("EyeLike", "m = ReduceMax <axes=[2,3], keepdims=0> (a) i = EyeLike (m) u = Unsqueeze (i, last) c = Mul (a, u)",
         "int64[2] last={2,3}", units=PINNED),
    Case("NonMaxSuppression", "f = Reshape (a, boxes) s = ReduceMax <axes=[2]> (f) t = Transpose <perm=[0,2,1]> (s) "
         "b = Abs (f) k = NonMaxSuppression (b, t, two) g = Cast <to=1> (k) e = ReduceMean (g) c = Mul (a, e)",
         "int64[3] boxes={2,128,4}, int64[1] two={2}", units=PINNED),
    Case("AffineGrid", "m = Slice (a, start, end, axes) q = Squeeze (m, one_) e = AffineGrid (q, size) "
         "c = GridSample (a, e)", "int64[3] start={0,0,0}, int64[3] end={1,2,3}, int64[3] axes={1,2,3}, "
         "int64[1] one_={1}, int64[4] size={2,8,5,5}", opset=20, units=15),
    Case("STFT", "f = Flatten (a) d = STFT (f, step, , length) e = ReduceMean (d) c = Mul (a, e)",
         "int64 step={64}, int64 length={64}", units=PINNED),
    *[Case(op, f"w = {op} (eight) c = Mul (a, w)", "int64 eight={8}")
      for op in ("HannWindow", "HammingWindow", "BlackmanWindow")],
    Case("Det", "d = Det (a) u = Unsqueeze (d, last) c = Mul (a, u)", "int64[2] last={2,3}", units=PINNED),
    Case("MaxUnpool", "m, i = MaxPool <kernel_shape=[2,2], strides=[2,2]> (a) "
         "c = MaxUnpool <kernel_shape=[2,2], strides=[2,2]> (m, i)", units=PINNED),
]  # fmt: skip
OTHERS = [*QUANTIZED, *FUSED, *EXPERTS, *ATTENTION, *INDEXING]
