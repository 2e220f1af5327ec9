"""What rules say of operators that cut pieces off an axis or add some."""

from __future__ import annotations

from tests.rules.said import PICKS, every, line, said_at

PIECES = "is taken in steps or pieces along this axis"
PADS = "pads along this axis otherwise than by constants, or by amounts computed while running"
LOOKS = "0[v]@1"
LINES = [
    line("Slice 2x8 [1] [6] [1] -> 2x5", "A0 X1+Y1+Z1, _, _, _ -> A0 Y1", sizes="X1=1 Y1=5 Z1=2",
         fits="1[0]=X1 2[0]=X1+Y1", acts="any", why=PIECES),
    line("Slice 2x8 [-3] [99] [-1] -> 2x3", "A0 X1+Y1, _, _, _ -> A0 Y1", sizes="X1=5 Y1=3", fits="1[0]=X1",
         acts="any", why=PIECES),
    line("Slice 2x8 [0] [-2] [1] -> 2x6", "A0 Y1+Z1, _, _, _ -> A0 Y1", sizes="Y1=6 Z1=2", fits="2[0]=Y1",
         acts="any", why=PIECES),
    line("Slice 2x8 [0] [99] [1] -> 2x8", "A0 Y1, _, _, _ -> A0 Y1", sizes="Y1=8", acts="any", why=PIECES),
    line("Slice 2x8 [0,2] [9,7] -> 2x5", "Y0 X1+Y1+Z1, _, _ -> Y0 Y1", sizes="Y0=2 X1=2 Y1=5 Z1=1",
         fits="1[1]=X1 2[1]=X1+Y1", acts="any", why=PIECES),
    line("Slice 2x8 [0] [8] [1] [2] -> 2x4", "A0 (P1 k1), _, _, _, _ -> A0 (P1 j1)", sizes="k1=2 j1=1", acts="any",
         why=PIECES),
    line("Slice 2x9 [2] [99] [1] [3] -> 2x3", "A0 (P1 k1), _, _, _, _ -> A0 (P1 j1)", sizes="k1=3 j1=1", acts="any",
         why=PIECES),
    line("Slice 2x8 [0] [7] [1] [2] -> 2x4", "A0 s1, _, _, _, _ -> A0 t1", acts="any", why=PIECES),
    line("Slice 2x8 [2] [8] [1] [2] -> 2x3", "A0 s1, _, _, _, _ -> A0 t1", acts="any", why=PIECES),
    line("Slice 2x8 [7] [-99] [1] [-2] -> 2x4", "A0 s1, _, _, _, _ -> A0 t1", acts="any", why=PIECES),
    line("Slice 2x8 [0] [8] [1] [3] -> 2x3", "A0 s1, _, _, _, _ -> A0 t1", acts="any", why=PIECES),
    line("Slice 2x8 [?] [8] [1] -> 2x4", "A0 s1, _, _, _ -> A0 t1", acts="any", why=PIECES),
    line("Slice 2x8x8 [1,0] [7,8] [1,2] [1,2] -> 2x6x4", "A0 X1+Y1+Z1 (P2 k2), _, _, _, _ -> A0 Y1 (P2 j2)",
         sizes="X1=1 Y1=6 Z1=1 k2=2 j2=1", fits="1[0]=X1 2[0]=X1+Y1", acts="any", why=PIECES),
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
    line("Gather 2x8x4 i3 -> 2x3x4", "A0 v A2, I0 -> A0 I0 A2", axis=1, acts="any", shape="selects 1",
         looks_up=LOOKS, why=PICKS),
    line("Gather 2x8x4 [7,0,-1] -> 2x3x4", "A0 V A2, _ -> A0 I A2", axis=1, acts="any",
         shape="gathers I=V(7, 0, 7)@1"),
    line("Gather 2x8x4 [0] -> 2x1x4", "A0 v A2, I0 -> A0 I0 A2", axis=1, acts="any", shape="selects 1",
         looks_up=LOOKS, why=PICKS),
    line("Gather 2x8x4 [0,?] -> 2x2x4", "A0 v A2, I0 -> A0 I0 A2", axis=1, acts="any", shape="selects 1",
         looks_up=LOOKS, why=PICKS),
    line("Gather 20x8 i2x5 -> 2x5x8", "v A1, I0 I1 -> I0 I1 A1", acts="any", shape="selects 1",
         looks_up=LOOKS, why=PICKS),
    line("Gather 2x8x4 i() -> 2x8", "A0 A1 v,  -> A0 A1", axis=-1, acts="any", shape="selects 1",
         looks_up=LOOKS, why=PICKS),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
