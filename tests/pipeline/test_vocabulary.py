"""A smaller vocabulary on the way through `prune`, `apply` and `check`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paoding_onnx import Options, UsageError, apply, check, load, prune
from paoding_onnx.model.session import Session
from paoding_onnx.report.documents.prune import next_of
from paoding_onnx.report.html.facts import cards_of
from paoding_onnx.report.pruning import prune_lines
from tests.models import parse, save
from tests.tokens import CLASSES, KEPT, PADDED, TIED, UNTIED


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with a model and a keep list."""
    monkeypatch.chdir(tmp_path)
    save(parse(UNTIED), tmp_path / "m.onnx")
    (tmp_path / "keep.txt").write_text("\n".join(map(str, KEPT)))
    return tmp_path


def options(files, **given):
    """Options with the keep list; units at random, as nothing is measured here."""
    return Options(**{"method": "magnitude", "vocabulary": files / "keep.txt", "latency": False, **given})


def test_vocabulary_alone_is_cut_at_a_target_of_nothing(files):
    result = prune("m.onnx", "small.onnx", options(files, target=0.0))
    table = json.loads((files / "small.vocabulary.json").read_text())
    assert table["new_id"] == {str(old): new for new, old in enumerate(KEPT)}
    assert (table["inputs"], table["outputs"]) == (["ids"], [{"name": "y", "axis": 2}])
    ids = np.array([[0, 1, 2, 3, 5]])
    wanted = Session(load("m.onnx")).run({"ids": np.array(KEPT)[ids]})["y"][:, :, list(KEPT)]
    np.testing.assert_allclose(Session(load("small.onnx")).run({"ids": ids})["y"], wanted, rtol=1e-6)
    assert result.sizes.before.parameters - result.sizes.after.parameters == 6 * 6 + 6 * 8 + 6
    assert result.proofs[0].name == "vocabulary cut exactly"


def test_target_counts_what_the_vocabulary_leaves(files):
    result = prune("m.onnx", None, options(files, target=0.5, by="units"))
    assert result.vocabulary is not None
    assert result.plan.kept_units(result.trace.groups[-1]) == 4
    assert result.sizes.before.parameters == 12 * 6 + 6 * 8 + 8 * 12 + 12
    assert result.sizes.prunable_parameters <= result.sizes.before.parameters


def test_plan_tells_of_the_vocabulary_and_cuts_another_copy(files):
    found = prune("m.onnx", "small.onnx", options(files, target=0.5), documents={"plan": "plan.json"})
    assert json.loads((files / "plan.json").read_text())["vocabulary"] == {"size": 12, "kept": list(KEPT)}
    assert all(proof.passed for proof in check("m.onnx", "small.onnx", plan="plan.json").proofs)
    save(parse(UNTIED, seed=5), files / "tuned.onnx")
    applied = apply("plan.json", "tuned.onnx", "again.onnx", Options(latency=False))
    assert applied.sizes.after.parameters == found.sizes.after.parameters
    assert applied.vocabulary is not None
    assert (files / "again.vocabulary.json").is_file()


def test_plan_of_a_vocabulary_alone_cuts_another_copy(files):
    prune("m.onnx", "small.onnx", options(files, target=0.0), documents={"plan": "plan.json"})
    assert apply("plan.json", "m.onnx", options=Options(latency=False)).plan.removed.sum() == 0


def test_samples_get_new_ids(files):
    ids = np.array(KEPT)[np.random.default_rng(0).integers(0, 6, (16, 5))]
    save(parse(CLASSES), files / "classes.onnx")
    np.savez("test.npz", ids=ids, y=np.array([0, 1] * 8))
    measured = prune("classes.onnx", None, options(files, target=0.0, eval=files / "test.npz")).measured
    scores = Session(load("classes.onnx")).run({"ids": ids})["y"]
    assert measured.accuracy_after == measured.accuracy_before == np.mean(scores.argmax(1) == np.array([0, 1] * 8))
    np.savez("mine.npz", ids=ids)
    calibrated = options(files, method="reconstruction", target=0.3, calibration=files / "mine.npz")
    assert prune("m.onnx", None, calibrated).run.recovery.inputs.startswith("16 samples from mine.npz")


@pytest.mark.parametrize("name", ["calibration", "eval"])
def test_samples_with_ids_that_went_are_refused(files, name):
    save(parse(CLASSES), files / "classes.onnx")
    np.savez("mine.npz", ids=np.full((8, 5), 2), y=np.zeros(8, np.int64))
    given = options(files, method="reconstruction", **{name: files / "mine.npz"})
    with pytest.raises(UsageError, match="holds 1 ids that the vocabulary does not keep, such as 2"):
        prune("classes.onnx", None, given)


def test_labels_of_an_output_that_shrinks_are_refused(files):
    np.savez("test.npz", ids=np.full((8, 5), 3), y=np.zeros((8, 5, 12), np.float32))
    with pytest.raises(UsageError, match="output 'y' loses entries with the vocabulary"):
        prune("m.onnx", None, options(files, eval=files / "test.npz"))


def test_ids_given_as_an_input_are_refused(files):
    with pytest.raises(UsageError, match=r"--input ids=\.\. gives ids that get other numbers"):
        prune("m.onnx", None, options(files, input_values={"ids": 1.0}))


def test_keep_list_is_never_written_over(files):
    with pytest.raises(UsageError, match=r"small\.vocabulary\.json"):
        prune("m.onnx", "small.onnx", options(files, vocabulary=files / "small.vocabulary.json"), force=True)


def test_tokens_stand_in_the_table(files):
    (files / "vocab.txt").write_text("\n".join("abcdefghijkl"))
    (files / "words.txt").write_text("b\nd\n")
    prune("m.onnx", "small.onnx", options(files, vocabulary=files / "words.txt", target=0.0))
    assert json.loads((files / "small.vocabulary.json").read_text())["tokens"] == ["b", "d"]


@pytest.mark.parametrize("text", [TIED, PADDED])
def test_other_models_hold_too(files, text):
    save(parse(text), files / "other.onnx")
    result = prune("other.onnx", None, options(files, target=0.25))
    assert all(proof.passed for proof in result.proofs)


def test_report_and_lines_tell_of_it(files):
    result = prune("m.onnx", "small.onnx", options(files, target=0.5), documents={"report": "r.html"})
    lines = [line for line in prune_lines(result) if isinstance(line, str)]
    assert any(line.startswith("vocabulary: 6 of 12 ids kept, 90 parameters gone") for line in lines)
    assert any("axis 2 of output 'y' has 6 entries" in line for line in lines)
    assert [(card.value, card.note) for card in cards_of(result) if card.name == "Vocabulary"] == [("6", "ids of 12")]
    assert "--vocabulary keep.txt" in (files / "r.html").read_text()
    whole = prune("m.onnx", None, options(files, target=0.0))
    assert next_of(whole).command.endswith("--data samples_of_new_ids.npz")


def test_target_of_nothing_needs_a_vocabulary():
    with pytest.raises(UsageError, match="target 0"):
        Options(target=0.0)
