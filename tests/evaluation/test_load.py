"""Labelled samples: read from npz files, refused with a reason where they do not fit, made ready for the model."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.load import read_labelled
from paoding_onnx.evaluation.predictions import Runner
from tests.models import model

ROWS = "g (float[N,3] x) => (float[N,2] y) <float[3,2] w> { y = MatMul (x, w) }"
TWO_INPUTS = "g (float[N,3] a, float[N,3] b) => (float[N,3] y) { y = Add (a, b) }"


ALL = np.arange(2)


def stored(tmp_path, **arrays):
    """The path of an npz file with these arrays."""
    path = tmp_path / "samples.npz"
    np.savez(path, **arrays)
    return path


def test_samples_are_divided_by_the_scale_of_the_file(tmp_path):
    path = stored(tmp_path, x=np.array([[0, 51, 255]] * 2, np.uint8), y=[0, 1], scale=np.float32(255))
    content = read_labelled(path, model(ROWS)).read(ALL)["x"]
    np.testing.assert_allclose(content, [[0, 0.2, 1]] * 2)
    assert content.dtype == np.float32


def test_samples_without_a_scale_are_read_as_they_are(tmp_path):
    path = stored(tmp_path, x=np.array([[1, 2, 3]] * 2, np.int16), y=[0, 1])
    assert read_labelled(path, model(ROWS)).read(ALL)["x"].tolist() == [[1, 2, 3]] * 2


def test_several_inputs_are_read_by_their_names(tmp_path):
    path = stored(tmp_path, b=np.ones((2, 3)), a=np.zeros((2, 3)), y=[0, 1])
    content = read_labelled(path, model(TWO_INPUTS)).read(ALL)
    assert {name: array.sum() for name, array in content.items()} == {"a": 0, "b": 6}


def test_input_that_is_missing_is_named(tmp_path):
    with pytest.raises(UsageError, match="holds nothing for input 'b'; it has 'a', 'y'"):
        read_labelled(stored(tmp_path, a=np.zeros((2, 3)), y=[0, 1]), model(TWO_INPUTS))


def test_only_array_beside_the_labels_is_the_input_whatever_its_name(tmp_path):
    path = stored(tmp_path, images=np.ones((2, 3)), y=[0, 1])
    assert read_labelled(path, model(ROWS)).read(ALL)["x"].sum() == 6


def test_names_of_classes_are_taken_over(tmp_path):
    path = stored(tmp_path, x=np.zeros((2, 3)), y=[0, 1], classes=["cat", "dog"])
    assert read_labelled(path, model(ROWS)).class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((2, 3))}, "holds no array 'y'"),
        ({"p": np.zeros((2, 3)), "q": np.zeros(2), "y": [0, 1]}, "it should hold 'x', or one array, or x"),
        ({"x": np.zeros((2, 3)), "y": [0, 1, 1]}, "2 samples for 'x', 3 labels"),
        ({"x": np.zeros((0, 3)), "y": []}, "0 samples for 'x', 0 labels"),
        ({"x": np.float32(1), "y": [0]}, "0 samples for 'x', 1 labels"),
        ({"x": np.zeros((2, 4)), "y": [0, 1]}, r"shape \(2, 4\) .* do not fit input 'x' \(N, 3\)"),
        ({"x": np.zeros((2, 3, 1)), "y": [0, 1]}, "do not fit input 'x'"),
        ({"x": np.full((2, 3), "a"), "y": [0, 1]}, "not numbers"),
        ({"x": np.zeros((2, 3)), "y": ["cat", "dog"]}, "not numbers"),
        ({"x": np.zeros((2, 3)), "y": [0, 1], "scale": [1, 2]}, "not a number above zero"),
        ({"x": np.zeros((2, 3)), "y": [0, 1], "scale": 0}, "not a number above zero"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_samples_that_do_not_fit_are_refused(tmp_path, arrays, words):
    with pytest.raises(UsageError, match=words):
        read_labelled(stored(tmp_path, **arrays), model(ROWS))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_file_that_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "samples.npz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot read inputs from"):
        read_labelled(path, model(ROWS))


def test_missing_file_single_array_and_pickled_objects_are_refused(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(3))
    objects = stored(tmp_path, x=np.array([{}, {}], object), y=[0, 1])
    for path, words in ((tmp_path / "no.npz", "No such file"), (tmp_path / "one.npy", "holds no array 'y', only 'x'")):
        with pytest.raises(UsageError, match=words):
            read_labelled(path, model(ROWS))
    with pytest.raises(UsageError, match="cannot read inputs from"):
        read_labelled(objects, model(ROWS))


def test_inputs_that_the_file_has_nothing_for_hold_what_was_given(tmp_path):
    path = stored(tmp_path, a=np.ones((5, 3), np.float32), y=[0, 1, 0, 1, 0])
    found = read_labelled(path, model(TWO_INPUTS), beside={"b": np.full((1, 3), 2, np.float32)})
    outputs = Runner(model(TWO_INPUTS), found).run(found)
    assert outputs["y"].tolist() == [[3, 3, 3]] * 5
