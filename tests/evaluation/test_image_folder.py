"""Images in folders: classes by name, decoded to what the model reads, refused with a reason."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.load import read_labelled
from tests.models import model

COLOUR = "g (float[N,3,4,4] x) => (float[N,3,4,4] y) { y = Identity (x) }"
GREY_LAST = "g (float[N,4,4,1] x) => (float[N,4,4,1] y) { y = Identity (x) }"
OPEN = "g (float[N,3,H,W] x) => (float[N,3,H,W] y) { y = Identity (x) }"
RED = (255, 0, 51)


@pytest.fixture
def folder(tmp_path):
    """Two classes: `ant` with one red image of 8 x 8 and a text, `bee` with two grey ones of 4 x 4; a hidden one."""
    for name in ("ant", "bee", ".hidden"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (8, 8), RED).save(tmp_path / "ant" / "red.png")
    (tmp_path / "ant" / "notes.txt").write_text("no image")
    for index in range(2):
        Image.new("L", (4, 4), 102 * index).save(tmp_path / "bee" / f"{index}.png")
    Image.new("L", (4, 4)).save(tmp_path / ".hidden" / "a.png")
    return tmp_path


def test_classes_are_folders_in_the_order_of_their_names(folder):
    samples = read_labelled(folder, model(COLOUR))
    assert samples.class_names == ("ant", "bee")
    assert samples.labels.tolist() == [0, 1, 1]
    assert samples.take(np.array([2, 0])).labels.tolist() == [1, 0]


def test_images_are_shares_of_white_with_channels_where_the_model_has_them(folder):
    content = read_labelled(folder, model(COLOUR)).read(np.arange(3))["x"]
    assert content.shape == (3, 3, 4, 4)
    np.testing.assert_allclose(content[0, :, 0, 0], [1, 0, 0.2])
    grey = read_labelled(folder, model(GREY_LAST)).read(np.arange(3))["x"]
    assert grey.shape == (3, 4, 4, 1)
    np.testing.assert_allclose(grey[2], 0.4)


def test_colours_may_be_reversed_and_standardised(folder):
    settings = Preprocess(mean=(0.2, 0, 0), std=(1, 1, 2), order="bgr")
    content = read_labelled(folder, model(COLOUR), settings).read(np.array([0]))["x"]
    np.testing.assert_allclose(content[0, :, 0, 0], [0, 0, 0.5], atol=1e-7)


def test_bytes_stay_bytes_for_an_input_of_bytes(folder):
    text = "g (uint8[N,3,4,4] x) => (float[N,3,4,4] y) { y = Cast <to=1> (x) }"
    content = read_labelled(folder, model(text)).read(np.array([0]))["x"]
    assert content[0, :, 0, 0].tolist() == [255, 0, 51]


def test_open_sides_need_a_size(folder):
    with pytest.raises(UsageError, match="size=HEIGHT,WIDTH"):
        read_labelled(folder, model(OPEN))
    samples = read_labelled(folder, model(OPEN), Preprocess(size=(5, 6)))
    assert samples.read(np.array([1]))["x"].shape == (1, 3, 5, 6)


def test_a_crop_shows_the_middle_of_the_image(folder):
    image = Image.new("RGB", (16, 8), (0, 0, 0))
    image.paste((255, 255, 255), (4, 0, 12, 8))
    image.save(folder / "ant" / "red.png")
    stretched = read_labelled(folder, model(COLOUR)).read(np.array([0]))["x"]
    cropped = read_labelled(folder, model(COLOUR), Preprocess(fit="crop")).read(np.array([0]))["x"]
    assert stretched[0, 0, 0, 0] < 0.5 < cropped.min()


def test_range_is_what_black_and_white_become(folder):
    settings = Preprocess(mean=(0.5, 0, 0), std=(0.5, 1, 1))
    found = read_labelled(folder, model(COLOUR), settings).input_range()
    assert found.low[0, :, 0, 0].tolist() == [-1, 0, 0]
    assert found.high[0, :, 0, 0].tolist() == [1, 1, 1]


def test_file_that_is_no_image_is_refused_by_name(folder):
    (folder / "ant" / "red.png").write_bytes(b"no image")
    with pytest.raises(UsageError, match=r"cannot read the image .*red\.png"):
        read_labelled(folder, model(COLOUR)).read(np.array([0]))


def test_folder_without_images_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no folders with images"):
        read_labelled(tmp_path, model(COLOUR))


def test_model_that_reads_no_images_is_refused(folder):
    with pytest.raises(UsageError, match="reads no images"):
        read_labelled(folder, model("g (float[N,3] x) => (float[N,3] y) { y = Identity (x) }"))


def test_size_other_than_the_models_is_refused(folder):
    with pytest.raises(UsageError, match="reads images of"):
        read_labelled(folder, model(COLOUR), Preprocess(size=(5, 6)))


def test_without_pillow_the_way_to_it_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UsageError, match=r"pip install 'paoding_onnx\[images\]'"):
        read_labelled(folder, model(COLOUR))
