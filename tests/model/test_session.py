"""Running a model: watched tensors, refusals in one sentence, weights handed over without a copy."""

from __future__ import annotations

import time

import numpy as np
import onnx
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Deployment
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation import fidelity
from paoding_onnx.evaluation.fidelity import compare
from paoding_onnx.model import session as session_module
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import DeployedSession, Session, one_line, require_provider
from tests.models import model, parse, save

TEXT = """g (float[1,16] x) => (float[1,4] y) <float[16,32] w, float[32,4] v> {
  h = MatMul (x, w)
  r = Relu (h)
  y = MatMul (r, v)
}"""
FOLDED = """g (float[1,16] x) => (float[1,32] y) <float[32,16] w> {
  t = Transpose <perm = [1, 0]> (w)
  y = MatMul (x, t)
}"""
FEEDS = {"x": np.ones((1, 16), np.float32)}


def test_model_with_lifted_weights_computes_what_its_file_does(tmp_path):
    subject = model(TEXT)
    assert subject.weights
    lifted, filed = Session(subject), Session(save(parse(TEXT), tmp_path / "m.onnx"))
    np.testing.assert_array_equal(lifted.run(FEEDS)["y"], filed.run(FEEDS)["y"])


def test_watched_tensors_are_returned_beside_the_outputs():
    values = Session(model(TEXT), watch=("r",)).run(FEEDS)
    assert set(values) == {"y", "r"}
    assert values["r"].min() >= 0


def test_only_what_is_asked_for_is_returned():
    session = Session(model(TEXT), watch=("r",))
    assert set(session.run(FEEDS, only={"r"})) == {"r"}
    assert session.run(FEEDS, only=()) == {}


def test_watching_leaves_the_model_as_it_was():
    subject = model(TEXT)
    before = subject.proto.SerializeToString()
    Session(subject, watch=("r",))
    assert subject.proto.SerializeToString() == before


def test_watching_an_output_returns_it_once():
    assert Session(model(TEXT), watch=("y",)).output_names == ("y",)


def test_optimised_session_gives_the_same_numbers():
    plain, fused = (Session(model(TEXT), optimise=flag).run(FEEDS)["y"] for flag in (False, True))
    np.testing.assert_allclose(plain, fused, rtol=1e-5)


def test_lean_session_gives_the_same_numbers_with_lent_weights(monkeypatch):
    monkeypatch.setattr(session_module, "SHARED_BYTES", 0)
    plain, low_memory = Session(model(TEXT)), Session(model(TEXT), optimise=True, low_memory=True)
    np.testing.assert_allclose(plain.run(FEEDS)["y"], low_memory.run(FEEDS)["y"], rtol=1e-5)


def test_lean_session_refuses_a_model_in_which_the_optimiser_reads_a_lent_weight(monkeypatch):
    monkeypatch.setattr(session_module, "SHARED_BYTES", 0)
    with pytest.raises(ModelError, match="does not load"):
        Session(model(FOLDED), optimise=True, low_memory=True)


def test_large_models_are_compared_though_the_optimiser_reads_their_weights(monkeypatch):
    monkeypatch.setattr(session_module, "SHARED_BYTES", 0)
    monkeypatch.setattr(fidelity, "LOW_MEMORY_BYTES", 0)
    subject = model(FOLDED)
    assert compare(subject, subject, Samples((FEEDS,), "some")).output_error == 0


def test_model_that_does_not_load_is_a_model_error():
    with pytest.raises(ModelError, match=r"onnxruntime does not load the model: .*Nonsense"):
        Session(model("g (float[2] x) => (float[2] y) { y = Nonsense (x) }"))


def test_model_newer_than_onnxruntime_is_a_model_error():
    with pytest.raises(ModelError, match="does not load"):
        Session(model("g (float[2] x) => (float[2] y) { y = Relu (x) }", ir=99))


def test_file_that_is_no_model_is_a_model_error(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_text("no model")
    with pytest.raises(ModelError, match="does not load"):
        Session(path)


@pytest.mark.parametrize(
    "feeds",
    [{"x": np.ones((1, 17), np.float32)}, {"x": np.ones((1, 16), np.int64)}, {}],
    ids=["wrong shape", "wrong type", "missing"],
)
def test_inputs_that_do_not_fit_are_a_model_error(feeds):
    with pytest.raises(ModelError, match="does not run the model"):
        Session(model(TEXT)).run(feeds)


def test_message_is_one_line():
    words = one_line(RuntimeError("[ONNXRuntimeError] : 1 : FAIL : node Add\n  failed : shapes differ"))
    assert words == "node Add failed : shapes differ"


@pytest.mark.parametrize(
    "noise",
    [
        "[ONNXRuntimeError] : 1 : FAIL : ",
        "[ONNXRuntimeError] : 10 : INVALID_GRAPH : /src/core/graph.cc:12 ort::Graph::Graph(const ort::Model&, bool) ",
        "[ONNXRuntimeError] : 1 : FAIL : /src/a.h:1 void f() [ONNXRuntimeError] : 10 : INVALID_GRAPH : b.cc:2 Check ",
    ],
)
def test_message_is_without_source_locations(noise):
    assert one_line(RuntimeError(f"{noise}Tensor 'w' (2 values) is broken")) == "Tensor 'w' (2 values) is broken"


def test_model_that_is_not_loaded_leaves_stdout_alone(capfd):
    proto = parse("g (float[2] x) => (float[2] y) { y = Relu (x) }")
    proto.ParseFromString(proto.SerializeToString().replace(b"Relu", b"R\xfflu"))
    with pytest.raises(ModelError, match="onnxruntime does not load the model"):
        Session(lift(proto))
    assert capfd.readouterr().out == ""


@pytest.mark.slow
def test_many_initializers_that_nothing_reads_cost_no_square_of_their_number():
    def seconds(count):
        proto = parse("g (float[2] x) => (float[2] y) <float[2] a = {1, 2}> { y = Add (x, a) }")
        proto.graph.initializer.extend(
            onnx.TensorProto(name=f"u{k}", data_type=1, dims=[1], raw_data=bytes(4)) for k in range(count)
        )
        subject, start = lift(proto), time.perf_counter()
        assert Session(subject).run({"x": np.ones(2, np.float32)})["y"].tolist() == [2, 3]
        return time.perf_counter() - start

    assert seconds(40_000) < max(10 * seconds(10_000), 2.0)


def test_provider_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(session_module.ort, "get_available_providers", lambda: [*_OTHERS, "CPUExecutionProvider"])
    require_provider("openvino")
    with pytest.raises(UsageError, match=r"no provider 'cuda' here, it has cpu, openvino$"):
        require_provider("cuda")
    with pytest.raises(UsageError, match="none is called so, they are cpu, cuda, openvino, dml, coreml"):
        require_provider("npu")


def test_session_asks_for_its_provider_and_hands_others_the_weights_in_the_model(monkeypatch):
    asked = []

    def look(source, _options, providers, **_):
        held = onnx.ModelProto.FromString(source)
        asked.append((providers[0], [onnx.external_data_helper.uses_external_data(t) for t in held.graph.initializer]))
        raise RuntimeError("not here")

    monkeypatch.setattr(session_module.ort, "InferenceSession", look)
    for deployment in (Deployment(), Deployment(1, "openvino")):
        with pytest.raises(ModelError, match="not here"):
            Session(model("g (float[1,64] x) => (float[1,64] y) <float[64,64] a> { y = MatMul (x, a) }"), on=deployment)
    assert asked[:2] == [("CPUExecutionProvider", [True]), ("OpenVINOExecutionProvider", [False])]
    assert asked[2:] == [("CPUExecutionProvider", [False])], "the processor takes what another provider does not"
    with pytest.raises(ModelError, match="not here"):
        DeployedSession(model(TEXT), on=Deployment(1, "openvino"))
    assert asked[3][0] == "OpenVINOExecutionProvider"
    assert len(asked) == 4, "but is not timed in its place"


_OTHERS = ("OpenVINOExecutionProvider", "AzureExecutionProvider")
