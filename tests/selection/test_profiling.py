"""How much is looked at: samples for the layers' equations, within bounds of time and memory."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration import amount
from paoding_onnx.calibration.amount import (
    FEWEST_SAMPLES,
    MOST_RUNS,
    MOST_SAMPLES,
    USUAL_SAMPLES,
    made_samples,
    n_samples_for,
)
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.errors import ModelError
from paoding_onnx.samplers.reconstruction import reconstruction
from paoding_onnx.selection import profiling
from paoding_onnx.selection.profile import Profile
from paoding_onnx.selection.profiling import measure_profile
from paoding_onnx.selection.sensitivity import Probe
from paoding_onnx.shapes.observe import observe, runnable_shapes
from tests.models import model
from tests.pruning import CNN, MLP, feeds, traced_model

WIDE = """g (float[N,8] x) => (float[N,4] y) <float[8,100] a, float[100,4] b> {
  p = MatMul (x, a) q = Relu (p) y = MatMul (q, b)
}"""


def n_samples(text: str) -> int:
    """Samples for a model."""
    subject = model(text)
    trace = traced_model(subject)
    return n_samples_for(subject, trace, runnable_shapes(trace.graph))


def gathered(text: str, **changes: object) -> Profile:
    """What is seen on random inputs."""
    subject = model(text)
    given = {"is_measured": True} | changes
    samples = Samples(tuple(feeds(subject)), "random", is_synthetic=False)
    return measure_profile(subject, traced_model(subject), samples, reconstruction, Run(), **given)


def test_usual_number_of_samples_suits_most():
    assert n_samples(MLP) == n_samples(CNN) == USUAL_SAMPLES


def test_wide_layers_take_more_samples():
    assert n_samples(WIDE) == 8 * 100


@pytest.mark.parametrize("batch", ["4", "8"])
def test_size_of_a_fixed_batch_makes_no_difference(batch):
    assert n_samples(WIDE.replace("[N,", f"[{batch},")) == n_samples(WIDE)


def test_model_that_takes_one_sample_at_a_time_is_not_run_too_often():
    assert n_samples(WIDE.replace("[N,", "[1,")) == MOST_RUNS < n_samples(WIDE)


def test_positions_count_as_samples():
    text = """g (float[N,3,8,8] x) => (float[N,5,8,8] y) <float[100,3,1,1] a, float[5,100,1,1] b> {
      p = Conv (x, a) y = Conv (p, b)
    }"""
    assert n_samples(text) == USUAL_SAMPLES


def test_there_is_a_bound_to_the_samples():
    assert n_samples(WIDE.replace("100", "2000")) <= MOST_SAMPLES


def test_costly_models_get_by_with_few(monkeypatch):
    monkeypatch.setattr(amount, "MACS_TO_RUN", 1)
    assert n_samples(CNN) == FEWEST_SAMPLES


def test_every_group_has_an_order_of_all_units_but_one():
    found = gathered(CNN)
    for group in traced_model(model(CNN)).groups:
        units = [candidate.unit for candidate in found.orders[group.start]]
        assert len(set(units)) == len(units) == group.n_units - 1
        assert all(group.start <= unit < group.stop for unit in units)


def test_harm_is_measured_if_it_is_asked_for():
    assert [len(gathered(MLP, is_measured=flag).sensitivities) for flag in (True, False)] == [2, 0]


def test_little_time_is_enough_for_one_batch(monkeypatch):
    """Harm is measured on fewer inputs, so the figures are others, and there still are some."""
    whole = gathered(MLP)
    monkeypatch.setattr(profiling, "MACS_TO_MEASURE", 1)
    found = gathered(MLP)
    assert len(found.sensitivities) == 2
    assert found.sensitivities != whole.sensitivities


@pytest.mark.parametrize(("macs", "count"), [(1e6, 128), (1e10, 30), (3e10, 16), (1e11, 12), (1e13, 4)])
def test_up_to_the_usual_number_of_samples_is_worth_more_time(macs, count):
    assert profiling._affordable(macs) == count


def test_layers_are_known_by_their_sites():
    assert sorted(gathered(MLP).basis.layers) == [0, 3, 5]


@pytest.mark.parametrize("batch", ["N", "1", "2"])
def test_tokens_are_layers_at_any_batch(batch):
    text = "g (float[N,5,6] x) => (float[N,5,3] y) <float[6,4] a, float[4,3] b> { p = MatMul (x, a) y = MatMul (p, b) }"
    assert sorted(gathered(text.replace("[N,", f"[{batch},")).basis.layers) == [0, 1]


def test_inputs_that_cannot_be_made_are_plain_random(monkeypatch):
    def refuse(*_, **__):
        raise ModelError("what is this")

    monkeypatch.setattr(amount, "make_samples", refuse)
    subject = model(MLP)
    graph = observe(subject)
    found = made_samples(subject, graph, Request(64, seed=0))
    assert found.description == "random numbers"
    assert np.isfinite(found.batches[0]["x"]).all()


def probed(sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> tuple[Profile, list[Probe]]:
    """A profile of rows in batches of these sizes, and on what sensitivity was measured."""
    seen: list[Probe] = []

    def measured(probe, orders, layers):
        seen.append(probe)
        return ()

    monkeypatch.setattr(profiling, "measure", measured)
    subject = model(MLP)
    samples = Samples(tuple(feeds(subject, sizes)), "rows")
    found = measure_profile(subject, traced_model(subject), samples, reconstruction, Run(), is_measured=True)
    return found, seen


@pytest.mark.parametrize("sizes", [(16, 16, 16, 16), (40,)], ids=["batches", "one batch is split"])
def test_sensitivity_is_judged_on_inputs_that_made_no_stand_in(sizes, monkeypatch):
    found, (probe,) = probed(sizes, monkeypatch)
    halved = next(iter(probe.view.unit_statistics.values()))
    rows = np.concatenate([feed["x"] for feed in feeds(model(MLP), sizes)])
    assert halved.count == sum(sizes) // 2
    assert not found.basis.statistics.halved
    for feed in probe.feeds:
        place = int(np.flatnonzero((rows == feed["x"][0]).all(1))[0])
        size = sizes[0] if len(sizes) > 1 else sizes[0] // 2
        assert (place // size) % 2 == 1


@pytest.mark.parametrize(("side", "count"), [(64, 8), (128, 6)])
def test_sensitivity_is_measured_on_fewer_samples_where_they_are_larger(side, count, monkeypatch):
    """Than those that the model was looked at with, on which costs are told."""
    subject = model("""g (float[N,3,H,W] x) => (float[N,4,H,W] y) <float[6,3,1,1] a, float[4,6,1,1] b> {
      p = Conv (x, a) y = Conv (p, b)
    }""")
    trace = traced_model(subject)
    (shape,) = runnable_shapes(trace.graph).values()
    monkeypatch.setattr(profiling, "MACS_TO_MEASURE", 6 * cost(trace, nothing(trace)).macs * 2)
    seen: list[Probe] = []
    monkeypatch.setattr(profiling, "measure", lambda probe, *_: seen.append(probe) or ())
    feed = {"x": np.ones((8, 3, side, side), np.float32)}
    measure_profile(subject, trace, Samples((feed, feed), "x"), reconstruction, Run(), is_measured=True)
    assert (shape[2:], [len(one["x"]) for one in seen[0].feeds]) == ((64, 64), [count])
