"""Which numbers images in [0, 1] become: the preprocessings in use, and how common each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.preprocess import AS_IT_IS, BYTE, BYTES, CAFFE, IMAGENET, Preprocess

UNIT = AS_IT_IS
SIGNED = Preprocess(range=(-1.0, 1.0))
"""Within a hundredth also (value - 127) / 128."""
INK = Preprocess(BYTE, (0.1307,), (0.3081,))
"""What most classifiers of MNIST's digits want."""
_KNOWN = {"standardized as for ImageNet": IMAGENET, "standardized as for MNIST": INK, "centred as for Caffe": CAFFE}
SMALL, DIGIT = 112, 32
"""Sides up to which images are no usual pictures, and those of digits."""
_COLOURS = 3


def usual(n_channels: int, side: int = 224, *, is_tensorflow: bool = False) -> Mapping[Preprocess, float]:
    """The preprocessings in use, with how often they are met, as shares of no particular whole.

    `side` is the shorter one of the images. Networks trained in TensorFlow have other habits.
    """
    if n_channels != _COLOURS:
        ink = {INK: 1.5} if n_channels == 1 and side <= DIGIT else {}
        return MappingProxyType({UNIT: 2.0, **ink, SIGNED: 1.5, BYTES: 1.0})
    if is_tensorflow:
        return MappingProxyType({UNIT: 2.0, SIGNED: 4.0, IMAGENET: 1.0, BYTES: 1.0, CAFFE: 1.0})
    if side < SMALL:
        return MappingProxyType({UNIT: 2.0, IMAGENET: 2.0, SIGNED: 2.0, BYTES: 1.0, CAFFE: 0.25})
    return MappingProxyType({UNIT: 2.0, IMAGENET: 4.0, SIGNED: 2.0, BYTES: 1.0, CAFFE: 0.5})


def description_of(settings: Preprocess) -> str:
    """Which numbers images become, in words.

    >>> [description_of(settings) for settings in usual(3)]
    ['in [0, 1]', 'standardized as for ImageNet', 'in [-1, 1]', 'in [0, 255]', 'centred as for Caffe']
    """
    for name, preset in _KNOWN.items():
        if (settings.scale or BYTE, settings.shift, settings.spread) == (preset.scale, preset.shift, preset.spread):
            return name
    if max(len(settings.shift), len(settings.spread)) > 1:
        return "standardized as given"
    low, high = (float(settings.apply_to_unit(np.full(1, end, np.float32))[0]) for end in (0, 1))
    return f"in [{low:g}, {high:g}]"
