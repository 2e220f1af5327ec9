"""Sizes of samples that a user gives: of arrays in files, and of images that are brought to a size."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.sample_sizes import sizes_of_samples
from paoding_onnx.model.nodes import TensorSpec

FLOAT = np.dtype(np.float32)
IMAGE = TensorSpec("image", FLOAT, ("n", 3, "h", "w"))


def told(path, *specs, size=None):
    return sizes_of_samples(specs, path, size)


@pytest.mark.parametrize("shape", [(50, 3, 30, 40), (50, 30, 40, 3)], ids=["channels first", "channels last"])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_open_sides_of_an_image_are_those_of_the_only_array(name, shape, tmp_path):
    path = tmp_path / name
    np.save(path, np.zeros(shape, np.uint8)) if name == "a.npy" else np.savez(path, x=np.zeros(shape, np.uint8))
    assert told(path, IMAGE) == {"image": (1, 3, 30, 40)}


def test_labels_are_no_samples_and_grey_images_may_have_no_axis_of_channels(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((50, 30, 40), np.uint8), labels=np.zeros(50))
    assert told(tmp_path / "a.npz", TensorSpec("x", FLOAT, ("n", 1, "h", "w"))) == {"x": (1, 1, 30, 40)}
    assert told(tmp_path / "a.npz", TensorSpec("x", FLOAT, ("n", "h", "w", 1))) == {"x": (1, 30, 40, 1)}


def test_every_input_gets_the_size_of_its_array(tmp_path):
    ids, mask = (TensorSpec(name, np.dtype(np.int64), ("n", "t")) for name in ("ids", "mask"))
    np.savez(tmp_path / "a.npz", ids=np.zeros((9, 17)), mask=np.zeros((9, 17)), y=np.zeros(9))
    assert told(tmp_path / "a.npz", ids, mask) == {"ids": (1, 17), "mask": (1, 17)}


def test_first_axis_of_fixed_length_keeps_it(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((8, 3, 30, 40), np.float32))
    assert told(tmp_path / "a.npy", TensorSpec("x", FLOAT, (2, 3, "h", "w"))) == {"x": (2, 3, 30, 40)}


@pytest.mark.parametrize(
    "dims",
    [("n", 3, 30, 40), ("n", 4, "h", "w"), ("n", "t"), ("n", 3, 99, "w")],
    ids=["fixed", "channels", "axes", "h"],
)
def test_array_that_does_not_fit_or_has_nothing_to_tell_tells_nothing(dims, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((8, 3, 30, 40), np.float32))
    assert told(tmp_path / "a.npy", TensorSpec("x", FLOAT, dims)) == {}


def test_very_large_samples_tell_nothing(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1, 3, 2000, 2000), np.uint8))
    assert told(tmp_path / "a.npy", IMAGE) == {}


def test_file_that_cannot_be_read_tells_nothing(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    assert told(tmp_path / "a.npz", IMAGE) == {}
    assert told(tmp_path / "none.npz", IMAGE) == {}


@pytest.mark.parametrize("has_folder", [True, False])
def test_images_in_a_folder_and_synthetic_ones_have_the_size_that_they_are_brought_to(has_folder, tmp_path):
    path = tmp_path if has_folder else None
    last = TensorSpec("x", FLOAT, (None, None, None, 3))
    assert told(path, IMAGE, last, size=(30, 40)) == {"image": (1, 3, 30, 40), "x": (1, 30, 40, 3)}
    assert told(path, IMAGE) == {}
    assert told(path, TensorSpec("x", FLOAT, ("n", "t")), size=(30, 40)) == {}
