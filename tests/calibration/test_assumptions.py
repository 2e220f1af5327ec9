"""What is assumed about inputs is told with the reason, so that a user can correct it."""

from __future__ import annotations

from paoding_onnx.calibration.assumptions import assumed_inputs
from paoding_onnx.calibration.known_inputs import KnownInputs, given_of
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.shapes.observe import observe
from tests.models import model

IMAGES = "g (float[n,3,224,224] x) => (float[n,5,h,w] y) <float[5,3,9,9] w> { y = Conv (x, w) }"
SPEECH = """g (float[n,t] audio, int64[n] lengths, int64[] sr, float[1,n,4] state, float[1] speed) => (float[n,t] y) {
    y = Identity (audio) }"""


def assumed(text, options=InputOptions(), **values):  # noqa: B008 - a value
    found = model(text)
    given = given_of(found, KnownInputs(values=values))
    return {one.name: one for one in assumed_inputs(found, observe(found, given), options)}


def test_images_are_told_with_their_scaling_and_what_else_is_likely():
    found = assumed(IMAGES)["x"]
    assert found.holds == "images, 3 x 224 x 224, standardized as for ImageNet"
    assert "in [0, 1]" in found.others
    assert (found.shape, found.kind) == ((1, 3, 224, 224), "images")
    assert found.why == "four axes, of which axis 1 has 3 channels"


def test_what_a_user_said_is_what_is_assumed():
    found = assumed(IMAGES, InputOptions(preprocess=Preprocess(range=(0.0, 1.0))))["x"]
    assert (found.holds, found.others) == ("images, 3 x 224 x 224, in [0, 1]", ())


def test_inputs_beside_sound_are_told_by_their_names():
    found = assumed(SPEECH)
    length = found["audio"].shape[1]
    assert found["audio"].kind == "audio"
    assert [found[name].holds for name in ("lengths", "sr", "state", "speed")] == [
        str(length),
        "16000",
        "normal numbers",
        "1",
    ]


def test_value_that_was_given_is_told_as_such():
    found = assumed(SPEECH, sr=8000.0)["sr"]
    assert (found.holds, found.why) == ("8000", "it was given")


def test_number_of_steps_of_a_loop_is_said_to_be_one():
    text = """g (float[N,4] x, int64 n) => (float[N,4] y) <float[4,4] w, bool go = {1}> {
      y = Loop (n, go, x) <body = step (int64 i, bool c, float[N,4] h) => (bool c, float[N,4] o) { o = MatMul (h, w) }>
    }"""
    subject = model(text)
    (_, steps) = assumed_inputs(subject, observe(subject, given_of(subject, KnownInputs())), InputOptions())
    assert (steps.holds, steps.why) == ("3", "it says how many steps a loop makes")


def test_whole_numbers_of_which_nothing_is_known_are_not_said_to_be_normal():
    text = "g (float[n,4,8] x, int64[2,e] edges) => (float[n,4,8] y, int64[2,e] z) { y = Neg (x) z = Neg (edges) }"
    found = assumed(text)["edges"]
    assert found.holds == "zeros and ones"
