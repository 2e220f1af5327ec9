"""Pictures in files as arrays; Pillow decodes them, and is asked for only here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.images.frame import Frame
from paoding_onnx.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def require_pillow() -> None:
    """Refuse to go on without Pillow.

    Raises:
        UsageError: if it is not installed.
    """
    if find_spec("PIL") is None:
        raise UsageError("reading images takes Pillow: pip install 'paoding_onnx[images]'")


def image_files(folder: Path) -> list[Path]:
    """The pictures in `folder` and below it, in the order of their names; known by their endings."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS)


def decode(file: Path, frame: Frame, *, crop: float | None = None) -> NDArray[np.uint8]:
    """The picture (height, width, channels) the way up that its camera noted, stretched to the frame.

    With `crop` the frame is cut out of its middle instead, once one side is that many times as long as the frame's and
    the other one at least that.

    Raises:
        UsageError: if the file is no picture, or none has that many channels.
    """
    from PIL import Image, ImageOps

    if frame.n_channels not in _MODES:
        raise UsageError(f"pictures have {', '.join(map(str, _MODES))} channels, not {frame.n_channels}")
    try:
        with Image.open(file) as stored:
            image = ImageOps.exif_transpose(stored).convert(_MODES[frame.n_channels])
            size = (frame.width, frame.height)
            fitted = image.resize(size, Image.Resampling.BILINEAR) if crop is None else _middle(image, frame, crop)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UsageError(f"cannot read the picture {file}: {error}") from error
    return np.asarray(fitted, np.uint8).reshape(frame.height, frame.width, frame.n_channels)


def _middle(image: Image.Image, frame: Frame, crop: float) -> Image.Image:
    """The middle of the picture once it is shrunk or enlarged to `crop` times the frame."""
    from PIL import Image

    ratio = max(frame.width / image.width, frame.height / image.height) * crop
    width, height = max(round(image.width * ratio), frame.width), max(round(image.height * ratio), frame.height)
    left, top = (width - frame.width) // 2, (height - frame.height) // 2
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return resized.crop((left, top, left + frame.width, top + frame.height))
