"""What rules say of operators that work element by element."""

from __future__ import annotations

from tests.rules.said import every, line, said_at


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
LINES = [
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


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
