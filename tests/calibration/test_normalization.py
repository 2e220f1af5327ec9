"""The preprocessings in use, in words and by how common they are."""

from __future__ import annotations

import pytest

from paoding_onnx.calibration.normalization import IMAGENET, INK, SIGNED, UNIT, description_of, usual
from paoding_onnx.calibration.preprocess import CAFFE, Preprocess


def commonest(*args, **how):
    found = usual(*args, **how)
    return max(found, key=found.get)


def test_pictures_are_standardized_as_for_imagenet_unless_something_else_is_known():
    assert commonest(3, 224) == IMAGENET
    assert commonest(3, 224, is_tensorflow=True) == SIGNED
    assert commonest(1, 64) == UNIT


def test_caffe_is_among_those_of_colours_and_ink_among_those_of_digits():
    assert CAFFE in usual(3)
    assert INK in usual(1, 28)
    assert INK not in usual(1, 64)


@pytest.mark.parametrize(("n_channels", "side"), [(1, 28), (3, 48), (3, 224), (4, 224), (9, 9)])
def test_every_preprocessing_in_use_has_a_description_of_its_own(n_channels, side):
    found = usual(n_channels, side)
    assert len({description_of(scaling) for scaling in found}) == len(found)


def test_means_that_differ_by_channel_are_said_to_be_given():
    assert description_of(Preprocess(mean=(0.1, 0.2, 0.3))) == "standardized as given"
