"""A small residual network in ONNX text, for tests."""

from __future__ import annotations

BLOCKS = """g (float[N,6] x) => (float[N,3] y)
    <float[6,8] w0, float[8,10] a1, float[10,8] b1, float[8,10] a2, float[10,8] b2, float[8,3] last> {
  [stem] s = MatMul (x, w0)
  [up1] u1 = MatMul (s, a1)
  [act1] r1 = Relu (u1)
  [down1] d1 = MatMul (r1, b1)
  [sum1] t1 = Add (s, d1)
  [up2] u2 = MatMul (t1, a2)
  [act2] r2 = Relu (u2)
  [down2] d2 = MatMul (r2, b2)
  [sum2] t2 = Add (d2, t1)
  [head] y = MatMul (t2, last)
}"""
"""Two blocks; the second one's branch is the first operand of its sum."""

PICKED = (
    BLOCKS.replace("(float[N,3] y)", "(float[1,3,k] y)")
    .replace("last> {", "last, float zero = {0.0}, int64[1] first = {0}, int64[1] second = {1}> {")
    .replace(
        "[head] y = MatMul (t2, last)",
        """[head] all = MatMul (t2, last)
  [sum3] sums = ReduceSum <keepdims = 0> (all, second)
  [over] over = Greater (sums, zero)
  [turn] turned = Transpose <perm = [1, 0]> (all)
  [pick] picked = Compress <axis = 1> (turned, over)
  [last] y = Unsqueeze (picked, first)""",
    )
)
"""The same, of which only those samples are left that it picks itself."""
