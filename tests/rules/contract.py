"""The contract table: every registered operator between two convolutions, as ONNX text that onnxruntime can run.

    x -> Conv w0 -> Relu -> r -> Conv w1 -> a -> the operator under test -> c -> Conv w2 -> y

The 8 channels of w0 may always go; `units` counts how many may go altogether. To add an operator, add a line.
"""

from __future__ import annotations

from dataclasses import dataclass

PINNED = 8
"""The channels of w0 alone: the operator pins those of w1."""
FREE = 16
DOMAINS = ("com.microsoft", "ai.onnx.ml")

_FRAME = """g (float[2,3,8,8] x) => (float[b,o,h,w] y)
<float[8,3,1,1] w0, float[8] b0, float[8,8,1,1] w1, float[8] b1, float[5,{channels},1,1] w2, float zero={{0}},
 float one={{1}}, float half={{0.5}} {declared}> {{
  h = Conv (x, w0, b0)
  r = Relu (h)
  a = Conv (r, w1, b1)
  {body}
  y = Conv (c, w2)
}}"""


@dataclass(frozen=True)
class Case:
    """One way to use an operator: `body` makes c, with `channels` channels, from a."""

    operator: str
    body: str
    declared: str = ""
    units: int = FREE
    channels: int = 8
    opset: int = 17

    @property
    def text(self) -> str:
        """The whole model; operators of other domains bring a header of their own."""
        declared = f", {self.declared}" if self.declared else ""
        opsets = f'["" : {self.opset}, "com.microsoft" : 1, "ai.onnx.ml" : 1]'
        is_other = any(f"{domain}." in self.body for domain in DOMAINS)
        header = f"<ir_version: {self.ir}, opset_import: {opsets}>\n" if is_other else ""
        return header + _FRAME.format(channels=self.channels, declared=declared, body=self.body)

    @property
    def domain_and_operator(self) -> tuple[str, str]:
        """The key of the operator's rule; the first node of that name counts."""
        found = (domain for domain in DOMAINS if f"{domain}.{self.operator} " in self.body)
        return next(found, ""), self.operator

    @property
    def ir(self) -> int:
        """The version of the file format that goes with the opset."""
        return 10 if self.opset > 20 else 8

    @property
    def label(self) -> str:
        """A name for the test."""
        return f"{self.operator}: {' '.join(self.body.split())}"


def _unary(operators: str, before: str = "e = Identity (a)", attributes: str = "", opset: int = 17) -> list[Case]:
    return [Case(op, f"{before} c = {op}{attributes} (e)", opset=opset) for op in operators.split()]


def _comparison(operator: str) -> Case:
    return Case(operator, f"e = Floor (a) p = {operator} (e, zero) c = Cast <to=1> (p)")


def _logical(operator: str) -> Case:
    body = f"p = Greater (a, zero) q = Less (a, one) l = {operator} (p, q) c = Cast <to=1> (l)"
    return Case(operator, body)


ELEMENTWISE = [
    *_unary("Abs Atan Asinh Ceil Celu Cos Elu Erf Exp Floor HardSigmoid HardSwish Identity LeakyRelu Neg Relu Round"),
    *_unary("Selu Sigmoid Sign Sin Sinh Cosh Softplus Softsign Tan Tanh ThresholdedRelu Dropout"),
    *_unary("Shrink", attributes=" <lambd=0.1>"),
    *_unary("Gelu Mish", opset=20),
    *_unary("Swish", opset=24),
    *_unary("Log Sqrt Reciprocal", "f = Abs (a) e = Add (f, half)"),
    *_unary("Acosh", "f = Abs (a) e = Add (f, one)"),
    *_unary("Acos Asin Atanh", "f = Mul (a, half) e = Tanh (f)"),
    *_unary("Cast", attributes=" <to=1>"),
    Case("Cast", "d = Cast <to=11> (a) c = Cast <to=1> (d)"),
    Case("CastLike", "s = Sigmoid (r) c = CastLike (a, s)"),
    Case("CastLike", "p = Greater (r, zero) l = CastLike (a, p) c = Cast <to=1> (l)"),
    Case("Not", "p = Greater (a, zero) n = Not (p) c = Cast <to=1> (n)"),
    Case("IsNaN", "s = Sqrt (a) n = IsNaN (s) c = Cast <to=1> (n)"),
    Case("IsInf", "t = Relu (a) s = Reciprocal (t) n = IsInf (s) c = Cast <to=1> (n)"),
    Case("BitShift", 'e = Abs (a) u = Cast <to=2> (e) s = BitShift <direction="LEFT"> (u, two) c = Cast <to=1> (s)',
         "uint8 two={2}"),
    Case("BitwiseNot", "u = Cast <to=6> (a) n = BitwiseNot (u) c = Cast <to=1> (n)", opset=18),
    *[Case(op, f"u = Cast <to=6> (a) n = {op} (u, two) c = Cast <to=1> (n)", "int32 two={2}", opset=18)
      for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")],
    Case("Clip", "c = Clip (a, zero, half)"),
    Case("Scaler", "c = ai.onnx.ml.Scaler <offset=[0.5], scale=[2.0]> (a)"),
    Case("PRelu", "c = PRelu (a, slope)", "float[8,1,1] slope"),
    Case("Add", "c = Add (a, k)", "float[8,1,1] k"),
    Case("Add", "c = Add (a, r)", units=8),
    Case("Sub", "c = Sub (k, a)", "float[1,8,1,1] k"),
    Case("Mul", "s = Sigmoid (a) c = Mul (a, s)"),
    Case("Mul", "c = Mul (a, half)"),
    Case("Div", "c = Div (a, k)", "float[8,1,1] k"),
    Case("Mod", "c = Mod <fmod=1> (a, one)"),
    Case("Pow", "e = Abs (a) c = Pow (e, half)"),
    Case("Where", "p = Greater (a, zero) n = Neg (a) c = Where (p, a, n)"),
    *[Case(op, f"s = Sigmoid (a) c = {op} (a, s, k)", "float[8,1,1] k") for op in ("Max", "Mean", "Min", "Sum")],
    *[_comparison(op) for op in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")],
    *[_logical(op) for op in ("And", "Or", "Xor")],
]  # fmt: skip
LINEAR = [
    Case("Einsum", 'c = Einsum <equation="nchw,cd->ndhw"> (a, e)', "float[8,6] e", channels=6, units=22),
    Case("Einsum", 'c = Einsum <equation="nchw,cd->ndhw"> (a, e)', "float[8,6] e", channels=6, units=22, opset=28),
    Case("Conv", "c = Conv <pads=[1,1,1,1]> (a, k, b)", "float[6,8,3,3] k, float[6] b", channels=6, units=22),
    Case("Conv", "c = Conv <group=8> (a, k, b)", "float[8,1,3,3] k, float[8] b"),
    Case("Conv", "c = Conv <group=2> (a, k)", "float[8,4,3,3] k", units=16),
    Case("Conv", "t = Transpose <perm=[0,2,1,3]> (a) s = Conv (t, k) c = Transpose <perm=[0,2,1,3]> (s)",
         "float[8,8,1,1] k"),
    Case("Conv", "t = Transpose <perm=[0,2,1,3]> (a) s = Conv <pads=[1,0,1,0]> (t, k) "
         "c = Transpose <perm=[0,2,1,3]> (s)", "float[8,8,3,1] k"),
    Case("ConvTranspose", "c = ConvTranspose <strides=[2,2]> (a, k, b)", "float[8,6,2,2] k, float[6] b", channels=6,
         units=22),
    Case("ConvTranspose", "c = ConvTranspose <group=8> (a, k)", "float[8,1,2,2] k"),
    Case("Gemm", "p = GlobalAveragePool (a) f = Flatten (p) e = Gemm <transB=1> (f, k, b) c = Unsqueeze (e, last)",
         "float[6,8] k, float[6] b, int64[2] last={2,3}", channels=6, units=22),
    Case("MatMul", "t = Transpose <perm=[0,2,3,1]> (a) m = MatMul (t, k) c = Transpose <perm=[0,3,1,2]> (m)",
         "float[8,6] k", channels=6, units=22),
]  # fmt: skip
NORMALIZATION = [
    Case("InstanceNormalization", "c = InstanceNormalization (a, s, t)", "float[8] s, float[8] t"),
    Case("LayerNormalization", "t = Transpose <perm=[0,2,3,1]> (a) l = LayerNormalization (t, s) "
         "c = Transpose <perm=[0,3,1,2]> (l)", "float[8] s"),
    Case("RMSNormalization", "t = Transpose <perm=[0,2,3,1]> (a) l = RMSNormalization (t, s) "
         "c = Transpose <perm=[0,3,1,2]> (l)", "float[8] s", opset=23),
    Case("GroupNormalization", "c = GroupNormalization <num_groups=4> (a, s, t)", "float[8] s, float[8] t",
         opset=21, units=12),
    Case("LRN", "c = LRN <size=3> (a)"),
    Case("LpNormalization", "c = LpNormalization <axis=1> (a)"),
    Case("MeanVarianceNormalization", "c = MeanVarianceNormalization (a)"),
    Case("BatchNormalization", "c = BatchNormalization (a, s, b, m, v)", "float[8] s, float[8] b, float[8] m, "
         "float[8] v"),
    *[Case(op, f"c = {op} <axis=3> (a)") for op in ("Softmax", "LogSoftmax", "Hardmax")],
    *[Case(op, f"c = {op} <axis=1> (a)", units=PINNED) for op in ("Softmax", "LogSoftmax", "Hardmax")],
    Case("Softmax", "c = Softmax <axis=1> (a)", opset=11, units=PINNED),
]  # fmt: skip
POOLING = [
    *[Case(op, f"c = {op} <kernel_shape=[2,2]> (a)") for op in ("AveragePool", "LpPool", "MaxPool")],
    *[Case(op, f"c = {op} (a)") for op in ("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool")],
    Case(
        "GlobalAveragePool",
        "t = Transpose <perm=[0,2,1,3]> (a) m = GlobalAveragePool (t) s = Sub (t, m) "
        "c = Transpose <perm=[0,2,1,3]> (s)",
    ),
    Case(
        "AveragePool",
        "u = Unsqueeze (a, one_) p = Pad (u, pads) m = AveragePool <kernel_shape=[5,1,1]> (p) c = Squeeze (m, one_)",
        "int64[1] one_={1}, int64[10] pads={0,0,2,0,0,0,0,2,0,0}",
    ),
    Case(
        "MaxPool",
        "t = Transpose <perm=[0,2,1,3]> (a) m = MaxPool <kernel_shape=[3,1], pads=[1,0,1,0]> (t) "
        "c = Transpose <perm=[0,2,1,3]> (m)",
    ),
    Case("MaxPool", "m, i = MaxPool <kernel_shape=[2,2]> (a) f = Cast <to=1> (i) c = Sub (m, f)", units=PINNED),
    Case("Resize", "c = Resize (a, , scales)", "float[4] scales={1,1,2,2}"),
    Case("Resize", "c = Resize (a, , , sizes)", "int64[4] sizes={2,8,5,7}"),
    Case("Upsample", "c = Upsample (a, scales)", "float[4] scales={1,1,2,2}", opset=9),
]
_NORMS = ("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSumSquare")
REDUCTION = [
    *[Case(op, f"c = {op} <axes=[3]> (a)") for op in (*_NORMS, "ReduceLogSumExp", "ReduceProd")],
    *[Case(op, f"c = {op} <axes=[1]> (a)", channels=1) for op in _NORMS],
    *[Case(op, f"c = {op} <axes=[1]> (a)", channels=1, units=PINNED) for op in ("ReduceLogSumExp", "ReduceProd")],
    Case("ReduceLogSum", "e = Abs (a) c = ReduceLogSum <axes=[3]> (e)"),
    Case("ReduceLogSum", "e = Abs (a) c = ReduceLogSum <axes=[1]> (e)", channels=1),
    Case("ReduceSum", "c = ReduceSum (a, axes)", "int64[1] axes={1}", channels=1),
    Case("ReduceSum", "c = ReduceSum (a, axes)", "int64[2] axes={2,3}"),
    *[Case(op, f"i = {op} <axis=1> (a) c = Cast <to=1> (i)", channels=1, units=PINNED) for op in ("ArgMax", "ArgMin")],
    *[Case(op, f"i = {op} <axis=3> (a) c = Cast <to=1> (i)") for op in ("ArgMax", "ArgMin")],
]
SHAPING = [
    Case("DepthToSpace", "c = DepthToSpace <blocksize=2> (a)", channels=2, units=10),
    Case("DepthToSpace", 'c = DepthToSpace <blocksize=2, mode="CRD"> (a)', channels=2, units=10),
    Case("DepthToSpace", "c = DepthToSpace <blocksize=2> (a)", channels=2, units=10, opset=28),
    Case("SpaceToDepth", "c = SpaceToDepth <blocksize=2> (a)", channels=32),
    Case("SpaceToDepth", 'c = SpaceToDepth <blocksize=2, mode="CRD"> (a)', channels=32, opset=28),
    Case("Flatten", "f = Flatten (a) c = Reshape (f, shape)", "int64[4] shape={0,8,8,8}"),
    Case("Squeeze", "p = GlobalMaxPool (a) s = Squeeze (p, axes) c = Unsqueeze (s, axes)", "int64[2] axes={2,3}"),
    Case("Unsqueeze", "u = Unsqueeze (a, axes) c = Squeeze (u, axes)", "int64[1] axes={2}"),
    Case("Reshape", "f = Reshape (a, flat) s = Softmax (f) c = Reshape (s, full)",
         "int64[3] flat={2,8,64}, int64[4] full={2,-1,8,8}"),
    Case("Reshape", "f = Reshape (a, mixed) c = Reshape (f, full)", "int64[2] mixed={4,-1}, int64[4] full={2,8,8,8}",
         units=12),
    Case("Transpose", "t = Transpose <perm=[1,0,3,2]> (a) c = Transpose <perm=[1,0,2,3]> (t)"),
    Case("Expand", "p = GlobalMaxPool (a) c = Expand (p, shape)", "int64[4] shape={2,8,3,3}"),
    Case("Expand", "p = GlobalMaxPool (a) s = Shape (a) c = Expand (p, s)"),
    Case("Tile", "c = Tile (a, repeats)", "int64[4] repeats={1,2,1,1}", channels=16),
    Case("Shape", "s = Shape (a) z = ConstantOfShape <value=float[1]{3}> (s) c = Add (a, z)"),
    Case("Shape", "s = Shape (a) i = Gather (s, two) f = Cast <to=1> (i) c = Mul (a, f)", "int64 two={1}"),
    Case("Size", "s = Size (x) f = Cast <to=1> (s) g = Sqrt (f) c = Div (a, g)"),
    Case("Size", "s = Size (a) f = Cast <to=1> (s) g = Sqrt (f) c = Div (a, g)"),
    Case("ConstantOfShape", "z = ConstantOfShape <value=float[1]{3}> (shape) c = Mul (a, z)", "int64[3] shape={8,1,1}"),
    Case("Range", "n = Range (start, stop, step) f = Cast <to=1> (n) u = Unsqueeze (f, axes) c = Mul (a, u)",
         "int64 start={1}, int64 stop={9}, int64 step={1}, int64[2] axes={1,2}", units=PINNED),
]  # fmt: skip
JOINING = [
    Case("Concat", "c = Concat <axis=1> (r, a)", channels=16),
    Case("Concat", "c = Concat <axis=2> (r, a)", units=8),
    Case("Split", "p, q = Split <axis=1> (a, sizes) c = Concat <axis=1> (q, p)", "int64[2] sizes={3,5}"),
    Case("Split", "p, q = Split <axis=1> (a) c = Concat <axis=1> (q, p)", units=12),
    Case("Split", "p, q = Split <axis=1> (a) s = Sigmoid (q) c = Mul (p, s)", channels=4, units=12),
    Case("Split", "p, q = Split <axis=1, split=[3,5]> (a) c = Concat <axis=1> (q, p)", opset=12),
]
SHIFTING = [
    Case("Slice", "c = Slice (a, one_, six, one_)", "int64[1] one_={1}, int64[1] six={6}", channels=5, units=16),
    Case("Slice", "c = Slice (a, start, end, axis)", "int64[1] start={-3}, int64[1] end={99}, int64[1] axis={1}",
         channels=3, units=16),
    Case("Slice", "c = Slice (a, start, end, axis, step)", "int64[1] start={0}, int64[1] end={8}, int64[1] axis={1}, "
         "int64[1] step={2}", channels=4, units=12),
    Case("Slice", "c = Slice (a, start, end, axis, step)", "int64[1] start={0}, int64[1] end={8}, int64[1] axis={1}, "
         "int64[1] step={3}", channels=3, units=PINNED),
    Case("Slice", "e = Slice (a, zero_, far, axis, step) o = Slice (a, axis, far, axis, step) n = Neg (o) "
         "eu = Unsqueeze (e, two) nu = Unsqueeze (n, two) s = Concat <axis=2> (nu, eu) c = Reshape (s, image)",
         "int64[1] zero_={0}, int64[1] far={9223372036854775807}, int64[1] axis={1}, int64[1] step={2}, "
         "int64[1] two={2}, int64[4] image={0,8,8,8}", channels=8, units=12),
    Case("Slice", "c = Slice <axes=[1], starts=[1], ends=[6]> (a)", channels=5, opset=9),
    Case("Pad", "c = Pad (a, pads)", "int64[8] pads={0,0,1,1,0,0,1,1}"),
    Case("Pad", "c = Pad (a, pads, half)", "int64[8] pads={0,1,0,0,0,2,0,0}", channels=11, units=19),
    Case("Pad", 'c = Pad <mode="reflect"> (a, pads)', "int64[8] pads={0,0,1,1,0,0,1,1}"),
    Case("Pad", "c = Pad <pads=[0,0,1,1,0,0,1,1]> (a)", opset=10),
    Case("Gather", "c = Gather <axis=2> (a, picks)", "int64[3] picks={0,2,5}"),
    Case("Gather", "c = Gather <axis=1> (a, picks)", "int64[4] picks={7,0,2,5}", channels=4),
    Case("Gather", "c = Gather <axis=1> (a, picks)", "int64[6] picks={-1,0,0,2,-1,5}", channels=6),
    Case("Gather", "g = Gather <axis=1> (a, picks) c = Squeeze (g, one_)", "int64[1,4] picks={7,0,2,5}, "
         "int64[1] one_={1}", channels=4),
    Case("Gather", "g = Gather <axis=1> (a, picks) c = Reshape (g, flat)", "int64[2,2] picks={7,0,2,5}, "
         "int64[4] flat={0,4,8,8}", channels=4, units=10),
]  # fmt: skip
SEQUENCE = "m = ReduceMax <axes=[3], keepdims=0> (a) s = Transpose <perm=[2,0,1]> (m)"
"""Eight steps of two samples: with a single step, hidden units would never meet each other."""
_LAST = "c = Reshape (last, back)"
BACK = "int64[4] back={2,6,1,1}"
RECURRENT = [
    Case("LSTM", f"{SEQUENCE} z, last = LSTM <hidden_size=6> (s, w, u, v) {_LAST}",
         f"{BACK}, float[1,24,8] w, float[1,24,6] u, float[1,48] v", channels=6, units=22),
    Case("LSTM", f"{SEQUENCE} z, last = LSTM <hidden_size=6> (s, w, u, , , i, i, p) {_LAST}",
         f"{BACK}, float[1,24,8] w, float[1,24,6] u, float[1,2,6] i, float[1,18] p", channels=6, units=22),
    Case("LSTM", f"{SEQUENCE} z = LSTM <hidden_size=6, direction=\"bidirectional\"> (s, w, u) "
         "c = Transpose <perm=[2,3,1,0]> (z)", "float[2,24,8] w, float[2,24,6] u", channels=6, units=22),
    Case("GRU", f"{SEQUENCE} z, last = GRU <hidden_size=6> (s, w, u, v) {_LAST}",
         f"{BACK}, float[1,18,8] w, float[1,18,6] u, float[1,36] v", channels=6, units=22),
    Case("GRU", f"{SEQUENCE} z, last = GRU <hidden_size=6, linear_before_reset=1> (s, w, u, v) {_LAST}",
         f"{BACK}, float[1,18,8] w, float[1,18,6] u, float[1,36] v", channels=6, units=22),
    Case("RNN", f"{SEQUENCE} z, last = RNN <hidden_size=6> (s, w, u) {_LAST}",
         f"{BACK}, float[1,6,8] w, float[1,6,6] u", channels=6, units=22),
]  # fmt: skip
_STEP = "(float[2,6] g, float[2,8] e) => (float[2,6] u, float[2,6] o) { m1 = MatMul (e, w) n = MatMul (g, v) "
BODIES = [
    Case("If", "c = If (go) <then_branch = one () => (float[2,8,8,8] t) { t = Tanh (a) }, "
         "else_branch = two () => (float[2,8,8,8] f) { f = Neg (a) }>", "bool go={1}", units=PINNED),
    Case("Loop", "c = Loop (three, go, a) <body = step (int64 k, bool p, float[2,8,8,8] g) => (bool p, "
         "float[2,8,8,8] t) { m = Conv (g, w) t = Tanh (m) }>", "int64 three={3}, bool go={1}, float[8,8,1,1] w"),
    Case("Scan", f"{SEQUENCE} last, all = Scan <num_scan_inputs=1, body = step {_STEP} s_ = Add (m1, n) u = Tanh (s_) "
         f"o = Neg (u) }}> (i, s) {_LAST}", f"{BACK}, float[2,6] i, float[8,6] w, float[6,6] v", channels=6, units=22),
]  # fmt: skip
QUANTIZATION = [
    Case("QuantizeLinear", "q = QuantizeLinear (a, half) c = Cast <to=1> (q)"),
    Case("DequantizeLinear", "q = QuantizeLinear (a, half) c = DequantizeLinear (q, half)"),
    Case(
        "DequantizeLinear",
        "q = QuantizeLinear <axis=1> (a, scale) c = DequantizeLinear <axis=1> (q, scale)",
        "float[8] scale={0.5,0.25,0.5,0.25,0.5,0.25,0.5,0.25}",
    ),
]
CONTRACT = [
    *ELEMENTWISE, *LINEAR, *NORMALIZATION, *POOLING, *REDUCTION, *SHAPING, *JOINING, *SHIFTING, *RECURRENT,
    *BODIES, *QUANTIZATION,
]  # fmt: skip
