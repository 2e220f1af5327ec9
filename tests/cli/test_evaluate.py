"""The commands `evaluate` and `attack`: what they print, to the letter, and their exit status."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paoding_onnx.cli import main
from paoding_onnx.evaluation import latency
from tests.cli.stages import without_stages
from tests.models import parse, save

pytestmark = pytest.mark.slow

COPY = "g (float[N,3] x) => (float[N,3] y) { y = Identity (x) }"
SWAPPED = "g (float[N,3] x) => (float[N,3] y) { i = Constant <value_ints=[0,2,1]> () y = Gather <axis=1> (x, i) }"
PRINTED = """\
m.onnx: classes task, 4 samples

                      model
 ──────────────────────────
 accuracy             75.0%
 top 2 accuracy      100.0%
 auroc                    1
 average precision        1
 f1                  0.7778
 log loss            0.5316


 class   samples   precision   recall      F1   AUROC
 ────────────────────────────────────────────────────
 0             2       1.000    0.500   0.667   1.000
 1             1       0.500    1.000   0.667   1.000
 2             1       1.000    1.000   1.000   1.000

"""
COMPARED = """\
same top-1 on 25.0% of the samples, 95 % interval 4.6% to 69.9%
accuracy changed by -50.00 points, 95 % interval -92.97 points to +26.31 points (adjusted Wald, paired)
McNemar's exact test: p = 0.5
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory, with a model, another one, and labelled samples."""
    monkeypatch.chdir(tmp_path)
    save(parse(COPY), tmp_path / "m.onnx")
    save(parse(SWAPPED), tmp_path / "other.onnx")
    save(parse(COPY.replace("Identity", "Floor")), tmp_path / "flat.onnx")
    x = np.array([[2, 0, 0], [1, 2, 0], [0, 2, 0], [0, 0, 2]], np.float32)
    np.savez("d.npz", x=x, y=[0, 0, 1, 2])
    return tmp_path


@pytest.fixture
def printed(capsys):
    """Runs a command, `evaluate` unless said, which shall end with `status`; returns its stdout."""

    def run(*argv, status=0, command="evaluate"):
        assert main([command, *argv]) == status
        out, err = capsys.readouterr()
        assert without_stages(err) == ""
        return "".join(f"{line.rstrip()}\n" for line in out.splitlines())

    return run


def test_measures_and_classes_are_printed(printed):
    assert printed("m.onnx", "--data", "d.npz", "--processors", "0", "--top", "2") == PRINTED


def test_comparison_is_printed(printed):
    out = printed("other.onnx", "--data", "d.npz", "--against", "m.onnx", "--processors", "0")
    assert COMPARED in out
    assert ["accuracy", "75.0%", "25.0%"] in [line.split() for line in out.splitlines()]


def test_latency_memory_and_bytes_are_printed(printed, monkeypatch):
    monkeypatch.setattr(latency, "SECONDS", 0.01)
    out = printed("m.onnx", "--data", "d.npz")
    for word in ("latency, ms", "peak memory, MB", "file bytes", "latency is the median of"):
        assert word in out


def test_json_is_all_that_is_printed(printed, monkeypatch):
    monkeypatch.setattr(latency, "SECONDS", 0.01)
    found = json.loads(printed("m.onnx", "--data", "d.npz", "--against", "other.onnx", "--json"))
    keys = "format versions model data task samples measures classes resources against machine seconds seed"
    assert list(found) == keys.split()
    assert found["measures"]["accuracy"] == 0.75
    assert found["resources"]["milliseconds"] > 0
    assert found["against"]["differences"][0]["value"] == 0.5


def test_figures_that_do_not_exist_are_null(printed):
    np.savez("d.npz", x=np.eye(3, dtype=np.float32)[[0, 0]], y=[0, 0])
    assert json.loads(printed("m.onnx", "--data", "d.npz", "--processors", "0", "--json"))["measures"]["auroc"] is None
    assert " auroc                    -" in printed("m.onnx", "--data", "d.npz", "--processors", "0")


def test_quiet_prints_nothing(printed):
    assert printed("m.onnx", "--data", "d.npz", "--processors", "0", "-q") == ""


def test_folders_of_images_are_read(printed, folder):
    save(
        parse("g (float[N,3,2,2] x) => (float[N,3] y) { y = ReduceMean <axes=[2,3],keepdims=0> (x) }"),
        folder / "p.onnx",
    )
    for index, name in enumerate(("red", "green", "blue")):
        (folder / "images" / name).mkdir(parents=True)
        Image.fromarray(np.full((2, 2, 3), 255 * np.eye(3)[index], np.uint8)).save(folder / "images" / name / "a.png")
    argv = ("p.onnx", "--data", "images", "--processors", "0", "--json", "--preprocess", "order=bgr")
    found = json.loads(printed(*argv))
    assert found["measures"]["accuracy"] == 1
    assert [row["name"] for row in found["classes"]] == ["blue", "green", "red"]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("evaluate m.onnx", 2),
        ("evaluate m.onnx --data none.npz", 2),
        ("evaluate m.onnx --data m.onnx", 2),
        ("evaluate m.onnx --data d.npz --output z", 2),
        ("evaluate m.onnx --data d.npz --task values", 2),
        ("evaluate m.onnx --data d.npz --top 0", 2),
        ("evaluate m.onnx --data d.npz --preprocess what", 2),
        ("evaluate none.onnx --data d.npz", 3),
        ("evaluate d.npz --data d.npz", 3),
        ("evaluate m.onnx --data d.npz --against none.onnx", 3),
        ("attack m.onnx", 2),
        ("attack m.onnx --data d.npz --epsilon much", 2),
        ("attack m.onnx --data d.npz --epsilon 0", 2),
        ("attack m.onnx --data d.npz --method cw", 2),
        ("attack m.onnx --data d.npz --range 1", 2),
        ("attack m.onnx --data d.npz --range 0,1", 2),
        ("attack flat.onnx --data d.npz", 3),
        ("attack none.onnx --data d.npz", 3),
        ("attack m.onnx --data d.npz --against none.onnx", 3),
    ],
)
def test_wrong_use_is_one_line_and_a_status(command, status, capsys):
    assert main(command.split()) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert len(without_stages(err).splitlines()) == 1
    assert without_stages(err).startswith("paoding_onnx: error: ")


def test_attack_prints_what_is_left_at_each_epsilon(printed):
    argv = ("m.onnx", "--data", "d.npz", "--epsilon", "0.1,60%", "--against", "other.onnx")
    out = printed(*argv, command="attack")
    lines = [line.split() for line in out.splitlines()]
    assert out.startswith("m.onnx: fgsm attack, exact gradient; epsilon is a share of the input's range 0 to 2\n")
    assert ["0", "1", "of", "4", "25.0%", "3", "of", "4", "75.0%"] in lines
    assert ["0.1", "1", "of", "4", "25.0%", "3", "of", "4", "75.0%"] in lines
    assert ["0.6", "0", "of", "4", "0.0%", "0", "of", "4", "0.0%"] in lines


def test_attack_as_json_is_all_that_is_printed(printed):
    argv = ("m.onnx", "--data", "d.npz", "--json", "--black-box", "--method", "pgd", "--range", "-1,3")
    found = json.loads(printed(*argv, command="attack"))
    keys = (
        "format versions model data method gradient gradient_disagreement range samples right_before flat epsilons "
        "against machine seconds seed"
    )
    assert list(found) == keys.split()
    assert (found["method"], found["gradient"], found["against"]) == ("pgd", "black-box estimate", None)
    assert found["range"] == [-1, 3]
    assert [one["epsilon"] for one in found["epsilons"]] == [0.01, 0.05]


def test_attack_on_the_original_is_in_the_document_too(printed):
    found = json.loads(printed("m.onnx", "--data", "d.npz", "--against", "other.onnx", "--json", command="attack"))
    assert found["against"]["file"] == "other.onnx"
    assert found["against"]["right_before"] == 1


def test_attack_is_silent_when_that_is_asked_for(printed):
    assert printed("m.onnx", "--data", "d.npz", "-q", command="attack") == ""


def test_estimates_are_marked_in_print(printed):
    out = printed("m.onnx", "--data", "d.npz", "--black-box", command="attack")
    assert "BLACK-BOX ESTIMATE of the gradient: the true robustness is lower" in out


def test_samples_without_a_gradient_are_counted(printed):
    save(parse(COPY.replace("Identity (x)", "Relu (x)")), Path("relu.onnx"))
    np.savez("d.npz", x=np.array([[1, 0.5, 0.5], [-1, -1, -1]], np.float32), y=[0, 0])
    out = printed("relu.onnx", "--data", "d.npz", "--epsilon", "0.01", command="attack")
    assert "1 sample without a gradient to follow: counted as robust if right, proves nothing" in out


def test_drop_that_may_be_too_large_ends_with_six_behind_the_table(capsys):
    argv = ["evaluate", "other.onnx", "--data", "d.npz", "--against", "m.onnx", "--processors", "0", "--max-drop"]
    assert main([*argv, "1%"]) == 6
    out, err = capsys.readouterr()
    assert out.startswith("other.onnx: classes task, 4 samples")
    assert " % confidence, which is more than 1.00%" in without_stages(err)
    assert main([*argv, "100%"]) == 0


def test_drop_without_an_original_is_refused(capsys):
    assert main(["evaluate", "m.onnx", "--data", "d.npz", "--max-drop", "1%"]) == 2
    assert "give --against ORIGINAL" in capsys.readouterr().err
