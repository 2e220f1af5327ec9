"""What rules say of attention as one node, and of rotary embeddings."""

from __future__ import annotations

from tests.rules.said import every, line, said_at

HEADS = "compares whole heads along this axis, or scales by its size"
_PACKED = "b s I, I (p H d), (p H d), _, w b H u d, {}, _ -> b s (H d), w b H v d"
_MULTI = (
    "b s (H {0}), b t (H {0}), b t (H {1}), (p H d), _, {2}, b H u {0}, b H u {1}, _, _"
    " -> b s (H {1}), b H v {0}, b H v {1}, b H s v"
)
_SHARED = (
    "b s (K R d), b s (K d), b s (K d), b K u d, b K u d, _, _, _, _, _, {}, (K R), _, _, d, d"
    " -> b s (K R d), b K v d, b K v d, b (K R) s v"
)
_ONNX = "b {0}, b {1}, b {2}, {4}, b K u {5}, b K u E, _ -> b {3}, b K v {5}, b K v E, b (K R) s v"
LINES = [
    line("com.microsoft.Attention 2x5x8 8x48 48 _ _ 1x4x5x5 -> 2x5x16", _PACKED.format("1 H s k"), num_heads=4,
         sizes="H=4 p=3 w=2", fits="num_heads[0]=H", contracts="b s I p H d + w b s s H d", why=HEADS),
    line("com.microsoft.Attention 2x5x8 8x48 48 2 2x2x4x3x4 -> 2x5x16 2x2x4x8x4", _PACKED.format(""), num_heads=4,
         qkv_hidden_sizes=(16, 16, 16), scale=0.5, sizes="H=4 p=3 w=2",
         fits="num_heads[0]=H qkv_hidden_sizes[0]=(H d) qkv_hidden_sizes[1]=(H d) qkv_hidden_sizes[2]=(H d)",
         contracts="b s I p H d + w b s s H d", why=HEADS),
    line("com.microsoft.Attention 2x5x8 8x40 -> 2x5x8", "i0x0 i0x1 i0x2, i1x0 i1x1 -> o0x0 o0x1 o0x2", num_heads=4,
         qkv_hidden_sizes=(16, 16, 8), shape="depends on data", why="has values of another size than its keys"),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x8 -> 2x5x8", _MULTI.format("d", "E", ""), num_heads=4,
         sizes="H=4", fits="num_heads[0]=H", contracts="b s t H d + b s t H E", why=HEADS),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x8 _ _ 1x1x5x7 -> 2x5x8",
         _MULTI.format("D", "E", "1 1 s k"), num_heads=4, scale=0.5, sizes="H=4", fits="num_heads[0]=H",
         contracts="b s t H D + b s t H E", why=HEADS),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x16 48 -> 2x5x16 2x4x7x4 2x4x7x4",
         _MULTI.format("d", "d", ""), num_heads=4, scale=0.5, sizes="H=4 p=3", fits="num_heads[0]=H",
         contracts="b s t H d + b s t H d", why=HEADS),
    line("com.microsoft.MultiHeadAttention 2x5x16 2x7x16 2x7x8 40 -> 2x5x8",
         "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2, i2x0 i2x1 i2x2, i3x0 -> o0x0 o0x1 o0x2", num_heads=4,
         shape="depends on data", why="has one bias for keys and values of different sizes"),
    line("com.microsoft.MultiHeadAttention 2x5x4x3x4 -> 2x5x16", "i0x0 i0x1 i0x2 i0x3 i0x4 -> o0x0 o0x1 o0x2",
         num_heads=4, shape="depends on data", why="has its queries, keys or values packed"),
    line("com.microsoft.GroupQueryAttention 2x5x48 2x5x16 2x5x16 _ _ 2 () -> 2x5x48 2x2x5x8 2x2x5x8",
         _SHARED.format(""), num_heads=6, kv_num_heads=2, sizes="K=2 R=3",
         fits="num_heads[0]=(K R) kv_num_heads[0]=K", contracts="b s s K R d + b s s K R d", why=HEADS),
    line("com.microsoft.GroupQueryAttention 2x5x80 _ _ _ _ 2 () -> 2x5x48",
         "i0x0 i0x1 i0x2, _, _, _, _, i5x0,  -> o0x0 o0x1 o0x2", num_heads=6, kv_num_heads=2, shape="depends on data",
         why="has its queries, keys and values packed"),
    line("com.microsoft.GroupQueryAttention 2x5x48 2x5x16 2x5x16 _ _ 2 () -> 2x5x48",
         "i0x0 i0x1 i0x2, i1x0 i1x1 i1x2, i2x0 i2x1 i2x2, _, _, i5x0,  -> o0x0 o0x1 o0x2", num_heads=6,
         kv_num_heads=2, k_quant_type="PER_TENSOR", shape="depends on data",
         why="keeps its keys and values quantized"),
    line("Attention 2x5x48 2x7x16 2x7x8 5x7 -> 2x5x24",
         _ONNX.format("s (K R d)", "t (K d)", "t (K E)", "s (K R E)", "s k", "d"), opset=23, q_num_heads=6,
         kv_num_heads=2, sizes="K=2 R=3", fits="q_num_heads[0]=(K R) kv_num_heads[0]=K",
         contracts="b s t K R d + b s t K R E", why=HEADS),
    line("Attention 2x6x5x8 2x2x7x8 2x2x7x4 -> 2x6x5x4",
         _ONNX.format("(K R) s D", "K t D", "K t E", "(K R) s E", "", "D"), opset=24, scale=0.5, sizes="R=3",
         contracts="b s t K R D + b s t K R E", why=HEADS),
    line("Attention 2x6x5x8 2x2x7x8 2x2x7x4 -> 2x6x5x4 2x2x7x8 2x2x7x4",
         _ONNX.format("(K R) s d", "K t d", "K t E", "(K R) s E", "", "d"), opset=24, scale=0.5, sizes="R=3",
         contracts="b s t K R d + b s t K R E", why=HEADS),
    line("RotaryEmbedding 2x5x24 2x5x4 2x5x4 -> 2x5x24", "b s (H d), _, _, _ -> b s (H d)", opset=23, num_heads=3,
         sizes="d=8", fits="num_heads[0]=H", why="turns pairs of entries along this axis"),
    line("com.microsoft.RotaryEmbedding 2x5x24 1 5x4 5x4 -> 2x5x24", "b s (H d), _, _, _ -> b s (H d)", sizes="d=8",
         why="turns pairs of entries along this axis"),
    line("com.microsoft.RotaryEmbedding 2x3x5x8 1 5x4 5x4 -> 2x3x5x8", "b H s d, _, _, _ -> b H s d",
         why="turns pairs of entries along this axis"),
]  # fmt: skip


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says
