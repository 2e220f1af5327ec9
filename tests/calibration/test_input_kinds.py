"""What an input holds is read off its shape, its type, its name and its first readers; what a user says goes first."""

from __future__ import annotations

import pytest

from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.input_kinds import Kind, batch_for, main_input
from paoding_onnx.errors import UsageError
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.shapes.observe import observe
from tests.calibration.roles import roles
from tests.models import model


def of_copy(dims, dtype="float", **given):
    """The role of x in a model that copies it."""
    ndim = len(dims.split(",")) if dims else 0
    made = ",".join("abcdefg"[:ndim])
    return roles(f"g ({dtype}[{dims}] x) => ({dtype}[{made}] y) {{ y = Identity (x) }}", **given)["x"]


@pytest.mark.parametrize(
    ("dims", "dtype", "kind"),
    [
        ("n,3,8,8", "float", Kind.IMAGES),
        ("n,1,8,8", "float", Kind.IMAGES),
        ("n,4,8,8", "float16", Kind.IMAGES),
        ("n,8,8,3", "float", Kind.IMAGES),
        ("n,3,8,8", "uint8", Kind.IMAGES),
        ("n,3,8,8", "int32", Kind.TOKENS),
        ("n,5,8,8", "float", Kind.NOISE),
        ("n,3,3,8", "float", Kind.NOISE),
        ("n,6", "float", Kind.TABLE),
        ("n,4095", "float", Kind.TABLE),
        ("n,4096", "float", Kind.AUDIO),
        ("n,2,50", "float", Kind.AUDIO),
        ("n,80,t", "float", Kind.SPECTROGRAM),
        ("n,t,80", "float", Kind.SPECTROGRAM),
        ("n,50,768", "float", Kind.NOISE),
        ("n,6", "int64", Kind.TOKENS),
        ("n", "float", Kind.NOISE),
        ("n,6", "bool", Kind.ONES),
        ("n,2,3,4,5", "float", Kind.NOISE),
        ("", "float", Kind.NOISE),
    ],
)
def test_kind_is_read_off_shape_and_type(dims, dtype, kind):
    assert of_copy(dims, dtype).kind is kind


@pytest.mark.parametrize(
    ("name", "dtype", "kind"),
    [
        ("attention_mask", "int64", Kind.ONES),
        ("padding_MASK", "float", Kind.ONES),
        ("token_type_ids", "int64", Kind.ZEROS),
        ("segment_ids", "int64", Kind.ZEROS),
        ("position_ids", "int64", Kind.POSITIONS),
        ("input_ids", "int64", Kind.TOKENS),
    ],
)
def test_kind_is_read_off_the_name(name, dtype, kind):
    text = f"g ({dtype}[n,7] {name}) => ({dtype}[n,7] y) {{ y = Identity ({name}) }}"
    assert roles(text)[name].kind is kind


@pytest.mark.parametrize(
    ("dims", "frame", "channels"), [("n,3,8,10", Frame(8, 10, 3), 1), ("n,8,10,3", Frame(8, 10, 3), 3)]
)
def test_frame_of_images_is_found_in_either_layout(dims, frame, channels):
    role = of_copy(dims)
    assert (role.frame, role.channels) == (frame, channels)


def test_rows_that_kernels_slide_along_are_sound():
    text = """g (float[n,600] x) => (float[n,4,k] y) <float[4,1,8] w, int64[1] one={1}> {
        a = Unsqueeze (x, one) y = Conv (a, w) }"""
    assert roles(text)["x"].kind is Kind.AUDIO


COUNTED = """g (float[n,21] x) => (float[n,21,4] y) <float[50,4] table> {
    a = Cast <to=6> (x) y = Gather (table, a) }"""


def test_numbers_that_pick_rows_of_a_table_are_tokens_though_they_come_as_floats():
    found = roles(COUNTED)["x"]
    assert (found.kind, found.vocabulary) == (Kind.TOKENS, 50)


def test_numbers_that_are_read_as_they_are_too_are_no_tokens():
    text = COUNTED.replace("=> (float[n,21,4] y)", "=> (float[n,21,4] y, float[n,21] z)")
    assert roles(text.replace("}", "z = Neg (x) }"))["x"].kind is Kind.TABLE


def test_rows_beside_a_sampling_rate_are_sound():
    text = "g (float[n,64] input, int64[] sr) => (float[n,64] y) { y = Identity (input) }"
    assert roles(text)["input"].kind is Kind.AUDIO


def test_name_of_a_spectrogram_goes_before_its_shape():
    text = "g (float[n,1,64,96] log_mel) => (float[n,1,64,96] y) { y = Identity (log_mel) }"
    assert roles(text)["log_mel"].kind is Kind.SPECTROGRAM


def test_lengths_are_the_steps_of_the_main_input():
    text = "g (float[n,80,t] feats, int64[n] feats_lens) => (float[n,80,t] y) { y = Identity (feats) }"
    found = roles(text)
    assert found["feats_lens"].content.item() == found["feats"].shape[2]


@pytest.mark.parametrize(
    ("dims", "is_bare"), [("3,24,32", True), ("24,32,3", True), ("n,24,3", False), ("n,3,24", False), ("3,8,8", False)]
)
def test_image_without_an_axis_of_samples_is_told_from_three_samples(dims, is_bare):
    assert of_copy(dims).is_bare is is_bare


def test_past_is_not_what_samples_are_made_of():
    text = """g (int64[n,t] input_ids, float[n,4,p,8] past_key) => (int64[n,t] y) {
        y = Identity (input_ids) }"""
    assert roles(text)["input_ids"].kind is Kind.TOKENS


def test_layout_that_was_given_makes_images_of_any_number_of_channels():
    assert of_copy("n,5,8,8", layout="nchw").frame == Frame(8, 8, 5)
    assert of_copy("n,3,8,8", layout="nhwc").frame == Frame(3, 8, 8)


def test_open_batches_get_the_size_that_was_asked_for():
    role = of_copy("n,6", batch=9)
    assert (role.shape, role.batch, role.step) == ((9, 6), 9, 1)


def test_fixed_batches_keep_their_size_and_come_whole():
    role = of_copy("2,6", batch=9)
    assert (role.shape, role.batch, role.step) == ((2, 6), 2, 2)


def test_input_without_axes_has_no_samples():
    role = of_copy("")
    assert (role.batch_axis, role.batch, role.step, role.shape_of(5)) == (None, 1, 1, ())


def test_batch_axis_is_found_by_its_name():
    text = "g (float[n,6] x, float[2,n,6] state) => (float[2,n,6] y) { y = Add (x, state) }"
    role = roles(text)["state"]
    assert (role.batch_axis, role.shape, role.shape_of(3), role.kind) == (1, (2, 6, 6), (2, 3, 6), Kind.NOISE)


def test_fixed_first_axes_of_one_size_are_the_same_batch():
    text = (
        "g (float[4,6] x, float[4,1] scale, float[6] bias) => (float[4,6] y) { a = Mul (x, scale) y = Add (a, bias) }"
    )
    assert [role.batch_axis for role in roles(text).values()] == [0, 0, None]


def test_fixed_axis_is_not_the_open_batch_even_at_its_size():
    text = "g (float[n,6] x, float[1,6] bias) => (float[n,6] y) { y = Add (x, bias) }"
    assert roles(text)["bias"].batch_axis is None


@pytest.mark.parametrize(
    ("specs", "main"),
    [
        ([("a", (4, 9)), ("b", ("n", 2))], "b"),
        ([("a_mask", ("n", 9)), ("b", ("n", 2))], "b"),
        ([("a", ("n", 2)), ("b", ("n", 9))], "b"),
        ([("a", ("n", 2)), ("b", ("n", 2))], "a"),
        ([("a", ()), ("b", (2,))], "b"),
    ],
)
def test_main_input_is_open_no_extra_and_large(specs, main):
    found = [TensorSpec(name, None, dims) for name, dims in specs]
    shapes = {name: tuple(1 if isinstance(dim, str) else dim for dim in dims) for name, dims in specs}
    assert found[main_input(found, shapes)].name == main


def test_what_a_user_says_goes_before_what_is_guessed():
    assert of_copy("n,6", kind="tokens").kind is Kind.TOKENS
    assert of_copy("n,3,8,8", kind="noise").kind is Kind.NOISE


@pytest.mark.parametrize(("dims", "channels"), [("n,5,8,8", 1), ("n,8,8,5", 3)])
def test_images_of_any_number_of_channels_are_taken_once_they_are_said_to_be(dims, channels):
    role = of_copy(dims, kind="images")
    assert (role.kind, role.channels) == (Kind.IMAGES, channels)


def test_rows_cannot_be_told_to_be_images():
    with pytest.raises(UsageError, match=r"input 'x' of shape \(6, 6\) cannot hold images: those have four axes"):
        of_copy("n,6", kind="images")


def test_open_sides_of_images_get_the_size_that_was_given():
    assert of_copy("n,3,h,w", size=(10, 14)).shape == (6, 3, 10, 14)
    assert of_copy("n,h,w,3", size=(10, 14)).shape == (6, 10, 14, 3)


def test_size_that_the_input_does_not_read_is_a_usage_error():
    with pytest.raises(UsageError, match="not of 10 x 8"):
        of_copy("n,3,8,8", size=(10, 8))


def test_size_says_nothing_about_inputs_that_are_not_images():
    assert of_copy("n,6", size=(10, 14)).shape == (6, 6)


@pytest.mark.parametrize(("side", "batch"), [(8, 32), (400, 13), (2000, 4)])
def test_batches_are_as_small_as_their_largest_tensor_asks_for(side, batch):
    graph = observe(model(f"g (float[n,4,{side},{side}] x) => (float[n,4,{side},{side}] y) {{ y = Relu (x) }}"))
    assert batch_for(graph) == batch


def test_batches_of_larger_samples_than_were_looked_at_are_smaller():
    graph = observe(model("g (float[n,3,h,w] x) => (float[n,3,h,w] y) { y = Relu (x) }"))
    assert [batch_for(graph, {"x": (1, 3, side, side)}) for side in (64, 320, 1280)] == [32, 27, 4]
