"""REPORT: documents that JSON can hold, tables that say what matters, and no more than fits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

import onnx
import pytest
from rich.console import Console

from paoding_onnx.api import prune
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.evaluation.measured import Fidelity
from paoding_onnx.model.load import lift
from paoding_onnx.options import Options
from paoding_onnx.report import (
    check_document,
    check_lines,
    inspect_document,
    inspect_lines,
    operators_document,
    prune_document,
    prune_lines,
)
from paoding_onnx.report.documents import prunable_parameters, warnings
from paoding_onnx.report.tables import MAX_ROWS
from paoding_onnx.verification.verdict import Verdict
from tests.models import model, parse, save, traced
from tests.pruning import CNN, MLP, skip_latency, traced_model

INEXACT = """g (float[1,4,2,2] x) => (float[1,1,2,2] y) <float[6,4,1,1] a> {
  p = Conv (x, a) y = ReduceMean <axes=[1]> (p)
}"""


@pytest.fixture
def result(monkeypatch):
    skip_latency(monkeypatch)
    return prune(model(MLP), options=Options(allocation="uniform"))


def text(lines):
    """What the lines look like where they are no terminal."""
    console = Console(width=110, highlight=False)
    with console.capture() as capture:
        for line in lines:
            console.print(line, soft_wrap=isinstance(line, str))
    return capture.get()


def rows(lines):
    """The cells of every row, as text without spaces around."""
    return [line.split() for line in text(lines).splitlines()]


def test_inspect_document_names_groups_and_their_places():
    document = inspect_document(traced(MLP))
    assert document["parameters"] == 8 * 16 + 16 + 16 * 12 + 12 + 12 * 4 + 4
    assert document["macs"] == 8 * 16 + 16 * 12 + 12 * 4
    assert document["input_shapes"] == {"x": [1, 8]}
    first, second = document["groups"]
    assert (first["name"], first["units"], first["parameters"], first["macs"], first["exact"]) == (
        "MatMul_0",
        16,
        16 * (8 + 1 + 12),
        16 * (8 + 12),
        True,
    )
    assert [(p["initializer"], p["axis"], p["role"]) for p in second["places"]] == [
        ("b", 1, "produces"),
        ("bb", 0, "produces"),
        ("c", 0, "consumes"),
    ]


def test_inspect_document_says_what_is_left_alone_and_why():
    refusals = inspect_document(traced(MLP))["refusals"]
    assert {
        "operator": "MatMul",
        "node": "MatMul_0",
        "tensor": "a",
        "axis": 0,
        "reason": "graph input 'x'",
    } in refusals


def test_prunable_parameters_have_a_unit_on_an_axis():
    assert prunable_parameters(traced(MLP)) == 400 - 4  # all but the last bias


def test_documents_are_json(result):
    for document in (inspect_document(traced(CNN)), prune_document(result), operators_document()):
        text = json.dumps(document, allow_nan=False)
        assert json.dumps(json.loads(text)) == text


def test_prune_document_holds_the_whole_run(result):
    document = prune_document(result)
    assert set(document) == {
        "model",
        "output",
        "options",
        "prunable_parameters",
        "before",
        "after",
        "latency_ratio",
        "output_difference",
        "accuracy_before",
        "agreement",
        "compared_on",
        "recovery",
        "warnings",
        "groups",
        "steps",
        "checks",
        "refusals",
    }
    assert document["groups"][0] == {"name": "MatMul_0", "units": 16, "kept": 8, "exact": True}
    assert [step["share"] for step in document["steps"]] == [k / 20 for k in range(2, 11)]
    assert len(document["steps"][-1]["removed"]["MatMul_0"]) == 1
    assert document["checks"] == check_document(result.verdicts)
    assert document["latency_ratio"] == 0.5


def test_prune_document_lists_every_option(result):
    assert prune_document(result)["options"] == {
        "target": 0.5,
        "by": "units",
        "step": 0.05,
        "method": "reconstruction",
        "exclude": [],
        "only": [],
        "exact_only": False,
        "choose": [],
        "round_to": 0,
        "allocation": "uniform",
        "seed": 0,
        "memory": 1 << 30,
        "threads": 0,
        "input_kind": "auto",
        "preprocess": asdict(Preprocess()),
        "calibration": None,
        "distill": 0,
        "eval": None,
        "input_shapes": {},
        "verbose": False,
    }


def test_prune_document_names_files_without_folders_by_their_hash(tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    source = save(parse(MLP), tmp_path / "m.onnx")
    result = prune(source, tmp_path / "small.onnx")
    document = prune_document(result, source=source, target=tmp_path / "small.onnx")
    for key, path in (("model", source), ("output", tmp_path / "small.onnx")):
        content = path.read_bytes()
        wanted = {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert document[key] == wanted


def test_number_that_is_none_is_null(result):
    nowhere = replace(result.comparison, latency_ratio=float("nan"), difference=float("inf"))
    document = prune_document(replace(result, comparison=nowhere))
    assert (document["latency_ratio"], document["output_difference"]) == (None, None)


def test_prune_lines_compare_before_and_after(result):
    found = rows(prune_lines(result, None))
    assert " ".join(found[0]) == "removed 14 of 28 units: 61.5% of all parameters"
    assert ["MACs", "368", "136", "-63.0%"] in found
    assert ["latency", "1.00", "0.50", "-50.0%"] in found
    assert ["MatMul_0", "16", "8", "50.0%"] in found
    assert " ".join(found[-1]) == "dry run: nothing was written"


def test_prune_lines_say_what_was_written(result):
    assert text(prune_lines(replace(result, saved=True), "out/small.onnx")).endswith("wrote out/small.onnx\n")


def test_prune_lines_say_when_most_of_the_model_cannot_be_pruned(result, monkeypatch):
    wide = """g (float[1,8] x) => (float[1,4] y, float[1,200] z) <float[8,16] a, float[16,4] b, float[8,200] c> {
      p = MatMul (x, a) y = MatMul (p, b) z = MatMul (x, c)
    }"""
    first = text(prune_lines(prune(model(wide)), None)).splitlines()[0]
    assert first == "removed 8 of 16 units: 5.4% of all parameters (89% of them cannot be pruned; see `inspect`)"
    assert "cannot be pruned" not in text(prune_lines(result, None))


def test_inexact_groups_are_marked(monkeypatch):
    skip_latency(monkeypatch)
    result = prune(model(INEXACT))
    assert "Conv_0 (inexact)" in text(prune_lines(result, None))
    assert prune_document(result)["groups"][0]["exact"] is False
    assert ["Conv_0", "6", "24", "96", "no", "1", "initializers"] in rows(inspect_lines("m", traced(INEXACT)))


def test_inspect_lines_count_units_and_parameters():
    found = text(inspect_lines("m.onnx", traced(MLP)))
    assert found.startswith("m.onnx: 28 units in 2 groups; 99.0% of 400 parameters can be pruned, 368 MACs\n")


def test_inspect_lines_list_choices():
    choosing = """g (float[1,3,4,4] x) => (float[1,5] y)
        <float[8,3,1,1] a, int64[5] t={0,2,4,4,4}, int64[1] axes={1}, float[5,4] b> {
      p = Conv (x, a) q = Reshape (p, t) r = ReduceSum (q, axes) s = Squeeze (r, axes)
      u = GlobalAveragePool (s) v = Flatten (u) y = Gemm <transB=1> (v, b)
    }"""
    assert "choice at Reshape_1: of its axis of 2 x 4 positions go; --choose 'Reshape_1=blocks' for blocks" in text(
        inspect_lines("m", traced(choosing))
    )


def test_long_lists_end_in_how_many_more_there_are():
    n = MAX_ROWS + 3
    weights = ", ".join(f"float[4,4] w{k}" for k in range(n + 1))
    nodes = " ".join(f"h{k + 1} = MatMul (h{k}, w{k})" for k in range(n + 1)).replace("h0", "x")
    trace = traced(f"g (float[1,4] x) => (float[1,4] h{n + 1}) <{weights}> {{ {nodes} }}")
    short, whole = (text(inspect_lines("m", trace, verbose=verbose)) for verbose in (False, True))
    assert len(trace.groups) == n
    assert "and 3 more groups; --verbose lists them all" in short
    assert f"MatMul_{n - 1} " in whole
    assert f"MatMul_{n - 1} " not in short


def test_names_are_not_taken_for_markup():
    subject = parse(MLP)
    subject.graph.node[0].name = "[red]block[/red]"
    found = text(inspect_lines("[bold]m[/bold]", traced_model(lift(subject))))
    assert "[bold]m[/bold]: 28 units" in found
    assert "\n [red]block[/red] " in found


def test_proofs_that_failed_stand_out():
    verdicts = [Verdict("recount", True, "fine"), Verdict("plan", False, "[wrong]")]
    assert text(check_lines(verdicts)) == "ok     recount: fine\nFAILED plan: [wrong]\n"


def test_operators_document_is_sorted():
    found = [(entry["domain"], entry["operator"]) for entry in operators_document()]
    assert found == sorted(found)
    assert ("ai.onnx", "Conv") in found


def test_printed_versions_are_those_of_schemas_that_exist():
    known = {("ai.onnx", s.name, s.since_version) for s in onnx.defs.get_all_schemas_with_history() if not s.domain}
    found = {tuple(entry[key] for key in ("domain", "operator", "since_version")) for entry in operators_document()}
    unknown = {(domain, operator) for domain, operator, version in found - known if domain == "ai.onnx"}
    assert unknown == {("ai.onnx", "SimplifiedLayerNormalization")}  # onnxruntime keeps its own operator there


def compared(agreement, difference):
    """A comparison with these figures."""
    return Fidelity(1.0, difference, agreement, "rows")


@pytest.mark.parametrize("agreement", [1.0, 0.95, 0.9])
def test_classifier_that_mostly_answers_the_same_is_no_reason_to_warn(agreement):
    assert warnings(compared(agreement, 5.0)) == []


def test_classifier_that_often_answers_otherwise_is():
    (description,) = warnings(compared(0.75, 0.01))
    assert description.startswith(
        "25% of made-up inputs are answered otherwise: expect accuracy to suffer; evaluate it on"
    )


def test_other_outputs_that_hardly_moved_are_no_reason_to_warn():
    assert warnings(compared(None, 0.2)) == []


@pytest.mark.parametrize(("difference", "description"), [(0.5, "by 50% of their size"), (float("nan"), "by nan%")])
def test_other_outputs_that_moved_far_are(difference, description):
    (found,) = warnings(compared(None, difference))
    assert description in found
    assert "expect quality to suffer" in found


def test_warnings_are_in_the_document_and_in_print(result):
    worse = replace(result, comparison=replace(result.comparison, agreement=0.5), notes=("it was hard",))
    document = prune_document(worse)
    assert document["warnings"][0] == "it was hard"
    assert document["warnings"][1].startswith("50% of made-up inputs are answered otherwise")
    printed = " ".join(text(prune_lines(worse, None)).split())
    assert "warning: it was hard" in printed
    assert "warning: 50% of made-up inputs are answered otherwise" in printed


def test_document_says_what_units_were_judged_on_and_how_well_layers_were_fitted(result):
    recovery = prune_document(result)["recovery"]
    assert recovery["n_samples"] == 256
    assert recovery["inputs"].startswith("rows of 8 numbers")
    assert [set(layer) for layer in recovery["layers"]] == [{"node", "before", "after"}] * len(result.recovery.layers)


def test_harms_are_in_the_document(monkeypatch):
    skip_latency(monkeypatch)
    recovery = prune_document(prune(model(MLP)))["recovery"]
    assert [sensitivity["group"] for sensitivity in recovery["sensitivities"]] == ["MatMul_0", "Gemm_3"]
    assert all(len(sensitivity["counts"]) == len(sensitivity["values"]) for sensitivity in recovery["sensitivities"])


def test_run_without_inputs_has_nothing_to_say_of_them(monkeypatch):
    skip_latency(monkeypatch)
    result = prune(model(MLP), options=Options(method="paoding"))
    assert prune_document(result)["recovery"] is None
    assert "judged on" not in text(prune_lines(result, None))
