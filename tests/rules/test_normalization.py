"""What rules say of operators that normalise."""

from __future__ import annotations

from paoding_onnx.model.nodes import Attribute
from tests.rules.said import NORMALISES, every, line, said_at

NORM = "n C *s, C, C, C, C -> n C *s, C, C, C, C"
COLUMNS = "has numbers of its own for each column"
SCALING: dict[str, Attribute] = {"offset": (5.0,) * 8, "scale": (2.0,) * 8}
LINES = [
    line("InstanceNormalization 2x8x4 8 8 -> 2x8x4", "n C *~S, C, C -> n C *~S"),
    line("LayerNormalization 2x5x8 8 8 -> 2x5x8", "C0 C1 ~C2, ~C2, ~C2 -> C0 C1 ~C2"),
    line("LayerNormalization 2x5x8 5x8 -> 2x5x8 2x1x1", "C0 ~C1 ~C2, ~C1 ~C2 -> C0 ~C1 ~C2, C0 1 1", axis=1),
    line("RMSNormalization 2x8 8 -> 2x8", "C0 ~C1, ~C1 -> C0 ~C1", opset=23),
    line("GroupNormalization 2x8x4 8 8 -> 2x8x4", "n (G ~C) *s, (G ~C), (G ~C) -> n (G ~C) *s", num_groups=4,
         opset=21, sizes="G=4", fits="num_groups[0]=G", why=NORMALISES),
    line("GroupNormalization 2x8x4 4 4 -> 2x8x4", "n (G ~C) *s, G, G -> n (G ~C) *s", num_groups=4, opset=18,
         sizes="G=4", fits="num_groups[0]=G", why=NORMALISES),
    line("ai.onnx.ml.Scaler 2x8 -> 2x8", "n c -> n c", acts="affine 0", why=COLUMNS, **SCALING),
    line("ai.onnx.ml.Scaler 2x8 -> 2x8", "*A -> *A", acts="affine 0", offset=(5.0,), scale=(2.0,)),
    line("ai.onnx.ml.Scaler 2x4x8 -> 2x4x8", "i0x0 i0x1 i0x2 -> o0x0 o0x1 o0x2", shape="depends on data",
         why="has numbers for another number of columns", **SCALING),
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


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
