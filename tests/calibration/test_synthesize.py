"""Synthetic inputs: right for each kind of input, seeded, balanced by what the model predicts."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration import synthesize
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions, Request
from paoding_onnx.calibration.synthesize import make_samples
from paoding_onnx.errors import UsageError
from paoding_onnx.model.load import load
from paoding_onnx.shapes.observe import observe, runnable_shapes
from tests.models import model

IMAGES = "g (float[n,3,16,16] x) => (float[n,5] y) <float[5,3,16,16] w> { a = Conv (x, w) y = Flatten (a) }"


def made(text_or_model, n_samples=40, seed=0, kind="auto", **settings):
    found = model(text_or_model) if isinstance(text_or_model, str) else text_or_model
    graph = observe(found)
    options = InputOptions(kind, Preprocess(**settings))
    return make_samples(found, graph, Request(n_samples, seed, options), shapes=runnable_shapes(graph))


def column(samples, name):
    return np.concatenate([feed[name] for feed in samples.batches])


def test_open_batches_hold_32_samples_and_none_is_lost():
    samples = made(IMAGES)
    assert [feed["x"].shape for feed in samples.batches] == [(32, 3, 16, 16), (8, 3, 16, 16)]
    assert samples.n_samples == 40


@pytest.mark.parametrize("dims", ["3,24,32", "24,32,3", "3,h,w"])
def test_images_without_an_axis_of_samples_are_fed_one_by_one(dims):
    text = f"g (float[{dims}] x) => (float[a,b,c] y) {{ y = Relu (x) }}"
    samples = made(text, 5)
    first = samples.batches[0]["x"]
    assert (samples.n_samples, first.ndim, samples.arrays["x"].shape) == (5, 3, (5, *first.shape))
    assert samples.description.startswith("images, ")


def test_few_samples_make_one_small_batch():
    assert [feed["x"].shape for feed in made(IMAGES, 5).batches] == [(5, 3, 16, 16)]


def test_fixed_batches_are_kept():
    samples = made(IMAGES.replace("n,", "2,"), 5)
    assert [feed["x"].shape for feed in samples.batches] == [(2, 3, 16, 16)] * 3


def test_candidates_that_are_too_large_together_are_not_drawn(monkeypatch):
    monkeypatch.setattr(synthesize, "MOST_TO_CHOOSE", 2 * 40 * 3 * 16 * 16)
    assert "chosen by the predictions" in made(IMAGES).description
    monkeypatch.setattr(synthesize, "MOST_TO_CHOOSE", 2 * 40 * 3 * 16 * 16 - 1)
    samples = made(IMAGES)
    assert (samples.n_samples, "chosen by the predictions" in samples.description) == (40, False)


def test_same_seed_gives_the_same_samples():
    first, again, other = (column(made(IMAGES, seed=seed), "x") for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_channels_are_where_the_input_has_them():
    last = "g (float[n,16,16,3] x) => (float[n,5] y) <float[768,5] w> { a = Flatten (x) y = MatMul (a, w) }"
    first, last = column(made(IMAGES, range=(0, 1)), "x"), column(made(last, range=(0, 1)), "x")

    def roughness(images, axis):
        return np.abs(np.diff(images, axis=axis)).mean()

    assert roughness(first, 3) < roughness(first[:, :, np.random.default_rng(0).permutation(16)], 2)
    assert roughness(last, 1) < roughness(last[:, np.random.default_rng(0).permutation(16)], 1)


@pytest.mark.parametrize(
    ("given", "low", "high"), [({"range": (-1, 1)}, -1, 1), ({"mean": (0.5,), "std": (0.1,)}, -5, 5)]
)
def test_images_are_scaled_as_told(given, low, high):
    values = column(made(IMAGES, **given), "x")
    assert values.min() >= low - 1e-5
    assert values.max() <= high + 1e-5
    assert values.std() > 0.1 * (high - low)


def test_mean_for_another_number_of_channels_is_a_usage_error():
    with pytest.raises(UsageError, match="mean has 2 numbers, but images have 3 channels"):
        made(IMAGES, mean=(0.5, 0.5))


def test_raw_bytes_are_synthesized_for_a_model_that_divides_them_itself():
    values = column(made(IMAGES, scale=1.0), "x")
    assert 200 < values.max() <= 255


def test_synthetic_images_have_the_size_that_was_given():
    text = "g (float[n,3,h,w] x) => (float[n,3] y) { y = ReduceMean <axes=[2,3],keepdims=0> (x) }"
    assert column(made(text, size=(10, 14)), "x").shape == (40, 3, 10, 14)


def test_rows_stay_in_the_range_that_was_given():
    text = "g (float[n,6] x) => (float[n,2] y) <float[6,2] w> { y = MatMul (x, w) }"
    values = column(made(text, range=(-0.5, 0.25)), "x")
    assert (values.min(), values.max()) == (-0.5, 0.25)


def test_integers_of_one_byte_hold_all_their_levels():
    text = "g (uint8[n,3,16,16] x) => (float[n,3,16,16] y) { y = Cast <to=1> (x) }"
    values = column(made(text), "x")
    assert values.dtype == np.uint8
    assert values.max() > 200


def test_tokens_fill_the_table_they_are_looked_up_in():
    text = "g (int64[n,7] ids) => (float[n,7,4] y) <float[50,4] table> { y = Gather (table, ids) }"
    tokens = column(made(text), "ids")
    assert (tokens.min(), tokens.max()) == (0, 49)
    assert len(np.unique(tokens)) > 40


def test_what_goes_along_with_tokens_is_what_its_name_says():
    text = """g (int64[n,t] input_ids, int64[n,t] attention_mask, int64[n,t] token_type_ids, int64[n,t] position_ids)
    => (float[n,t,4] y) <float[50,4] words, float[2,4] kinds, float[600,4] places> {
        a = Gather (words, input_ids) b = Gather (kinds, token_type_ids) c = Gather (places, position_ids)
        d = Cast <to=1> (attention_mask) axis = Constant <value_ints=[2]> () e = Unsqueeze (d, axis)
        f = Add (a, b) h = Add (f, c) y = Mul (h, e) }"""
    feed = made(text).batches[0]
    assert feed["attention_mask"].all()
    assert not feed["token_type_ids"].any()
    assert feed["input_ids"].max() > 40
    assert np.array_equal(feed["position_ids"][0], np.arange(feed["position_ids"].shape[1]))


def test_booleans_are_true():
    text = "g (float[n,4] x, bool[n,4] keep) => (float[n,4] y) { y = Where (keep, x, x) }"
    assert all(feed["keep"].all() for feed in made(text).batches)


def test_state_has_as_many_samples_as_its_batch():
    text = "g (float[n,6] x, float[2,n,6] state) => (float[2,n,6] y) { y = Add (x, state) }"
    assert {feed["state"].shape for feed in made(text, 40).batches} == {(2, 32, 6), (2, 8, 6)}


def test_batch_that_the_model_does_not_take_is_not_forced_on_it():
    text = "g (float[n,4] x) => (float[2,2] y) { s = Constant <value_ints=[2,2]> () y = Reshape (x, s) }"
    samples = made(text, 3)
    assert [feed["x"].shape for feed in samples.batches] == [(1, 4)] * 3


def test_predictions_for_the_samples_are_balanced():
    found = load("models/mnist_cnn.onnx")
    samples = made(found, 64)
    assert "chosen by the predictions" in samples.description
    from paoding_onnx.model.session import Session

    labels = np.concatenate([Session(found).run(feed)["logits"].argmax(1) for feed in samples.batches])
    assert np.bincount(labels, minlength=10).max() <= 20


def test_autoencoder_is_no_classifier():
    text = "g (float[n,6] x) => (float[n,6] y) <float[6,3] a, float[3,6] b> { h = MatMul (x, a) y = MatMul (h, b) }"
    assert "chosen" not in made(text).description


@pytest.mark.parametrize(
    "first",
    [
        "<float[5,12,3,3] w> { d = SpaceToDepth <blocksize=2> (x) a = Conv (d, w) y = Flatten (a) }",
        "<float[5,1,3,3] w> { d = ReduceMean <axes=[1]> (x) a = Conv (d, w) y = Flatten (a) }",
        "<float[6,1,3,3] w> { a = Conv <group=3> (x, w) y = Flatten (a) }",
        "<float[5,3,40,40] w> { a = Conv <strides=[40,40]> (x, w) y = Flatten (a) }",
    ],
    ids=["space to depth", "mean over colours", "depthwise", "kernel larger than the probe"],
)
def test_first_filters_that_cannot_see_plain_images_do_not_stop_anything(first):
    text = f"g (float[n,3,40,40] x) => (float[n,k] y) {first}"
    assert made(text, 8).n_samples == 8


def test_scalings_that_stay_open_are_mixed():
    samples = made(IMAGES, 64)
    first, *others = ("standardized as for ImageNet", "in [-1, 1]", "in [0, 1]")
    assert f"images, 3 x 16 x 16, {first} or {others[0]} or {others[1]}, " in samples.description
    lows = column(samples, "x").min(axis=(1, 2, 3))
    assert np.count_nonzero(lows < -1.1) > np.count_nonzero((lows >= -1.1) & (lows < -0.1)) > 8
    assert np.count_nonzero(lows >= 0) > 4


def test_guesses_of_other_sizes_are_never_mixed():
    text = "g (float[n,1,40,101] x) => (float[n,1,40,101] y) { y = Relu (x) }"
    samples = made(text, kind="spectrogram")
    assert samples.description.startswith("standardized or in [0, 1], spectrograms of tones")
    made_of = column(samples, "x")
    assert np.median(made_of) > -1  # decibels and natural logarithms lie far below
    assert np.abs(made_of).max() < 200  # noise of all sizes


def test_one_guess_alone_has_all_rows():
    samples = made(IMAGES, range=(0, 1))
    assert "images, 3 x 16 x 16, in [0, 1], dead leaves" in samples.description
    assert column(samples, "x").min() >= 0


ROWS = "g (float[n,6] x) => (float[n,3] y) <float[6,3] w> { y = MatMul (x, w) }"


def test_noise_of_three_sizes_stands_by_where_the_range_of_the_numbers_is_a_guess():
    samples = made(ROWS)
    sizes = [np.concatenate([feed["x"] for feed in feeds]).std() for feeds in samples.strays]
    assert np.allclose(np.divide(sizes, sizes[1]), [0.1, 1, 10], rtol=0.3)
    assert 0.5 < sizes[1] / column(samples, "x").std() < 2


@pytest.mark.parametrize(("text", "settings"), [(IMAGES, {}), (ROWS, {"range": (0.0, 1.0)})])
def test_no_noise_stands_by_where_something_tells_the_range(text, settings):
    assert made(text, **settings).strays == ()


def test_noise_comes_in_batches_that_the_model_takes():
    assert {feed["x"].shape for feeds in made(ROWS.replace("n,", "2,")).strays for feed in feeds} == {(2, 6)}


def test_guesses_of_another_size_stand_by_and_are_not_mixed():
    text = "g (float[n,1,40,101] x) => (float[n,1,40,101] y) { y = Relu (x) }"
    doubts = made(text, kind="spectrogram").strays[:-3]  # those behind are noise
    means = sorted(float(np.mean([feed["x"].mean() for feed in feeds])) for feeds in doubts)
    assert np.allclose(means, [-45, -6], atol=1)  # decibels, and natural logarithms
