"""What rules say of operators that lay tensors end to end, or take them apart."""

from __future__ import annotations

from tests.rules.said import every, line, said_at

LINES = [
    line("Concat 2x3x4 2x5x4 -> 2x8x4", "A0 S0 A2, A0 S1 A2 -> A0 S0+S1 A2", axis=1, acts="any"),
    line("Concat 2x3 2x3 2x2 -> 2x8", "A0 S0, A0 S1, A0 S2 -> A0 S0+S1+S2", axis=-1, acts="any"),
    line("Split 2x8 [3,5] -> 2x3 2x5", "A0 S0+S1, _ -> A0 S0, A0 S1", axis=1, fits="1[0]=S0 1[1]=S1", acts="any"),
    line("Split 2x8 -> 2x3 2x5", "A0 S0+S1 -> A0 S0, A0 S1", opset=11, axis=-1, split=(3, 5),
         fits="split[0]=S0 split[1]=S1", acts="any"),
    line("Split 2x8 -> 2x4 2x4", "A0 (p S) -> A0 S, A0 S", axis=1, num_outputs=2, sizes="p=2", acts="any"),
    line("Split 8x2 -> 4x2 4x2", "(p S) A1 -> S A1, S A1", opset=11, sizes="p=2", acts="any"),
    line("Split 2x7 -> 2x4 2x3", "i0x0 i0x1 -> o0x0 o0x1, o1x0 o1x1", axis=1, num_outputs=2,
         shape="depends on data", why="splits into unequal parts without saying their sizes"),
    line("Split 2x8 [?,5] -> 2x3 2x5", "A0 s, _ -> A0 s0, A0 s1", axis=1, acts="any",
         why="splits into parts whose sizes are computed while running"),
    line("Split 2x8 [3,5] -> _ 2x5", "i0x0 i0x1, i1x0 -> _, o1x0 o1x1", axis=1, shape="depends on data",
         why="splits into parts that are not all named"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
