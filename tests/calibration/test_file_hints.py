"""Metadata that exporters leave say how large images are and how they are scaled; what a user says goes first."""

from __future__ import annotations

import pytest

from paoding_onnx.calibration.file_hints import STEPS, counts_likely, options_said, shapes_likely, shapes_said
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


def test_exports_of_ultralytics_read_images_in_0_1_unless_a_user_says_otherwise():
    model, own = with_metadata(FIRST, **YOLO), InputOptions(preprocess=IMAGENET)
    assert options_said(model, InputOptions()).preprocess == Preprocess(range=(0.0, 1.0))
    assert options_said(model, own) is own
    assert options_said(with_metadata(FIRST), InputOptions()) == InputOptions()


def sound(dims, name="x", **metadata):
    made = ",".join("abcd"[: len(dims.split(","))])
    text = f"g (float[{dims}] {name}) => (float[{made}] y) {{ y = Identity ({name}) }}"
    return shapes_likely(with_metadata(text, **metadata))


def test_sound_of_open_length_is_likely_a_second_long():
    assert sound("n,t", "waveform") == {"waveform": (1, 16000)}
    assert sound("1,1,t", "audio") == {"audio": (1, 1, 16000)}
    assert sound("n,samples") == {"x": (1, 16000)}


def test_second_has_as_many_samples_as_the_metadata_say():
    assert sound("n,t", sample_rate="22050") == {"x": (1, 22050)}


def test_sampling_rate_beside_an_input_says_that_it_is_sound():
    text = "g (float[n,t] x, int64 sr) => (float[a,b] y) { s = Cast <to=1> (sr) y = Mul (x, s) }"
    assert shapes_likely(with_metadata(text)) == {"x": (1, 16000)}


@pytest.mark.parametrize(
    ("dims", "name"),
    [("n,t", "x"), ("n,800", "audio"), ("n,80,t", "audio"), ("n,c,t", "audio"), ("t", "audio")],
    ids=["no word of it", "fixed length", "features", "two open axes", "no samples"],
)
def test_other_inputs_have_no_likely_length(dims, name):
    assert sound(dims, name) == {}


def test_length_that_a_user_gives_leaves_nothing_to_guess():
    model = with_metadata("g (float[n,t] audio) => (float[a,b] y) { y = Identity (audio) }")
    assert given_of(model, KnownInputs({"audio": (1, 900)})).likely == {}
    assert given_of(model, KnownInputs()).likely == {"audio": (1, 16000)}


COUNTED = """g (float[N,4] x, int64 n, int64 other) => (float[N,4] y) <float[4,4] w, bool go = {1}> {
  k = Identity (n) z = Cast <to=1> (other) s = Add (x, z)
  y = Loop (k, go, s) <body = step (int64 i, bool c, float[N,4] h) => (bool c, float[N,4] o) {
    p = MatMul (h, w) o = Tanh (p)
  }>
}"""


def test_input_that_counts_steps_gets_a_few_unless_the_user_says_how_many():
    subject = lift(parse(COUNTED))
    assert counts_likely(subject) == {"n": STEPS}
    assert given_of(subject, KnownInputs()).counts["n"] == STEPS
    assert "n" not in given_of(subject, KnownInputs(values={"n": 5.0})).counts


def test_input_of_several_numbers_and_one_that_nothing_counts_by_are_left_to_chance():
    assert counts_likely(with_metadata(FIRST)) == {}
    assert (
        counts_likely(
            lift(
                parse(COUNTED.replace("int64 n,", "int64[M] n,").replace("Identity (n)", "ReduceMax <keepdims=0> (n)"))
            )
        )
        == {}
    )
