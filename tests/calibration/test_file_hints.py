"""Metadata that exporters leave say how large images are and how they are scaled; what a user says goes first."""

from __future__ import annotations

import pytest

from paoding_onnx.calibration.file_hints import options_said, shapes_said
from paoding_onnx.calibration.known_inputs import KnownInputs, given_of
from paoding_onnx.calibration.preprocess import IMAGENET, Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.model.load import lift
from tests.models import parse

FIRST = "g (float[n,3,h,w] x) => (float[n,3,h,w] y) { y = Identity (x) }"
LAST = "g (float[n,h,w,3] x) => (float[n,h,w,3] y) { y = Identity (x) }"
YOLO = {"imgsz": "[320, 640]", "names": "{0: 'cat'}", "stride": "32"}


def with_metadata(text, **metadata):
    proto = parse(text)
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    return lift(proto)


@pytest.mark.parametrize(("text", "shape"), [(FIRST, (1, 3, 320, 640)), (LAST, (1, 320, 640, 3))])
def test_open_sides_of_images_get_the_size_that_the_file_says(text, shape):
    assert shapes_said(with_metadata(text, **YOLO)) == {"x": shape}


def test_one_number_is_both_sides():
    assert shapes_said(with_metadata(FIRST, imgsz="224")) == {"x": (1, 3, 224, 224)}


def test_file_that_lists_characters_reads_lines_of_text():
    assert shapes_said(with_metadata(FIRST, character="a\nb")) == {"x": (1, 3, 48, 320)}


@pytest.mark.parametrize("size", ["", "[]", "none", "0", "99999", "1,2,3"])
def test_size_that_is_none_says_nothing(size):
    assert shapes_said(with_metadata(FIRST, imgsz=size)) == {}


@pytest.mark.parametrize("dims", ["n,3,64,w", "1,3,320,640", "n,9,h,w", "n,h"])
def test_size_that_does_not_fit_an_input_says_nothing(dims):
    made = ",".join("abcd"[: len(dims.split(","))])
    text = f"g (float[{dims}] x) => (float[{made}] y) {{ y = Identity (x) }}"
    assert shapes_said(with_metadata(text, **YOLO)) == {}


def test_shape_that_a_user_gives_goes_before_that_of_the_file():
    found = given_of(with_metadata(FIRST, **YOLO), KnownInputs({"x": (1, 3, 64, 64)}))
    assert found.shapes == {"x": (1, 3, 64, 64)}


def test_samples_go_before_the_size_that_the_file_says():
    likely = {"x": (1, 3, 320, 256)}
    found = given_of(with_metadata(FIRST, **YOLO), KnownInputs(), likely)
    assert (found.shapes, found.likely) == ({}, likely)


def test_exports_of_ultralytics_read_images_in_0_1_unless_a_user_says_otherwise():
    model, own = with_metadata(FIRST, **YOLO), InputOptions(preprocess=IMAGENET)
    assert options_said(model, InputOptions()).preprocess == Preprocess(range=(0.0, 1.0))
    assert options_said(model, own) is own
    assert options_said(with_metadata(FIRST), InputOptions()) == InputOptions()
