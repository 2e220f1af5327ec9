"""Images in files: found by their endings, decoded in the size, crop and colours that were asked for."""

from __future__ import annotations

import os
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from paoding_onnx.calibration.image_files import decode, image_files, require_pillow, scaled
from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess
from paoding_onnx.errors import UsageError

RED = (255, 0, 51)


@pytest.fixture
def wide(tmp_path):
    """An image of 16 x 8 whose middle 8 x 8 are white, its ends black."""
    image = Image.new("RGB", (16, 8), (0, 0, 0))
    image.paste((255, 255, 255), (4, 0, 12, 8))
    image.save(tmp_path / "wide.png")
    return tmp_path / "wide.png"


@pytest.fixture
def red(tmp_path):
    """An image of 6 x 4 in one colour."""
    Image.new("RGB", (6, 4), RED).save(tmp_path / "red.png")
    return tmp_path / "red.png"


def test_images_are_found_by_their_endings_in_the_order_of_their_names(tmp_path):
    (tmp_path / "deep").mkdir()
    for name in ("b.PNG", "a.jpeg", "deep/c.tif", "notes.txt", "png"):
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in image_files(tmp_path)] == ["a.jpeg", "b.PNG", "c.tif"]


def test_image_is_stretched_to_the_frame(wide):
    pixels = decode(wide, Frame(4, 4, 3), AS_IT_IS)
    assert (pixels.shape, pixels.dtype) == ((4, 4, 3), np.uint8)
    assert pixels[:, 0].max() < 128 < pixels[:, 1:3].min()


def test_crop_is_cut_out_of_the_middle(wide):
    assert decode(wide, Frame(4, 4, 3), Preprocess(fit="crop")).min() > 128


def test_crop_of_a_tall_image_is_cut_out_of_its_middle(tmp_path, wide):
    Image.open(wide).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "tall.png")
    assert decode(tmp_path / "tall.png", Frame(4, 4, 3), Preprocess(fit="crop")).min() > 128


def test_crop_never_reaches_beyond_a_thin_image(tmp_path):
    Image.new("L", (1, 50), 255).save(tmp_path / "thin.png")
    assert decode(tmp_path / "thin.png", Frame(7, 9, 1), Preprocess(fit="crop")).min() == 255


@pytest.mark.parametrize(("n_channels", "wanted"), [(3, [*RED]), (4, [*RED, 255]), (1, [82])])
def test_image_is_converted_to_the_channels_of_the_frame(red, n_channels, wanted):
    assert decode(red, Frame(4, 6, n_channels), AS_IT_IS)[0, 0].tolist() == wanted  # ITU-R 601: 0.299 R + 0.114 B


def test_colours_may_be_reversed(red):
    assert decode(red, Frame(4, 6, 3), Preprocess(order="bgr"))[0, 0].tolist() == [51, 0, 255]


def test_image_stands_the_way_up_that_the_camera_noted(tmp_path):
    image = Image.new("L", (4, 4), 0)
    image.paste(255, (0, 0, 4, 2))
    exif = Image.Exif()
    exif[0x0112] = 3  # orientation: upside down
    image.save(tmp_path / "a.png", exif=exif)
    assert decode(tmp_path / "a.png", Frame(4, 4, 1), AS_IT_IS)[:, 0, 0].tolist() == [0, 0, 255, 255]


def test_number_of_channels_that_no_image_has_is_refused(red):
    with pytest.raises(UsageError, match="images have 1, 3, 4 channels, not 2"):
        decode(red, Frame(4, 6, 2), AS_IT_IS)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x89PNG\r\n\x1a\n cut off"])
def test_file_that_is_not_an_image_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot read the image .*a\.png"):
        decode(tmp_path / "a.png", Frame(4, 4, 3), AS_IT_IS)


def test_image_of_too_many_pixels_is_refused(red, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    with pytest.raises(UsageError, match="cannot read the image"):
        decode(red, Frame(4, 4, 3), AS_IT_IS)


@pytest.mark.parametrize(
    ("settings", "dtype", "white"),
    [
        (AS_IT_IS, np.float32, 1),
        (AS_IT_IS, np.uint8, 255),
        (AS_IT_IS, np.int8, 127),
        (Preprocess(range=(-1, 1)), np.float32, 1),
        (Preprocess(mean=(0.5,), std=(0.25,)), np.float32, 2),
    ],
)
def test_white_becomes_what_the_input_reads(settings, dtype, white):
    made = scaled(np.full((1, 2, 2, 3), 255, np.uint8), settings, np.dtype(dtype))
    assert made.tolist() == np.full((1, 2, 2, 3), white).tolist()


def test_without_pillow_the_way_to_it_is_named(monkeypatch):
    require_pillow()
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UsageError, match=r"pip install 'paoding_onnx\[images\]'"):
        require_pillow()


def test_picture_that_unpacks_to_more_than_any_screen_is_refused_by_its_size(tmp_path):
    size = struct.pack(">IIBBBBB", (1 << 31) - 1, (1 << 31) - 1, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", size), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(c)) + name + c + struct.pack(">I", zlib.crc32(name + c)) for name, c in parts]
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    with pytest.raises(UsageError, match="could be decompression bomb"):
        decode(tmp_path / "bomb.png", Frame(8, 8, 3), AS_IT_IS)


def test_pipe_among_the_images_is_passed_over(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes in folders there")
    os.mkfifo(tmp_path / "pipe.png")
    assert image_files(tmp_path) == []
