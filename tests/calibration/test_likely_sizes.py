"""Sizes of open axes that can be told: sound is a second long, lines of text are wide, loops make a few steps."""

from __future__ import annotations

import pytest

from paoding_onnx.calibration.known_inputs import KnownInputs, given_of
from paoding_onnx.calibration.likely_sizes import STEPS, counts_likely, shapes_likely
from paoding_onnx.model.load import lift
from tests.models import parse


def with_metadata(text, **metadata):
    proto = parse(text)
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    return lift(proto)


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


def image(dims, makes="float[n,t,6625]", operator="Softmax", dtype="float"):
    made = "float[a,b,c,d]" if makes == "image" else makes
    return shapes_likely(lift(parse(f"g ({dtype}[{dims}] x) => ({made} y) {{ y = {operator} (x) }}")))


@pytest.mark.parametrize(
    ("dims", "shape"),
    [
        ("n,3,48,w", (1, 3, 48, 320)),
        ("n,1,32,w", (1, 1, 32, 224)),
        ("n,48,w,1", (1, 48, 320, 1)),
        ("2,3,48,w", (2, 3, 48, 320)),
    ],
    ids=["PaddleOCR", "grey", "channels last", "two at a time"],
)
def test_low_image_of_which_only_the_width_is_open_is_likely_a_line_of_text(dims, shape):
    assert image(dims, "image", "Identity") == {"x": shape}


@pytest.mark.parametrize(
    "dims", ["n,3,h,w", "n,3,224,w", "n,3,h,320", "n,8,48,w", "n,3,4,w", "n,3,48", "n,3,48,64"], ids=str
)
def test_other_images_have_no_likely_width(dims):
    assert image(dims, "image", "Identity") == {}


@pytest.mark.parametrize("dims", ["n,1,80,t", "n,64,t,1", "n,1,40,t"])
def test_one_channel_as_high_as_spectrograms_have_bands_is_a_line_of_text_for_readers_alone(dims):
    assert image(dims, "image", "Identity") == {}
    assert list(image(dims)) == ["x"]


def test_what_a_model_remembers_is_no_line_of_text():
    text = "g (float[n,4,64,past] past_key) => (float[n,4,64,k] y) { y = Identity (past_key) }"
    assert shapes_likely(lift(parse(text))) == {}


def test_image_of_open_sides_is_likely_a_line_of_text_if_the_model_reads_letters():
    assert image("n,3,h,w") == {"x": (1, 3, 48, 320)}
    assert image("n,h,w,3", "float[n,t,97]", "LogSoftmax") == {"x": (1, 48, 320, 3)}


@pytest.mark.parametrize(
    ("makes", "operator"),
    [
        ("float[n,t,85]", "Identity"),
        ("float[n,t,21]", "Softmax"),
        ("float[n,8400,85]", "Softmax"),
        ("float[n,85]", "Softmax"),
    ],
    ids=["boxes", "few classes", "places of a fixed number", "a class for all"],
)
def test_model_that_reads_no_letters_has_no_likely_width(makes, operator):
    assert image("n,3,h,w", makes, operator) == {}


@pytest.mark.parametrize(("dims", "shape"), [("n,3,h,w", (1, 3, 224, 224)), ("2,h,w,3", (2, 224, 224, 3))])
def test_colour_image_of_open_sides_is_likely_a_photograph_if_many_classes_are_told_of_it(dims, shape):
    assert image(dims, "float[n,1000]") == {"x": shape}


@pytest.mark.parametrize("makes", ["float[n,10]", "float[n,1000,i,j]", "float[n,k]", "float[n,100,4]"])
def test_image_of_open_sides_may_be_anything_if_few_classes_or_places_are_told_of_it(makes):
    assert image("n,3,h,w", makes) == {}


@pytest.mark.parametrize("dims", ["n,1,h,w", "n,3,64,w", "n,3,64,64", "n,3,h"])
def test_other_inputs_are_no_photographs_of_any_size(dims):
    assert (1, 3, 224, 224) not in image(dims, "float[n,1000]").values()


def test_detector_of_boxes_and_shares_reads_no_letters():
    text = "g (float[n,3,h,w] x) => (float[n,t,85] y, float[n,t,4] z) { y = Softmax (x) z = Identity (x) }"
    assert shapes_likely(lift(parse(text))) == {}


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
    assert counts_likely(with_metadata("g (float[n,3] x) => (float[n,3] y) { y = Identity (x) }")) == {}
    assert (
        counts_likely(
            lift(
                parse(COUNTED.replace("int64 n,", "int64[M] n,").replace("Identity (n)", "ReduceMax <keepdims=0> (n)"))
            )
        )
        == {}
    )
