"""What `prune` and `check` print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from paoding_onnx.api import prune
from paoding_onnx.options import Options
from paoding_onnx.report.documents.prune import prune_document
from paoding_onnx.report.inspection import inspect_lines
from paoding_onnx.report.pruning import proof_lines, prune_lines
from paoding_onnx.verification.verdict import Verdict
from tests.models import model, traced
from tests.pruning import MLP, skip_latency
from tests.report.printed import rows, text

INEXACT = """g (float[1,4,2,2] x) => (float[1,1,2,2] y) <float[6,4,1,1] a> {
  p = Conv (x, a) y = ReduceMean <axes=[1]> (p)
}"""


def test_prune_lines_compare_before_and_after(result):
    found = rows(prune_lines(result))
    assert " ".join(found[0]) == "removed 14 of 28 units: 61.5% of all parameters"
    assert ["MACs", "368", "136", "-63.0%"] in found
    assert ["latency,", "ms", "2", "1", "-50.0%", "±1.0%"] in found
    assert ["MatMul_0", "16", "8", "50.0%"] in found
    assert " ".join(found[-1]) == "dry run: nothing was written"


def test_prune_lines_say_what_was_written(result):
    written = replace(result, run=replace(result.run, output=Path("out/small.onnx")))
    assert text(prune_lines(written)).endswith(f"wrote {Path('out/small.onnx')}\n")


def test_prune_lines_say_when_most_of_the_model_cannot_be_pruned(result, monkeypatch):
    wide = """g (float[1,8] x) => (float[1,4] y, float[1,200] z) <float[8,16] a, float[16,4] b, float[8,200] c> {
      p = MatMul (x, a) y = MatMul (p, b) z = MatMul (x, c)
    }"""
    first = text(prune_lines(prune(model(wide), options=Options(by="units")))).splitlines()[0]
    assert first == "removed 8 of 16 units: 5.4% of all parameters (89% of them cannot be pruned; see `inspect`)"
    assert "cannot be pruned" not in text(prune_lines(result))


def test_inexact_groups_are_marked(monkeypatch):
    skip_latency(monkeypatch)
    result = prune(model(INEXACT))
    assert "Conv_0 (inexact)" in text(prune_lines(result))
    assert prune_document(result)["groups"][0]["exact"] is False
    assert ["Conv_0", "6", "24", "96", "no", "1", "initializer"] in rows(inspect_lines("m", traced(INEXACT)))


def test_proofs_that_failed_stand_out():
    proofs = [Verdict("valid ONNX", True, "fine"), Verdict("shapes as planned", False, "[wrong]")]
    assert text(proof_lines(proofs)) == "ok     valid ONNX: fine\nFAILED shapes as planned: [wrong]\n"


def test_warnings_are_in_the_document_and_in_print(result):
    turned = replace(result.measured.changes[0], same=0.5)
    poor = replace(result, measured=replace(result.measured, changes=(turned,)))
    worse = replace(poor, run=replace(poor.run, notes=("it was hard",)))
    document = prune_document(worse)
    assert document["warnings"][0] == "it was hard"
    assert document["warnings"][1].startswith("top-1 of 'y' the same on 50% of inputs: expect it to be much worse")
    printed = " ".join(text(prune_lines(worse)).split())
    assert "warning: it was hard" in printed
    assert "outlook: expect it to be much worse" in printed


def test_latency_that_could_not_be_measured_is_said_to_be_so(result):
    nowhere = replace(result, measured=replace(result.measured, latency=None))
    assert "not measurable here" in text(prune_lines(nowhere))


def test_run_without_inputs_has_nothing_to_say_of_them(monkeypatch):
    skip_latency(monkeypatch)
    result = prune(model(MLP), options=Options(method="paoding"))
    assert prune_document(result)["run"]["recovery"] is None
    assert "units chosen on" not in text(prune_lines(result))


def test_calibration_data_is_called_so(result):
    real = replace(result.run, options=Options(calibration=Path("real.npz")))
    found = text(prune_lines(replace(result, run=real)))
    assert "units chosen on calibration data: " in found
    assert "units chosen on 256 synthetic inputs: rows of 8 numbers" in text(prune_lines(result))
