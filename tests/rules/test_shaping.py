"""What rules say of operators that rearrange axes, or make tensors of a given shape."""

from __future__ import annotations

from tests.rules.said import every, line, said_at

COMPUTED = "the size of this axis is computed while running"
LINES = [
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
    line("Tile 2x8 [1,3] -> 2x24", "A0 A1, _ -> A0 (r1 A1)", sizes="r1=3", acts="any"),
    line("Shape 2x8 -> 2", "*A -> _", shape="reads 0 1"),
    line("Shape 2x8x4 -> 1", "*A -> _", start=-2, end=2, shape="reads 1"),
    line("Size 2x8 -> ()", "*A -> _", shape="reads 0 1"),
    line("ConstantOfShape [2,8] -> 2x8", "_ -> A0 A1", fits="0[0]=A0 0[1]=A1", why=COMPUTED),
    line("ConstantOfShape [?,8] -> 2x8", "_ -> a0 A1", fits="0[1]=A1", why=COMPUTED),
    line("ConstantOfShape 2 -> 2x8", "i0x0 -> o0x0 o0x1", shape="depends on data", why=COMPUTED),
    line("Range () () () -> 8", ", ,  -> o0x0", shape="depends on data", why="counts along this axis"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
