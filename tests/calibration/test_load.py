"""Real inputs from files: fitted to the model, or refused in words."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from paoding_onnx.calibration.load import load_held_back, load_samples
from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.calibration.samples import InputOptions, Request
from paoding_onnx.errors import UsageError
from paoding_onnx.shapes.observe import observe
from tests.models import model

IMAGES = model("g (float[n,3,8,8] x) => (float[n,3,8,8] y) { y = Relu (x) }")
PAIRS = model("g (float[n,4] a, int64[n,4] mask) => (float[n,4] y) { b = Cast <to=1> (mask) y = Mul (a, b) }")
TWO_AT_ONCE = model("g (float[2,4] x) => (float[2,4] y) { y = Relu (x) }")
RNG = np.random.default_rng(0)


def loaded(found, path, limit=1000, *, held_back=False, **options):
    graph = observe(found)
    inputs = InputOptions(preprocess=Preprocess(**options))
    load = load_held_back if held_back else load_samples
    return load(path, found, graph, Request(limit, 0, inputs))


def written(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_one_array_is_the_main_input_and_labels_are_left_out(tmp_path):
    images = RNG.random((40, 3, 8, 8))
    samples = loaded(IMAGES, written(tmp_path / "test.npz", images=images, y=np.zeros(40)))
    others = images[np.arange(40) % 5 != 4].astype(np.float32)
    assert [feed["x"].shape[0] for feed in samples.batches] == [32]
    assert np.array_equal(samples.batches[0]["x"], others)
    assert (samples.n_samples, samples.description) == (32, "32 samples from test.npz")
    assert not samples.is_synthetic


def test_large_samples_come_a_few_at_a_time(tmp_path):
    """The model was looked at with smaller ones."""
    found = model("g (float[n,3,h,w] x) => (float[n,3,h,w] y) { y = Relu (x) }")
    samples = loaded(found, written(tmp_path / "large.npz", x=np.zeros((10, 3, 640, 640), np.float32)))
    assert [len(feed["x"]) for feed in samples.batches] == [6, 4]


def test_every_fifth_sample_is_held_back_to_compare_models_on(tmp_path):
    images = RNG.random((43, 3, 8, 8))
    file = written(tmp_path / "test.npz", images=images)
    held = loaded(IMAGES, file, held_back=True)
    assert np.array_equal(held.arrays["x"], images[4::5].astype(np.float32))
    assert loaded(IMAGES, file).n_samples == 35


def test_of_few_samples_none_is_held_back(tmp_path):
    file = written(tmp_path / "test.npz", images=RNG.random((30, 3, 8, 8)))
    assert loaded(IMAGES, file, held_back=True) is None
    assert loaded(IMAGES, file).n_samples == 30


def test_scale_divides_x(tmp_path):
    samples = loaded(IMAGES, written(tmp_path / "a.npz", x=np.full((2, 3, 8, 8), 255, np.uint8), scale=255))
    assert (samples.batches[0]["x"] == 1).all()


def test_npy_holds_the_main_input(tmp_path):
    np.save(tmp_path / "a.npy", RNG.random((3, 3, 8, 8)))
    assert loaded(IMAGES, tmp_path / "a.npy").n_samples == 3


def test_channels_move_to_where_the_input_has_them(tmp_path):
    images = RNG.random((2, 8, 8, 3)).astype(np.float32)
    samples = loaded(IMAGES, written(tmp_path / "a.npz", x=images))
    assert np.array_equal(samples.batches[0]["x"], images.transpose(0, 3, 1, 2))


def test_bytes_are_scaled_as_told(tmp_path):
    file = written(tmp_path / "a.npz", x=np.full((2, 8, 8, 3), 255, np.uint8))
    assert np.allclose(loaded(IMAGES, file, mean=(0.5,), std=(0.5,)).batches[0]["x"], 1)


def test_limit_is_kept(tmp_path):
    assert loaded(IMAGES, written(tmp_path / "a.npz", x=RNG.random((9, 3, 8, 8))), limit=4).n_samples == 4


def test_arrays_by_name_go_to_their_inputs_and_missing_masks_are_ones(tmp_path):
    rows = RNG.random((5, 4))
    samples = loaded(PAIRS, written(tmp_path / "a.npz", a=rows))
    assert np.allclose(samples.batches[0]["a"], rows)
    assert (samples.batches[0]["mask"] == np.ones((5, 4))).all()


def test_fixed_batches_leave_the_rest_out(tmp_path):
    samples = loaded(TWO_AT_ONCE, written(tmp_path / "a.npz", x=RNG.random((5, 4))))
    assert [feed["x"].shape for feed in samples.batches] == [(2, 4)] * 2


@pytest.mark.parametrize(
    ("found", "arrays", "description"),
    [
        (IMAGES, {"x": np.zeros((2, 5))}, r"holds \(2, 5\) for input 'x', which wants \('n', 3, 8, 8\)"),
        (IMAGES, {"x": np.zeros((2, 3, 9, 8))}, r"holds \(2, 3, 9, 8\)"),
        (IMAGES, {"p": np.zeros(3), "q": np.zeros(3)}, "holds p, q; it should hold 'x', or one array, or x"),
        (IMAGES, {"x": np.array(["a"])}, "holds no numbers for input 'x'"),
        (IMAGES, {"x": np.zeros((0, 3, 8, 8))}, "at least one sample"),
        (PAIRS, {"a": np.zeros((2, 4)), "mask": np.zeros((3, 4))}, r"as many for every input, not \[2, 3\]"),
        (TWO_AT_ONCE, {"x": np.zeros((1, 4))}, "holds 1 samples, but the model takes 2 at once"),
    ],
)
def test_arrays_that_do_not_fit_are_usage_errors(tmp_path, found, arrays, description):
    with pytest.raises(UsageError, match=description):
        loaded(found, written(tmp_path / "a.npz", **arrays))


def test_folder_of_images_is_shrunk_to_the_input(tmp_path):
    for k in range(3):
        Image.new("RGB", (20, 10), (255, 0, 51 * k)).save(tmp_path / f"{k}.png")
    samples = loaded(IMAGES, tmp_path)
    assert samples.batches[0]["x"].shape == (3, 3, 8, 8)
    assert np.allclose(samples.batches[0]["x"][:, :, 0, 0], [[1, 0, 0], [1, 0, 0.2], [1, 0, 0.4]])


def test_folder_takes_every_setting_that_evaluate_takes(tmp_path):
    image = Image.new("RGB", (18, 9), (0, 0, 0))
    image.paste((255, 0, 51), (5, 0, 13, 9))
    image.save(tmp_path / "a.png")
    open_sides = model("g (float[n,3,h,w] x) => (float[n,3,h,w] y) { y = Relu (x) }")
    settings = {"range": (-1, 1), "size": (4, 4), "fit": "crop", "order": "bgr", "layout": "nchw"}
    content = loaded(open_sides, tmp_path, **settings).batches[0]["x"]
    assert content.shape == (1, 3, 4, 4)
    assert np.allclose(content[0, :, 1, 1], [-0.6, -1, 1])


def test_rows_are_standardized_as_told(tmp_path):
    rows = model("g (float[n,2] x) => (float[n,2] y) { y = Relu (x) }")
    file = written(tmp_path / "a.npz", x=np.array([[3, 8]] * 2))
    assert loaded(rows, file, mean=(1, 2), std=(2, 3)).batches[0]["x"].tolist() == [[1, 2]] * 2


def test_size_that_the_model_does_not_read_is_a_usage_error(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"input 'x' reads images of \(.*, 3, 8, 8\), not of 4 x 4"):
        loaded(IMAGES, tmp_path, size=(4, 4))


def test_folder_without_images_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="holds no images"):
        loaded(IMAGES, tmp_path)


def test_folder_for_a_model_that_reads_rows_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"is a folder of images, but input 'x' \(2, 4\) reads none"):
        loaded(TWO_AT_ONCE, tmp_path)


def test_scale_may_be_the_name_of_an_input(tmp_path):
    scaled = model("g (float[n,4] x, float[n,4] scale) => (float[n,4] y) { y = Mul (x, scale) }")
    rows = RNG.random((2, 4)).astype(np.float32)
    feed = loaded(scaled, written(tmp_path / "a.npz", x=rows, scale=2 * rows)).batches[0]
    assert np.array_equal(feed["x"], rows)
    assert np.array_equal(feed["scale"], 2 * rows)


def test_grey_images_may_come_without_an_axis_of_channels(tmp_path):
    grey = model("g (float[n,1,8,8] x) => (float[n,1,8,8] y) { y = Relu (x) }")
    images = RNG.random((3, 8, 8)).astype(np.float32)
    samples = loaded(grey, written(tmp_path / "a.npz", x=images))
    assert np.array_equal(samples.batches[0]["x"], images[:, None])


def test_main_input_that_is_left_out_is_filled(tmp_path):
    mask = np.zeros((3, 4))
    feed = loaded(PAIRS, written(tmp_path / "a.npz", mask=mask)).batches[0]
    assert (feed["mask"] == 0).all()
    assert feed["a"].shape == (3, 4)


def test_images_without_an_axis_of_samples_are_fed_one_by_one(tmp_path):
    bare = model("g (float[3,24,32] x) => (float[3,24,32] y) { y = Relu (x) }")
    images = RNG.random((4, 24, 32, 3))
    samples = loaded(bare, written(tmp_path / "a.npz", x=images))
    assert samples.n_samples == 4
    assert np.array_equal(samples.batches[2]["x"], images[2].transpose(2, 0, 1).astype(np.float32))
