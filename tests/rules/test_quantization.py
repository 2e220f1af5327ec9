"""What rules say of operators between integers and floats."""

from __future__ import annotations

from tests.rules.said import BLOCKS, every, line, said_at

_PICKED = "picks entries by index along this axis, or has one scale for each block of it"
LINES = [
    line("DequantizeLinear 2x8x4 () () -> 2x8x4", "A0 A1 A2, ,  -> A0 A1 A2", integers="0:2/1"),
    line("DequantizeLinear 8x4 8 8 -> 8x4", "A0 A1, A0, A0 -> A0 A1", axis=0, integers="0:2/1"),
    line("QuantizeLinear 2x8x4 1 -> 2x8x4", "A0 A1 A2, 1 -> A0 A1 A2"),
    line("DequantizeLinear 8 1 () -> 8", "A0, 1,  -> A0", integers="0:2/1"),
    line("QuantizeLinear 2x8 2x4 -> 2x8", "A0 (B s), A0 B -> A0 (B s)", block_size=2, sizes="s=2", why=BLOCKS),
    line("DequantizeLinear 8x6 2x6 2x6 -> 8x6", "(B s) A1, B A1, B A1 -> (B s) A1", axis=0, block_size=4, sizes="s=4",
         integers="0:2/1", why=BLOCKS),
    line("DequantizeLinear 8x6 8x2 -> 8x6", "A0 k, A0 b -> A0 k", block_size=4, integers="0:2/1", why=BLOCKS),
    line("com.microsoft.GatherBlockQuantized 9x16 i2x4 9x2 -> 2x4x32", "v (B q), I0 I1, v B, v B -> I0 I1 (B s)",
         block_size=16, bits=4, sizes="s=16", why=_PICKED, shape="selects 1",
         looks_up="0[v]@1"),
    line("com.microsoft.GatherBlockQuantized 9x16 i2x4 9x2 9x1 -> 2x4x32", "v (b q), I0 I1, v b, v z -> I0 I1 (b s)",
         block_size=16, bits=4, sizes="s=16", why=_PICKED, shape="selects 1",
         looks_up="0[v]@1"),
    line("com.microsoft.GatherBlockQuantized 32x6 i4 2x6 -> 32x4", "(B q) v, I0, B v, B v -> (B s) I0",
         block_size=16, gather_axis=1, quantize_axis=0, sizes="s=16", why=_PICKED, shape="selects 1",
         looks_up="0[v]@1"),
    line("DynamicQuantizeLinear 2x8 -> 2x8 () ()", "*A -> *A, _, _", integers="range 0"),
    line("com.microsoft.QuantizeLinear 2x8 () () -> 2x8", "A0 A1, ,  -> A0 A1"),
    line("com.microsoft.DequantizeLinear 8x2 8 8 -> 8x2", "A0 A1, A0, A0 -> A0 A1", axis=0, integers="0:2/1"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
