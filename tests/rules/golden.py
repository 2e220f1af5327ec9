"""The golden lines: what the rule of every registered operator says at a small node. A new operator adds a line."""

from __future__ import annotations

from tests.rules.said import line


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


UNARY = _words(
    "Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish",
    "IsInf IsNaN Log Mish Not Reciprocal Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign",
    "BitwiseNot Sqrt Tan Tanh ThresholdedRelu",
)
BINARY = _words(
    "And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Mod Mul Or Pow",
    "Xor",
)
PRODUCTS = _words("ReduceLogSum ReduceLogSumExp ReduceProd")

STRIDED = "n (G I) s0 s1, (G O) I k0 k1, (G O) -> n (G O) t0 t1"
VALID = "n (G I) b0+~S0+e0 b1+~S1+e1, (G O) I k0 k1, (G O) -> n (G O) ~S0 ~S1"
SAME = "n (G I) ~S0 ~S1, (G O) I k0 k1, (G O) -> n (G O) ~S0 ~S1"
POINTWISE = "n (G I) S0 S1, (G O) I k0 k1, (G O) -> n (G O) S0 S1"
CONV_TRANSPOSE = "n (G I) *s, (G I) O *k, (G O) -> n (G O) *t"
NORM = "n C *s, C, C, C, C -> n C *s, C, C, C, C"
POOL = "n C *s -> n C *t"
G = "group[0]=G"
K2 = "n G I O k0 k1 t0 t1"
STRIDED_CONV = "n G I O k0 k1 t0 t1 bias 2 x16"
DENSE_CONV = "n G I O k0 k1 S0 S1 bias 2 x16"
GROUPED_CONV = "n G I O k0 k1 S0 S1 bias 2 x4"
REDUCES = "reduces over this axis"
COMPUTED = "the size of this axis is computed while running"
NORMALISES = "normalises along this axis"
SLIDES = "slides over this axis"
PIECES = "is taken in steps or pieces along this axis"
PADS = "pads along this axis otherwise than by constants, or by amounts computed while running"
PICKS = "picks entries by index along this axis"
RESAMPLES = "is resampled along this axis"

ELEMENTWISE = [
    *[line(f"{op} 2x8x4 -> 2x8x4", "*A -> *A") for op in UNARY],
    *[line(f"{op} 2x8x4 -> 2x8x4", "*A -> *A", acts="any") for op in ("Identity", "Neg")],
    *[line(f"{op} 2x8x4 -> 2x8x4", "*A -> *A", acts="positive") for op in ("Abs", "LeakyRelu")],
    line("Relu 2x8x4 -> 2x8x4", "*A -> *A", acts="clamp 0 inf"),
    *[line(f"{op} 2x8x4 8x1 -> 2x8x4", "A0 A1 A2, A1 1 -> A0 A1 A2") for op in BINARY],
    line("Add 2x8x4 8x1 -> 2x8x4", "A0 A1 A2, A1 1 -> A0 A1 A2", acts="sum any"),
    line("Sub 2x8x4 8x1 -> 2x8x4", "A0 A1 A2, A1 1 -> A0 A1 A2", acts="any"),
    *[line(f"{op} 2x8 2x8 8 -> 2x8", "A0 A1, A0 A1, A1 -> A0 A1") for op in ("Max", "Mean", "Min")],
    line("Sum 2x8 2x8 8 -> 2x8", "A0 A1, A0 A1, A1 -> A0 A1", acts="sum one"),
    line("Swish 2x8x4 -> 2x8x4", "*A -> *A", opset=24),
    line("Add 8x1x1 2x8x4x4 -> 2x8x4x4", "A1 1 1, A0 A1 A2 A3 -> A0 A1 A2 A3", acts="sum any"),
    line("Add 2x8 {8} -> 2x8", "A0 A1, A1 -> A0 A1", acts="affine 1 offset 1 sign 1"),
    line("Add 2x8 {} -> 2x8", "A0 A1,  -> A0 A1", acts="affine 1 offset 1 sign 1"),
    line("Add 8x1 1x4 -> 8x4", "A0 1, 1 A1 -> A0 A1", acts="sum any"),
    line("Add 1x1 1 -> 1x1", "1 1, 1 -> 1 1", acts="sum any"),
    line("Sub 2x8x4 {8x1} -> 2x8x4", "A0 A1 A2, A1 1 -> A0 A1 A2", acts="affine 1 offset 1 sign -1"),
    line("Sub {8x1} 2x8x4 -> 2x8x4", "A1 1, A0 A1 A2 -> A0 A1 A2", acts="affine 0 offset 0 sign -1"),
    line("Mul 2x8x4x4 {1x8x1x1} -> 2x8x4x4", "A0 A1 A2 A3, 1 A1 1 1 -> A0 A1 A2 A3", acts="affine 1"),
    line("Mul 2x8x4x4 {1} -> 2x8x4x4", "A0 A1 A2 A3, 1 -> A0 A1 A2 A3", acts="affine 1"),
    line("Mul 2x8x4x4 2x8x1x1 -> 2x8x4x4", "A0 A1 A2 A3, A0 A1 1 1 -> A0 A1 A2 A3"),
    line("Div 2x8 {8} -> 2x8", "A0 A1, A1 -> A0 A1", acts="affine 1"),
    line("Div {8} 2x8 -> 2x8", "A1, A0 A1 -> A0 A1"),
    line("PRelu 2x8x4 {8x1} -> 2x8x4", "A0 A1 A2, A1 1 -> A0 A1 A2", acts="positive"),
    line("Where 8x1 2x8x4 () -> 2x8x4", "A1 1, A0 A1 A2,  -> A0 A1 A2"),
    line("Cast 2x8 -> 2x8", "*A, *B -> *A", to=1, acts="any"),
    line("Cast 2x8 -> i2x8", "*A, *B -> *A", to=7),
    line("CastLike 2x8 4 -> 2x8", "*A, *B -> *A", acts="any"),
    line("Clip 2x8 () () -> 2x8", "*A, _, _ -> *A"),
    line("Clip 2x8 -> 2x8", "*A, _, _ -> *A", opset=6, min=0.0, max=6.0, acts="clamp 0 6"),
    line("Clip 2x8 _ {1} -> 2x8", "*A, _, _ -> *A", acts="clamp -inf 0.586"),
    line("Dropout 2x8 () () -> 2x8", "i0x0 i0x1, ,  -> o0x0 o0x1", shape="depends on data",
         why="drops values at random (training_mode)"),
    line("Dropout 2x8 -> 2x8 2x8", "*A, _, _ -> *A, *A", acts="any"),
]  # fmt: skip
LINEAR = [
    line("Einsum 2x5x8 8x6 -> 2x5x6", "B0 S3 I1, I1 O2 -> B0 S3 O2", equation="bsi,io->bso",
         contracts="B0 I1 O2 S3", acts="any"),
    line("Einsum 2x8 -> 2x8", "i0x0 i0x1 -> o0x0 o0x1", equation="...i->...i", shape="depends on data",
         why="leaves axes of its equation unnamed"),
    line("Conv 2x3x9x9 8x3x3x3 8 -> 2x8x4x4", STRIDED, strides=(2, 2), sizes="G=1", fits=G, contracts=STRIDED_CONV,
         acts="any"),
    line("Conv 2x3x8x8 8x3x3x3 -> 2x8x6x6", VALID, sizes="G=1 b0=1 e0=1 b1=1 e1=1", fits=G, contracts=DENSE_CONV,
         acts="any"),
    line("Conv 2x8x8x8 8x1x3x3 8 -> 2x8x8x8", SAME, group=8, pads=(1, 1, 1, 1), sizes="G=8", fits=G,
         contracts=GROUPED_CONV, acts="any"),
    line("Conv 2x4x8x8 8x1x3x3 8 -> 2x8x8x8", SAME, group=4, strides=(1, 1), pads=(1, 1, 1, 1), sizes="G=4", fits=G,
         contracts=GROUPED_CONV, acts="any"),
    line("Conv 2x6x8x8 8x3x1x1 8 -> 2x8x8x8", POINTWISE, group=2, sizes="G=2", fits=G, contracts=GROUPED_CONV,
         acts="any"),
    line("Conv 2x3x8x8 8x3x3x3 -> 2x8x10x10", STRIDED, pads=(2, 2, 2, 2), sizes="G=1", fits=G,
         contracts=STRIDED_CONV, acts="any"),
    line("Conv 2x3x9 8x3x4 -> 2x8x6", "n (G I) s0, (G O) I k0, (G O) -> n (G O) t0", sizes="G=1", fits=G,
         contracts="n G I O k0 t0 bias 2 x16", acts="any"),
    line("Conv 2x3x4x5x6 8x3x1x1x1 -> 2x8x4x5x6", "n (G I) S0 S1 S2, (G O) I k0 k1 k2, (G O) -> n (G O) S0 S1 S2",
         sizes="G=1", fits=G, contracts="n G I O k0 k1 k2 S0 S1 S2 bias 2 x16", acts="any"),
    line("ConvTranspose 2x3x4x4 3x8x2x2 8 -> 2x8x5x5", CONV_TRANSPOSE, sizes="G=1", fits=G,
         contracts="n G I O k0 k1 s0 s1 bias 2", acts="any"),
    line("ConvTranspose 2x6x4 6x4x2 8 -> 2x8x5", CONV_TRANSPOSE, group=2, sizes="G=2", fits=G,
         contracts="n G I O k0 s0 bias 2", acts="any"),
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
NORMALIZATION = [
    line("InstanceNormalization 2x8x4 8 8 -> 2x8x4", "n C *~S, C, C -> n C *~S"),
    line("LayerNormalization 2x5x8 8 8 -> 2x5x8", "C0 C1 ~C2, ~C2, ~C2 -> C0 C1 ~C2"),
    line("LayerNormalization 2x5x8 5x8 -> 2x5x8 2x1x1", "C0 ~C1 ~C2, ~C1 ~C2 -> C0 ~C1 ~C2, C0 1 1", axis=1),
    line("RMSNormalization 2x8 8 -> 2x8", "C0 ~C1, ~C1 -> C0 ~C1", opset=23),
    line("GroupNormalization 2x8x4 8 8 -> 2x8x4", "n (G ~C) *s, (G ~C), (G ~C) -> n (G ~C) *s", num_groups=4,
         opset=21, sizes="G=4", fits="num_groups[0]=G", why=NORMALISES),
    line("GroupNormalization 2x8x4 4 4 -> 2x8x4", "n (G ~C) *s, G, G -> n (G ~C) *s", num_groups=4, opset=18,
         sizes="G=4", fits="num_groups[0]=G", why=NORMALISES),
    line("LRN 2x8x4x4 -> 2x8x4x4", "n ~C *s -> n ~C *s"),
    line("LpNormalization 2x8 -> 2x8", "C0 ~C1 -> C0 ~C1"),
    line("MeanVarianceNormalization 2x8x4x4 -> 2x8x4x4", "~C0 C1 ~C2 ~C3 -> ~C0 C1 ~C2 ~C3"),
    line("BatchNormalization 2x8x4x4 {8} {8} {8} {8} -> 2x8x4x4", NORM, acts="affine 1 offset 3 sign -1",
         stored="3 4"),
    line("BatchNormalization 2x8 {8} {8} {8} {8} -> 2x8", NORM, epsilon=0.1, acts="affine 1 offset 3 sign -1",
         stored="3 4"),
    line("BatchNormalization 2x8x4 8 8 8 8 -> 2x8x4 8 8",
         "i0x0 i0x1 i0x2, i1x0, i2x0, i3x0, i4x0 -> o0x0 o0x1 o0x2, o1x0, o2x0", training_mode=1,
         shape="depends on data", why="computes its statistics from the batch (training_mode=1)"),
    *[line(f"{op} 2x8x4 -> 2x8x4", "A0 A1 a2 -> A0 A1 a2", why=NORMALISES)
      for op in ("Softmax", "LogSoftmax", "Hardmax")],
    *[line(f"{op} 2x8x4 -> 2x8x4", "A0 a1 A2 -> A0 a1 A2", axis=-2, why=NORMALISES)
      for op in ("Softmax", "LogSoftmax", "Hardmax")],
    *[line(f"{op} 2x8x4 -> 2x8x4", "A0 a1 a2 -> A0 a1 a2", opset=12, why=NORMALISES)
      for op in ("Softmax", "LogSoftmax", "Hardmax")],
    line("Softmax 2x8x4 -> 2x8x4", "A0 A1 a2 -> A0 A1 a2", opset=11, axis=2, why=NORMALISES),
]  # fmt: skip
POOLING = [
    line("AveragePool 2x8x4x4 -> 2x8x2x2", "n C s0 s1 -> n C t0 t1", kernel_shape=(2, 2), strides=(2, 2),
         acts="any", why=SLIDES),
    line("LpPool 2x8x4x4 -> 2x8x3x3", "n C s0 s1 -> n C t0 t1", kernel_shape=(2, 2), acts="positive", why=SLIDES),
    line("MaxPool 2x8x4x4 -> 2x8x4x4", "n C ~S0 ~S1 -> n C ~S0 ~S1", kernel_shape=(3, 3), pads=(1, 1, 1, 1),
         acts="positive", why=SLIDES),
    line("AveragePool 2x1x12x4 -> 2x1x8x4", "n C b0+~S0+e0 S1 -> n C ~S0 S1", kernel_shape=(5, 1),
         sizes="b0=2 e0=2", acts="any", why=SLIDES),
    line("MaxPool 2x8x4 -> 2x8x3 2x8x3", "i0x0 i0x1 i0x2 -> o0x0 o0x1 o0x2, o1x0 o1x1 o1x2", kernel_shape=(2,),
         shape="depends on data", why="returns indices that count over all channels"),
    line("GlobalAveragePool 2x8x4x4 -> 2x8x1x1", "n C ~S0 ~S1 -> n C 1 1", acts="any"),
    *[line(f"{op} 2x8x4x4 -> 2x8x1x1", "n C ~S0 ~S1 -> n C 1 1", acts="positive")
      for op in ("GlobalLpPool", "GlobalMaxPool")],
    line("Resize 2x8x4x4 _ {4} -> 2x8x8x8", "A0 A1 a2 a3, _, _ -> A0 A1 b2 b3", why=RESAMPLES),
    line("Resize 2x8x4x4 _ _ [2,8,8,8] -> 2x8x8x8", "A0 A1 a2 a3, _, _, _ -> A0 A1 b2 b3", fits="3[0]=A0 3[1]=A1",
         why=RESAMPLES),
    line("Resize 2x8x4x4 _ _ [9,8] -> 2x8x8x9", "A0 A1 a2 a3, _, _, _ -> A0 A1 b2 b3", axes=(3, 2), why=RESAMPLES),
    line("Resize 2x8x4x4 _ _ [8,9] -> 2x8x4x9", "A0 A1 A2 a3, _, _, _ -> A0 A1 A2 b3", axes=(1, -1), fits="3[0]=A1",
         why=RESAMPLES),
    line("Resize 2x8x4 {3} -> 2x8x8", "A0 A1 a2, _ -> A0 A1 b2", opset=10, why=RESAMPLES),
    line("Upsample 2x8x4 {3} -> 2x8x8", "A0 A1 a2, _ -> A0 A1 b2", opset=9, why=RESAMPLES),
]  # fmt: skip
REDUCTION = [
    *[line(f"{op} 2x8x4 [2] -> 2x8x1", "A0 A1 A2, _ -> A0 A1 1", acts="positive", why=REDUCES)
      for op in ("ReduceL1", "ReduceL2")],
    line("ReduceSum 2x8x4 [2] -> 2x8x1", "A0 A1 A2, _ -> A0 A1 1", acts="any", why=REDUCES),
    line("ReduceSumSquare 2x8x4 [2] -> 2x8x1", "A0 A1 A2, _ -> A0 A1 1", why=REDUCES),
    *[line(f"{op} 2x8x4 [2] -> 2x8x1", "A0 A1 ~A2, _ -> A0 A1 1", acts="positive", why=REDUCES)
      for op in ("ReduceMax", "ReduceMin")],
    line("ReduceMean 2x8x4 [2] -> 2x8x1", "A0 A1 ~A2, _ -> A0 A1 1", acts="any", why=REDUCES),
    *[line(f"{op} 2x8x4 [2] -> 2x8x1", "A0 A1 a2, _ -> A0 A1 1", why=REDUCES) for op in PRODUCTS],
    line("ReduceMax 2x8x4 -> 8", "~A0 A1 ~A2 -> A1", opset=13, axes=(0, -1), keepdims=0, acts="positive",
         why=REDUCES),
    line("ReduceMax 2x8x4 -> 1x1x1", "~A0 ~A1 ~A2 -> 1 1 1", acts="positive", why=REDUCES),
    line("ReduceProd 2x8x4 _ -> 1x1x1", "a0 a1 a2, _ -> 1 1 1", why=REDUCES),
    line("ReduceL2 2x8x4 [] -> 2x8x4", "*A, _ -> *A", noop_with_empty_axes=1, acts="positive"),
    line("ReduceMax 2x8x4 [?] -> 2x8x1", "i0x0 i0x1 i0x2, i1x0 -> o0x0 o0x1 o0x2", shape="depends on data",
         why="reduces over axes chosen while running"),
    line("ReduceSum 2x8x4 [1] -> 2x1x4", "A0 A1 A2, _ -> A0 1 A2", acts="any", why=REDUCES),
    line("ReduceSum 2x8x4 [1] -> 2x4", "A0 A1 A2, _ -> A0 A2", keepdims=0, acts="any", why=REDUCES),
    line("ReduceSum 2x8x4 -> 2x1x4", "A0 A1 A2 -> A0 1 A2", opset=11, axes=(1,), acts="any", why=REDUCES),
    line("ReduceMean 2x8x4 [-2] -> 2x1x4", "A0 ~A1 A2, _ -> A0 1 A2", acts="any", why=REDUCES),
    line("ReduceMean 2x8x4 -> 2x8x1", "A0 A1 ~A2 -> A0 A1 1", opset=13, axes=(2,), acts="any", why=REDUCES),
    line("ArgMax 2x8x4 -> 2x1x4", "A0 a1 A2 -> A0 1 A2", axis=1, why=REDUCES),
    line("ArgMin 2x8x4 -> 2x8", "A0 A1 a2 -> A0 A1", axis=-1, keepdims=0, why=REDUCES),
    line("ArgMin 2x8x4 -> 1x8x4", "a0 A1 A2 -> 1 A1 A2", why=REDUCES),
]  # fmt: skip
SHAPING = [
    line("DepthToSpace 2x8x4x4 -> 2x2x8x8", "n (b1 b2 C) h w -> n C (h b1) (w b2)", blocksize=2, sizes="b1=2 b2=2",
         acts="any", why="becomes space"),
    line("DepthToSpace 2x8x4x4 -> 2x2x8x8", "n (C b1 b2) h w -> n C (h b1) (w b2)", blocksize=2, mode="CRD",
         sizes="b1=2 b2=2", acts="any", why="becomes space"),
    line("SpaceToDepth 2x2x8x8 -> 2x8x4x4", "n C (h b1) (w b2) -> n (b1 b2 C) h w", blocksize=2, sizes="b1=2 b2=2",
         acts="any", why="becomes depth"),
    line("SpaceToDepth 2x2x8x8 -> 2x8x4x4", "n C (h b1) (w b2) -> n (C b1 b2) h w", blocksize=2, mode="CRD",
         opset=28, sizes="b1=2 b2=2", acts="any", why="becomes depth"),
    line("Flatten 2x8x3x4 -> 2x96", "F0 F1 F2 F3 -> F0 (F1 F2 F3)", acts="any"),
    line("Flatten 2x8x3x4 -> 16x12", "F0 F1 F2 F3 -> (F0 F1) (F2 F3)", axis=2, acts="any"),
    line("Flatten 1x8x1x1 -> 1x8", "1 F0 1 1 -> 1 F0", acts="any"),
    line("Squeeze 2x8x1x1 [2,3] -> 2x8", "F0 F1 1 1, _ -> F0 F1", acts="any"),
    line("Squeeze 2x8x1 -> 2x8", "F0 F1 1 -> F0 F1", opset=11, axes=(2,), acts="any"),
    line("Unsqueeze 2x8 [1] -> 2x1x8", "F0 F1, _ -> F0 1 F1", acts="any"),
    line("Reshape 2x8x3x4 [2,96] -> 2x96", "F0 F1 F2 F3, _ -> F0 (F1 F2 F3)", fits="1[0]=F0 1[1]=(F1 F2 F3)",
         acts="any", why=COMPUTED),
    line("Reshape 2x96 [0,8,3,4] -> 2x8x3x4", "F0 (F1 F2 F3), _ -> F0 F1 F2 F3", fits="1[1]=F1 1[2]=F2 1[3]=F3",
         acts="any", why=COMPUTED),
    line("Reshape 2x8x4 [0,-1] -> 2x32", "F0 F1 F2, _ -> F0 (F1 F2)", acts="any", why=COMPUTED),
    line("Reshape 2x8x4 [2,-1] -> 2x32", "F0 F1 F2, _ -> F0 (F1 F2)", fits="1[0]=F0", acts="any", why=COMPUTED),
    line("Reshape 2x8x4 [?,8,4] -> 2x8x4", "F0 F1 F2, _ -> F0 F1 F2", fits="1[1]=F1 1[2]=F2 1[0]:0", acts="any",
         why=COMPUTED),
    line("Reshape 6x8 [?,3,8] -> 2x3x8", "(F0 F1) F2, _ -> F0 F1 F2", fits="1[1]=F1 1[2]=F2 1[0]:-1", acts="any",
         why=COMPUTED),
    line("Reshape 6x8 [?,3,-1] -> 2x3x8", "(f0 F1) F2, _ -> f0 F1 F2", fits="1[1]=F1", acts="any", why=COMPUTED),
    line("Reshape 6x8 2 -> 2x24", "i0x0 i0x1, i1x0 -> o0x0 o0x1", shape="depends on data", why=COMPUTED),
    line("Reshape 2x4x6 [2,6,4] -> 2x6x4", "F0 s1 s2, _ -> F0 t1 t2", fits="1[0]=F0 1[1]=t1 1[2]=t2", acts="any",
         why=COMPUTED),
    line("Reshape 2x1x8 [1,2,8] -> 1x2x8", "F0 1 F1, _ -> 1 F0 F1", fits="1[1]=F0 1[2]=F1", acts="any", why=COMPUTED),
    line("Reshape 12x4 [4,12] -> 4x12", "(F0 F1) F2, _ -> F0 (F1 F2)", fits="1[0]=F0 1[1]=(F1 F2)", acts="any",
         why=COMPUTED),
    line("Reshape 4x6 [2,2,6] -> 2x2x6", "(F0 F1) F2, _ -> F0 F1 F2", fits="1[0]=F0 1[1]=F1 1[2]=F2", acts="any",
         why=COMPUTED),
    line("Transpose 2x8x4 -> 2x4x8", "A0 A1 A2 -> A0 A2 A1", perm=(0, 2, 1), acts="any"),
    line("Transpose 2x8x4 -> 4x8x2", "A0 A1 A2 -> A2 A1 A0", acts="any"),
    line("Expand 8x1 [2,8,4] -> 2x8x4", "A1 1, _ -> A0 A1 A2", fits="1[0]=A0 1[1]=A1 1[2]=A2", acts="any",
         why=COMPUTED),
    line("Expand 2x8x1 [4] -> 2x8x4", "A0 A1 1, _ -> A0 A1 A2", fits="1[0]=A2", acts="any", why=COMPUTED),
    line("Expand 2x8x1 [?,1,4] -> 2x8x4", "A0 A1 1, _ -> A0 A1 A2", fits="1[2]=A2 1[0]:1", acts="any", why=COMPUTED),
    line("Expand 1x8 [?,8] -> 2x8", "1 A1, _ -> a0 A1", fits="1[1]=A1", acts="any", why=COMPUTED),
    line("Tile 2x8 [1,3] -> 2x24", "A0 A1, _ -> (r0 A0) (r1 A1)", sizes="r0=1 r1=3", acts="any"),
    line("Shape 2x8 -> 2", "*A -> _", shape="reads 0 1"),
    line("Shape 2x8x4 -> 1", "*A -> _", start=-2, end=2, shape="reads 1"),
    line("Size 2x8 -> ()", "*A -> _", shape="reads 0 1"),
    line("ConstantOfShape [2,8] -> 2x8", "_ -> A0 A1", fits="0[0]=A0 0[1]=A1", why=COMPUTED),
    line("ConstantOfShape [?,8] -> 2x8", "_ -> a0 A1", fits="0[1]=A1", why=COMPUTED),
    line("ConstantOfShape 2 -> 2x8", "i0x0 -> o0x0 o0x1", shape="depends on data", why=COMPUTED),
    line("Range () () () -> 8", ", ,  -> o0x0", shape="depends on data", why="counts along this axis"),
]  # fmt: skip
JOINING = [
    line("Concat 2x3x4 2x5x4 -> 2x8x4", "A0 S0 A2, A0 S1 A2 -> A0 S0+S1 A2", axis=1, acts="any"),
    line("Concat 2x3 2x3 2x2 -> 2x8", "A0 S0, A0 S1, A0 S2 -> A0 S0+S1+S2", axis=-1, acts="any"),
    line("Split 2x8 [3,5] -> 2x3 2x5", "A0 S0+S1, _ -> A0 S0, A0 S1", axis=1, fits="1[0]=S0 1[1]=S1", acts="any"),
    line("Split 2x8 -> 2x3 2x5", "A0 S0+S1 -> A0 S0, A0 S1", opset=11, axis=-1, split=(3, 5),
         fits="split[0]=S0 split[1]=S1", acts="any"),
    line("Split 2x8 -> 2x4 2x4", "A0 (p S) -> A0 S, A0 S", axis=1, num_outputs=2, sizes="p=2", acts="any"),
    line("Split 8x2 -> 4x2 4x2", "(p S) A1 -> S A1, S A1", opset=11, sizes="p=2", acts="any"),
    line("Split 2x7 -> 2x4 2x3", "i0x0 i0x1 -> o0x0 o0x1, o1x0 o1x1", axis=1, num_outputs=2,
         shape="depends on data", why="splits into unequal parts without saying their sizes"),
    line("Split 2x8 [?,5] -> 2x3 2x5", "i0x0 i0x1, i1x0 -> o0x0 o0x1, o1x0 o1x1", axis=1, shape="depends on data",
         why="splits into parts whose sizes are computed while running, or that are not all named"),
    line("Split 2x8 [3,5] -> _ 2x5", "i0x0 i0x1, i1x0 -> _, o1x0 o1x1", axis=1, shape="depends on data",
         why="splits into parts whose sizes are computed while running, or that are not all named"),
]  # fmt: skip
SHIFTING = [
    line("Slice 2x8 [1] [6] [1] -> 2x5", "A0 X1+Y1+Z1, _, _, _ -> A0 Y1", sizes="X1=1 Y1=5 Z1=2",
         fits="1[0]=X1 2[0]=X1+Y1", acts="any", why=PIECES),
    line("Slice 2x8 [-3] [99] [-1] -> 2x3", "A0 X1+Y1, _, _, _ -> A0 Y1", sizes="X1=5 Y1=3", fits="1[0]=X1",
         acts="any", why=PIECES),
    line("Slice 2x8 [0] [-2] [1] -> 2x6", "A0 Y1+Z1, _, _, _ -> A0 Y1", sizes="Y1=6 Z1=2", fits="2[0]=Y1",
         acts="any", why=PIECES),
    line("Slice 2x8 [0] [99] [1] -> 2x8", "A0 Y1, _, _, _ -> A0 Y1", sizes="Y1=8", acts="any", why=PIECES),
    line("Slice 2x8 [0,2] [9,7] -> 2x5", "Y0 X1+Y1+Z1, _, _ -> Y0 Y1", sizes="Y0=2 X1=2 Y1=5 Z1=1",
         fits="1[1]=X1 2[1]=X1+Y1", acts="any", why=PIECES),
    line("Slice 2x8 [0] [8] [1] [2] -> 2x4", "A0 s1, _, _, _, _ -> A0 t1", acts="any", why=PIECES),
    line("Slice 2x8 [?] [8] [1] -> 2x4", "A0 s1, _, _, _ -> A0 t1", acts="any", why=PIECES),
    line("Slice 2x8x8 [1,0] [7,8] [1,2] [1,2] -> 2x6x4", "A0 X1+Y1+Z1 s2, _, _, _, _ -> A0 Y1 t2",
         sizes="X1=1 Y1=6 Z1=1", fits="1[0]=X1 2[0]=X1+Y1", acts="any", why=PIECES),
    line("Slice 2x8 -> 2x5", "A0 X1+Y1+Z1 -> A0 Y1", opset=9, starts=(1,), ends=(6,), axes=(1,),
         sizes="X1=1 Y1=5 Z1=2", fits="starts[0]=X1 ends[0]=X1+Y1", acts="any", why=PIECES),
    line("Pad 2x8x4x4 [0,0,1,1,0,0,1,1] -> 2x8x6x6", "A0 A1 A2 A3, _ -> A0 A1 B2+A2+E2 B3+A3+E3",
         sizes="B2=1 E2=1 B3=1 E3=1", fits="1[2]=B2 1[6]=E2 1[3]=B3 1[7]=E3", acts="any", why=PADS),
    line("Pad 2x8 [0,4,0,3] -> 2x15", "A0 A1, _ -> A0 B1+A1+E1", sizes="B1=4 E1=3", fits="1[1]=B1 1[3]=E1",
         acts="any", why=PADS),
    line("Pad 2x8 [0,4,0,0] _ -> 2x12", "A0 A1, _, _ -> A0 B1+A1", sizes="B1=4", fits="1[1]=B1", acts="any",
         why=PADS),
    line("Pad 2x8x4 [3,2] _ [-2] -> 2x13x4", "A0 A1 A2, _, _, _ -> A0 B1+A1+E1 A2", sizes="B1=3 E1=2",
         fits="1[0]=B1 1[1]=E1", acts="any", why=PADS),
    line("Pad 2x8x4 [0,0,1,0,0,1] -> 2x8x6", "A0 A1 s2, _ -> A0 A1 t2", mode="reflect", acts="any", why=PADS),
    line("Pad 2x8x4 [0,0,-1,0,0,1] -> 2x8x4", "A0 A1 s2, _ -> A0 A1 t2", acts="any", why=PADS),
    line("Pad 2x8 -> 2x12", "A0 A1 -> A0 A1+E1", opset=10, pads=(0, 0, 0, 4), sizes="E1=4", fits="pads[3]=E1",
         acts="any", why=PADS),
    line("Pad 2x8 [0,4,0,0] {} -> 2x12", "A0 A1, _, _ -> A0 B1+A1", sizes="B1=4", fits="1[1]=B1", why=PADS),
    line("Pad 2x8 [?,0,0,0] -> 3x8", "s0 A1, _ -> t0 A1", acts="any", why=PADS),
    line("Gather 2x8x4 i3 -> 2x3x4", "A0 v A2, I0 -> A0 I0 A2", axis=1, acts="any", shape="selects 1", why=PICKS),
    line("Gather 2x8x4 [7,0,-1] -> 2x3x4", "A0 V A2, _ -> A0 I A2", axis=1, acts="any",
         shape="gathers I=V(7, 0, 7)@1"),
    line("Gather 2x8x4 [0] -> 2x1x4", "A0 v A2, I0 -> A0 I0 A2", axis=1, acts="any", shape="selects 1", why=PICKS),
    line("Gather 2x8x4 [0,?] -> 2x2x4", "A0 v A2, I0 -> A0 I0 A2", axis=1, acts="any", shape="selects 1", why=PICKS),
    line("Gather 20x8 i2x5 -> 2x5x8", "v A1, I0 I1 -> I0 I1 A1", acts="any", shape="selects 1", why=PICKS),
    line("Gather 2x8x4 i() -> 2x8", "A0 A1 v,  -> A0 A1", axis=-1, acts="any", shape="selects 1", why=PICKS),
]  # fmt: skip
GOLDEN = [
    *ELEMENTWISE, *LINEAR, *NORMALIZATION, *POOLING, *REDUCTION, *SHAPING, *JOINING, *SHIFTING
]  # fmt: skip
