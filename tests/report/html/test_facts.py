"""What a page shows: rows of groups, figures, curves, the verdict, reasons, files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.api import prune
from paoding_onnx.dependency.cost import cost, group_cost
from paoding_onnx.dependency.trace import Refusal
from paoding_onnx.options import Options
from paoding_onnx.report.html.facts import (
    Change,
    cards_of,
    compact,
    files_of,
    lost_of,
    panels_of,
    reasons_of,
    rows_of,
    verdict_of,
)
from paoding_onnx.report.html.page import MOST_ROWS
from tests.models import model
from tests.pruning import CNN, MLP, skip_latency
from tests.report.runs import measuring, with_run, with_steps


@pytest.mark.parametrize("text", [MLP, CNN])
def test_rows_say_what_groups_carry_before_and_after(text, monkeypatch):
    skip_latency(monkeypatch)
    result = prune(model(text), options=Options(method="magnitude"))
    for row, group in zip(rows_of(result, MOST_ROWS), result.trace.groups, strict=True):
        carried = group_cost(result.trace, group)
        without = result.plan.removed.copy()
        without[group.start : group.stop] = True
        rest = cost(result.trace, without)
        assert (row.parameters.before, row.macs.before) == (carried.parameters, carried.macs)
        assert row.parameters.after == result.sizes.after.parameters - rest.parameters
        assert row.macs.after == result.sizes.after.macs - rest.macs


def test_verdict_is_one_sentence(result):
    assert verdict_of(result, "m.onnx") == (
        "m.onnx has 61.5% fewer parameters and needs 63.0% fewer MACs; "
        f"the top-1 is the same on {result.measured.agreement:.0%} of synthetic inputs, and all 7 proofs hold."
    )
    moved = replace(result, measured=replace(result.measured, agreement=None, output_error=0.123))
    assert "; the relative output error on synthetic inputs is 0.123, and" in verdict_of(moved, "m.onnx")


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0 B"), (999.4, "999 B"), (999.6, "1.00 kB"), (15_500_000, "15.5 MB")]
)
def test_numbers_have_three_digits_and_a_prefix(value, words):
    assert compact(value, "B") == words


def test_nothing_is_gone_of_nothing():
    assert Change(0, 0).gone == 0


def test_top_1_is_a_card_only_where_outputs_have_one(result):
    names = [card.name for card in cards_of(measuring(result, None, 0.1))]
    assert "Same top-1" not in names
    assert "Same top-1" in [card.name for card in cards_of(measuring(result, 1.0, 0.1))]


def test_measured_accuracy_is_a_card(result):
    assert "Accuracy" not in [card.name for card in cards_of(result)]
    known = replace(result.measured, accuracy_before=0.9, accuracy_after=0.85)
    card = next(card for card in cards_of(replace(result, measured=known)) if card.name == "Accuracy")
    assert (card.value, card.note) == ("85.0%", "from 90.0%, on your samples")


def test_group_that_is_whole_and_carries_less_is_told_from_one_that_lost_nothing_at_all(result):
    first, second = rows_of(result, 10)
    kept = replace(first, units=Change(16, 16))
    assert kept.is_whole
    assert not first.is_whole
    assert not replace(kept, parameters=Change(5, 5)).is_whole
    assert not second.is_whole


def test_curves_begin_at_the_whole_model(result):
    (size,) = panels_of(result)
    assert [line.points[0] for line in size.lines] == [(0.0, 1.0)] * 2
    assert panels_of(with_run(result, steps=result.run.steps[-1:])) == []


def test_value_at_a_step_is_empty_where_it_was_not_measured(result):
    _, accuracy = panels_of(with_steps(result, accuracy=0.75))
    assert (accuracy.at(result.run.steps[0].share), accuracy.at(0.123)) == ("75.0%", "")


def test_groups_have_lost_what_is_not_kept(result):
    assert lost_of(result) == {"MatMul_0": 0.5, "Gemm_3": 0.5}


def test_reasons_stand_in_the_order_in_which_they_first_appear():
    refusals = (
        Refusal("Gemm", "n1", "w", 1, "b"),
        Refusal("Scan", "n2", "", -1, "a"),
        Refusal("Gemm", "n3", "v", 0, "b"),
    )
    found = reasons_of(refusals)
    assert [(reason.description, reason.nodes) for reason in found] == [
        ("b", ("Gemm n1: w axis 1", "Gemm n3: v axis 0")),
        ("a", ("Scan n2: the whole node",)),
    ]


def test_files_that_wait_under_another_name_are_recognised(result, tmp_path):
    waiting = tmp_path / "waiting"
    waiting.write_bytes(b"model")
    written = with_run(result, output=tmp_path / "small.onnx")
    (found,) = files_of(written, lambda path: waiting if path.suffix == ".onnx" else path)
    assert (found.role, found.name, found.n_bytes) == ("written", "small.onnx", 5)
