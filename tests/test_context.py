"""A run tells what is being done, and parts of it tell the run."""

from __future__ import annotations

import logging

import pytest

from paoding_onnx.context import Run, logged, silent


def told(*parts):
    """A list of what is told, and a run for this part (of this part...) that tells it."""
    found = []
    run = Run(memory=5, seed=6, threads=7, progress=lambda what, share: found.append((what, share)))
    for start, share in parts:
        run = run.part(start, share)
    return found, run


@pytest.mark.parametrize("done", [0.0, 0.25, 1.0])
def test_share_of_a_part_is_placed_in_the_whole(done):
    found, run = told((0.2, 0.4))
    run.tell("it", done)
    assert found == [("it", pytest.approx(0.2 + 0.4 * done))]


def test_part_of_a_part_is_placed_in_the_whole():
    found, run = told((0.5, 0.5), (0.5, 0.5))
    run.tell("it", 0.5)
    assert found == [("it", 0.5 + 0.5 * (0.5 + 0.5 * 0.5))]


def test_part_may_use_what_the_whole_may():
    _, run = told((0.5, 0.5))
    assert (run.memory, run.seed, run.threads) == (5, 6, 7)


def test_whole_does_not_change_with_its_parts():
    found, run = told()
    run.part(0.5, 0.5)
    run.tell("it", 0.5)
    assert found == [("it", 0.5)]


def test_run_tells_nobody_unless_it_is_said(capsys):
    Run().tell("it", 0.5)
    assert Run().progress is silent
    assert capsys.readouterr() == ("", "")


def test_log_has_a_line_for_each_stage_and_progress_has_every_step(caplog):
    found = []
    told = logged(lambda what, share: found.append((what, share)))
    with caplog.at_level(logging.INFO, "paoding_onnx"):
        for step, what in enumerate(["tracing", "step 1 of 2, loss 0.5", "step 2 of 2, loss 0.25", "tracing"]):
            told(what, step / 4)
    assert [record.getMessage() for record in caplog.records] == ["tracing", "step 1 of 2, loss 0.5", "tracing"]
    assert [share for _, share in found] == [0, 0.25, 0.5, 0.75]
