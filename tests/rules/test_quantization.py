"""What rules say of operators between integers and floats."""

from __future__ import annotations

from tests.rules.said import BLOCKS, every, line, said_at

LINES = [
    line("DequantizeLinear 2x8x4 () () -> 2x8x4", "A0 A1 A2, ,  -> A0 A1 A2", integers="0:2/1"),
    line("DequantizeLinear 8x4 8 8 -> 8x4", "A0 A1, A0, A0 -> A0 A1", axis=0, integers="0:2/1"),
    line("QuantizeLinear 2x8x4 1 -> 2x8x4", "A0 A1 A2, 1 -> A0 A1 A2"),
    line("DequantizeLinear 8 1 () -> 8", "A0, 1,  -> A0", integers="0:2/1"),
    line("QuantizeLinear 2x8 2x4 -> 2x8", "i0x0 i0x1, i1x0 i1x1 -> o0x0 o0x1", block_size=2,
         shape="depends on data", why=BLOCKS),
    line("DynamicQuantizeLinear 2x8 -> 2x8 () ()", "*A -> *A, _, _", integers="range 0"),
    line("com.microsoft.QuantizeLinear 2x8 () () -> 2x8", "A0 A1, ,  -> A0 A1"),
    line("com.microsoft.DequantizeLinear 8x2 8 8 -> 8x2", "A0 A1, A0, A0 -> A0 A1", axis=0, integers="0:2/1"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
