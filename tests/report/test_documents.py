"""REPORT: documents that JSON can hold, tables that say what matters, and no more than fits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import onnx
import pytest
from rich.console import Console

from paoding_onnx.api import prune
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.dependency.coupling import coupled
from paoding_onnx.dependency.explain import explain_axes
from paoding_onnx.dependency.scope import Scope
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.model.load import lift
from paoding_onnx.options import Options
from paoding_onnx.report.documents.inspect import explain_document, inspect_document
from paoding_onnx.report.documents.operators import operator_rows, operators_document
from paoding_onnx.report.documents.prune import plan_of_result, prune_document, warnings
from paoding_onnx.report.documents.sensitivity import sensitivity_document
from paoding_onnx.report.documents.values import proofs_of
from paoding_onnx.report.inspection import explain_lines, inspect_lines
from paoding_onnx.report.pruning import proof_lines, prune_lines
from paoding_onnx.report.words import MAX_ROWS
from paoding_onnx.selection.curve import Sensitivity
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
    assert [(p["initializer"], p["axis"], p["role"]) for p in second["axes"]] == [
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


def all_documents(result):
    """One document of each kind that has no test of its own."""
    axes = explain_axes(result.trace.graph, coupled(result.trace.graph, Scope()), "a")
    sensitivities = (Sensitivity("MatMul_0", (2, 4), (0.5, float("inf"))),)
    return {
        "inspect": inspect_document(traced(CNN)),
        "explanation": explain_document(axes),
        "report": prune_document(result),
        "plan": plan_of_result(result),
        "sensitivity": sensitivity_document(sensitivities),
        "operators": operators_document(),
    }


def test_documents_are_json(result):
    for document in all_documents(result).values():
        text = json.dumps(document, allow_nan=False)
        assert json.dumps(json.loads(text)) == text


def test_documents_begin_with_their_format_and_the_versions_of_what_made_them(result):
    for kind, document in all_documents(result).items():
        assert list(document)[:2] == ["format", "versions"]
        assert document["format"] == f"paoding_onnx {kind} 1"
        assert document["versions"] == {name: version(name) for name in ("paoding_onnx", "onnx", "onnxruntime")}


def test_prune_document_holds_the_whole_run(result):
    document = prune_document(result)
    keys = "format versions model output sizes measured proofs warnings run groups refusals"
    assert list(document) == keys.split()
    assert list(document["run"]) == ["options", "steps", "recovery", "notes"]
    assert document["sizes"]["before"] == {"parameters": 400, "macs": 368, "file_bytes": 0}
    assert document["sizes"]["prunable_parameters"] == 400 - 4  # all but the last bias
    assert set(document["measured"]) == {
        "latency_ratio",
        "output_error",
        "agreement",
        "inputs",
        "accuracy_before",
        "accuracy_after",
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
    document = prune_document(result)
    for key, path in (("model", source), ("output", tmp_path / "small.onnx")):
        assert document[key] == {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_number_that_is_none_is_null(result):
    nowhere = replace(result.measured, latency_ratio=float("nan"), output_error=float("inf"))
    found = prune_document(replace(result, measured=nowhere))["measured"]
    assert (found["latency_ratio"], found["output_error"]) == (None, None)


def test_prune_lines_compare_before_and_after(result):
    found = rows(prune_lines(result))
    assert " ".join(found[0]) == "removed 14 of 28 units: 61.5% of all parameters"
    assert ["MACs", "368", "136", "-63.0%"] in found
    assert ["latency", "1.00", "0.50", "-50.0%"] in found
    assert ["MatMul_0", "16", "8", "50.0%"] in found
    assert " ".join(found[-1]) == "dry run: nothing was written"


def test_prune_lines_say_what_was_written(result):
    written = replace(result, run=replace(result.run, output=Path("out/small.onnx")))
    assert text(prune_lines(written)).endswith(f"wrote {Path('out/small.onnx')}\n")


def test_prune_lines_say_when_most_of_the_model_cannot_be_pruned(result, monkeypatch):
    wide = """g (float[1,8] x) => (float[1,4] y, float[1,200] z) <float[8,16] a, float[16,4] b, float[8,200] c> {
      p = MatMul (x, a) y = MatMul (p, b) z = MatMul (x, c)
    }"""
    first = text(prune_lines(prune(model(wide)))).splitlines()[0]
    assert first == "removed 8 of 16 units: 5.4% of all parameters (89% of them cannot be pruned; see `inspect`)"
    assert "cannot be pruned" not in text(prune_lines(result))


def test_inexact_groups_are_marked(monkeypatch):
    skip_latency(monkeypatch)
    result = prune(model(INEXACT))
    assert "Conv_0 (inexact)" in text(prune_lines(result))
    assert prune_document(result)["groups"][0]["exact"] is False
    assert ["Conv_0", "6", "24", "96", "no", "1", "initializer"] in rows(inspect_lines("m", traced(INEXACT)))


def test_inspect_lines_count_units_and_parameters():
    found = text(inspect_lines("m.onnx", traced(MLP)))
    assert found.startswith("m.onnx: 28 units in 2 groups; 99.0% of 400 parameters can be pruned; 368 MACs\n")


def test_inspect_lines_list_choices():
    choosing = """g (float[1,3,4,4] x) => (float[1,5] y)
        <float[8,3,1,1] a, int64[5] t={0,2,4,4,4}, int64[1] axes={1}, float[5,4] b> {
      p = Conv (x, a) q = Reshape (p, t) r = ReduceSum (q, axes) s = Squeeze (r, axes)
      u = GlobalAveragePool (s) v = Flatten (u) y = Gemm <transB=1> (v, b)
    }"""
    assert "choice at Reshape_1: its axis of 2 x 4 loses positions; --choose 'Reshape_1=blocks' for blocks" in text(
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
    proofs = [Verdict("valid ONNX", True, "fine"), Verdict("shapes as planned", False, "[wrong]")]
    assert text(proof_lines(proofs)) == "ok     valid ONNX: fine\nFAILED shapes as planned: [wrong]\n"


def test_operators_document_is_sorted():
    found = [(entry["domain"], entry["operator"]) for entry in operator_rows()]
    assert found == sorted(found)
    assert ("ai.onnx", "Conv") in found


def test_printed_versions_are_those_of_schemas_that_exist():
    known = {("ai.onnx", s.name, s.since_version) for s in onnx.defs.get_all_schemas_with_history() if not s.domain}
    found = {tuple(entry[key] for key in ("domain", "operator", "since_version")) for entry in operator_rows()}
    unknown = {(domain, operator) for domain, operator, _ in found - known if domain == "ai.onnx"}
    assert unknown == {("ai.onnx", "SimplifiedLayerNormalization")}  # onnxruntime keeps its own operator there


def measuring(result, agreement, output_error):
    """The result with these figures."""
    return replace(result, measured=Measured(1.0, output_error, agreement, "rows"))


@pytest.mark.parametrize("agreement", [1.0, 0.95, 0.9])
def test_same_top_1_on_most_inputs_is_no_reason_to_warn(result, agreement):
    assert warnings(measuring(result, agreement, 5.0)) == []


def test_another_top_1_on_many_inputs_is(result):
    (found,) = warnings(measuring(result, 0.75, 0.01))
    assert found.startswith("same top-1 on only 75% of fresh inputs: expect accuracy to drop; evaluate it on")


def test_low_output_error_is_no_reason_to_warn(result):
    assert warnings(measuring(result, None, 0.2)) == []


@pytest.mark.parametrize(("output_error", "words"), [(0.5, "output error 0.5 on"), (float("nan"), "output error nan")])
def test_high_output_error_is(result, output_error, words):
    (found,) = warnings(measuring(result, None, output_error))
    assert words in found
    assert "expect quality to drop" in found


def test_warnings_are_in_the_document_and_in_print(result):
    poor = measuring(result, 0.5, 0.1)
    worse = replace(poor, run=replace(poor.run, notes=("it was hard",)))
    document = prune_document(worse)
    assert document["warnings"][0] == "it was hard"
    assert document["warnings"][1].startswith("same top-1 on only 50% of fresh inputs")
    printed = " ".join(text(prune_lines(worse)).split())
    assert "warning: it was hard" in printed
    assert "warning: same top-1 on only 50% of fresh inputs" in printed


def test_control_characters_in_names_do_not_reach_the_terminal():
    subject = parse(MLP)
    subject.graph.node[0].name = "a\x1b[31m\u202eb"
    found = traced_model(lift(subject))
    axes = explain_axes(found.graph, coupled(found.graph, Scope()), "a")
    for shown in (text(inspect_lines("m\x07.onnx", found)), text(explain_lines(axes))):
        assert all(sign.isprintable() or sign == "\n" for sign in shown)
        assert "\\x1b[31m\\u202eb" in shown


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


def test_run_without_inputs_has_nothing_to_say_of_them(monkeypatch):
    skip_latency(monkeypatch)
    result = prune(model(MLP), options=Options(method="paoding"))
    assert prune_document(result)["run"]["recovery"] is None
    assert "units chosen on" not in text(prune_lines(result))
