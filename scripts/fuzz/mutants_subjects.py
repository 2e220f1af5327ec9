"""What mutants are made of: small networks with every registered operator, and layers as exporters write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from paoding_onnx.model.load import Model
from tests.bodies import TEXTS
from tests.models import model
from tests.rules.contract import CONTRACT
from tests.rules.contract_others import OTHERS


@dataclass(frozen=True, slots=True)
class Subject:
    """A network, and the operator whose rule gets faults; `None` for all that it has."""

    name: str
    text: str
    opset: int = 17
    ir: int = 8
    operator: tuple[str, str] | None = None

    @property
    def has_choice(self) -> bool:
        """Whether one of two subgraphs is computed."""
        return "then_branch" in self.text

    @property
    def has_body(self) -> bool:
        """Whether a body is computed again and again."""
        return "body = " in self.text

    def model(self, seed: int) -> Model:
        """The model with weights of this seed."""
        return model(self.text, seed, opset=self.opset, ir=self.ir)


NETWORKS = {
    "layer norms": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,8] a, float[8] s, float[8] t, float[8,12] b,
        float[12,8] c, float[8,5] d> {
      p = MatMul (x, a) n = LayerNormalization (p, s, t) h = MatMul (n, b) r = Relu (h) m = MatMul (r, c)
      q = Add (p, m) v = LayerNormalization (q, s) y = MatMul (v, d)
    }""",
    "gates": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,8] a, float[8,24] b, float[12,8] c, float[8,5] d,
        int64[2] halves={12,12}> {
      p = MatMul (x, a) h = MatMul (p, b) u, v = Split <axis=-1> (h, halves) s = Sigmoid (u) g = Mul (u, s)
      w = Mul (g, v) m = MatMul (w, c) q = Add (p, m) y = MatMul (q, d)
    }""",
    "heads": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,24] q, float[6,24] k, float[6,24] v, float[24,5] o,
        int64[4] apart={0,0,4,6}, int64[3] joined={0,0,24}> {
      a = MatMul (x, q) b = MatMul (x, k) c = MatMul (x, v) d = Reshape (a, apart) e = Reshape (b, apart)
      f = Reshape (c, apart) h = Transpose <perm=[0,2,1,3]> (d) i = Transpose <perm=[0,2,3,1]> (e)
      j = Transpose <perm=[0,2,1,3]> (f) l = MatMul (h, i) m = Softmax <axis=-1> (l) n = MatMul (m, j)
      r = Transpose <perm=[0,2,1,3]> (n) s = Reshape (r, joined) y = MatMul (s, o)
    }""",
    "packed heads": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,48] q, float[48] qb, float[16,5] o,
        int64[3] joined={0,0,-1}, int64 zero={0}, int64 one={1}, int64 two={2}, int64[1] z={0}, int64[1] i={1},
        int64[4] sizes={3,4,4,1}, int64[3] tail={3,4,4}> {
      p = MatMul (x, q) a = Add (p, qb) s = Shape (x) n = Gather (s, z) t = Gather (s, i)
      w = Concat <axis=0> (n, t, tail) b = Reshape (a, w) c = Transpose <perm=[2,0,3,1,4]> (b)
      d = Gather <axis=0> (c, zero) e = Gather <axis=0> (c, one) f = Gather <axis=0> (c, two)
      g1 = Transpose <perm=[0,1,3,2]> (e) h = MatMul (d, g1) k = Softmax <axis=-1> (h) l = MatMul (k, f)
      m = Transpose <perm=[0,2,1,3]> (l) r = Reshape (m, joined) y = MatMul (r, o)
    }""",
    "flattened": """g (float[N,3,8,8] x) => (float[N,5] y) <float[8,3,3,3] a, float[8] ab, float[6,8,3,3] b,
        float[96,10] c, float[10] cb, float[10,5] d> {
      p = Conv (x, a, ab) q = Relu (p) r = Conv (q, b) s = Flatten (r) t = Gemm (s, c, cb) u = Relu (t)
      y = MatMul (u, d)
    }""",
    "shuffled": """g (float[2,3,4,4] x) => (float[2,5,4,4] y) <float[8,3,1,1] a, float[8,4,1,1] b, float[5,8,1,1] c,
        int64[5] apart={2,2,4,4,4}, int64[4] joined={2,8,4,4}> {
      p = Conv (x, a) q = Reshape (p, apart) r = Transpose <perm=[0,2,1,3,4]> (q) s = Reshape (r, joined)
      t = Conv <group=2> (s, b) y = Conv (t, c)
    }""",
    "upsampled": """g (float[2,3,4,4] x) => (float[2,5,8,8] y) <float[8,3,1,1] a, float[16,8,1,1] b,
      float[5,12,1,1] c,
        float[4] twice={1,1,2,2}> {
      p = Conv (x, a) q = Conv (p, b) r = DepthToSpace <blocksize=2> (q) s = Resize (p, , twice)
      t = Concat <axis=1> (r, s) y = Conv (t, c)
    }""",
    "window": """g (float[N,6,6,3] x) => (float[N,6,6,5] y) <float[3,8] a, float[8,8] b, float[8,5] c,
        int64[6] apart={-1,2,3,2,3,8}, int64[3] rows={-1,9,8}, int64[6] back={-1,2,2,3,3,8},
      int64[4] whole={-1,6,6,8}> {
      p = MatMul (x, a) q = Reshape (p, apart) r = Transpose <perm=[0,1,3,2,4,5]> (q) s = Reshape (r, rows)
      t = MatMul (s, b) u = Softmax <axis=1> (t) v = Reshape (u, back) w = Transpose <perm=[0,1,3,2,4,5]> (v)
      z = Reshape (w, whole) y = MatMul (z, c)
    }""",
    "open reshape": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,8] a, float[8,5] b, int64[1] z={0},
      int64[1] i={1},
        int64[1] c={2}, int64[1] m={-1}> {
      p = MatMul (x, a) s = Shape (p) n = Gather (s, z) t = Gather (s, i) w = Gather (s, c) f = Concat <axis=0> (m, w)
      q = Reshape (p, f) r = Relu (q) g1 = Concat <axis=0> (n, t, w) u = Reshape (r, g1) y = MatMul (u, b)
    }""",
    "open halves": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,8] a, float[4,5] b, int64[1] c={2},
      int64[1] h={2},
        int64[1] z={0}, int64[1] far={9223372036854775807}> {
      p = MatMul (x, a) s = Shape (p) w = Gather (s, c) k = Div (w, h) u = Slice (p, z, k, c) v = Slice (p, k, far, c)
      g1 = Sigmoid (v) m = Mul (u, g1) y = MatMul (m, b)
    }""",
    "table": """g (int64[N,T] x) => (float[N,T,5] y) <float[9,8] e, float[300,8] places, float[8,12] a, float[12,8] b,
        float[8,5] c, int64[1] i={1}, int64[1] z={0}> {
      p = Gather (e, x) s = Shape (x) t = Gather (s, i) q = Slice (places, z, t, z) r = Add (p, q) h = MatMul (r, a)
      u = Tanh (h) v = MatMul (u, b) w = Add (r, v) y = MatMul (w, c)
    }""",
    "memory": """g (float[T,N,6] x) => (float[T,N,5] y) <float[1,32,6] w, float[1,32,8] r, float[1,64] b,
      float[1,18,8] w2,
        float[1,18,6] r2, float[6,5] c, int64[1] i={1}> {
      p, h, k = LSTM <hidden_size=8> (x, w, r, b) q = Squeeze (p, i) s = GRU <hidden_size=6> (q, w2, r2)
      t = Squeeze (s, i) y = MatMul (t, c)
    }""",
    "both ways": """g (float[7,2,6] x) => (float[7,2,5] y) <float[2,24,6] w, float[2,24,6] r, float[2,48] b,
      float[12,5] c,
        int64[3] flat={7,2,12}> {
      p = LSTM <hidden_size=6, direction="bidirectional"> (x, w, r, b) q = Transpose <perm=[0,2,1,3]> (p)
      s = Reshape (q, flat) y = MatMul (s, c)
    }""",
    "scan": """g (float[7,6] x) => (float[7,5] y) <float[6,8] a, float[8] s0, float[8,5] c> {
      p = MatMul (x, a) l, z = Scan <num_scan_inputs=1, body = b (float[8] s, float[8] e) => (float[8] t, float[8] o)
      {
        t = Add (s, e) o = Tanh (t)
      }> (s0, p) y = MatMul (z, c)
    }""",
    "branch": """g (float[2,6] x, bool q) => (float[2,5] y) <float[6,8] a, float[8,7] b, float[7,5] c> {
      p = MatMul (x, a) r = Relu (p) h = MatMul (r, b)
      k = If (q) <then_branch = t () => (float[2,7] u) { u = Neg (h) }, else_branch = e () => (float[2,7] v) {
      v = Abs (h) }>
      y = MatMul (k, c)
    }""",
    "rates": """g (float[N,6] x, int64 rate) => (float[N,5] y)
        <float[6,8] a, float[8,7] b, float[7,5] c, float[8,9] d, float[9,5] e, int64 high={16000}> {
      p = MatMul (x, a) h = Relu (p) q = Equal (rate, high)
      y = If (q) <then_branch = t () => (float[N,5] u) { i = MatMul (h, b) j = Sigmoid (i) u = MatMul (j, c) },
        else_branch = e () => (float[N,5] v) { k = MatMul (h, d) l = Tanh (k) v = MatMul (l, e) }>
    }""",
    "squeezed": """g (float[2,6] x) => (float[2,5] y) <float[6,8] a, float[8,7] b, float[7,5] c, int64 two={2}> {
      p = MatMul (x, a) s = Shape (p) n = Size (s) q = Equal (n, two)
      k = If (q) <then_branch = t () => (float[2,7] u) { h = MatMul (p, b) u = Neg (h) },
        else_branch = e () => (float[2,7] v) { g = MatMul (p, b) v = Abs (g) }>
      y = MatMul (k, c)
    }""",
    "residual": """g (float[N,3,8,8] x) => (float[N,5] y) <float[8,3,3,3] a, float[8] s, float[8] t, float[8] m,
      float[8] v,
        float[4,8,1,1] b, float[4,1,3,3] d, float[8,4,1,1] e, float[8,2,1,1] f, float[2,8,1,1] g0, float[8,5] h> {
      p = Conv <pads=[1,1,1,1], strides=[2,2]> (x, a) q = BatchNormalization (p, s, t, m, v) r = Relu (q)
      i = Conv (r, b)
      j = Conv <group=4, pads=[1,1,1,1]> (i, d) k = Conv (j, e) w = GlobalAveragePool (k) o = Conv (w, g0)
      z = Relu (o)
      c = Conv (z, f) n = Sigmoid (c) u = Mul (k, n) l = Add (u, r) w2 = ReduceMean <axes=[2,3], keepdims=0> (l)
      y = MatMul (w2, h)
    }""",
    "shared": """g (float[1,4,2,2] x) => (float[1,5,2,2] y) <float[6,4,1,1] a, float[6] k, float[6,6,1,1] b,
      float[5,6,1,1] c> {
      p = Conv (x, a, k) q = Relu (p) r = Conv (q, b, k) y = Conv (r, c)
    }""",
    "branches": """g (float[1,3,4,4] x) => (float[1,5,16] y) <float[8,3,1,1] a, float[8,3,1,1] b, float[5,8] c,
      float[5,8] d,
        int64[3] target={0,8,16}> {
      p = Conv (x, a) q = Conv (x, b) r = Reshape (p, target) s = Reshape (q, target) t = MatMul (c, r)
      u = MatMul (d, s)
      y = Add (t, u)
    }""",
    "scaled": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,8] a, float[8,5] b, int64[1] c={2}> {
      p = MatMul (x, a) s = Shape (p) w = Gather (s, c) f = Cast <to=1> (w) q = Sqrt (f) r = Div (p, q)
      y = MatMul (r, b)
    }""",
    "repeated": """g (float[N,T,6] x) => (float[N,T,5] y) <float[6,24] q, float[6,12] k, float[6,12] v, float[24,5] o,
        int64[4] many={0,0,4,6}, int64[4] few={0,0,2,6}, int64[3] joined={0,0,24}, int64[1] two={2},
      int64[5] wide={1,1,2,1,1},
        int64[4] four={0,4,-1,6}> {
      a = MatMul (x, q) b = MatMul (x, k) c = MatMul (x, v) d = Reshape (a, many) e = Reshape (b, few)
      f = Reshape (c, few)
      h = Transpose <perm=[0,2,1,3]> (d) i = Transpose <perm=[0,2,1,3]> (e) j = Transpose <perm=[0,2,1,3]> (f)
      i5 = Unsqueeze (i, two) i6 = Tile (i5, wide) i4 = Reshape (i6, four) j5 = Unsqueeze (j, two) j6 = Tile (j5,
      wide)
      j4 = Reshape (j6, four) it = Transpose <perm=[0,1,3,2]> (i4) l = MatMul (h, it) m = Softmax <axis=-1> (l)
      n = MatMul (m, j4) r = Transpose <perm=[0,2,1,3]> (n) s = Reshape (r, joined) y = MatMul (s, o)
    }""",
}  # fmt: skip


def subjects() -> Iterator[Subject]:
    """All networks: first one for each form of each operator, then whole layers."""
    for case in (*CONTRACT, *OTHERS):
        yield Subject(case.label, case.text, case.opset, case.ir, case.domain_and_operator)
    yield from (Subject(name, text) for name, text in (*NETWORKS.items(), *TEXTS.items()))
