"""Spectrograms are told from pictures, sound and plain features by names and sizes, and the axis of their bands too."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.bands import bands_axis, is_named, told
from paoding_onnx.calibration.input_kinds import Kind
from paoding_onnx.model.nodes import TensorSpec
from tests.calibration.roles import roles


def spec(dims, name="x", dtype="float32"):
    """An input of these axes, and the shape that it is fed in."""
    axes = tuple(int(dim) if dim.isdigit() else dim for dim in dims.split(","))
    return TensorSpec(name, np.dtype(dtype), axes), tuple(dim if isinstance(dim, int) else 32 for dim in axes)


@pytest.mark.parametrize(
    "dims",
    ["n,1,257", "n,t,257", "n,513,t", "n,1,64,257", "n,1,t,161", "n,3,frames,160", "n,n_frames,48", "n,100,time"],
)
def test_axes_tell_a_spectrogram(dims):
    assert told(*spec(dims)) is not None


@pytest.mark.parametrize(
    "dims",
    [
        "n,3,257,353",
        "n,3,321,481",
        "n,257,257,3",
        "n,3,48,w",
        "n,3,h,w",
        "n,257,1,2",
        "n,2,t,257",
        "n,64,80,256",
        "n,timesteps,20",
    ],
)
def test_pictures_maps_and_complex_numbers_are_no_spectrograms(dims):
    assert told(*spec(dims)) is None


@pytest.mark.parametrize(("dims", "is_one"), [("n,900,120", True), ("n,t,160", False), ("n,100,12", False)])
def test_wide_bands_need_more_frames_than_there_are_of_them(dims, is_one):
    assert (told(*spec(dims)) is not None) == is_one


def test_features_by_a_name_of_sound_are_spectrograms_and_recordings_are_not():
    assert told(*spec("n,t,400", "speech"))
    assert not told(*spec("n,t,400", "state"))
    assert not told(*spec("n,2,t", "speech"))


def test_whole_numbers_are_no_spectrograms():
    assert not told(*spec("n,t,257", dtype="int64"))
    assert not is_named(*spec("n,t,80", "mel", "int64"))
    assert is_named(*spec("n,t,80", "mel"))


@pytest.mark.parametrize(
    ("dims", "place"),
    [("n,1,257", (1, 1)), ("n,900,161", (1, 1)), ("n,80,t", (0, 1)), ("n,3,t,160", (1, 2)), ("n,76,32,1", (1, 1))],
)
def test_bands_lie_along_the_axis_of_a_transform_the_fixed_one_or_the_shorter_one(dims, place):
    assert bands_axis(*spec(dims)) == place


def test_spectrogram_of_several_channels_is_none_of_pictures():
    text = "g (float[n,3,frames,160] x, float[4,1,8] h0) => (float[n,3,frames,160] y) { y = Identity (x) }"
    assert roles(text)["x"].kind is Kind.SPECTROGRAM


def test_picture_by_its_layout_is_one_whatever_its_size():
    text = "g (float[n,1,64,257] x) => (float[n,1,64,257] y) { y = Identity (x) }"
    assert roles(text)["x"].kind is Kind.SPECTROGRAM
    assert roles(text, layout="nchw")["x"].kind is Kind.IMAGES
