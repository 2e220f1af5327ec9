"""Harm: what the outputs suffer when one group loses units, measured as it would be by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import nothing
from paoding_onnx.dependency.trace import Role
from paoding_onnx.layerwise.layers import layers_of
from paoding_onnx.layerwise.statistics import observe_units
from paoding_onnx.layerwise.weights import Candidate, View
from paoding_onnx.model.compare import LOST, channel_changes, output_distance
from paoding_onnx.model.load import Model
from paoding_onnx.model.session import Session
from paoding_onnx.reconstruction.compensate import compensate
from paoding_onnx.samplers.reconstruction import reconstruction
from paoding_onnx.selection.curve import MOST_MEASURED, SHARES, Sensitivity
from paoding_onnx.selection.sensitivity import Probe, measure
from paoding_onnx.shapes.lifting import lifted
from paoding_onnx.surgery.cut import reweigh
from tests.bodies import TEXTS as BODIES
from tests.models import model
from tests.pruning import CNN, MLP, feeds, planted, traced_model

STREAM = """g (float[N,8] x) => (float[N,3] y, float[N,6] z)
    <float[8,12] a, float[12,10] b, float[10,12] c, float[12,3] d, float[12,6] e> {
  p = MatMul (x, a) q = MatMul (p, b) r = Relu (q) s = MatMul (r, c) t = Add (p, s) y = MatMul (t, d) z = MatMul (t, e)
}"""
PLANES = """g (float[N,3,5,5] x) => (float[N,2,5,5] y) <float[8,3,3,3] a, float[8] k, float[2,8,1,1] b> {
  p = Conv <pads=[1,1,1,1]> (x, a, k) q = Relu (p) y = Conv (q, b)
}"""
PROBABILITIES = MLP.replace("}", "z = Softmax (y) }").replace("(float[N,4] y)", "(float[N,4] z)")
INEXACT = """g (float[N,4,2,2] x) => (float[N,1,2,2] y) <float[6,4,1,1] a> {
  p = Conv (x, a) q = Relu (p) y = ReduceMean <axes=[1]> (q)
}"""
SIZES = (64, 64, 32)


def view_of(subject: Model) -> View:
    """The view of a model that was seen on random inputs."""
    trace = traced_model(subject)
    seen = observe_units(subject, trace, feeds(subject, SIZES), Run(), renormalise=False)
    return View(trace, nothing(trace), {}, unit_statistics=seen.units)


def orders(view: View) -> dict[int, tuple[Candidate, ...]]:
    """The order in which each group loses its units."""
    rng = np.random.default_rng(0)
    return {group.start: reconstruction(view, group, group.n_units - 1, rng) for group in view.trace.groups}


def sensitivities(subject: Model, *, memory: int = 1 << 30) -> tuple[Sensitivity, ...]:
    """The harm of all groups."""
    view = view_of(subject)
    probe = Probe(subject, view, feeds(subject, SIZES), {}, Run(memory=memory))
    return measure(probe, orders(view), {layer.index: layer for layer in layers_of(view.trace.graph)})


def by_hand(subject: Model, number: int, count: int) -> float:
    """The harm of one group after it lost so many units: the whole model run with other constants."""
    view = view_of(subject)
    group = view.trace.groups[number]
    units = [candidate.unit for candidate in orders(view)[group.start][:count]]
    new = compensate(view, group, units, {layer.index: layer for layer in layers_of(view.trace.graph)})
    before, after = Session(subject), Session(reweigh(subject, new))
    shares = []
    for name in before.output_names:
        a, b = (np.concatenate([s.run(feed)[name] for feed in feeds(subject, SIZES)]) for s in (before, after))
        change = np.minimum(channel_changes(a, b), LOST).mean()
        shares.append(max(divergence(a, b), change) if a.ndim == 2 else change)
    return float(np.mean(shares))


def divergence(wanted: NDArray[np.float32], got: NDArray[np.float32]) -> float:
    """Kullback-Leibler divergence of the classes that scores speak of, averaged over rows."""
    p, q = (np.exp(scores) / np.exp(scores).sum(1, keepdims=True) for scores in (wanted, got))
    return float((p * np.log(p / q)).sum(1).mean())


@pytest.mark.parametrize("text", [MLP, CNN, STREAM, PLANES], ids=["rows", "images", "stream of two outputs", "planes"])
def test_harm_is_that_of_the_whole_model_with_others_standing_in(text):
    subject = model(text)
    for number, sensitivity in enumerate(sensitivities(subject)):
        middle = len(sensitivity.counts) // 2
        assert sensitivity.values[middle] == pytest.approx(
            by_hand(subject, number, sensitivity.counts[middle]), rel=1e-3, abs=1e-7
        )


def test_harm_of_another_number_of_units_would_be_noticed():
    subject = model(MLP)
    sensitivity = sensitivities(subject)[0]
    assert by_hand(subject, 0, sensitivity.counts[0]) != pytest.approx(sensitivity.values[-1], rel=0.1)


def test_every_group_has_its_harm_in_the_order_of_the_trace():
    assert [sensitivity.group for sensitivity in sensitivities(model(CNN))] == [
        group.name for group in traced_model(model(CNN)).groups
    ]


def test_harm_is_measured_at_shares_of_the_units():
    for sensitivity, n_units in zip(sensitivities(model(MLP)), (16, 12), strict=True):
        assert len(sensitivity.counts) == len(sensitivity.values) == MOST_MEASURED
        assert set(sensitivity.counts) < {round(n_units * share) for share in SHARES}


def test_tiny_group_is_measured_at_every_count():
    text = "g (float[N,8] x) => (float[N,4] y) <float[8,3] a, float[3,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"
    (sensitivity,) = sensitivities(model(text))
    assert sensitivity.counts == (1, 2)


def test_one_unit_of_four_is_measured_too():
    text = "g (float[N,8] x) => (float[N,4] y) <float[8,4] a, float[4,4] b> { p = MatMul (x, a) y = MatMul (p, b) }"
    (sensitivity,) = sensitivities(model(text))
    assert sensitivity.counts == (1, 2, 3)


@pytest.mark.parametrize("text", [MLP, CNN, STREAM], ids=["rows", "images", "stream of two outputs"])
def test_harm_grows_with_the_units_lost(text):
    for sensitivity in sensitivities(model(text)):
        assert sensitivity.values[0] < sensitivity.values[-1]
        assert min(sensitivity.values) >= 0


def test_harm_grows_with_every_unit_where_nothing_bends():
    text = "g (float[N,8] x) => (float[N,6] y) <float[8,8] a, float[8,6] b> { p = MatMul (x, a) y = MatMul (p, b) }"
    (sensitivity,) = sensitivities(model(text))
    assert list(sensitivity.values) == sorted(sensitivity.values)


def up_to(sensitivity: Sensitivity, count: int) -> list[float]:
    """What was measured at no more than `count` units."""
    return [value for of, value in zip(sensitivity.counts, sensitivity.values, strict=True) if of <= count]


def test_units_that_do_nothing_do_no_harm():
    def plant(weights):
        weights["a"][:, 8:], weights["ab"][8:] = 0, 0

    first, second = sensitivities(planted(MLP, plant))
    assert max(up_to(first, 8)) < 1e-6 < 1e-3 < first.values[-1]
    assert second.values[0] > 1e-5


def test_units_that_others_can_stand_in_for_do_no_harm():
    def plant(weights):
        weights["a"][:, 8:], weights["ab"][8:] = weights["a"][:, :8], weights["ab"][:8]

    assert max(up_to(sensitivities(planted(MLP, plant))[0], 8)) < 1e-3


def test_constant_units_do_no_harm_where_an_offset_takes_over():
    def plant(weights):
        weights["a"][:, 8:], weights["ab"][8:] = 0, 3

    assert max(up_to(sensitivities(planted(MLP, plant))[0], 8)) < 1e-4


def test_probabilities_count_by_their_divergence_alone():
    subject = model(MLP)
    view = view_of(subject)
    for number, sensitivity in enumerate(sensitivities(model(PROBABILITIES))):
        units = [c.unit for c in orders(view)[view.trace.groups[number].start][: sensitivity.counts[3]]]
        new = compensate(
            view, view.trace.groups[number], units, {layer.index: layer for layer in layers_of(view.trace.graph)}
        )
        a, b = (
            np.concatenate([Session(which).run(feed)["y"] for feed in feeds(subject, SIZES)])
            for which in (subject, reweigh(subject, new))
        )
        assert sensitivity.values[3] == pytest.approx(divergence(a, b), rel=1e-2, abs=1e-6)


def test_group_that_no_weight_consumes_is_measured_by_what_it_makes():
    (sensitivity,) = sensitivities(model(INEXACT))
    assert 0 < sensitivity.values[0] < sensitivity.values[-1]


def test_outputs_that_are_no_floats_do_not_count():
    text = MLP.replace("[N,4] y)", "[N,4] y, int64[N,1] z)").replace("}", "z = ArgMax <axis=1> (y) }")
    first, second = sensitivities(model(text)), sensitivities(model(MLP))
    assert [h.values for h in first] == [pytest.approx(h.values) for h in second]


def test_output_that_never_changes_does_not_count():
    text = MLP.replace("[N,4] y)", "[N,4] y, float[N,1] z)").replace(
        "}", "w = Sub (y, y) z = ReduceMax <axes=[1]> (w) }"
    )
    first, second = sensitivities(model(text)), sensitivities(model(MLP))
    assert [h.values for h in first] == [pytest.approx(h.values) for h in second]


def test_little_memory_gives_the_same():
    assert sensitivities(model(STREAM), memory=1) == sensitivities(model(STREAM))


def test_model_with_other_statistics_is_measured_with_these():
    subject = model(MLP)
    view = view_of(subject)
    silent = {"cb": np.zeros(4, np.float32), "c": np.zeros((12, 4), np.float32)}
    probe = Probe(subject, view, feeds(subject, SIZES), silent, Run())
    found = measure(probe, orders(view), {})
    assert found[0].values == (0.0,) * MOST_MEASURED


def test_progress_climbs():
    said = []
    subject = model(CNN)
    view = view_of(subject)
    run = Run(progress=lambda _what, share: said.append(share))
    measure(Probe(subject, view, feeds(subject, SIZES), {}, run), orders(view), {})
    assert said == sorted(said)
    assert len(said) == 3


def test_common_shift_of_all_columns_is_harm_where_rows_are_no_probabilities():
    wanted = [np.random.default_rng(0).normal(0, 1, (50, 4)).astype(np.float32)]
    assert output_distance(wanted, [wanted[0] + 1]) > 0.5


def test_units_consumed_in_a_body_are_seen_there():
    subject = lifted(model(BODIES["while"]))
    trace = traced_model(subject)
    batches = [{"x": np.random.default_rng(k).standard_normal((2, 5, 4)).astype(np.float32)} for k in range(24)]
    seen = observe_units(subject, trace, batches, Run(), renormalise=False)
    first = trace.groups[0]
    (consumer,) = [axis.node_index for axis in first.parameter_axes if axis.role is Role.CONSUMES]
    assert trace.bound_nodes[consumer].node.within
    wanted = np.concatenate([
        Session(subject, watch=["q"]).run(batch)["q"].reshape(-1, 8) for batch in batches
    ])  # fmt: skip
    assert seen.units[first.start, consumer].count == len(wanted)
    np.testing.assert_allclose(seen.units[first.start, consumer].mean, wanted.mean(0), rtol=1e-4)
    view = View(trace, nothing(trace), {}, unit_statistics=seen.units)
    orders = {group.start: reconstruction(view, group, group.most, np.random.default_rng(0)) for group in trace.groups}
    found = measure(Probe(subject, view, batches, {}, Run()), orders, {})
    assert all(sensitivity.values[-1] > 0 for sensitivity in found)
