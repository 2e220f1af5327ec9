"""What rules say of operators that reduce axes away."""

from __future__ import annotations

from tests.rules.said import every, line, said_at

PRODUCTS = ("ReduceLogSumExp", "ReduceProd")
REDUCES = "reduces over this axis"
LINES = [
    *[line(f"{op} 2x8x4 [2] -> 2x8x1", "A0 A1 A2, _ -> A0 A1 1", acts="positive", why=REDUCES)
      for op in ("ReduceL1", "ReduceL2")],
    line("ReduceSum 2x8x4 [2] -> 2x8x1", "A0 A1 A2, _ -> A0 A1 1", acts="any", why=REDUCES),
    *[line(f"{op} 2x8x4 [2] -> 2x8x1", "A0 A1 A2, _ -> A0 A1 1", why=REDUCES)
      for op in ("ReduceSumSquare", "ReduceLogSum")],
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


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
