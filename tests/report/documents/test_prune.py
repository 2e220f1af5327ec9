"""The report of a pruning run as a document, and what a user is warned of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from paoding_onnx.api import prune
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.options import Options
from paoding_onnx.report.documents.prune import hints, prune_document, warnings
from paoding_onnx.report.documents.values import proofs_of
from paoding_onnx.rules.devices import DEVICES
from tests.models import model, parse, save
from tests.pruning import MLP, skip_latency


def test_prune_document_holds_the_whole_run(result):
    document = prune_document(result)
    keys = "format versions machine seconds model output sizes input_sizes measured verdict next proofs warnings hints"
    assert list(document) == [*keys.split(), "run", "data", "groups", "refusals", "device", "vocabulary", "depth"]
    assert list(document["run"]) == ["options", "steps", "recovery", "notes", "trials"]
    assert document["sizes"]["before"] == {"parameters": 400, "macs": 368, "file_bytes": 0}
    assert document["sizes"]["prunable_parameters"] == 400 - 4  # all but the last bias
    assert set(document["measured"]) == {
        "latency",
        "latency_ratio",
        "outlook",
        "reason",
        "n_inputs",
        "is_synthetic",
        "changes",
        "astray",
        "apart",
        "output_error",
        "agreement",
        "inputs",
        "accuracy_before",
        "accuracy_after",
        "drop",
    }
    assert document["groups"][0] == {"name": "MatMul_0", "units": 16, "kept": 8, "exact": True}
    assert [step["share"] for step in document["run"]["steps"]] == [k / 20 for k in range(2, 11)]
    assert len(document["run"]["steps"][-1]["removed"]["MatMul_0"]) == 1
    assert document["proofs"] == proofs_of(result.proofs)
    assert document["measured"]["latency_ratio"] == 0.5


def test_prune_document_lists_every_option(result):
    assert prune_document(result)["run"]["options"] == {
        "target": 0.5,
        "by": "units",
        "step": 0.05,
        "method": "reconstruction",
        "exclude": [],
        "only": [],
        "exact_only": False,
        "choose": [],
        "round_to": 0,
        "device": None,
        "allocation": "uniform",
        "seed": 0,
        "memory": 1 << 29,
        "threads": 0,
        "input_kind": "auto",
        "preprocess": asdict(Preprocess()),
        "calibration": None,
        "distill": 0,
        "effort": "normal",
        "recover": 0,
        "on_interrupt": "drop",
        "eval": None,
        "input_shapes": {},
        "latency": True,
        "latency_table": None,
        "keep_accuracy": None,
        "keep_answers": None,
        "provenance": True,
        "fail_if": [],
        "vocabulary": None,
        "depth": None,
        "provider": "cpu",
        "input_values": [],
        "cache": None,
        "verbose": False,
    }


def test_prune_document_names_files_without_folders_by_their_hash(tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    source = save(parse(MLP), tmp_path / "m.onnx")
    result = prune(source, tmp_path / "small.onnx")
    document = prune_document(result)
    for key, path in (("model", source), ("output", tmp_path / "small.onnx")):
        assert document[key] == {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_number_that_is_none_is_null(result):
    nowhere = replace(result.measured, latency=None, output_error=float("inf"))
    found = prune_document(replace(result, measured=nowhere))["measured"]
    assert (found["latency_ratio"], found["output_error"]) == (None, None)


def changed(result, **differing):
    """The result with one output that changed so much."""
    values = {"typical": 0.0, "worst": 0.0, "same": 1.0, "order": None, "variety": 0.8, "kind": Kind.CLASSES}
    change = OutputChange(output="y", **(values | differing))
    return replace(result, measured=replace(result.measured, changes=(change,), astray=()))


def test_model_as_good_as_before_is_no_reason_to_warn(result):
    assert warnings(changed(result)) == []


def test_another_top_1_on_many_inputs_is(result):
    (found,) = warnings(changed(result, same=0.75))
    assert found.startswith("top-1 of 'y' the same on 75% of inputs: expect it to be much worse; evaluate it on")


def test_inputs_that_look_alike_are_said_to_tell_nothing(result):
    (found,) = warnings(changed(result, variety=0.0))
    assert found.startswith("the result cannot be judged without data: all inputs look alike to the model")
    assert "--calibration" in found


@pytest.mark.parametrize(("variety", "same"), [(0.0, 1.0), (0.8, 0.5)])
def test_who_gave_samples_is_not_told_to_give_them(variety, same, result):
    other = changed(result, variety=variety, same=same)
    held = replace(other, measured=replace(other.measured, is_synthetic=False, n_inputs=8))
    run = replace(result.run, options=replace(result.run.options, calibration=Path("samples.npz")))
    (found,) = warnings(replace(held, run=run))
    assert "--calibration" not in found
    assert "without data" not in found
    (too_few,) = warnings(replace(other, run=run))
    assert "--calibration" not in too_few
    assert "give 40 samples or more" in too_few


def test_document_says_what_units_were_chosen_on_and_how_close_layers_are(result):
    recovery = prune_document(result)["run"]["recovery"]
    assert recovery["n_samples"] == 256
    assert recovery["inputs"].startswith("rows of 8 numbers")
    assert [set(layer) for layer in recovery["layers"]] == [{"node", "before", "after"}] * len(
        result.run.recovery.layers
    )


def test_sensitivities_are_in_the_document(monkeypatch):
    skip_latency(monkeypatch)
    recovery = prune_document(prune(model(MLP)))["run"]["recovery"]
    assert [sensitivity["group"] for sensitivity in recovery["sensitivities"]] == ["MatMul_0", "Gemm_3"]
    assert all(len(sensitivity["counts"]) == len(sensitivity["values"]) for sensitivity in recovery["sensitivities"])


def test_groups_that_a_device_does_not_like_are_listed_with_what_is_known_of_it(result):
    assert prune_document(result)["device"] is None
    for_device = replace(result, run=replace(result.run, options=replace(result.run.options, device="tensorrt")))
    found = prune_document(for_device)["device"]
    assert found["name"] == "tensorrt"
    assert [fact["source"] for fact in found["facts"]] == [fact.source for fact in DEVICES["tensorrt"].facts]
    kept = {group["name"]: group["kept"] for group in prune_document(result)["groups"]}
    assert found["off_grid"] == [
        {"group": name, "kept": count, "multiple": 8} for name, count in kept.items() if count % 8
    ]
    assert found["off_grid"]


def test_counts_that_depthwise_kernels_are_slow_at_are_hinted_at():
    def hinted(round_to):
        options = Options(target=0.31, method="magnitude", round_to=round_to, latency=False)
        return list(hints(prune("models/mobilenet_cifar10.onnx", options=options)))

    (hint,) = hinted(1)
    assert "of depthwise channels kept a count that is no multiple of 4" in hint
    assert hinted(8) == hinted(0) == []


def test_report_of_a_run_with_a_cache_is_plain(tmp_path, result):
    options = replace(result.run.options, method="reconstruction", cache=tmp_path / "kept")
    document = prune_document(replace(result, run=replace(result.run, options=options)))
    assert json.loads(json.dumps(document))["run"]["options"]["cache"] == "kept"
