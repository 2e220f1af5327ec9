"""Few real samples get synthetic ones beside them, of their size and level; many, or odd ones, get none."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration import fill
from paoding_onnx.calibration.fill import WORTH, filled, growth, rebatched, with_more
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.shapes.observe import observe
from tests.models import model

IMAGES = model("g (float[n,3,h,w] x) => (float[n,3,h,w] y) { y = Relu (x) }")
FIXED = model("g (float[2,4] x) => (float[2,4] y) { y = Relu (x) }")
RNG = np.random.default_rng(0)


def real(count: int, size: int = 24, batch: int = 32) -> Samples:
    """So many real images."""
    images = RNG.random((count, 3, size, size)).astype(np.float32)
    parts = tuple({"x": images[k : k + batch]} for k in range(0, count, batch))
    return Samples(parts, f"{count} samples", is_synthetic=False)


def filled_up(samples: Samples, wanted: int = 256) -> Samples:
    """The samples, filled up."""
    return filled(samples, IMAGES, observe(IMAGES), Request(wanted, seed=0))


def test_few_samples_are_filled_up_to_the_number_wanted():
    few = real(20)
    found = filled_up(few)
    ours, others = found.parted()
    assert np.array_equal(ours.arrays["x"], few.arrays["x"])
    assert ours.n_samples + others.n_samples == 256
    assert not found.is_synthetic
    assert found.description == "20 samples, and 236 synthetic ones that count as 4 of them"


def test_synthetic_ones_have_the_size_of_the_real_ones_and_count_for_less():
    found = filled_up(real(20, size=40))
    ours, others = found.parted()
    assert others.arrays["x"].shape[1:] == (3, 40, 40)
    total = sum(w * len(feed["x"]) for feed, w in zip(found.batches, found.weights, strict=True) if w < 1)
    assert total == pytest.approx(WORTH)
    assert {w for w in found.weights if w >= 1} == {1.0}
    assert abs(others.arrays["x"].mean() - ours.arrays["x"].mean()) < 0.05


def test_enough_samples_stay_alone():
    enough = real(64)
    assert filled_up(enough, 64) is enough


def test_both_kinds_are_among_every_second_and_every_eighth_batch():
    found = filled_up(real(64))
    weights = np.array(found.weights)
    for step, start in ((2, 0), (2, 1), (8, 7)):
        assert len(set(weights[start::step].tolist())) == 2


def test_samples_stay_alone_where_the_model_takes_no_synthetic_ones(monkeypatch):
    def refuse(*_args, **_options):
        raise ModelError("what is this")

    monkeypatch.setattr(fill, "make_samples", refuse)
    few = real(20)
    assert filled_up(few) is few


def test_more_synthetic_ones_count_as_much_in_all():
    found = filled_up(real(20), 60)
    more = with_more(found, IMAGES, observe(IMAGES), Request(100, seed=1))
    ours, others = more.parted()
    assert (ours.n_samples, others.n_samples) == (20, 140)
    assert min(more.weights) == pytest.approx(WORTH / 140)


def test_batches_of_a_fixed_size_stay_as_they_are():
    samples = Samples(({"x": np.zeros((2, 4), np.float32)},) * 3, "zeros")
    assert rebatched(FIXED, samples, 1) is samples
    assert [len(feed["x"]) for feed in rebatched(IMAGES, real(10), 4).batches] == [4, 4, 2]


def test_larger_samples_get_fewer_beside_them_where_time_is_short():
    graph, few = observe(IMAGES), real(20, size=96)
    times = growth(few.batches[0], graph)
    assert times > 1
    found = filled(few, IMAGES, graph, Request(256, 0, most_runs=int(4 * 50 * times) + 4))
    assert 48 <= found.n_samples <= 50
    assert filled(few, IMAGES, graph, Request(256, 0, most_runs=60)) is few
