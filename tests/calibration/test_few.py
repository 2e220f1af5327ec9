"""A few inputs for a first look: of the kind and sizes that the model takes, drawn once, and nothing is run."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration import few, synthesize
from paoding_onnx.calibration.few import few_samples
from paoding_onnx.calibration.images import families
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions, Request
from paoding_onnx.shapes.observe import observe
from tests.models import model

IMAGES = "g (float[n,3,32,32] x) => (float[n,5] y) <float[5,3,32,32] w> { a = Conv (x, w) y = Flatten (a) }"
TABLE = "g (float[n,6] x) => (float[n,2] y) <float[6,2] w> { y = MatMul (x, w) }"
TOKENS = "g (int64[n,7] ids) => (float[n,7,4] y) <float[50,4] table> { y = Gather (table, ids) }"


def made(text, count=4, seed=0, **settings):
    found = model(text)
    return few_samples(found, observe(found), Request(count, seed, InputOptions("auto", Preprocess(**settings))))


@pytest.mark.parametrize("text", [IMAGES, TABLE, TOKENS])
def test_there_are_as_many_as_were_asked_for_and_the_same_again(text):
    first, again = made(text), made(text)
    name = next(iter(first.batches[0]))
    assert (first.n_samples, len(first.batches)) == (4, 1)
    assert np.array_equal(first.arrays[name], again.arrays[name])
    assert not np.array_equal(first.arrays[name], made(text, seed=1).arrays[name])


def test_fixed_batches_are_kept():
    assert [feed["x"].shape for feed in made(IMAGES.replace("n,", "3,")).batches] == [(3, 3, 32, 32)] * 2


def test_images_without_an_axis_of_samples_are_fed_one_by_one():
    samples = made("g (float[3,24,32] x) => (float[a,b,c] y) { y = Relu (x) }")
    assert (samples.n_samples, samples.batches[0]["x"].shape) == (4, (3, 24, 32))


def test_images_are_scaled_as_told_or_as_is_usual():
    told = made(IMAGES, 8, range=(-3, -2)).arrays["x"]
    assert (told.min() >= -3 - 1e-5, told.max() <= -2 + 1e-5) == (True, True)
    assert made(IMAGES, 8).arrays["x"].std() > 0.1


def test_all_families_are_among_enough_of_them():
    assert made(IMAGES).description.startswith("images, 3 x 32 x 32, ")
    assert made(IMAGES).description.endswith("dead leaves, 1/f noise, objects, scenes, gradients")


def test_each_image_is_drawn_once_for_all_guesses_and_the_model_is_not_run(monkeypatch):
    drawn, sessions = [], []
    found, painted = few.sources.mixed, families.dead_leaves
    monkeypatch.setattr(
        few.sources,
        "mixed",
        lambda source, shares, count, rng: drawn.append(count) or found(source, shares, count, rng),
    )
    monkeypatch.setattr(
        families,
        "dead_leaves",
        lambda rng, count, *rest, **more: drawn.append(-count) or painted(rng, count, *rest, **more),
    )
    monkeypatch.setattr(synthesize, "Session", lambda *_, **__: sessions.append(1))
    made(IMAGES.replace("32,32", "96,96"))
    assert [count for count in drawn if count > 0] == [4]
    assert drawn.count(-1) == 1  # one canvas for the only image of dead leaves
    assert sessions == []


def test_rows_under_guesses_that_are_not_ruled_out_and_noise_stand_beside_them_where_that_is_wished():
    found = model(TABLE)
    graph = observe(found)
    bare, more = (few_samples(found, graph, Request(4, 0), has_strays=wished) for wished in (False, True))
    assert bare.strays == ()
    assert [feeds[0]["x"].shape for feeds in more.strays] == [(4, 6)] * 3
    assert np.array_equal(bare.arrays["x"], more.arrays["x"])
