"""Models that onnxruntime has optimized and written down are pruned like the models they were made from."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime as ort
import pytest

import paoding_onnx
from paoding_onnx.dependency.groups import trace
from paoding_onnx.errors import TargetError
from paoding_onnx.model.load import Model, load
from paoding_onnx.shapes.observe import observe
from tests.models import parse, prune_randomly, save
from tests.pruning import skip_latency

CNN = """g (float[N,3,8,8] x) => (float[N,5] y)
    <float[6,3,3,3] a, float[6] ab, float[6,6,3,3] b, float[6] bb, float[6,6,1,1] c, float[4,96] d, float[4] db,
     float[4,5] e> {
  p = Conv <pads=[1,1,1,1]> (x, a, ab) q = Relu (p) r = Conv <pads=[1,1,1,1]> (q, b, bb) s = Add (r, q) t = Relu (s)
  u = Conv (t, c) v = LeakyRelu (u) w = MaxPool <kernel_shape=[2,2], strides=[2,2]> (v) f = Flatten (w)
  h = Gemm <transB=1> (f, d, db) i = Relu (h) y = MatMul (i, e)
}"""
ENCODER = """g (float[N,6,8] x) => (float[N,6,5] y)
    <float[8,12] q, float[8,12] k, float[8,12] v, float[12,8] o, float[8] ob, int64[4] heads={0,6,3,4},
     int64[3] joined={0,6,-1}, float scale={0.5}, float[8] g1, float[8] b1, float[8,16] w, float[16] wb, float[16,8] u,
     float root={1.4142135}, float one={1}, float half={0.5}, float[8] g2, float[8] b2, float[8,5] z> {
  xq = MatMul (x, q) xk = MatMul (x, k) xv = MatMul (x, v)
  rq = Reshape (xq, heads) rk = Reshape (xk, heads) rv = Reshape (xv, heads)
  tq = Transpose <perm=[0,2,1,3]> (rq) tk = Transpose <perm=[0,2,3,1]> (rk) tv = Transpose <perm=[0,2,1,3]> (rv)
  s = MatMul (tq, tk) c = Mul (s, scale) p = Softmax (c) m = MatMul (p, tv)
  t = Transpose <perm=[0,2,1,3]> (m) j = Reshape (t, joined) jo = MatMul (j, o) jb = Add (jo, ob)
  a = Add (jb, x) n = LayerNormalization (a, g1, b1)
  h = MatMul (n, w) hb = Add (h, wb) d = Div (hb, root) e = Erf (d) e1 = Add (e, one) f = Mul (hb, e1)
  fh = Mul (f, half) l = MatMul (fh, u) r = Add (l, n) nn = LayerNormalization (r, g2, b2) y = MatMul (nn, z)
}"""
LEVELS = {
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


def optimized(proto: onnx.ModelProto, folder: Path, level: str = "extended") -> Model:
    """What onnxruntime writes down when it is asked to optimize a model offline."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = LEVELS[level]
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    ort.InferenceSession(save(proto, folder / "m.onnx"), options, providers=["CPUExecutionProvider"])
    return load(folder / "optimized.onnx")


def operators(model: Model) -> set[str]:
    return {node.op_type for node in model.proto.graph.node if node.domain.startswith("com.microsoft")}


def units(model: Model) -> int:
    return trace(observe(model)).n_units


@pytest.mark.parametrize(
    ("text", "written", "count"),
    [(CNN, {"FusedConv", "FusedGemm"}, 16), (ENCODER, {"FusedMatMul", "SkipLayerNormalization", "BiasGelu"}, 24)],
    ids=["convolutions", "encoder"],
)
def test_model_with_fused_nodes_offers_the_units_of_its_original(text, written, count, tmp_path):
    fused = optimized(parse(text), tmp_path)
    assert operators(fused) == written
    trial = prune_randomly(fused)
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert trial.trace.n_units == units(load(tmp_path / "m.onnx")) == count
    assert not any(refusal.axis == -1 for refusal in trial.trace.refusals)


def test_fused_model_is_written_with_every_proof(tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    optimized(parse(CNN), tmp_path)
    result = paoding_onnx.prune(
        tmp_path / "optimized.onnx", tmp_path / "small.onnx", paoding_onnx.Options(method="paoding")
    )
    assert all(verdict.passed for verdict in result.proofs)
    assert operators(load(tmp_path / "small.onnx")) == {"FusedConv", "FusedGemm"}
    assert (result.sizes.after.parameters, result.sizes.before.parameters) == (285, 942)


def test_layout_of_one_processor_is_left_alone_with_the_reason(tmp_path):
    """Blocks of 8 or 16 channels, as this machine's kernels like them: not a model to ship, and none to prune."""
    wide = CNN.replace("[6,", "[32,").replace(",6,", ",32,").replace("float[6]", "float[32]").replace("96]", "512]")
    blocked = optimized(parse(wide), tmp_path, "all")
    nodes = [node for node in blocked.proto.graph.node if node.domain == "com.microsoft.nchwc"]
    found = trace(observe(blocked))
    refused = {(refusal.operator, refusal.reason) for refusal in found.refusals if refusal.axis == -1}
    assert refused == {(node.op_type, "no rule for this operator") for node in nodes}
    assert len(nodes) >= 3
    trial = prune_randomly(blocked)
    assert trial.verdict.passed
    assert [group.n_units for group in found.groups] == [4]


def test_everything_blocked_is_an_error_that_names_the_nodes(tmp_path):
    text = """g (float[N,3,8,8] x) => (float[N,16,8,8] y) <float[32,3,3,3] a, float[16,32,1,1] b> {
      p = Conv <pads=[1,1,1,1]> (x, a) q = Relu (p) y = Conv (q, b)
    }"""
    optimized(parse(text), tmp_path, "all")
    with pytest.raises(TargetError, match=r"no prunable unit .*Conv.*no rule for this operator"):
        paoding_onnx.prune(tmp_path / "optimized.onnx", None)
