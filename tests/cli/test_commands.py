"""The command line: what each command prints, to the letter, what it writes, and its exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from paoding_onnx.api import inspect
from paoding_onnx.cli import main
from paoding_onnx.model.load import load
from paoding_onnx.report.documents.operators import operator_rows, operators_document
from paoding_onnx.surgery.plan import plan_from_document
from tests.cli.stages import without_stages
from tests.models import parse, save
from tests.pruning import files, moved, skip_latency

pytestmark = pytest.mark.slow

TINY = """g (float[1,3] x) => (float[1,2] y) <float[3,4] a, float[4,2] b={1,2,0,0,3,4,0,0}> {
  p = MatMul (x, a) r = Relu (p) y = MatMul (r, b)
}"""
"""Units 1 and 3 of 4 are never read."""

INSPECTED = """\
m.onnx: 4 units in 1 group; 100.0% of 20 parameters can be pruned; 20 MACs

 group      units   parameters   MACs   exact   lives on
 ─────────────────────────────────────────────────────────────
 MatMul_0       4           20     20   yes     2 initializers

"""
REFUSALS = """\

 left alone   operator   node       reason
 ───────────────────────────────────────────────────
 a axis 0     MatMul     MatMul_0   graph input 'x'
 b axis 1     MatMul     MatMul_2   graph output 'y'

"""
ASSUMED = """\

 input   shape   assumed to hold     because of
 ───────────────────────────────────────────────────────────────
 x       1x3     rows of 3 numbers   two axes, rows of 3 numbers

if that is wrong, say it with --input, --input-kind or --preprocess
"""
HELD = """at half of the units 0.50 of the parameters stay (0.50 by inputs, outputs, ids and positions alone); what \
holds most of them:
  graph input 'x', which holds 15% of all parameters: it is as wide as what is fed: such weights cannot go
  graph output 'y', which holds 10% of all parameters: it is as wide as what the model returns: leave an output out at \
export that nobody needs
"""
PRUNED = """\
removed 2 of 4 units: 50.0% of all parameters

               before   after         change
 ───────────────────────────────────────────
 parameters        20      10         -50.0%
 MACs              20      10         -50.0%
 file bytes       220     184         -16.4%
 latency, ms        2       1   -50.0% ±1.0%


 group      units   kept   removed
 ─────────────────────────────────
 MatMul_0       4      2     50.0%

units chosen on 256 synthetic inputs: rows of 3 numbers, normal, uniform, heavy tails, sparse, \
spanned by the first weights, chosen by the predictions for them
0 layers reconstructed by least squares
compared on 64 synthetic inputs (rows of 3 numbers, normal, uniform, heavy tails, sparse, \
spanned by the first weights, chosen by the predictions for them):

 output   holds    same answers   order kept   channels moved   the worst
 ────────────────────────────────────────────────────────────────────────
 y        values                                        0.00%       0.00%

outlook: as good as before
ok     surgery exact: largest difference # in 2 tensors (at 'y'), at most 1e-05 allowed; \
compared at 1 size of the inputs
ok     file as proven: read again, it is the cut model byte for byte; no weight changed
"""
FILE_CHECKED = """\
ok     valid ONNX: valid, with full shape inference
ok     interface unchanged: inputs (1) and outputs (1) keep their names, types and declared shapes
ok     runs in onnxruntime: loads it and runs it at x=1x3
"""
RECOUNTED = """\
ok     cost as predicted: 10 parameters and 10 MACs, as predicted
"""


NEXT = """\
use it; next, measure it on labelled samples: paoding_onnx evaluate small.onnx --data samples.npz \
--against m.onnx --max-drop 1%
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory, with the model m.onnx in it."""
    skip_latency(monkeypatch)
    monkeypatch.chdir(tmp_path)
    save(parse(TINY), tmp_path / "m.onnx")
    return tmp_path


@pytest.fixture
def printed(capsys):
    """Runs a command that shall end with `status`; returns its stdout, numbers that rounding decides replaced by #."""

    def run(*argv, status=0):
        assert main(argv) == status
        out, err = capsys.readouterr()
        assert without_stages(err) == ""
        out = re.sub(r"(output error|on random inputs:|largest difference) ([\d.e+-]+)", r"\1 #", out)
        return "".join(f"{line.rstrip()}\n" for line in out.splitlines())

    return run


def test_inspect_prints_groups_refusals_and_what_is_assumed(printed):
    assert printed("inspect", "m.onnx") == INSPECTED + REFUSALS + ASSUMED + HELD


def test_prune_prints_before_after_and_proofs(printed):
    wanted = f"{PRUNED}{FILE_CHECKED}{RECOUNTED}{NEXT}dry run: nothing was written\n"
    assert printed("prune", "m.onnx", "--dry-run", "--no-provenance") == wanted


def test_prune_verbosely_prints_refusals_too(printed):
    wanted = f"{PRUNED}{FILE_CHECKED}{RECOUNTED}{REFUSALS}{NEXT}wrote small.onnx\n"
    assert printed("prune", "m.onnx", "-o", "small.onnx", "-v", "--no-provenance") == wanted


def test_check_prints_every_proof(printed):
    printed("prune", "m.onnx", "-o", "small.onnx", "--plan", "plan.json")
    differ = "relative output error on random inputs: #\n"
    blind = "without --plan: the file is sound, but not checked for what was cut, nor for its weights\n"
    assert printed("check", "m.onnx", "small.onnx") == FILE_CHECKED + differ + blind
    proofs = printed("check", "m.onnx", "small.onnx", "--plan", "plan.json")
    assert [line.split(":")[0] for line in proofs.splitlines()[:-1]] == [
        "ok     as planned",
        "ok     file as proven",
        "ok     surgery exact",
        "ok     valid ONNX",
        "ok     interface unchanged",
        "ok     runs in onnxruntime",
        "ok     cost as predicted",
    ]


def test_check_of_a_wrong_file_ends_with_one(printed):
    save(parse(TINY.replace("(float[1,2] y)", "(float[1,2] z)").replace("y =", "z =")), Path("z.onnx"))
    out = printed("check", "m.onnx", "z.onnx", status=1)
    assert "FAILED interface unchanged: 'y' (float32, [1, 2]) became 'z' (float32, [1, 2])\n" in out


def test_check_of_a_file_made_by_another_plan_ends_with_one(printed):
    printed("prune", "m.onnx", "-o", "small.onnx", "--plan", "plan.json")
    printed("prune", "m.onnx", "-o", "smaller.onnx", "--target", "0.75")
    assert "FAILED as planned: constant" in printed("check", "m.onnx", "smaller.onnx", "--plan", "plan.json", status=1)


def test_operators_prints_the_rules(printed):
    rows = [line.split() for line in printed("operators").splitlines()]
    assert " ".join(rows[1]) == "operator domain up to version rule"
    assert "Add ai.onnx 14 ONNX Add-14, Sub-14:" in [" ".join(row[:6]) for row in rows]
    found = [[str(entry[key]) for key in ("operator", "domain", "since_version")] for entry in operator_rows()]
    assert [row[:3] for row in rows if row[:3] in found] == found


def test_operators_prints_markdown(printed):
    lines = printed("operators", "--markdown").splitlines()
    assert lines[:3] == [
        "| operator | domain | up to version | rule |",
        "|---|---|---|---|",
        "| Abs | ai.onnx | 13 | Activations with f(c x) = c f(x) for c >= 0 |",
    ]
    assert len(lines) == 2 + len(operator_rows())


@pytest.mark.parametrize(
    ("argv", "keys"),
    [
        (
            ("inspect", "m.onnx"),
            "model provenance parameters macs input_shapes input_sizes assumed prunable_parameters left_at_half "
            "least_at_half held_by groups refusals choices",
        ),
        (("explain", "m.onnx", "a"), "axes"),
        (("operators",), "operators"),
        (("sensitivity", "m.onnx"), "model input_shapes sensitivities machine seconds seed"),
        (
            ("synthesize", "m.onnx", "-o", "x.npz", "--force"),
            "model output samples description inputs machine seconds seed",
        ),
        (
            ("prune", "m.onnx", "--dry-run"),
            "machine seconds model output sizes input_sizes measured verdict next proofs warnings hints run data "
            "groups refusals device vocabulary depth",
        ),
        (("check", "m.onnx", "m.onnx"), "proofs output_error machine seconds"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("volume", [(), ("-q",), ("-v",)])
def test_json_is_all_that_is_printed(argv, keys, volume, printed):
    document = json.loads(printed(*argv, "--json", *volume))
    assert list(document) == ["format", "versions", *keys.split()]


def test_explain_prints_the_way_to_the_reason(printed):
    assert printed("explain", "m.onnx", "a").splitlines() == [
        "a axis 0 (3 positions): 3 pinned",
        "  MatMul MatMul_0 -> x axis 1",
        "  graph input 'x'",
        "a axis 1 (4 positions): may shrink",
    ]


def test_synthesize_writes_arrays_by_input(printed, folder):
    out = printed("synthesize", "m.onnx", "-o", "inputs.npz", "--samples", "40", "--preprocess", "range=-0.5,0.25")
    assert out.startswith("40 synthetic inputs: rows of 3 numbers, normal,")
    assert out.endswith("wrote inputs.npz\n")
    with np.load(folder / "inputs.npz") as held:
        assert (held["x"].shape, held["x"].min(), held["x"].max()) == ((40, 3), -0.5, 0.25)


def test_synthesize_overwrites_only_by_force(folder, capsys):
    (folder / "inputs.npz").write_text("precious")
    assert main(["synthesize", "m.onnx", "-o", "inputs.npz"]) == 5
    assert (folder / "inputs.npz").read_text() == "precious"
    assert main(["synthesize", "m.onnx", "-o", "inputs.npz", "--force", "-q"]) == 0
    assert "inputs.npz exists; give --force to overwrite it" in capsys.readouterr().err


def test_operators_as_json(printed):
    assert json.loads(printed("operators", "--json")) == operators_document()


@pytest.mark.parametrize(
    "command",
    [
        ("inspect", "m.onnx"),
        ("explain", "m.onnx", "a"),
        ("prune", "m.onnx", "--dry-run"),
        ("check", "m.onnx", "m.onnx"),
        ("sensitivity", "m.onnx"),
        ("synthesize", "m.onnx", "-o", "x.npz"),
        ("operators",),
    ],
)
def test_quiet_prints_nothing(command, printed):
    assert printed(*command, "--quiet") == ""


def test_prune_writes_one_file(printed, folder):
    before = files(folder)
    printed("prune", "m.onnx", "-o", "small.onnx")
    assert set(files(folder)) - set(before) == {"small.onnx"}
    assert files(folder)["m.onnx"] == before["m.onnx"]
    assert moved(load("m.onnx"), load("small.onnx")) < 1e-6


def test_dry_run_writes_nothing(printed, folder):
    before = files(folder)
    printed("prune", "m.onnx", "--dry-run", "-o", "small.onnx", "--plan", "plan.json", "--report", "report.json")
    assert files(folder) == before


def test_plan_and_report_are_written_beside_the_model(printed, folder):
    printed("prune", "m.onnx", "-o", "small.onnx", "--plan", "plan.json", "--report", "report.json")
    assert set(files(folder)) == {"m.onnx", "small.onnx", "plan.json", "report.json"}
    plan = plan_from_document(inspect("m.onnx"), json.loads((folder / "plan.json").read_text()))
    assert plan.removed.tolist() == [False, True, False, True]
    report = json.loads((folder / "report.json").read_text())
    assert report["model"]["file"] == "m.onnx"
    went = [unit for step in report["run"]["steps"] for units in step["removed"].values() for unit in units]
    assert sorted(went) == [1, 3]


def test_report_of_a_run_on_real_inputs_is_written(printed, folder):
    np.savez(folder / "real.npz", x=np.random.default_rng(0).standard_normal((80, 3)).astype(np.float32))
    printed("prune", "m.onnx", "-o", "small.onnx", "--calibration", "real.npz", "--report", "report.json")
    report = json.loads((folder / "report.json").read_text())
    assert report["run"]["options"]["calibration"] == "real.npz"
    assert report["run"]["recovery"]["inputs"].startswith("64 samples from real.npz")


def test_output_that_exists_is_replaced_by_force(printed, folder):
    (folder / "small.onnx").write_text("old")
    printed("prune", "m.onnx", "-o", "small.onnx", "--force")
    assert load("small.onnx").proto.graph.name == "g"


def test_options_have_an_effect(printed):
    assert "MatMul_0       4      3     25.0%" in printed("prune", "m.onnx", "--dry-run", "--target", "25%")
    assert "x=1x3" in printed("prune", "m.onnx", "--dry-run", "--input-shape", "x:1,3")


def test_result_that_is_not_good_enough_is_not_written(folder, capsys):
    before = files(folder)
    argv = ["prune", "m.onnx", "-o", "small.onnx", "--report", "r.json", "--fail-if", "n_inputs>1"]
    assert main(argv) == 6
    err = without_stages(capsys.readouterr().err)
    assert err.startswith("paoding_onnx: error: the result is not good enough, nothing was written: n_inputs is ")
    assert files(folder) == before


def test_result_that_is_good_enough_is_written(printed, folder):
    printed("prune", "m.onnx", "-o", "small.onnx", "--fail-if", "output_error>5", "--fail-if", "outlook<bad")
    assert (folder / "small.onnx").is_file()


def test_condition_that_makes_no_sense_is_refused_before_any_work(capsys):
    assert main(["prune", "nothing.onnx", "-o", "small.onnx", "--fail-if", "agreemnt<1"]) == 2
    assert "did you mean agreement?" in capsys.readouterr().err


def test_inspect_shows_what_made_a_file(printed):
    printed("prune", "m.onnx", "-o", "small.onnx", "--seed", "4")
    assert "parameters; defaults; seed 4\n" in printed("inspect", "small.onnx")
    assert json.loads(printed("inspect", "small.onnx", "--json"))["provenance"]["seed"] == 4
    assert json.loads(printed("inspect", "m.onnx", "--json"))["provenance"] is None


def test_plan_is_applied_to_another_copy_of_the_model(printed, folder):
    save(parse(TINY, seed=1), folder / "tuned.onnx")
    printed("prune", "m.onnx", "-o", "small.onnx", "--plan", "plan.json")
    out = printed("apply", "plan.json", "tuned.onnx", "-o", "tuned-small.onnx")
    assert "wrote tuned-small.onnx\n" in out
    assert "warning: no weight was fitted" in out
    assert printed("apply", "plan.json", "tuned.onnx", "--dry-run").endswith("dry run: nothing was written\n")


def test_plan_that_does_not_fit_is_one_line_and_writes_nothing(folder, capsys):
    save(parse(TINY.replace("] a,", "] other,").replace("x, a", "x, other")), folder / "else.onnx")
    assert main(["prune", "m.onnx", "-o", "small.onnx", "--plan", "plan.json", "-q"]) == 0
    assert main(["apply", "plan.json", "else.onnx", "-o", "e.onnx"]) == 2
    assert "the plan does not fit the model: " in without_stages(capsys.readouterr().err)
    assert not (folder / "e.onnx").exists()
    assert main(["apply", "plan.json", "m.onnx"]) == 2
