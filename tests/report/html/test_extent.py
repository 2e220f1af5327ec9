"""How far pruning went, for the page: taken from what a run measured, and nothing where it measured nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.dependency.cost import Cost
from paoding_onnx.evaluation.measured import Kept, OperatorTime
from paoding_onnx.report.html.extent import MOST_OPERATORS, OTHERS, links_of, operators_of, trade_of
from paoding_onnx.result import Trial
from tests.report.runs import with_run, with_steps

pytestmark = pytest.mark.slow


def test_chain_has_the_units_of_every_group(result):
    assert [(link.name, link.before, link.after) for link in links_of(result)] == [
        ("MatMul_0", 16, 8),
        ("Gemm_3", 12, 6),
    ]


def test_nothing_is_drawn_where_nothing_was_measured(result):
    assert trade_of(result) is None
    assert trade_of(with_steps(result, accuracy=0.5)) is None, "that of the original is not known"


def test_steps_are_tried_models_and_the_result_is_the_one_that_was_chosen(result):
    known = replace(result.measured, accuracy_before=0.9, accuracy_after=0.8)
    found = trade_of(replace(with_steps(result, accuracy=0.85), measured=known))
    assert found.whole == 0.9
    assert [one.is_chosen for one in found.tried] == [False] * (len(result.run.steps) - 1) + [True]
    last = found.tried[-1]
    assert (last.left, last.kept) == (result.sizes.after.parameters / 400, 0.8)


def test_trials_of_answers_are_drawn_with_the_share_that_was_found(result):
    kept = (Kept("same answers", 0.99, 0.97, True), Kept("same answers", 0.9, 0.85, False))
    trials = (Trial(0.5, Cost(400, 0), kept[0]), Trial(0.7, Cost(300, 0), kept[1]))
    found = trade_of(with_run(result, trials=trials))
    assert [(one.left, one.kept, one.is_chosen) for one in found.tried] == [(1.0, 0.99, True), (0.75, 0.9, False)]
    times = (Trial(0.5, Cost(200, 0), Kept("latency saved", 0.5, 0.5, True)),)
    assert trade_of(with_run(result, trials=times)) is None


def test_operators_that_take_little_are_added_up(result):
    assert operators_of(result) == []
    times = tuple(OperatorTime(f"op{k}", 1.0, 0.5) for k in range(MOST_OPERATORS + 3))
    latency = replace(result.measured.latency, operators=times)
    found = operators_of(replace(result, measured=replace(result.measured, latency=latency)))
    assert found[:-1] == list(times[:MOST_OPERATORS])
    assert found[-1] == OperatorTime(OTHERS, 3.0, 1.5)
