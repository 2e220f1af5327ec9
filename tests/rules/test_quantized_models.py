"""Models that onnxruntime's quantizers write are pruned exactly: integers, their scales and their zero points."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import paoding_onnx
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.model.load import Model, lift, load
from paoding_onnx.model.nodes import Array
from paoding_onnx.rules.facts import Integers
from paoding_onnx.verification.equivalence import check_surgery
from tests.models import Trial, model, parse, prune_randomly, save
from tests.pruning import skip_latency
from tests.quantized.nets import Samples

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from onnxruntime.quantization import (
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

MODELS = Path(__file__).parents[2] / "models"
CNN = """g (float[N,3,8,8] x) => (float[N,5] y)
    <float[6,3,3,3] a, float[6] ab, float[6,1,3,3] b, float[6] bb, float[6,6,1,1] c, float[6] cb, float[4,6] d,
     float[4] db, float[4,5] e> {
  p = Conv <pads=[1,1,1,1]> (x, a, ab) q = Relu (p) r = Conv <pads=[1,1,1,1], group=6> (q, b, bb)
  u = Conv (r, c, cb) s = Add (u, q) t = Sigmoid (s) m = MaxPool <kernel_shape=[2,2]> (t)
  g = GlobalAveragePool (m) f = Flatten (g) h = Gemm <transB=1> (f, d, db) i = LeakyRelu (h) y = MatMul (i, e)
}"""
UNITS = 10
"""The 6 channels of the residual stream, 4 hidden units."""


def static(path: Path, samples: Array, target: Path, kind: str, weights: str) -> Path:
    """The model at `path` quantized with calibration; `kind` is QDQ or QOperator, `weights` as in `WEIGHTS`."""
    name = onnx.load(path).graph.input[0].name
    quantize_static(
        path,
        target,
        Samples(name, samples),
        quant_format=QuantFormat[kind],
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QUInt8 if weights == "uint8" else QuantType.QInt8,
        per_channel=weights == "int8 per channel",
    )
    return target


WEIGHTS = ("int8", "uint8", "int8 per channel")
every_form = pytest.mark.parametrize(("kind", "weights"), [(k, w) for k in ("QDQ", "QOperator") for w in WEIGHTS])


@pytest.fixture
def cnn(tmp_path: Path) -> Path:
    return save(parse(CNN), tmp_path / "m.onnx")


def images(count: int = 32) -> Array:
    return np.random.default_rng(1).standard_normal((count, 3, 8, 8)).astype(np.float32)


def assert_exact(trial: Trial, units: int) -> None:
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert trial.trace.n_units == units
    assert all(group.is_exact for group in trial.trace.groups)
    assert not any(refusal.axis == -1 for refusal in trial.trace.refusals)


@every_form
def test_statically_quantized_network_is_pruned_like_its_original(kind, weights, cnn, tmp_path):
    trial = prune_randomly(load(static(cnn, images(), tmp_path / "q.onnx", kind, weights)))
    assert_exact(trial, UNITS)


@pytest.mark.parametrize("per_channel", [False, True])
def test_dynamically_quantized_network_is_pruned_like_its_original(per_channel, cnn, tmp_path):
    quantize_dynamic(cnn, tmp_path / "q.onnx", per_channel=per_channel)
    assert_exact(prune_randomly(load(tmp_path / "q.onnx")), UNITS)


def operators(subject: Model) -> set[str]:
    return {node.op_type for node in subject.proto.graph.node}


def test_the_models_here_use_the_integer_operators(cnn, tmp_path):
    """Else the tests above would say nothing about them."""
    assert operators(load(static(cnn, images(), tmp_path / "a.onnx", "QDQ", "int8"))) >= {"DequantizeLinear", "Conv"}
    written = operators(load(static(cnn, images(), tmp_path / "b.onnx", "QOperator", "int8")))
    assert written >= {"QLinearConv", "QLinearAdd", "QLinearSigmoid", "QLinearGlobalAveragePool", "QGemm"}
    assert written >= {"QLinearLeakyRelu", "QLinearMatMul"}
    quantize_dynamic(cnn, tmp_path / "c.onnx")
    assert operators(load(tmp_path / "c.onnx")) >= {"DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"}


@every_form
def test_quantized_fraud_model_is_written_with_every_proof(kind, weights, tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    samples = np.load(MODELS / "fraud_mlp_test.npz")["x"][:64]
    path = static(MODELS / "fraud_mlp.onnx", samples, tmp_path / "q.onnx", kind, weights)
    options = paoding_onnx.Options(target=0.5, method="magnitude", provenance=False)
    result = paoding_onnx.prune(path, tmp_path / "small.onnx", options)
    assert all(verdict.passed for verdict in result.proofs)
    assert sum(group.n_units for group in result.trace.groups) == 128
    assert result.sizes.after.parameters < 0.36 * result.sizes.before.parameters
    assert result.sizes.after.file_bytes < 0.75 * result.sizes.before.file_bytes


def test_quantized_model_stays_one(cnn, tmp_path):
    path = static(cnn, images(), tmp_path / "q.onnx", "QOperator", "int8 per channel")
    trial = prune_randomly(load(path))
    before, after = ({t.name: t.data_type for t in m.proto.graph.initializer} for m in (load(path), trial.pruned))
    assert {name: before[name] for name in after} == after


def test_per_channel_scales_go_with_their_channels(cnn, tmp_path):
    trial = prune_randomly(load(static(cnn, images(), tmp_path / "q.onnx", "QOperator", "int8 per channel")))
    shapes = {t.name: tuple(t.dims) for t in trial.pruned.proto.graph.initializer}
    for node in trial.pruned.proto.graph.node:
        if node.op_type == "QLinearConv":
            assert shapes[node.input[4]] == shapes[node.input[5]] == shapes[node.input[3]][:1] == (3,)


BLOCKS = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
g (float[2,20] x) => (float[2,5] y) <float[20,64] a, uint8[6,4,8] b, float[6,4] scales, float[6,5] c> {
  p = MatMul (x, a) q = Relu (p) r = com.microsoft.MatMulNBits <K=64, N=6, bits=4, block_size=16> (q, b, scales)
  y = MatMul (r, c)
}"""


def test_blocks_of_rows_with_one_scale_go_whole():
    trial = prune_randomly(model(BLOCKS))
    assert_exact(trial, 4 + 6)
    shapes = {t.name: tuple(t.dims) for t in trial.pruned.proto.graph.initializer}
    assert (shapes["a"], shapes["b"], shapes["scales"]) == ((20, 32), (3, 2, 8), (3, 2))
    node = trial.pruned.proto.graph.node[2]
    assert {a.name: a.i for a in node.attribute} == {"K": 32, "N": 3, "bits": 4, "block_size": 16}


def test_blocks_with_zero_points_of_whole_bytes_go_too():
    text = BLOCKS.replace("uint8[6,4,8] b", "uint8[6,4,16] b, uint8[6,4] zeros").replace("bits=4", "bits=8")
    trial = prune_randomly(model(text.replace("(q, b, scales)", "(q, b, scales, zeros)")))
    assert_exact(trial, 4 + 6)
    shapes = {t.name: tuple(t.dims) for t in trial.pruned.proto.graph.initializer}
    assert (shapes["b"], shapes["zeros"]) == ((3, 2, 16), (3, 2))


def test_packed_zero_points_keep_all_blocks():
    text = BLOCKS.replace("uint8[6,4,8] b", "uint8[6,4,8] b, uint8[6,2] zeros")
    trial = prune_randomly(model(text.replace("(q, b, scales)", "(q, b, scales, zeros)")))
    assert_exact(trial, 6)
    reasons = {refusal.reason for refusal in trial.trace.refusals}
    assert "has one scale for each block of this axis" in reasons


INTEGERS = """g (float[2,3] x) => (float[2,5] y)
    <float[3,8] a, float s={0.05}, uint8 z={120}, int8[8,6] b, float[6,5] c> {
  p = MatMul (x, a) q = QuantizeLinear (p, s, z) r = MatMulInteger (q, b, z) t = Cast <to=1> (r) y = MatMul (t, c)
}"""
RANGES = """g (float[2,3] x) => (float[2,5] y) <float[3,8] a, int8[8,6] b, float[6,5] c> {
  p = MatMul (x, a) q, s, z = DynamicQuantizeLinear (p) r = MatMulInteger (q, b, z) t = Cast <to=1> (r)
  u = Mul (t, s) y = MatMul (u, c)
}"""


def without(trace: Trace, **facts: object) -> Trace:
    """The trace of rules that do not know some facts."""
    return replace(
        trace, bound_nodes=tuple(replace(bound, rule=replace(bound.rule, **facts)) for bound in trace.bound_nodes)
    )


def test_zero_of_an_integer_is_its_zero_point():
    """Masked by 0, the removed units of the original would still stand for -120 x 0.05."""
    trial = prune_randomly(model(INTEGERS))
    assert_exact(trial, 14)
    forgetful = without(trial.trace, integers=Integers())
    assert not check_surgery(trial.original, forgetful, trial.plan, trial.pruned).passed


def test_removed_units_take_no_part_in_a_range():
    proto = parse(RANGES)
    weights = numpy_helper.to_array(proto.graph.initializer[0]).copy()
    weights[:, :4] *= 10  # the range is that of the first four units
    proto.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "a"))
    trial = prune_randomly(lift(proto), share=0.6)
    assert_exact(trial, 14)
    forgetful = without(trial.trace, integers=Integers())
    assert not check_surgery(trial.original, forgetful, trial.plan, trial.pruned).passed


def test_sums_of_integers_must_agree_to_the_last_bit():
    trial = prune_randomly(model(INTEGERS))
    proto = onnx.ModelProto()
    proto.CopyFrom(trial.pruned.proto)
    (tensor,) = (t for t in proto.graph.initializer if t.name == "b")
    value = numpy_helper.to_array(tensor).copy()
    value[0, 0] += 1
    tensor.CopyFrom(numpy_helper.from_array(value, "b"))
    verdict = check_surgery(trial.original, trial.trace, trial.plan, replace(trial.pruned, proto=proto))
    assert not verdict.passed
