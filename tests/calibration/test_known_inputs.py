"""What a user knows about inputs is read, checked against the model, and fed wherever the model runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from paoding_onnx.calibration.known_inputs import KnownInputs, given_of, input_texts, parse_inputs
from paoding_onnx.calibration.samples import InputOptions, Request
from paoding_onnx.calibration.synthesize import make_samples
from paoding_onnx.errors import UsageError
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import observe, runnable_shapes, sizes_of
from tests.models import model

TWO = "g (float[n,6] x, int64[n] lengths, float[] sr) => (float[n,6] y) { y = Identity (x) }"


def given(text=TWO, **values):
    return given_of(model(text), KnownInputs(values=values))


def test_sizes_joined_by_x_are_a_shape_and_all_else_a_value():
    known = parse_inputs(["a=1x3x8x8", "b=-1.5", "c=1,2", "d=some/rows.npy"])
    assert known.shapes == {"a": (1, 3, 8, 8)}
    assert known.values == {"b": -1.5, "c": (1.0, 2.0), "d": Path("some/rows.npy")}


def test_values_are_said_again_as_they_were_given():
    texts = ["b=-1.5", "c=1,2", "d=some/rows.npy", "sr=16000"]
    assert list(input_texts(parse_inputs(texts).values)) == texts


@pytest.mark.parametrize("text", ["a", "=5", "a=", "a=word", "a=1x", "a=x3", "a=rows.txt", "a=1,,2"])
def test_text_that_says_nothing_is_a_usage_error(text):
    with pytest.raises(UsageError, match="--input"):
        parse_inputs([text])


def test_one_number_fills_an_input_and_leaves_its_size_open():
    found = given(lengths=7.0, sr=16000.0)
    assert (found.contents["lengths"].tolist(), found.contents["sr"].item()) == ([7], 16000)
    assert found.contents["lengths"].dtype == np.int64
    assert found.shapes == {}


def test_rows_in_a_file_are_for_samples_and_fix_the_other_axes(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(10).reshape(2, 5))
    text = "g (int64[n,t] ids, float[n,t] x) => (float[n,t] y) { y = Identity (x) }"
    assert given(text, ids=tmp_path / "rows.npy").shapes == {"ids": (1, 5)}


def test_content_without_the_axis_of_samples_is_the_same_for_all(tmp_path):
    np.savez(tmp_path / "c.npz", x=np.arange(6.0))
    assert given(x=tmp_path / "c.npz").contents["x"].shape == (1, 6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"z": 1.0}, "no input is named 'z'"),
        ({"x": (1.0, 2.0)}, r"'x' of shape nx6 cannot hold \(1, 2\)"),
        ({"lengths": 1.5}, "'lengths' holds int64: it cannot hold 1.5"),
        ({"x": Path("none.npy")}, "cannot read inputs from none.npy"),
    ],
)
def test_what_does_not_fit_is_a_usage_error(values, message):
    with pytest.raises(UsageError, match=message):
        given(**values)


def test_what_was_given_is_fed_at_every_size():
    found = model(TWO)
    sizes = sizes_of(observe(found, given(lengths=7.0, sr=16000.0)))
    for feeding in (sizes.measured, sizes.traced):
        feeds = random_feeds(found.inputs, feeding, np.random.default_rng(0))
        assert (feeds["sr"].item(), set(feeds["lengths"].tolist())) == (16000, {7})


def test_model_that_runs_with_one_value_alone_runs_once_it_is_given():
    text = """g (float[n,4] x, int64[1] size) => (float[n,k] y) {
        rows = Constant <value_ints=[-1]> () s = Concat <axis=0> (rows, size) y = Reshape (x, s) }"""
    graph = observe(model(text), given(text, size=2.0))
    assert graph.tensors["y"].shape[1] == 2


def test_synthetic_samples_get_rows_that_were_given_beside_them(tmp_path):
    np.save(tmp_path / "rows.npy", np.array([3, 5, 8]))
    found = model(TWO)
    graph = observe(found, given(lengths=tmp_path / "rows.npy", sr=8000.0))
    made = make_samples(found, graph, Request(40, 0, InputOptions()), shapes=runnable_shapes(graph))
    lengths = np.concatenate([feed["lengths"] for feed in made.batches])
    assert set(lengths.tolist()) == {3, 5, 8}
    assert {feed["sr"].item() for feed in made.batches} == {8000}


def test_content_of_the_input_that_samples_are_made_of_is_a_usage_error():
    text = "g (float[n,6] x) => (float[n,6] y) { y = Identity (x) }"
    found = model(text)
    graph = observe(found, given(text, x=1.0))
    with pytest.raises(UsageError, match="give samples with --calibration"):
        make_samples(found, graph, Request(4, 0, InputOptions()), shapes=runnable_shapes(graph))


def test_likely_shapes_go_before_guesses_and_behind_what_the_user_says():
    found = model("g (float[n,t] audio) => (float[n,t] y) { y = Identity (audio) }")
    likely = {"audio": (1, 900)}
    assert given_of(found, KnownInputs(), likely).likely == likely
    assert given_of(found, KnownInputs({"audio": (1, 50)}), likely).likely == {}
