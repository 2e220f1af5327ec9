"""Small models that look up tokens, in ONNX text, for tests."""

from __future__ import annotations

TIED = """g (int64[N,5] ids) => (float[N,5,12] y)
    <float[12,6] table, float[6,8] a, float[8] b, float[8,6] c> {
  [look] e = Gather (table, ids)
  [up] h = MatMul (e, a)
  [bias] k = Add (h, b)
  [relu] r = Relu (k)
  [down] d = MatMul (r, c)
  [turn] t = Transpose <perm=[1,0]> (table)
  [head] y = MatMul (d, t)
}"""
"""The head is the table turned around."""
UNTIED = """g (int64[N,5] ids) => (float[N,5,12] y)
    <float[12,6] table, float[6,8] a, float[8,12] head, float[12] bias> {
  [look] e = Gather (table, ids)
  [up] h = MatMul (e, a)
  [relu] r = Relu (h)
  [down] d = MatMul (r, head)
  [last] y = Add (d, bias)
}"""
"""The head has weights of its own."""
PADDED = """g (int64[N,5] ids) => (float[N,5,8] y)
    <float[12,6] table, float[6,8] a, int64[1] last = {-1}, int64 pad = {3}, float[1,1,1] low = {-9.0}> {
  [same] m = Equal (ids, pad)
  [mask] u = Unsqueeze (m, last)
  [look] e = Gather (table, ids)
  [up] h = MatMul (e, a)
  [fill] y = Where (u, low, h)
}"""
"""Padding, id 3, is found by comparing."""
CLASSES = """g (int64[N,5] ids) => (float[N,2] y) <float[12,6] table, float[6,8] a, float[8,2] b> {
  [look] e = Gather (table, ids)
  [up] h = MatMul (e, a)
  [relu] r = Relu (h)
  [mean] m = ReduceMean <axes=[1], keepdims=0> (r)
  [last] y = MatMul (m, b)
}"""
"""Tells two classes apart."""
KEPT = (1, 3, 4, 8, 9, 11)
