"""Sources of synthetic rows: families for each kind of input, what rows become, what goes along with them."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.calibration.sources import Guess, Source, companion, is_guess, laid_out, mixed, nearest, source_of
from paoding_onnx.errors import UsageError
from tests.calibration.roles import role_and_graph, roles

FIRST = "g (float[n,3,8,10] x) => (float[n,3,8,10] y) { y = Identity (x) }"
LAST = "g (float[n,8,10,3] x) => (float[n,8,10,3] y) { y = Identity (x) }"
BYTES = FIRST.replace("float", "uint8")
TABLE = "g (float[n,6] x) => (float[n,6] y) { y = Identity (x) }"
TOKENS = "g (int64[n,7] ids) => (float[n,7,4] y) <float[50,4] table> { y = Gather (table, ids) }"
SOUND = "g (float[n,2,64] x) => (float[n,2,64] y) { y = Identity (x) }"
COMPANIONS = """g (float[n,4] x, bool[n,4] keep, int64[n,4] kind_type, int64[n,4] position, int64[n,4] ids,
float[2,n] state) => (float[n,4] y) <float[9] table> {
  a = Where (keep, x, x) b = Add (kind_type, position) c = Cast <to=1> (b) d = Gather (table, ids) e = Add (a, c)
  f = Add (e, d) m = ReduceSum <keepdims=0> (state) y = Add (f, m) }"""
LONG_SOUND = "g (float[n,1,800] x) => (float[n,1,800] y) { y = Identity (x) }"
BANDS = "g (float[n,80,t] x) => (float[n,80,t] y) { y = Identity (x) }"
SHOWN = ["spectrograms of tones", "spectrograms of voices", "spectrograms of noise"]
MAPS = "g (float[n,9,8,8] x) => (float[n,9,8,8] y) { y = Identity (x) }"


def source(text, *, kind="auto", **settings):
    """The source of rows for the only input of a model, and its role."""
    role, graph = role_and_graph(text, kind=kind, **settings)
    return source_of(role, graph, InputOptions(kind, Preprocess(**settings))), role


def rows(text, count=5, **given):
    """Finished rows of each family by its name."""
    found, _ = source(text, **given)
    drawn = {name: draw(np.random.default_rng(0), count) for name, draw in found.families.items()}
    return {name: found.guesses[0].finish(made) for name, made in drawn.items()}


@pytest.mark.parametrize(
    ("text", "families"),
    [
        (FIRST, ["dead leaves", "1/f noise", "objects", "scenes", "gradients"]),
        (TABLE, ["normal", "uniform", "heavy tails", "sparse"]),
        (TOKENS, ["sentences of tokens out of 50"]),
        (SOUND, ["1/f noise"]),
        (LONG_SOUND, ["tones", "voices", "noise"]),
        (BANDS, [*SHOWN, "noise of all sizes"]),
        (MAPS, ["normal noise"]),
    ],
)
def test_each_kind_of_input_has_its_families(text, families):
    assert list(source(text)[0].families) == families


@pytest.mark.parametrize("text", [FIRST, LAST, BYTES, TABLE, TOKENS, SOUND, LONG_SOUND, BANDS, MAPS])
def test_rows_have_shape_and_type_of_the_input(text):
    _, role = source(text)
    for made in rows(text).values():
        assert (made.shape, made.dtype) == (role.shape_of(5), role.spec.dtype)


def test_images_are_guessed_to_be_scaled_in_every_usual_way():
    guesses = source(FIRST)[0].guesses
    assert [guess.description for guess in guesses] == [
        f"images, 3 x 8 x 10, {words}"
        for words in ("in [0, 1]", "standardized as for ImageNet", "in [-1, 1]", "in [0, 255]", "centred as for Caffe")
    ]


def test_scaling_that_was_given_is_the_only_guess():
    (guess,) = source(FIRST, range=(-1, 1))[0].guesses
    white = guess.finish(np.ones((1, 8, 10, 3), np.float32))
    assert (guess.description, white.min(), white.max()) == ("images, 3 x 8 x 10, in [-1, 1]", 1, 1)


def test_bytes_are_not_guessed_at():
    (guess,) = source(BYTES)[0].guesses
    assert guess.finish(np.full((1, 8, 10, 3), 0.5, np.float32)).max() in (127, 128)


def test_order_of_colours_is_kept_under_every_guess():
    red = np.zeros((1, 8, 10, 3), np.float32)
    red[..., 0] = 1
    assert source(FIRST)[0].guesses[0].finish(red)[0, :, 0, 0].tolist() == [1, 0, 0]
    assert source(FIRST, order="bgr")[0].guesses[0].finish(red)[0, :, 0, 0].tolist() == [0, 0, 1]


def test_means_for_another_number_of_channels_are_a_usage_error():
    with pytest.raises(UsageError, match="mean has 2 numbers"):
        source(FIRST, mean=(0.5, 0.5))


@pytest.mark.parametrize("text", [FIRST, LAST])
def test_augmented_images_keep_the_layout(text):
    found, role = source(text, range=(0, 1))
    images = found.guesses[0].finish(next(iter(found.families.values()))(np.random.default_rng(0), 4))
    children = found.augment(np.random.default_rng(1), images)
    assert (children.shape, children.dtype) == (role.shape_of(4), np.float32)
    assert not np.array_equal(children, images)


@pytest.mark.parametrize("text", [TABLE, TOKENS, SOUND, MAPS])
def test_other_rows_are_not_augmented(text):
    assert source(text)[0].augment is None


def test_table_is_cut_to_the_range_that_was_given():
    assert all(np.abs(made).max() <= 0.25 for made in rows(TABLE, 200, range=(-0.25, 0.25)).values())
    assert np.abs(rows(TABLE, 200)["normal"]).max() > 2


def test_rows_spanned_by_the_first_matrix_are_a_family():
    text = "g (float[n,6] x) => (float[n,2] y) <float[6,2] w> { y = MatMul (x, w) }"
    assert "spanned by the first weights" in source(text)[0].families


def test_table_of_more_axes_is_filled_with_noise():
    assert list(source(SOUND, kind="table")[0].families) == ["normal noise"]


def test_sound_falls_with_frequency_along_the_longest_axis():
    turned = "g (float[n,64,2] x) => (float[n,64,2] y) { y = Identity (x) }"
    for text, axis in ((SOUND, 2), (turned, 1)):
        (made,) = rows(text, 200).values()
        spectrum = np.abs(np.fft.rfft(made, axis=axis)).mean(axis=(0, 3 - axis))
        assert spectrum[1] > 2 * spectrum[8]


def test_mixed_rows_hold_the_share_of_each_family():
    families = {name: lambda rng, count, k=k: np.full((count, 1), k) for k, name in enumerate("abc")}
    found = mixed(
        Source(families, (Guess("", lambda made: made),)), np.array([1.0, 0.0, 3.0]), 8, np.random.default_rng(0)
    )
    assert np.bincount(found[:, 0], minlength=3).tolist() == [2, 0, 6]
    assert found[:, 0].tolist() != sorted(found[:, 0])


def test_families_that_all_count_nothing_are_drawn_alike():
    families = {name: lambda rng, count, k=k: np.full((count, 1), k) for k, name in enumerate("ab")}
    source = Source(families, (Guess("", lambda made: made),))
    found = mixed(source, np.zeros(2), 8, np.random.default_rng(0))
    assert np.bincount(found[:, 0]).tolist() == [4, 4]


def test_integers_are_rounded_and_kept_within_their_type():
    (role,) = roles(BYTES).values()
    values = np.tile(np.array([-3, 1.6, 300], np.float32), (1, 8, 10, 1))
    assert laid_out(role, values)[0, :, 0, 0].tolist() == [0, 2, 255]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("keep", [[1, 1, 1, 1]] * 3), ("kind_type", [[0, 0, 0, 0]] * 3), ("position", [[0, 1, 2, 3]] * 3)],
)
def test_what_goes_along_with_samples_has_one_content(name, wanted):
    role = roles(COMPANIONS)[name]
    made = companion(role, 3, np.random.default_rng(0))
    assert (made.dtype, made.tolist()) == (role.spec.dtype, wanted)


def test_other_inputs_get_as_many_samples_as_the_main_one():
    found = roles(COMPANIONS)
    assert companion(found["ids"], 3, np.random.default_rng(0)).shape == (3, 4)
    assert companion(found["state"], 3, np.random.default_rng(0)).shape == (2, 3)


def test_position_without_an_axis_is_a_number():
    text = "g (float[n,4] x, int64 position) => (float[n,4] y) { a = Cast <to=1> (position) y = Add (x, a) }"
    assert companion(roles(text)["position"], 3, np.random.default_rng(0)).shape == ()


@pytest.mark.parametrize(
    ("low", "high", "words"), [(0, 255, "in [0, 255]"), (-1, 1, "in [-1, 1]"), (0, 1, "in [0, 1]")]
)
def test_scaling_is_the_one_that_real_images_have(low, high, words):
    role, graph = role_and_graph(FIRST)
    found = source_of(role, graph, InputOptions())
    assert len(found.guesses) > 1
    pixels = np.random.default_rng(0).random((20, 3, 8, 10), np.float32)
    (guess,) = nearest(found, low + (high - low) * pixels).guesses
    assert guess.own == words


def test_a_table_has_one_guess_only():
    role, graph = role_and_graph(TABLE)
    found = source_of(role, graph, InputOptions())
    assert nearest(found, np.random.default_rng(0).random((9, 6)).astype(np.float32)) is found


READ = """g (float[n,HEAD2] x) => (float[n,HEAD3] y) <float[2,3] w> { m = Constant <value_floats=[90.0, -7.0]> ()
d = Constant <value_floats=[9.0, 0.5]> () a = Sub (x, m) s = Div (a, d) y = MatMul (s, w) }"""


@pytest.mark.parametrize("text", [READ.replace("HEAD", ""), READ.replace("HEAD", "40,")], ids=["table", "other rows"])
def test_rows_have_the_means_and_deviations_that_the_model_takes_out(text):
    made = rows(text, 400, kind="auto" if "40" not in text else "noise")
    found = made["normal" if "normal" in made else "normal noise"].reshape(-1, 2)
    assert np.allclose(found.mean(0), [90, -7], atol=1)
    assert np.allclose(found.std(0), [9, 0.5], rtol=0.15)


def test_range_that_a_user_gives_goes_before_what_the_model_takes_out():
    assert all(np.abs(made).max() <= 1 for made in rows(READ.replace("HEAD", ""), range=(-1.0, 1.0)).values())


@pytest.mark.parametrize(
    ("text", "settings", "wanted"),
    [
        (TABLE, {}, True),
        (BANDS, {}, True),
        (TABLE, {"range": (0.0, 1.0)}, False),
        (READ.replace("HEAD", ""), {}, False),
        (FIRST, {}, False),
        (TOKENS, {}, False),
        (LONG_SOUND, {}, False),
    ],
    ids=["table", "bands", "range given", "columns read", "images", "tokens", "sound"],
)
def test_range_of_the_numbers_is_a_guess_where_nothing_tells_it(text, settings, wanted):
    role, graph = role_and_graph(text, **settings)
    assert is_guess(role, graph, InputOptions(preprocess=Preprocess(**settings))) is wanted


def test_tokens_that_come_as_floats_are_whole_numbers_of_that_type():
    text = """g (float[n,21] x) => (float[n,21,4] y) <float[50,4] table> {
        a = Cast <to=6> (x) y = Gather (table, a) }"""
    made = rows(text)["sentences of tokens out of 50"]
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, np.round(made))
    assert made.max() > 3


def test_spectrograms_of_a_plain_transform_may_be_magnitudes_and_those_of_other_bands_may_not():
    transformed, role = source("g (float[n,1,257] x) => (float[n,1,257] y) { y = Identity (x) }")
    assert [guess.own for guess in transformed.guesses][-1] == "magnitudes"
    made = transformed.families["spectrograms of tones"](np.random.default_rng(0), 3)
    assert made.shape == role.shape_of(3)
    assert transformed.guesses[-1].finish(made).min() > 0
    assert "magnitudes" not in [guess.own for guess in source(BANDS)[0].guesses]


def test_spectrogram_of_one_channel_in_the_last_place_has_its_bands_before_it():
    text = "g (float[n,76,32,1] x) => (float[n,76,32,1] y) { y = Identity (x) }"
    found, _ = source(text, kind="spectrogram")
    made = found.families["spectrograms of tones"](np.random.default_rng(0), 2)
    assert made.shape == (2, 76, 32, 1)
    steady = np.abs(np.diff(made[..., 0], axis=1)).mean() / np.abs(np.diff(made[..., 0], axis=2)).mean()
    assert steady < 0.7  # tones last, and lie in few bands


def test_noise_of_all_sizes_reaches_from_faint_to_loud_where_the_unit_is_a_guess():
    text = BANDS.replace(",t]", ",30]")
    sizes = rows(text, 400)["noise of all sizes"].std((1, 2))
    assert np.quantile(sizes, 0.1) < 0.1
    assert np.quantile(sizes, 0.9) > 8
    read = READ.replace("HEAD2", "40,80").replace("HEAD3", "40,3").replace("float[2,3] w", "float[80,3] w")
    read = read.replace("[90.0, -7.0]", str([1.0] * 80)).replace("[9.0, 0.5]", str([2.0] * 80))
    assert "noise of all sizes" not in rows(read)
