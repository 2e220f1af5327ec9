"""A share less time: asked of a table, timed, corrected; never slower; said where it cannot be had."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import paoding_onnx
from paoding_onnx.cli import main
from paoding_onnx.context import Run
from paoding_onnx.errors import TargetError, UsageError
from paoding_onnx.evaluation.measured import Latency
from paoding_onnx.model.load import load
from paoding_onnx.options import Options
from paoding_onnx.pipeline import latency
from paoding_onnx.pipeline.shrink import shrink
from paoding_onnx.pipeline.values import Job
from paoding_onnx.report.documents.prune import warnings
from tests.models import model, parse, save

WIDE = """g (float[32,256] x) => (float[32,8] y) <float[256,512] a, float[512,512] b, float[512,8] c> {
  p = MatMul (x, a) q = Relu (p) r = MatMul (q, b) s = Relu (r) y = MatMul (s, c)
}"""
"""Nearly all of the time is in two layers."""


def job(method="magnitude", **options):
    return Job(model(WIDE), None, None, Options(**{"by": "latency", "method": method, "threads": 1} | options), Run())


def pretend(monkeypatch, truth):
    """Lets a model that has lost a share of its hidden units save `truth` of that share."""
    asked = []

    def compare(_first, second, *_, **__):
        left = sum(tuple(t.dims)[1] for t in load(second).proto.graph.initializer if t.name in "ab")
        saved = truth(1 - left / 1024)
        asked.append(saved)
        return Latency(1.0, 1 - saved, 1 - saved, 0.001, 1)

    monkeypatch.setattr(latency, "compare_latency", compare)
    return asked


@pytest.mark.parametrize("method", ["magnitude", pytest.param("reconstruction", marks=pytest.mark.slow)])
@pytest.mark.parametrize("truth", [lambda share: share, lambda share: share**2, lambda share: 0.8 * share])
def test_what_is_timed_is_near_what_was_asked_for(method, truth, monkeypatch):
    asked = pretend(monkeypatch, truth)
    shrunk = shrink(job(method, target=0.4, effort="fast"))
    assert min(abs(saved - 0.4) for saved in asked) < 0.05
    best = min(shrunk.trials, key=lambda trial: abs(trial.kept.value - 0.4))
    assert best.kept.holds
    assert best.cost == shrunk.steps[-1].cost
    assert shrunk.steps[-1].share == 0.4


def test_model_that_gets_slower_is_not_handed_back(monkeypatch):
    pretend(monkeypatch, lambda share: -share)
    with pytest.raises(TargetError, match="nothing that was tried is faster than the original"):
        shrink(job(target=0.3))


def test_target_beyond_all_that_can_go_is_said(monkeypatch):
    pretend(monkeypatch, lambda share: share / 3)
    with pytest.raises(TargetError, match="of the latency is out of reach"):
        shrink(job(target=0.6))


def test_wide_layers_really_take_less_time(tmp_path):
    path = save(parse(WIDE), tmp_path / "m.onnx")
    options = Options(target=0.4, by="latency", method="magnitude", threads=1)
    result = paoding_onnx.prune(path, tmp_path / "small.onnx", options)
    if result.measured.latency is not None:  # elsewise the machine is too busy to tell
        assert result.measured.latency.ratio < 0.95


def test_table_of_another_machine_is_followed_and_not_corrected(tmp_path, monkeypatch):
    path, table = save(parse(WIDE), tmp_path / "m.onnx"), tmp_path / "t.json"
    assert main(["profile", str(path), "-o", str(table), "--threads", "1", "--quiet"]) == 0
    content = json.loads(table.read_text())
    content["made"]["machine"]["cpu"] = "a board"
    table.write_text(json.dumps(content))
    pretend(monkeypatch, lambda share: 0.01)
    options = Options(target=0.4, by="latency", method="magnitude", threads=1, latency_table=table)
    result = paoding_onnx.prune(path, None, options)
    assert result.run.trials == ()
    assert any("another machine" in warning for warning in warnings(result))
    assert 0.2 < np.mean(result.plan.removed) < 0.6


def test_table_alone_decides_where_nothing_is_to_be_timed(tmp_path, monkeypatch):
    path, table = save(parse(WIDE), tmp_path / "m.onnx"), tmp_path / "t.json"
    assert main(["profile", str(path), "-o", str(table), "--threads", "1", "--quiet"]) == 0
    asked = pretend(monkeypatch, lambda share: 0.01)
    options = Options(target=0.4, by="latency", method="magnitude", threads=1, latency_table=table, latency=False)
    result = paoding_onnx.prune(path, None, options)
    assert (asked, result.measured.latency, result.run.trials) == ([], None, ())
    assert any("nothing was timed" in warning for warning in warnings(result))
    assert 0.2 < np.mean(result.plan.removed) < 0.6


def test_slower_result_is_refused_in_the_end_too(tmp_path, monkeypatch):
    path = save(parse(WIDE), tmp_path / "m.onnx")
    saved = iter([0.4] * 3 + [-0.2] * 3)
    monkeypatch.setattr(
        latency, "compare_latency", lambda *_, **__: (lambda s: Latency(1.0, 1 - s, 1 - s, 0.001, 1))(next(saved))
    )
    options = Options(target=0.4, by="latency", method="magnitude", threads=1)
    with pytest.raises(TargetError, match="slower than the original"):
        paoding_onnx.prune(path, tmp_path / "small.onnx", options)
    assert not (tmp_path / "small.onnx").exists()


def test_options_that_do_not_go_together_are_refused():
    for given in ({"by": "macs", "latency_table": "t"}, {"by": "latency", "latency": False}):
        with pytest.raises(UsageError, match="latency"):
            Options(**given)
    assert replace(Options(by="latency", method="magnitude"), cache="c").cache == "c"
