"""Networks that compute a body again and again, as ONNX text, and one way to prune them at random."""

from __future__ import annotations

from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.groups import trace
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.model.read import constants
from paoding_onnx.shapes.observe import NOTHING_GIVEN, observe_like, sizes_of
from paoding_onnx.shapes.study import study
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.simplified import check_simplified
from paoding_onnx.verification.slices import wrong_slices
from tests.models import Trial, random_plan

_HEAD = "g (float[{n},{t},4] x) => (float[{n},3] y)"
WHILE = (
    _HEAD.format(n=2, t=5)
    + """
    <float[4,8] a, float[8,6] w, float[6,6] r, float[6] b, float[6,3] d, float[2,6] zeros={0,0,0,0,0,0,0,0,0,0,0,0},
     int64 five={5}, int64 none={0}, bool go={1}, float[1] unused> {
  p = MatMul (x, a) q = Relu (p) s = Transpose <perm=[1,0,2]> (q)
  i, h, v, m, z, all = Loop (five, go, none, zeros, w, r, b) <body = step
      (int64 k, bool c, int64 i0, float[2,6] h0, float[8,6] v0, float[6,6] m0, float[6] z0)
      => (bool d0, int64 i1, float[2,6] h2, float[8,6] v1, float[6,6] m0, float[6] z0, float[2,6] h3) {
    one = Constant <value_int=1> () five_ = Constant <value_int=5> () v1 = Identity (v0)
    i1 = Add (i0, one) d0 = Less (i1, five_) e = Gather <axis=0> (s, i0)
    f = MatMul (e, v0) j = Gemm (h0, m0, z0) l = Add (f, j) h2 = Tanh (l) h3 = Identity (h2) }>
  last = Gather <axis=0> (all, none) total = Add (last, h) y = MatMul (total, d)
}"""
)
"""As tf2onnx writes a recurrent layer: weights are handed on from step to step, what is read is picked by a counter."""
OPEN = (
    _HEAD.format(n="N", t="T")
    + """
    <float[4,8] a, float[24,8] w, float[18,6] r, float[6] b, float[6,3] d, int64[1] width={6}, int64 zero={0},
     int64 one={1}, bool go={1}> {
  p = MatMul (x, a) q = Relu (p) shape = Shape (x) n = Gather (shape, zero) steps = Gather (shape, one)
  k0 = Constant <value_ints=[0]> () n1 = Unsqueeze (n, k0) full = Concat <axis=0> (n1, width)
  nil = Constant <value_float=0.0> () h0 = Expand (nil, full)
  h, all = Loop (steps, go, h0) <body = step (int64 k, bool c, float[M,6] g) => (bool c, float[M,6] u, float[M,6] o) {
    e = Gather <axis=1> (q, k) part = Constant <value_ints=[6,6,6,6]> ()
    w1, w2, w3, w4 = Split <axis=0> (w, part) w5 = Concat <axis=0> (w1, w2, w3) wt = Transpose (w5)
    thirds = Constant <value_ints=[6,6,6]> () f = MatMul (e, wt) rt = Transpose (r) j = MatMul (g, rt)
    f1, f2, f3 = Split <axis=1> (f, thirds) j1, j2, j3 = Split <axis=1> (j, thirds)
    a1 = Add (f1, j1) s1 = Sigmoid (a1) a2 = Add (f2, j2) s2 = Sigmoid (a2) a3 = Mul (s1, j3) a4 = Add (f3, a3)
    s3 = Tanh (a4) a5 = Add (s3, b) a6 = Sub (g, a5) a7 = Mul (s2, a6) u = Add (a7, a5) o = Identity (u) }>
  y = MatMul (h, d)
}"""
)
"""A gated layer over any number of samples and steps, its gates cut out of one matrix, of which some is not read."""
SCAN = (
    _HEAD.format(n=2, t=5)
    + """
    <float[4,8] a, float[2,6] h0, float[6,3] d> {
  p = MatMul (x, a) q = Relu (p)
  h, all = Scan <num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[-1], scan_input_directions=[1], body = step
      (float[2,6] g, float[2,8] e) => (float[2,6] u, float[2,6] o) <float[14,7] w = {W}, float[7,6] r = {R}> {
    both = Concat <axis=1> (g, e) m = MatMul (both, w) n = Relu (m) v = MatMul (n, r) u = Tanh (v) o = Neg (u)
    }> (h0, q)
  last = ReduceMax <axes=[2], keepdims=0> (all) total = Add (last, h) y = MatMul (total, d)
}"""
)
"""A layer within the body, whose units never leave it; its weights are the body's own."""
NESTED = (
    _HEAD.format(n=2, t=5)
    + """
    <float[4,8] a, float[8,8] w, float[8,5] v, float[5,8] r, float[8,3] d, int64 two={2}, int64 three={3},
     int64 zero={0}, bool go={1}> {
  p = MatMul (x, a) first = Gather <axis=1> (p, zero)
  h = Loop (three, go, first) <body = outer (int64 k, bool c, float[2,8] g) => (bool c, float[2,8] u) {
    m = MatMul (g, w) t = Tanh (m)
    u, many = Loop (two, go, t) <body = inner (int64 k, bool c, float[2,8] g) => (bool c, float[2,8] u, float[2,5] f) {
      e = MatMul (g, v) f = Relu (e) o = MatMul (f, r) s = Add (g, o) u = Tanh (s) }> }>
  y = MatMul (h, d)
}"""
)
"""A loop in a loop, with the same names in both."""
NORMALISED = (
    _HEAD.format(n=2, t=5)
    + """
    <float[4,8] a, float[8,8] w, float[8] g1, float[8] g2, float[8,3] d, int64 three={3}, int64 zero={0}, bool go={1}> {
  p = MatMul (x, a) first = Gather <axis=1> (p, zero)
  h = Loop (three, go, first) <body = step (int64 k, bool c, float[2,8] g) => (bool c, float[2,8] u) {
    m = MatMul (g, w) u = LayerNormalization (m, g1, g2) }>
  y = MatMul (h, d)
}"""
)
"""A body that mixes along the axis of its state; what it returns is what mixes."""
PAIR = (
    _HEAD.format(n=2, t=5)
    + """
    <float[4,6] a, float[6,6] w, float[6,6] r, float[6,6] u, float[6,6] v, float[6,3] d, float[2,6] s1, float[2,6] s2> {
  p = MatMul (x, a) t = Transpose <perm=[1,0,2]> (p)
  h, z = Scan <num_scan_inputs=1, body = step (float[2,6] h0, float[2,6] z0, float[2,6] e)
      => (float[2,6] h1, float[2,6] z1) {
    f = MatMul (e, w) g = MatMul (h0, r) i = Add (f, g) h1 = Tanh (i)
    j = MatMul (h0, u) k = MatMul (z0, v) l = Add (j, k) z1 = Sigmoid (l) }> (s1, s2, t)
  y = MatMul (z, d)
}"""
)
"""Two states of one size that have nothing to do with each other but for weights."""
GROWING = (
    _HEAD.format(n=2, t=5)
    + """
    <float[4,8] a, float[8,6] w, float[6,3] d, int64 three={3}, bool go={1}> {
  p = MatMul (x, a)
  h = Loop (three, go, p) <body = step (int64 k, bool c, float[2,M,8] g) => (bool c, float[2,O,8] u) {
    t = Tanh (g) u = Concat <axis=1> (g, t) }>
  m = MatMul (h, w) r = Relu (m) s = ReduceMax <axes=[1], keepdims=0> (r) y = MatMul (s, d)
}"""
)
"""A state that grows from step to step: its other axes are as free as ever."""
UNITS = {"while": 14, "open": 20, "scan": 21, "nested": 13, "normalised": 8, "pair": 18, "growing": 14}
"""How many units may go from each."""
TEXTS = {
    "while": WHILE,
    "open": OPEN,
    "scan": SCAN.replace("{W}", "{" + ", ".join(f"{(7 * k) % 19 - 9}" for k in range(98)) + "}").replace(
        "{R}", "{" + ", ".join(f"{(5 * k) % 13 - 6}" for k in range(42)) + "}"
    ),
    "nested": NESTED,
    "normalised": NORMALISED,
    "pair": PAIR,
    "growing": GROWING,
}


def pruned_at_random(subject: Model, seed: int = 0, share: float = 0.5, given: Given = NOTHING_GIVEN) -> Trial:
    """A model with bodies after losing `share` of each group's units at random, under the proofs there are."""
    found = study(subject, given)
    traced = trace(found.graph)
    for verdict in check_simplified(subject, found.simplified, traced):
        assert verdict.passed, verdict.detail
    plan = random_plan(traced, seed, share)
    pruned = cut(found.folded, traced, plan)
    assert next(wrong_slices(found.folded, traced, plan, pruned), None) is None
    again = trace(observe_like(pruned, sizes_of(found.graph)))
    return Trial(
        original=found.simplified,
        trace=traced,
        plan=plan,
        pruned=pruned,
        verdict=check_surgery(found.folded, traced, plan, pruned, original=found.simplified),
        predicted=cost(traced, plan.removed),
        recounted=cost(again, nothing(again)),
    )


def n_parameters(subject: Model) -> int:
    """How many floats the constants of a model hold, those in bodies left out."""
    return sum(value.size for value in constants(subject).values() if value.dtype.kind == "f")
