"""Preprocessing: settings as texts and values, and what they do to raw numbers and to images in [0, 1]."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.preprocess import (
    AS_IT_IS,
    IMAGENET,
    Preprocess,
    check_channels,
    parse_preprocess,
    preprocess_texts,
)
from paoding_onnx.errors import UsageError

WHITE = np.full((1, 1, 1, 3), 255, np.uint8)
ALL_SET = Preprocess(2.0, (0.5, -0.25), (1.0, 2.0), None, (3, 4), "crop", "nhwc", "bgr")


def test_settings_are_read_in_order():
    assert parse_preprocess([]) == Preprocess()
    assert parse_preprocess(["imagenet"]) == IMAGENET
    found = parse_preprocess(["imagenet", "scale=1", "size=32x48", "fit=stretch", "std=2", "order=bgr"])
    assert (found.scale, found.size, found.fit, found.std, found.order) == (1.0, (32, 48), "stretch", (2.0,), "bgr")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "scale",
        "scale=x",
        "scale=0",
        "scale=nan",
        "mean=nan",
        "range=1",
        "range=1,0",
        "range=1,2,3",
        "range=0,inf",
        "std=0,1",
        "size=0",
        "size=1,2,3",
        "fit=pad",
        "layout=chw",
        "order=gbr",
    ],
)
def test_settings_that_make_no_sense_are_refused(text):
    with pytest.raises(UsageError, match="preprocess"):
        parse_preprocess([text])


def test_range_is_not_given_beside_a_mean():
    with pytest.raises(UsageError, match="either a range or mean and std, not both"):
        parse_preprocess(["mean=0.5", "range=0,1"])


def test_range_may_begin_below_zero():
    assert parse_preprocess(["range=-1,1"]).range == (-1, 1)


@pytest.mark.parametrize("settings", [AS_IT_IS, IMAGENET, ALL_SET, Preprocess(range=(-1.0, 0.5))])
def test_texts_say_the_same_settings_again(settings):
    assert parse_preprocess(preprocess_texts(settings)) == settings


@pytest.mark.parametrize(
    "settings", [AS_IT_IS, IMAGENET, Preprocess(range=(-1.0, 3.0)), Preprocess(1.0, (103.9, 116.8, 123.7), (58.0,))]
)
def test_synthetic_and_raw_white_become_the_same(settings):
    raw = settings.apply(WHITE, channel_axis=-1, scale=255)
    np.testing.assert_allclose(settings.apply_to_unit(np.ones((1, 1, 1, 3), np.float32)), raw, rtol=1e-6)


def test_ends_of_a_range_are_black_and_white():
    settings = Preprocess(range=(-2.0, 6.0))
    assert settings.apply(np.array([0, 255], np.uint8), channel_axis=-1, scale=255).tolist() == [-2, 6]


def test_deviations_for_another_number_of_channels_are_refused():
    with pytest.raises(UsageError, match="std has 2 numbers, but images have 3 channels"):
        check_channels(Preprocess(std=(1.0, 2.0)), 3)
