"""What rules say of operators that pool or resample over space."""

from __future__ import annotations

from tests.rules.said import SLIDES, every, line, said_at

RESAMPLES = "is resampled along this axis"
LINES = [
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
    line("Resize 2x8x4x4 _ _ {4} -> 2x8x8x8", "a0 a1 a2 a3, _, _, _ -> b0 b1 b2 b3", why=RESAMPLES),
    line("Resize 2x8x4x4 _ _ [2,8,8,8] -> 2x8x8x8", "A0 A1 a2 a3, _, _, _ -> A0 A1 b2 b3", fits="3[0]=A0 3[1]=A1",
         why=RESAMPLES),
    line("Resize 2x8x4x4 _ _ [9,8] -> 2x8x8x9", "A0 A1 a2 a3, _, _, _ -> A0 A1 b2 b3", axes=(3, 2), why=RESAMPLES),
    line("Resize 2x8x4x4 _ _ [8,9] -> 2x8x4x9", "A0 A1 A2 a3, _, _, _ -> A0 A1 A2 b3", axes=(1, -1), fits="3[0]=A1",
         why=RESAMPLES),
    line("Resize 2x8x4 {3} -> 2x8x8", "A0 A1 a2, _ -> A0 A1 b2", opset=10, why=RESAMPLES),
    line("Upsample 2x8x4 {3} -> 2x8x8", "A0 A1 a2, _ -> A0 A1 b2", opset=9, why=RESAMPLES),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
