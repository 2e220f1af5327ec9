"""Which inputs hold spectrograms, and on which axis their bands lie, to judge by names and sizes."""

from __future__ import annotations

from paoding_onnx.model.input_names import MOST_TRACKS, OF_SOUND
from paoding_onnx.model.input_sizes import Shape
from paoding_onnx.model.nodes import TensorSpec

_BANDS = frozenset({40, 64, 80, 96, 128, 161, 201, 229, 257})
"""Bands of frequencies that spectrograms usually have."""
_WIDER = frozenset({100, 120, 160})
"""Bands that some have; rows of other kinds are as long, so that there have to be more frames than bands."""
_TRANSFORMED = frozenset({129, 161, 201, 257, 321, 401, 481, 513, 1025, 2049})
"""Frequencies that a Fourier transform tells apart: half of the samples of a frame, and one."""
_CHANNELS = (1, 3, 4)
"""How many spectrograms lie side by side; two may be the parts of complex numbers, which is another matter."""
_OF_SPECTROGRAMS = ("mel", "fbank", "spectrogram", "mfcc", "logspec")
_OF_FRAMES, _TIME = ("frame", "feat"), "time"
"""Parts of names of open axes that count frames, and a whole one; steps in time may be those of anything."""


def told(spec: TensorSpec, shape: Shape) -> str | None:
    """What says of the axes of an input that it holds spectrograms; `None` if nothing does.

    >>> import numpy as np
    >>> told(TensorSpec("x", np.dtype(np.float32), ("n", "t", 257)), (1, 64, 257))
    'one of its axes is as long as a Fourier transform makes it'
    """
    places = _sides(spec, shape)
    if spec.dtype is None or spec.dtype.kind != "f" or places is None:
        return None
    fixed = [spec.dims[k] for k in places if isinstance(spec.dims[k], int)]
    symbols = [dim.lower() for k in places if isinstance(dim := spec.dims[k], str)]
    is_clear = len(shape) == 3 or len(fixed) == 1 or 1 in (shape[1], shape[3])  # pictures may be 257 by 353
    if is_clear and sum(size in _TRANSFORMED for size in fixed) == 1:
        return "one of its axes is as long as a Fourier transform makes it"
    is_wide = len(fixed) == 1 and isinstance(fixed[0], int) and fixed[0] > MOST_TRACKS
    if is_wide and any(symbol == _TIME or any(part in symbol for part in _OF_FRAMES) for symbol in symbols):
        return "the name of its open axis, which counts frames"
    return _of_three_axes(spec, shape) if len(shape) == len(places) + 1 else None


def is_named(spec: TensorSpec, shape: Shape) -> bool:
    """Whether the name of an input says that it holds spectrograms."""
    is_float = spec.dtype is not None and spec.dtype.kind == "f"
    return is_float and len(shape) in (3, 4) and any(part in spec.name.lower() for part in _OF_SPECTROGRAMS)


def bands_axis(spec: TensorSpec, shape: Shape) -> tuple[int, int]:
    """Which of two axes, 0 or 1, is that of the bands, and the first of the two.

    They are the last ones, or those before a last one of one channel. Bands are on the one that is as long as a Fourier
    transform makes it, or fixed where the other one is open, or the shorter one.
    """
    first = len(shape) - (3 if len(shape) == 4 and spec.dims[-1] == 1 else 2)
    dims, sides = spec.dims[first : first + 2], shape[first : first + 2]
    transformed = [k for k in (0, 1) if dims[k] in _TRANSFORMED]
    fixed = [k for k in (0, 1) if isinstance(dims[k], int)]
    one = transformed if len(transformed) == 1 else fixed
    return one[0] if len(one) == 1 else int(sides[1] < sides[0]), first


def is_transformed(n_bands: int) -> bool:
    """Whether there are as many bands as a Fourier transform makes, which are evenly spaced and often no logarithms."""
    return n_bands in _TRANSFORMED


def may_be_bands(size: int) -> bool:
    """Whether spectrograms usually have so many bands.

    >>> may_be_bands(80), may_be_bands(48)
    (True, False)
    """
    return size in _BANDS


def _sides(spec: TensorSpec, shape: Shape) -> tuple[int, int] | None:
    """The axes of frames and bands, in either order: those that count neither samples nor channels."""
    if len(shape) == len(spec.dims) == 3:
        return (1, 2)
    if len(shape) != 4 or len(spec.dims) != 4:
        return None
    if spec.dims[3] == 1:
        return (1, 2)
    return (2, 3) if shape[1] in _CHANNELS and shape[3] > 2 else None


def _of_three_axes(spec: TensorSpec, shape: Shape) -> str | None:
    if min(shape[1:]) <= MOST_TRACKS:
        return None
    if any(part in spec.name.lower() for part in OF_SOUND):
        return "its name, which is one of sound, and more rows than there are tracks"
    fixed = [dim for dim in spec.dims[1:] if isinstance(dim, int)]
    if any(dim in _BANDS for dim in fixed) or (len(set(fixed)) == 2 and min(fixed) in _WIDER):
        return "one of its three axes is as long as bands are"
    return None
