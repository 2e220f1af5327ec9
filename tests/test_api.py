"""prune(): whole runs on small models, at every budget and with every method, and what they promise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from paoding_onnx import api
from paoding_onnx.api import inspect, prune, synthesize
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.errors import CheckError, ModelError, OutputError, TargetError, UsageError
from paoding_onnx.evaluation import latency
from paoding_onnx.model.load import load
from paoding_onnx.model.read import constants
from paoding_onnx.pipeline import shrink
from paoding_onnx.pipeline.values import Shrunk
from paoding_onnx.report.documents.values import sha256
from paoding_onnx.samplers import METHODS
from paoding_onnx.shapes.observe import runnable_shapes
from paoding_onnx.surgery.cut import cut
from tests.models import model, parse, save
from tests.pruning import CNN, MLP, by_units, files, is_unchanged, moved, overrides, plan_of, skip_latency, traced_model

pytestmark = pytest.mark.slow

MODELS = {
    "mlp": MLP,
    "cnn": CNN,
    "residual": """g (float[N,3,8,8] x) => (float[N,5,8,8] y)
        <float[8,3,1,1] a, float[6,8,3,3] b, float[8,6,1,1] c, float[8] k, float[5,8,1,1] d> {
      p = Conv (x, a) n = BatchNormalization (p, k, k, k, k) q = Conv <pads=[1,1,1,1]> (n, b) r = Relu (q)
      s = Conv (r, c) t = Add (n, s) u = Relu (t) y = Conv (u, d)
    }""",
    "concatenation": """g (float[N,3,8,8] x) => (float[N,5] y)
        <float[4,3,1,1] a, float[6,4,1,1] b, float[160,12] c, float[12,5] d> {
      p = Conv (x, a) q = Conv (p, b) s = Concat <axis=1> (p, q)
      m = MaxPool <kernel_shape=[2,2], strides=[2,2]> (s) f = Flatten (m) h = MatMul (f, c) r = Relu (h)
      y = MatMul (r, d)
    }""",
}
every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(autouse=True)
def quick(request, monkeypatch):
    if "slow" not in request.fixturenames:
        skip_latency(monkeypatch)


@pytest.fixture
def slow():
    """Asked for by a test that wants latency measured."""


@pytest.fixture
def source(tmp_path):
    return save(parse(CNN), tmp_path / "m.onnx")


@every_model
@pytest.mark.parametrize("method", METHODS)
def test_half_is_exactly_half_of_each_group(name, method):
    subject = model(MODELS[name])
    result = prune(subject, options=by_units(method=method, allocation="uniform", round_to=1))
    assert [2 * result.plan.kept_units(group) for group in result.trace.groups] == [
        group.n_units for group in result.trace.groups
    ]
    assert [verdict.name for verdict in result.proofs if verdict.passed] == [
        "surgery exact",
        "file as proven",
        *(["fitted weights help"] if result.refitted else []),
        "valid ONNX",
        "interface unchanged",
        "runs in onnxruntime",
        "cost as predicted",
    ]
    assert 0 < moved(subject, result.model) < 10


@every_model
@pytest.mark.parametrize("by", ["parameters", "macs"])
@pytest.mark.parametrize("method", ["magnitude", "reconstruction"])
def test_budget_of_the_whole_model_is_met(name, by, method):
    for target in (0.2, 0.6):
        result = prune(model(MODELS[name]), options=by_units(target=target, by=by, round_to=1, method=method))
        assert getattr(result.sizes.after, by) <= (1 - target) * getattr(result.sizes.before, by)


def test_more_is_removed_at_a_higher_target():
    results = [prune(model(CNN), options=by_units(target=target, method="random")) for target in (0.2, 0.5, 0.8)]
    costs = [result.sizes.after.parameters for result in results]
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) == 3


def assert_costs(size, spent):
    """A size says what the cost says."""
    assert (size.parameters, size.macs) == (spent.parameters, spent.macs)


def test_costs_are_those_of_the_models():
    subject = model(CNN)
    result = prune(subject, options=by_units())
    before, after = traced_model(subject), traced_model(result.model)
    assert_costs(result.sizes.before, cost(before, nothing(before)))
    assert_costs(result.sizes.after, cost(after, nothing(after)))


@every_model
def test_steps_climb_to_the_target(name):
    result = prune(model(MODELS[name]), options=by_units(target=0.4, step=0.1, round_to=1))
    assert [step.share for step in result.run.steps] == [0.1, 0.2, 0.3, 0.4]
    costs = [result.sizes.before.parameters, *(step.cost.parameters for step in result.run.steps)]
    assert costs == sorted(costs, reverse=True)
    assert_costs(result.sizes.after, result.run.steps[-1].cost)


@pytest.mark.parametrize("method", ["paoding", "reconstruction"])
@pytest.mark.parametrize("by", ["units", "parameters", "macs"])
def test_steps_name_every_unit_once_in_the_order_of_its_going(method, by):
    result = prune(model(CNN), options=by_units(method=method, by=by, round_to=1))
    gone = {group.name: [] for group in result.trace.groups}
    for step in result.run.steps:
        for name, units in step.removed.items():
            gone[name] += units
    for group in result.trace.groups:
        assert sorted(gone[group.name]) == np.flatnonzero(result.plan.removed[group.start : group.stop]).tolist()


@pytest.mark.parametrize(("method", "count"), [("paoding", 10), ("magnitude", 1), ("random", 1)])
def test_only_methods_whose_steps_depend_on_each_other_take_steps(method, count):
    assert len(prune(model(MLP), options=by_units(method=method)).run.steps) == count


def test_random_units_follow_the_seed():
    first, same, other = (
        prune(model(MLP), options=by_units(method="random", seed=seed)).plan.removed.tolist() for seed in (1, 1, 2)
    )
    assert first == same != other


def test_rounding_keeps_multiples():
    result = prune(model(CNN), options=by_units(target=0.45, round_to=4, allocation="uniform"))
    assert [result.plan.kept_units(group) for group in result.trace.groups] == [4, 8, 8]


def test_rounding_follows_the_kernels_by_default():
    result = prune(model(CNN), options=by_units(target=0.45, allocation="uniform"))
    assert [result.plan.kept_units(group) for group in result.trace.groups] == [4, 8, 6]


@pytest.mark.parametrize("pattern", ["e", "s", "[de]"])
def test_excluded_nodes_keep_their_size(pattern):
    subject = model(CNN)
    found = constants(prune(subject, options=by_units(exclude=(pattern,))).model)
    assert found["e"].shape == (16, 8, 1, 1)
    assert found["f"].shape == (5, 16)


def test_only_units_made_at_matching_nodes_go():
    result = prune(model(CNN), options=by_units(only=("e",), round_to=1))
    assert constants(result.model)["e"].shape == (8, 8, 1, 1)
    assert constants(result.model)["f"].shape == (10, 8)


@pytest.mark.parametrize("option", ["exclude", "only"])
def test_pattern_that_matches_nothing_is_refused(option):
    with pytest.raises(UsageError, match=f"--{option} 'nope' matches no node or initializer"):
        prune(model(CNN), options=by_units(**{option: ("nope",)}))


def assert_climbs(said):
    """Shares of the work done go from zero to one."""
    assert (said[0][1], said[-1][1]) == (0, 1)
    assert [share for _, share in said] == sorted(share for _, share in said)


def test_progress_climbs_to_one():
    said = []
    options = by_units(method="paoding", step=0.25)
    prune(model(MLP), options=options, progress=lambda what, share: said.append((what, share)))
    assert [what for what, _ in said] == [
        "reading",
        "tracing",
        "step 1 of 2",
        "step 2 of 2",
        "fitting weights",
        "proving the file",
        "measuring",
        "writing",
        "done",
    ]
    assert_climbs(said)


def test_progress_of_the_default_method_climbs_to_one():
    said = []
    prune(model(MLP), progress=lambda what, share: said.append((what, share)))
    assert list(dict.fromkeys(what for what, _ in said)) == [
        "reading",
        "tracing",
        "synthesizing inputs",
        "observing units",
        "ranking units",
        "measuring sensitivity",
        "fitting weights",
        "proving the file",
        "measuring",
        "writing",
        "done",
    ]
    assert_climbs(said)


def test_call_without_an_output_writes_nothing(source, monkeypatch):
    monkeypatch.chdir(source.parent)
    before = files(source.parent)
    result = prune(source)
    assert files(source.parent) == before
    assert result.run.output is None
    assert 0 < result.sizes.after.file_bytes < result.sizes.before.file_bytes == source.stat().st_size


def test_output_is_the_proven_model(source):
    target = source.with_name("small.onnx")
    before = source.read_bytes()
    result = prune(str(source), str(target))
    assert set(files(source.parent)) == {"m.onnx", "small.onnx"}
    assert source.read_bytes() == before
    assert result.run.output == target
    assert result.sizes.after.file_bytes == target.stat().st_size
    assert moved(result.model, load(target)) == 0
    onnx.checker.check_model(target, full_check=True)


def test_output_that_exists_is_kept_without_force(source):
    target = source.with_name("small.onnx")
    target.write_text("old")
    with pytest.raises(OutputError, match=r"small\.onnx exists"):
        prune(source, target)
    assert target.read_text() == "old"
    prune(source, target, force=True)
    assert load(target).proto.graph.name == "g"


def test_data_file_of_the_input_is_never_overwritten(source):
    proto = onnx.load(source)
    folder = source.parent
    onnx.save(proto, folder / "e.onnx", save_as_external_data=True, location="small.onnx.data", size_threshold=0)
    before = (folder / "small.onnx.data").read_bytes()
    prune(folder / "e.onnx", folder / "small.onnx", force=True)  # small weights go into the model itself
    assert (folder / "small.onnx.data").read_bytes() == before


def test_model_in_memory_is_not_changed():
    subject = model(CNN)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    prune(subject)
    assert is_unchanged(subject, proto, before)


def test_weights_beside_the_model_stay_beside_it(tmp_path):
    (tmp_path / "out").mkdir()
    onnx.save(
        parse(MLP.replace("16", "64")),
        tmp_path / "m.onnx",
        save_as_external_data=True,
        location="m.bin",
        size_threshold=0,
    )
    before = files(tmp_path)
    result = prune(tmp_path / "m.onnx", tmp_path / "out" / "small.onnx")
    after = files(tmp_path)
    assert set(after) - set(before) == {"out/small.onnx", "out/small.onnx.data"}
    assert all(after[name] == before[name] for name in before)
    assert result.sizes.after.file_bytes == len(after["out/small.onnx"]) + len(after["out/small.onnx.data"])
    assert moved(result.model, load(tmp_path / "out" / "small.onnx")) == 0


def test_half_precision_model_is_pruned():
    options = by_units(round_to=1, allocation="uniform")
    result = prune(model(MLP.replace("float[", "float16[")), options=options)
    assert {value.dtype for value in constants(result.model).values()} == {np.dtype(np.float16)}
    assert constants(result.model)["b"].shape == (8, 6)


def test_proof_runs_at_the_shapes_that_are_given():
    result = prune(model(MLP), options=by_units(input_shapes={"x": (3, 8)}))
    assert [v.detail for v in result.proofs if v.name == "runs in onnxruntime"] == [
        "loads it and runs it at x=3x8 and at x=4x8"
    ]


def test_latency_is_measured(slow, monkeypatch):
    monkeypatch.setattr(latency, "NOWHERE", 1e9)  # however busy the machine is
    found = prune("models/fraud_mlp.onnx", options=by_units(method="magnitude")).measured.latency
    assert 0.01 < found.ratio < 100


def test_model_without_units_is_refused():
    with pytest.raises(TargetError, match=r"no prunable unit \(MatMul .*: graph input 'x'"):
        prune(model("g (float[1,4] x) => (float[1,2] y) <float[4,2] a> { y = MatMul (x, a) }"))


def test_model_without_weights_is_refused():
    with pytest.raises(TargetError, match="it has no weights between its layers"):
        prune(model("g (float[1,4] x) => (float[1,4] y) { y = Relu (x) }"))


def test_target_below_one_unit_is_refused():
    with pytest.raises(TargetError, match=r"5\.0% removes not a single whole unit .*--round-to 1"):
        prune(model(MLP), options=by_units(method="paoding", target=0.05))


def test_target_below_one_unit_of_any_group_takes_a_unit_where_it_does_least_harm():
    result = prune(model(MLP), options=by_units(target=0.03, round_to=1))
    assert result.plan.removed.sum() == 1


@pytest.mark.parametrize("method", ["paoding", "reconstruction"])
def test_target_out_of_reach_is_refused_before_any_step(method):
    said = []
    with pytest.raises(TargetError, match=r"a target of 99\.0% of the macs is out of reach"):
        prune(
            model(CNN),
            options=by_units(method=method, target=0.99, by="macs"),
            progress=lambda what, _: said.append(what),
        )
    assert said == ["reading", "tracing"]


def test_model_that_does_not_run_is_refused():
    with pytest.raises(ModelError, match="onnxruntime does not load the model"):
        prune(model("g (float[2] x) => (float[2] y) { y = Nonsense (x) }"))


def test_documents_are_written_with_the_model(source):
    plan, report = source.with_name("plan.json"), source.with_name("report.json")
    prune(source, source.with_name("small.onnx"), documents={"plan": plan, "report": str(report)})
    assert set(files(source.parent)) == {"m.onnx", "small.onnx", "plan.json", "report.json"}
    assert json.loads(plan.read_text())["format"] == "paoding_onnx plan 2"
    written = json.loads(report.read_text())["output"]
    assert written == {"file": "small.onnx", "sha256": sha256(source.with_name("small.onnx"))}


def test_nothing_is_written_when_a_document_cannot_be(source, monkeypatch):
    def fail(*_):
        raise OutputError("no ink")

    monkeypatch.setattr(api, "report_text", fail)
    with pytest.raises(OutputError, match="no ink"):
        prune(source, source.with_name("small.onnx"), documents={"report": source.with_name("report.json")})
    assert list(source.parent.iterdir()) == [source]


def test_document_that_is_not_known_is_refused(source):
    with pytest.raises(UsageError, match="documents may be a plan and a report, not 'plot'"):
        prune(source, documents={"plot": "plot.svg"})


def test_synthetic_inputs_calibrate_a_quantizer(source):
    quantization = pytest.importorskip("onnxruntime.quantization")
    reader = synthesize(source, n_samples=40).reader()
    assert isinstance(reader, quantization.CalibrationDataReader)
    assert [feed["x"].shape[0] for feed in reader] == [32, 8]
    assert reader.get_next() is None
    reader.set_range(1, 2)
    assert (len(reader), [feed["x"].shape[0] for feed in reader]) == (2, [8])


def test_synthetic_inputs_are_those_that_prune_works_with(source):
    inputs = synthesize(source, n_samples=256)
    assert inputs.description == prune(source).run.recovery.inputs
    assert inputs.n_samples == prune(source).run.recovery.n_samples


@pytest.mark.parametrize("given", [{"n_samples": 0}, {"options": by_units(calibration=Path("a.npz"))}])
def test_synthetic_inputs_that_make_no_sense_are_refused(source, given):
    with pytest.raises(UsageError):
        synthesize(source, **given)


def cut_wrongly(subject, trace, plan, *rest):
    """As `cut`, but the last layer keeps the columns of other units."""
    pruned = cut(subject, trace, plan, *rest)
    for tensor in pruned.proto.graph.initializer:
        if tensor.name == "h":
            tensor.raw_data = onnx.numpy_helper.to_array(tensor)[:, ::-1].tobytes()
    return pruned


def test_failed_proof_writes_nothing(source, monkeypatch):
    monkeypatch.setattr(shrink, "cut", cut_wrongly)
    with pytest.raises(CheckError, match=r"the pruned model failed its proof, nothing was written\. surgery exact: "):
        prune(source, source.with_name("small.onnx"), by_units(method="magnitude"))
    with pytest.raises(CheckError, match=r"the pruned model failed its proof, nothing was written\. "):
        prune(source, source.with_name("small.onnx"))  # which proof it is depends on what was fitted
    assert list(source.parent.iterdir()) == [source]


def test_wrong_prediction_writes_nothing(source, monkeypatch):
    monkeypatch.setattr(Shrunk, "after", property(lambda shrunk: shrunk.before))
    with pytest.raises(CheckError, match="cost as predicted: "):
        prune(source, source.with_name("small.onnx"))
    assert list(source.parent.iterdir()) == [source]


def test_inspect_finds_what_prune_removes_from():
    subject = model(CNN)
    assert [g.name for g in inspect(subject).groups] == [g.name for g in prune(subject).trace.groups]


def test_inspect_reads_files(source):
    trace = inspect(source, by_units(exclude=("e",), input_shapes={"x": (2, 3, 8, 8)}))
    assert runnable_shapes(trace.graph) == {"x": (2, 3, 8, 8)}
    assert {group.n_units for group in trace.groups} == {10}
    assert plan_of(trace, f=[0]).removed.size == 10
