"""The proof on a smaller vocabulary holds for what was cut rightly, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.model.read import constants
from paoding_onnx.surgery.cut import reweigh
from paoding_onnx.verification.verdict import INTERFACE, RUNS, Verdict
from paoding_onnx.verification.vocabulary import check_vocabulary, with_change
from paoding_onnx.vocabulary.shorten import lookups_of, shorten
from tests.models import model
from tests.tokens import KEPT, PADDED, TIED, UNTIED


def made_of(text):
    """A model, and the one with a shorter vocabulary."""
    given = model(text)
    return given, shorten(given, lookups_of(given), KEPT)


@pytest.mark.parametrize("text", [TIED, UNTIED, PADDED])
def test_what_was_cut_rightly_holds(text):
    verdict = check_vocabulary(*made_of(text))
    assert verdict.passed, verdict.detail
    assert "6 of 12 ids kept, 6 of them fed" in verdict.detail


@pytest.mark.parametrize(
    ("text", "name", "change"),
    [
        (TIED, "table", lambda table: table[[1, 0, 2, 3, 4, 5]]),
        (UNTIED, "table", lambda table: table[[0, 1, 2, 3, 5, 4]]),
        (UNTIED, "head", lambda head: np.roll(head, 1, 1)),
        (UNTIED, "bias", lambda bias: bias[::-1]),
    ],
)
def test_row_in_the_wrong_place_is_noticed(text, name, change):
    given, made = made_of(text)
    wrong = np.ascontiguousarray(change(constants(made.model)[name]))
    verdict = check_vocabulary(given, replace(made, model=reweigh(made.model, {name: wrong})))
    assert not verdict.passed


def test_compared_id_that_kept_its_number_is_noticed():
    given, made = made_of(PADDED)
    (name,) = [t.name for t in made.model.proto.graph.initializer if t.name.startswith("pad")]
    wrong = reweigh(made.model, {name: np.array(3)})
    assert not check_vocabulary(given, replace(made, model=wrong)).passed


def test_row_that_no_run_meets_is_noticed():
    given = model(UNTIED.replace("12", "9000"))
    made = shorten(given, lookups_of(given), range(1, 9000))
    met = check_vocabulary(given, made)
    assert met.passed, met.detail
    assert "8,999 of 9,000 ids kept, 8,999 of them" not in met.detail
    table = constants(made.model)["table"].copy()
    table[::7] += 1
    wrong = replace(made, model=reweigh(made.model, {"table": table}))
    assert "'table' has other rows" in check_vocabulary(given, wrong).detail


def test_many_ids_are_fed_in_more_runs():
    text = TIED.replace("12", "400")
    given = model(text)
    made = shorten(given, lookups_of(given), range(0, 400, 2))
    assert "200 of 400 ids kept, 200 of them fed" in check_vocabulary(given, made).detail


def test_proof_on_the_interface_says_that_it_changed():
    verdicts = with_change([Verdict(INTERFACE, True, "same"), Verdict(RUNS, True, "runs")])
    assert [v.detail for v in verdicts] == ["same, but for what the smaller vocabulary changed", "runs"]
