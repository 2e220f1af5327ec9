"""Rules at work together: what exporters write is pruned exactly, at any size that its axes leave open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import pytest

from paoding_onnx.model.load import lift, load
from paoding_onnx.model.save import write_model
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.verification.proofs import Asked, check_file
from tests.models import Trial, model, parse, prune_randomly, save, zeroed_and_cut


@dataclass(frozen=True)
class Topology:
    """A model, the units it must offer, and shapes of x besides the one at which it was measured."""

    text: str
    units: int
    others: tuple[tuple[int, ...], ...] = ()


TOPOLOGIES = {
    "residual add": Topology("""g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[8,3,1,1] a, float[6,8,1,1] b, float[8,6,1,1] c, float[5,8,1,1] d> {
      p = Conv (x, a) q = Conv (p, b) r = Relu (q) s = Conv (r, c) t = Add (p, s) u = Relu (t) y = Conv (u, d)
    }""", units=14, others=((3, 3, 8, 8),)),
    "dense concatenation": Topology("""g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[4,3,1,1] a, float[6,4,1,1] b, float[5,10,1,1] c> {
      p = Conv (x, a) q = Conv (p, b) s = Concat <axis=1> (p, q) y = Conv (s, c)
    }""", units=10, others=((2, 3, 8, 8),)),
    "squeeze and excite": Topology("""g (float[N,3,H,W] x) => (float[N,5,H,W] y)
        <float[8,3,3,3] a, float[4,8,1,1] b, float[4] bb, float[8,4,1,1] c, float[5,8,1,1] d> {
      p = Conv <pads=[1,1,1,1]> (x, a) g = GlobalAveragePool (p) q = Conv (g, b, bb) r = Relu (q)
      s = Conv (r, c) t = Sigmoid (s) u = Mul (p, t) y = Conv (u, d)
    }""", units=12, others=((2, 3, 5, 7),)),
    "depthwise separable": Topology("""g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[8,3,1,1] a, float[8,1,3,3] b, float[8] bb, float[5,8,1,1] c> {
      p = Conv (x, a) q = Clip (p) r = Conv <group=8, pads=[1,1,1,1]> (q, b, bb) y = Conv (r, c)
    }""", units=8),
    "channel shuffle": Topology("""g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[8,3,1,1] a, float[8,1,3,3] b, float[5,8,1,1] c, int64[5] five={0,2,4,8,8}, int64[4] four={0,-1,8,8}> {
      p = Conv (x, a) q = Reshape (p, five) r = Transpose <perm=[0,2,1,3,4]> (q) s = Reshape (r, four)
      t = Conv <group=8, pads=[1,1,1,1]> (s, b) y = Conv (t, c)
    }""", units=4, others=((2, 3, 8, 8),)),
    "strided slice and channel pad shortcut": Topology("""g (float[N,3,8,8] x) => (float[N,5,4,4] y)
        <float[4,3,1,1] a, float[8,4,3,3] b, float[5,8,1,1] c, int64[2] start={0,0}, int64[2] end={8,8},
         int64[2] axes={2,3}, int64[2] steps={2,2}, int64[8] pads={0,2,0,0,0,2,0,0}> {
      p = Conv (x, a) q = Slice (p, start, end, axes, steps) r = Pad (q, pads)
      s = Conv <strides=[2,2], pads=[1,1,1,1]> (p, b) t = Add (r, s) y = Conv (t, c)
    }""", units=8, others=((2, 3, 8, 8),)),
    "flatten into a dense layer": Topology("""g (float[N,3,8,8] x) => (float[N,5] y)
        <float[4,3,3,3] a, float[6,16] b, float[6] bb, float[6,5] c> {
      p = Conv (x, a) q = MaxPool <kernel_shape=[3,3], strides=[3,3]> (p) r = Flatten (q)
      s = Gemm <transB=1> (r, b, bb) t = Relu (s) y = MatMul (t, c)
    }""", units=10, others=((3, 3, 8, 8),)),
    "flatten by shape arithmetic": Topology("""g (float[N,3,8,8] x) => (float[N,5] y)
        <float[4,3,3,3] a, float[144,5] b, int64 zero={0}, int64[1] first={0}, int64[1] rest={-1}> {
      p = Conv (x, a) s = Shape (p) n = Gather (s, zero) m = Unsqueeze (n, first)
      t = Concat <axis=0> (m, rest) r = Reshape (p, t) y = MatMul (r, b)
    }""", units=4, others=((3, 3, 8, 8),)),
    "target with the channels spelled out": Topology("""g (float[N,3,8,8] x) => (float[N,5] y)
        <float[4,3,3,3] a, float[144,5] b, int64 zero={0}, int64[1] first={0}, int64[1] rest={144}> {
      p = Conv (x, a) s = Shape (p) n = Gather (s, zero) m = Unsqueeze (n, first)
      t = Concat <axis=0> (m, rest) r = Reshape (p, t) y = MatMul (r, b)
    }""", units=4, others=((3, 3, 8, 8),)),
    "open height and width": Topology("""g (float[N,3,H,W] x) => (float[N,5,h,w] y)
        <float[8,3,3,3] a, float[5,8,1,1] b, float[4] twice={1,1,2,2}> {
      p = Conv (x, a) q = Resize (p, , twice) r = GlobalMaxPool (q) s = Add (q, r) y = Conv (s, b)
    }""", units=8, others=((2, 3, 9, 5),)),
    "split gate": Topology("""g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[8,3,1,1] a, float[5,4,1,1] b, int64[2] halves={4,4}> {
      p = Conv (x, a) q, r = Split <axis=1> (p, halves) s = Sigmoid (q) t = Mul (s, r) y = Conv (t, b)
    }""", units=4),
    "two branches of an inception block": Topology("""g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[4,3,1,1] a, float[2,4,1,1] b, float[3,4,1,1] c, float[5,9,1,1] d> {
      p = Conv (x, a) q = Conv (p, b) r = Conv (p, c) m = MaxPool <kernel_shape=[3,3], pads=[1,1,1,1]> (p)
      s = Concat <axis=1> (m, q, r) y = Conv (s, d)
    }""", units=9),
    "transposed convolution of a decoder": Topology("""g (float[N,3,8,8] x) => (float[N,5,16,16] y)
        <float[4,3,1,1] a, float[4,6,2,2] b, float[6] bb, float[5,10,1,1] c, float[4] twice={1,1,2,2}> {
      p = Conv (x, a) q = ConvTranspose <strides=[2,2]> (p, b, bb) r = Resize (p, , twice)
      s = Concat <axis=1> (q, r) y = Conv (s, c)
    }""", units=10),
    "channels last between transposes": Topology("""g (float[N,8,8,3] x) => (float[N,5] y)
        <float[4,3,3,3] a, float[4] b, float[4,5] c, int64[2] axes={1,2}> {
      t = Transpose <perm=[0,3,1,2]> (x) p = Conv (t, a) q = Transpose <perm=[0,2,3,1]> (p) r = Mul (q, b)
      s = ReduceMean <axes=[1,2], keepdims=0> (r) y = MatMul (s, c)
    }""", units=4, others=((2, 8, 8, 3),)),
    "equal split of a grouped layer": Topology("""g (float[N,4,8,8] x) => (float[N,5,8,8] y)
        <float[8,4,1,1] a, float[8,4,1,1] b, float[5,8,1,1] c> {
      p = Conv (x, a) q = Conv <group=2> (p, b) y = Conv (q, c)
    }""", units=8),
    "weights in constant nodes": Topology("""g (float[1,2] x) => (float[1,2] y) {
      a = Constant <value = float[2,3] {1, 2, 3, 4, 5, 6}> ()
      b = Constant <value_floats = [0.5, 0.25, 0.125]> ()
      c = Constant <value = float[3,2] {6, 5, 4, 3, 2, 1}> ()
      p = MatMul (x, a) q = Add (p, b) y = MatMul (q, c)
    }""", units=3),
    "weights behind reshape and transpose": Topology("""g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[3,8] a, float[8] k, float[5,8] b, int64[4] four={8,3,1,1}, int64[3] three={8,1,1}, int64[2] last={2,3}> {
      at = Transpose (a) ar = Reshape (at, four) p = Conv (x, ar) kr = Reshape (k, three) q = Mul (p, kr)
      bu = Unsqueeze (b, last) y = Conv (q, bu)
    }""", units=8),
    "attention": Topology("""g (float[N,6,8] x) => (float[N,6,8] y)
        <float[8,12] q, float[8,12] k, float[8,12] v, float[12,8] o, int64[4] heads={0,6,3,4}, int64[3] joined={0,6,-1},
         float scale={0.5}> {
      xq = MatMul (x, q) xk = MatMul (x, k) xv = MatMul (x, v)
      rq = Reshape (xq, heads) rk = Reshape (xk, heads) rv = Reshape (xv, heads)
      tq = Transpose <perm=[0,2,1,3]> (rq) tk = Transpose <perm=[0,2,3,1]> (rk) tv = Transpose <perm=[0,2,1,3]> (rv)
      s = MatMul (tq, tk) c = Mul (s, scale) p = Softmax (c) z = MatMul (p, tv)
      t = Transpose <perm=[0,2,1,3]> (z) j = Reshape (t, joined) y = MatMul (j, o)
    }""", units=8, others=((3, 6, 8),)),
}  # fmt: skip
every_topology = pytest.mark.parametrize("name", TOPOLOGIES)


def assert_exact(trial: Trial) -> None:
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert trial.n_removed


@every_topology
@pytest.mark.parametrize("seed", [0, 1])
def test_topology_is_pruned_exactly(name, seed):
    trial = prune_randomly(model(TOPOLOGIES[name].text, seed), seed)
    assert_exact(trial)
    assert trial.trace.n_units == TOPOLOGIES[name].units


@pytest.mark.parametrize("name", [name for name, of in TOPOLOGIES.items() if of.others])
def test_open_axes_stay_open(name):
    trial = prune_randomly(model(TOPOLOGIES[name].text))
    for shape in TOPOLOGIES[name].others:
        feeds = {"x": np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
        np.testing.assert_allclose(*zeroed_and_cut(trial, feeds), rtol=1e-4, atol=1e-5)


@every_topology
def test_written_file_passes_every_proof(name, tmp_path):
    trial = prune_randomly(model(TOPOLOGIES[name].text))
    *_, path = write_model(trial.pruned, tmp_path / "m.onnx")
    verdicts = check_file(trial.original, path, Asked(trial.predicted, sizes_of(trial.trace.graph)))
    assert [verdict.detail for verdict in verdicts if not verdict.passed] == []
    assert len(verdicts) == 4


def test_nodes_out_of_order_are_pruned():
    proto = parse(TOPOLOGIES["residual add"].text)
    nodes = list(proto.graph.node)[::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    assert_exact(prune_randomly(lift(proto)))


def test_ir_3_model_with_initializers_among_its_inputs_is_pruned():
    proto = parse(TOPOLOGIES["residual add"].text, ir=3, opset=8)
    for tensor in proto.graph.initializer:
        proto.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    trial = prune_randomly(lift(proto))
    assert_exact(trial)
    recorded = {
        info.name: [d.dim_value for d in info.type.tensor_type.shape.dim] for info in trial.pruned.proto.graph.input
    }
    assert all(recorded[tensor.name] == list(tensor.dims) for tensor in trial.pruned.proto.graph.initializer)


def test_external_weights_are_pruned(tmp_path):
    proto = parse(TOPOLOGIES["flatten into a dense layer"].text)
    onnx.save(proto, tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0)
    subject = load(tmp_path / "m.onnx")
    assert subject.external
    assert_exact(prune_randomly(subject))


def test_half_precision_weights_are_pruned():
    text = TOPOLOGIES["residual add"].text.replace("float[", "float16[")
    assert_exact(prune_randomly(model(text)))


def test_recorded_inner_shapes_follow():
    proto = onnx.shape_inference.infer_shapes(parse(TOPOLOGIES["dense concatenation"].text))
    trial = prune_randomly(lift(proto))
    recorded = {info.name: info.type.tensor_type.shape.dim[1].dim_value for info in trial.pruned.proto.graph.value_info}
    assert recorded == {"p": 2, "q": 3, "s": 5}
    onnx.checker.check_model(trial.pruned.proto, full_check=True)


def test_same_plan_gives_the_same_bytes(tmp_path):
    text = TOPOLOGIES["flatten by shape arithmetic"].text
    first, second = (prune_randomly(model(text)).pruned.proto.SerializeToString() for _ in range(2))
    assert first == second


def test_saved_model_loads_again(tmp_path):
    trial = prune_randomly(load(save(parse(TOPOLOGIES["residual add"].text), tmp_path / "m.onnx")))
    assert_exact(trial)


SHARED = """g (float[N,3,8,8] x) => (float[N,5,8,8] y)
    <float[8,3,1,1] a, float[8,8,1,1] b, float[8,8,1,1] c, float[5,8,1,1] d, float[8] k{zeros}> {{
  p = Conv (x, a, k) q = Conv (p, b, k) r = Conv (q, c, k) s = Add (p, r) y = Conv (s, d)
}}"""


@pytest.mark.parametrize("zeros", ["", "={0,0,0,0,0,0,0,0}"], ids=["some values", "zeros"])
def test_bias_shared_by_three_layers_gets_one_copy_for_each_cut(zeros):
    """The first and third layer lose the same units, the second others; zeros stay equal however they are cut."""
    trial = prune_randomly(model(SHARED.format(zeros=zeros)))
    assert_exact(trial)
    read = [node.input[2] for node in trial.pruned.proto.graph.node if len(node.input) == 3]
    assert (read[0] == read[2], read[0] == read[1]) == (True, False)
