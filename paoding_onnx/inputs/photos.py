"""A folder of pictures as an array; Pillow reads them, and is asked for only here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paoding_onnx.errors import UsageError
from paoding_onnx.graph import Array
from paoding_onnx.inputs import ranges
from paoding_onnx.inputs.contents import laid_out
from paoding_onnx.inputs.roles import Role
from paoding_onnx.inputs.samples import InputOptions

_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


def read_photos(folder: Path, role: Role, options: InputOptions, limit: int) -> Array:
    """The first `limit` pictures in `folder` and below it, shrunk to the input's size and scaled as the options say.

    Raises:
        UsageError: if there are none, one cannot be read, or Pillow is not there.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise UsageError("reading pictures takes Pillow: pip install 'paoding_onnx[pictures]'") from error
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _ENDINGS)
    if not files:
        raise UsageError(f"{folder} holds no pictures ({', '.join(sorted(_ENDINGS))})")
    frame = role.frame
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[frame.n_channels]
    rows = []
    for file in files[:: max(1, len(files) // limit)][:limit]:
        try:
            with Image.open(file) as picture:
                shrunk = picture.convert(mode).resize((frame.width, frame.height), Image.Resampling.BILINEAR)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read the picture {file}: {error}") from error
        rows.append(np.asarray(shrunk, np.float32).reshape(frame.height, frame.width, frame.n_channels) / 255)
    scaling = ranges.told(options, frame.n_channels) or ranges.native(role.spec.dtype)
    return laid_out(role, scaling.apply(np.stack(rows)))
