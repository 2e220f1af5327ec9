"""What rules say of operators that read or write at computed places."""

from __future__ import annotations

from tests.rules.said import K2, PICKS, G, every, line, said_at

TRANSFORMS = "transforms along this axis"
_DEFORM = "n {0} *s, {1} {2} *k, n {3} *t, {1}, n {4} *t -> n {1} *t"
LINES = [
    line("GatherElements 2x8x4 i2x8x3 -> 2x8x3", "A0 A1 v, A0 A1 I -> A0 A1 I", axis=-1, why=PICKS),
    line("GatherElements 2x8x4 i2x1x4 -> 2x1x4", "A0 v A2, A0 I A2 -> A0 I A2", axis=1, why=PICKS),
    line("GatherElements 2x8x4 i2x3x4 -> 2x3x4", "v s1 A2, I t1 A2 -> I t1 A2", why=PICKS),
    line("ScatterElements 2x8x4 i2x8x3 2x8x3 -> 2x8x4", "A0 A1 v, A0 A1 i, A0 A1 i -> A0 A1 v", axis=2,
         why="writes entries by index along this axis"),
    line("Scatter 2x8 i1x3 1x3 -> 2x8", "s0 v, t0 i, t0 i -> s0 v", opset=10, axis=1,
         why="writes entries by index along this axis"),
    line("GatherND 4x5x8 i3x2 -> 3x8", "v0 v1 R0, I0 k -> I0 R0", why="picks slices by index along this axis"),
    line("GatherND 2x5x8 i2x3x1 -> 2x3x8", "B0 v0 R0, B0 I0 k -> B0 I0 R0", batch_dims=1,
         why="picks slices by index along this axis"),
    line("ScatterND 4x5x8 i3x2 3x8 -> 4x5x8", "v0 v1 R0, i0 k, i0 R0 -> v0 v1 R0",
         why="writes slices by index along this axis"),
    line("TensorScatter 2x4x9x8 2x4x1x8 i2 -> 2x4x9x8", "A0 A1 s A3, A0 A1 t A3, A0 -> A0 A1 s A3", opset=24,
         why="writes entries by index along this axis"),
    line("TopK 2x8x4 [2] -> 2x8x2 2x8x2", "A0 A1 s, _ -> A0 A1 t, A0 A1 t", why="sorts along this axis"),
    line("TopK 2x8x4 -> 2x3x4 2x3x4", "A0 s A2 -> A0 t A2, A0 t A2", opset=9, axis=1, k=3,
         why="sorts along this axis"),
    line("CumSum 2x8x4 [1] -> 2x8x4", "A0 a1 A2, _ -> A0 a1 A2", why="adds up along this axis, step by step"),
    line("CumSum 2x8 () -> 2x8", "a0 a1, _ -> a0 a1", why="adds up along this axis, step by step"),
    line("CumProd 2x8 [-1] -> 2x8", "A0 a1, _ -> A0 a1", opset=26, why="adds up along this axis, step by step"),
    line("ReverseSequence 5x2x8 i2 -> 5x2x8", "t b A2, b -> t b A2", why="turns entries around along this axis"),
    line("OneHot i2x8 () 2 -> 2x8x5", "A0 A1, _, _ -> A0 A1 d", why="has one entry for each number"),
    line("OneHot i2x8 () 2 -> 2x5x8", "A0 A1, _, _ -> A0 d A1", axis=1, why="has one entry for each number"),
    line("Trilu 2x5x5 -> 2x5x5", "*A r c, _ -> *A r c", why="keeps one side of the diagonal along this axis"),
    line("com.microsoft.Trilu 5x5 () -> 5x5", "*A r c, _ -> *A r c",
         why="keeps one side of the diagonal along this axis"),
    line("Compress 2x8x4 i8 -> 2x3x4", "A0 s A2, c -> A0 t A2", axis=1, shape="depends on data",
         why="picks entries by a condition here"),
    line("Compress 2x8 i16 -> 3", "i0x0 i0x1, i1x0 -> o0x0", shape="depends on data",
         why="picks entries of the flattened tensor"),
    line("RoiAlign 2x8x9x9 3x4 i3 -> 3x8x2x2", "n C h w, r f, r -> r C p q", why="pools in boxes of this axis"),
    line("MaxRoiPool 2x8x9x9 3x5 -> 3x8x2x2", "n C h w, r f, r -> r C p q", why="pools in boxes of this axis"),
    *[line(f"{domain}GridSample 2x8x9x9 2x3x4x2 -> 2x8x3x4", "n C *s, n *t d -> n C *t",
         why="is read at computed positions of this axis")
      for domain in ("", "com.microsoft.")],
    line("CenterCropPad 2x8x9x9 [5,7] -> 2x8x5x7", "A0 A1 s2 s3, _ -> A0 A1 t2 t3", axes=(2, -1),
         why="is cut to a given size along this axis"),
    line("CenterCropPad 2x8 [2,5] -> 2x5", "s0 s1, _ -> t0 t1", why="is cut to a given size along this axis"),
    line("Col2Im 2x12x9 [6,6] [2,2] -> 2x3x6x6", "n (C b) l, _, _ -> n C *t", sizes="C=3",
         why="becomes blocks of an image here"),
    line("DFT 2x8x4x1 -> 2x8x4x2", "A0 s A2 p -> A0 t A2 q", opset=17, why=TRANSFORMS),
    line("DFT 2x8x4x1 _ [-2] -> 2x8x4x2", "A0 A1 s p, _, _ -> A0 A1 t q", why=TRANSFORMS),
    line("DFT 2x8x4x1 -> 2x8x4x2", "A0 A1 s p -> A0 A1 t q", why=TRANSFORMS),
    line("DFT 2x8x4x1 _ [?] -> 2x8x4x2", "i0x0 i0x1 i0x2 i0x3, _, i2x0 -> o0x0 o0x1 o0x2 o0x3",
         shape="depends on data", why="transforms along an axis chosen while running"),
    line("DeformConv 2x6x9x9 8x3x3x3 2x18x7x7 8 -> 2x8x7x7", _DEFORM.format("(G I)", "(G O)", "I", "f", "m"),
         group=2, sizes="G=2", fits=G, contracts=K2, why="slides over this axis, or tells where"),
    line("DeformConv 2x6x9x9 8x6x3x3 2x36x7x7 _ 2x18x7x7 -> 2x8x7x7",
         _DEFORM.format("(F I)", "O", "(F I)", "(F f)", "(F m)"), offset_group=2, sizes="F=2",
         fits="offset_group[0]=F", contracts="n F I O k0 k1 t0 t1", why="slides over this axis, or tells where"),
    line("DeformConv 2x6x9 8x3x3 2x12x7 -> 2x8x7",
         "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2, i2x0 i2x1 i2x2 -> o0x0 o0x1 o0x2", group=2, offset_group=2,
         shape="depends on data", why="has groups of channels and groups of positions"),
    line("NonZero 2x8 -> 2x3", "i0x0 i0x1 -> o0x0 o0x1", shape="depends on data",
         why="lists the positions of what is not zero"),
    line("Unique 2x8 -> 7", "i0x0 i0x1 -> o0x0", shape="depends on data", why="sorts what it finds"),
    line("EyeLike 8x8 -> 8x8", "i0x0 i0x1 -> o0x0 o0x1", shape="depends on data", why="has ones on its diagonal"),
    line("NonMaxSuppression 1x6x4 1x2x6 -> 3x3", "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2 -> o0x0 o0x1",
         shape="depends on data", why="picks boxes by their scores"),
    line("AffineGrid 2x2x3 [2,3,4,5] -> 2x4x5x2", "i0x0 i0x1 i0x2, i1x0 -> o0x0 o0x1 o0x2 o0x3",
         shape="depends on data", why="computes positions in an image"),
    line("STFT 2x64 () _ () -> 2x4x9x2", "i0x0 i0x1, , _,  -> o0x0 o0x1 o0x2 o0x3", shape="depends on data",
         why=TRANSFORMS),
    *[line(f"{op} () -> 8", " -> o0x0", shape="depends on data", why="makes a window of this size")
      for op in ("HannWindow", "HammingWindow", "BlackmanWindow")],
    line("Det 2x8x8 -> 2", "i0x0 i0x1 i0x2 -> o0x0", shape="depends on data", why="computes with whole matrices"),
    line("MaxUnpool 2x8x4 i2x8x4 -> 2x8x8", "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2 -> o0x0 o0x1 o0x2",
         shape="depends on data", why="reads indices that count over all channels"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
