"""Images in files as arrays; Pillow decodes them, and is asked for only here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.calibration.preprocess import BYTE, Preprocess, native
from paoding_onnx.errors import UsageError
from paoding_onnx.model.nodes import Array

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def scaled(raw: Array, settings: Preprocess, dtype: np.dtype[np.generic] | None) -> NDArray[np.float32]:
    """The numbers that an input of type `dtype` reads for images of bytes `(n, height, width, n_channels)`."""
    chosen = settings if settings.is_scaled else native(dtype)
    return chosen.apply(raw, channel_axis=-1, scale=BYTE)


def require_pillow() -> None:
    """Refuse to go on without Pillow.

    Raises:
        UsageError: if it is not installed.
    """
    if find_spec("PIL") is None:
        raise UsageError("reading images takes Pillow: pip install 'paoding_onnx[images]'")


def image_files(folder: Path) -> list[Path]:
    """The images in `folder` and below it, in the order of their names; known by their endings."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())


def decode(file: Path, frame: Frame, settings: Preprocess) -> NDArray[np.uint8]:
    """The image (height, width, n_channels) the way up that its camera noted, stretched to the frame or cropped to it.

    A crop is cut out of the middle once one side is `settings.crop` times as long as the frame's and the other one at
    least that.

    Raises:
        UsageError: if the file is not an image, or none has that many channels.
    """
    from PIL import Image, ImageOps

    if frame.n_channels not in _MODES:
        raise UsageError(f"images have {', '.join(map(str, _MODES))} channels, not {frame.n_channels}")
    try:
        with Image.open(file) as stored:
            image = ImageOps.exif_transpose(stored).convert(_MODES[frame.n_channels])
            size = (frame.width, frame.height)
            fitted = (
                image.resize(size, Image.Resampling.BILINEAR)
                if settings.crop is None
                else _middle(image, frame, settings.crop)
            )
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UsageError(f"cannot read the image {file}: {error}") from error
    pixels = np.asarray(fitted, np.uint8).reshape(frame.height, frame.width, frame.n_channels)
    return pixels[..., ::-1] if settings.order == "bgr" else pixels


def _middle(image: Image.Image, frame: Frame, crop: float) -> Image.Image:
    """The middle of the image once it is shrunk or enlarged to `crop` times the frame."""
    from PIL import Image

    ratio = max(frame.width / image.width, frame.height / image.height) * crop
    width, height = max(round(image.width * ratio), frame.width), max(round(image.height * ratio), frame.height)
    left, top = (width - frame.width) // 2, (height - frame.height) // 2
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return resized.crop((left, top, left + frame.width, top + frame.height))
