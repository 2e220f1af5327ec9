"""Families of synthetic images, all `(count, height, width, n_channels)` in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.images.colours import draw_colours
from paoding_onnx.calibration.images.dead_leaves import dead_leaves
from paoding_onnx.calibration.images.frame import Floats, Frame
from paoding_onnx.calibration.images.scenes import images
from paoding_onnx.calibration.images.spectra import clouds
from paoding_onnx.calibration.images.strokes import pen_strokes, scans
from paoding_onnx.calibration.images.text import ink

Family = Callable[[np.random.Generator, int, Frame], Floats]

_REUSE = 2
"""Images that a place of a canvas is seen in, on average."""
_CANVAS_PIXELS = 1 << 19
"""At most this many pixels of a canvas are painted; images are cut out of it."""
_ON_THINGS = 0.4
"""Share of the lines that stand on things instead of paper."""


def leaves(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Cut-outs of dead leaves."""
    return vary(rng, _cut(rng, _canvases(rng, count, frame), count, frame))


def noise(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Noise with the spectrum of photographs."""
    side = 2 * frame.side
    n_canvases = max(1, min(count * frame.height * frame.width, _CANVAS_PIXELS) // side**2)
    if n_canvases < count:
        exponents = rng.uniform(0.7, 1.6, n_canvases).astype(np.float32)
        fields = _cut(rng, clouds(rng, n_canvases, side, side, frame.n_channels, exponents), count, frame)
    else:
        exponents = rng.uniform(0.7, 1.6, count).astype(np.float32)
        fields = clouds(rng, count, frame.height, frame.width, frame.n_channels, exponents)
    contrast = rng.uniform(0.08, 0.3, (count, 1, 1, 1)).astype(np.float32)
    return np.clip(draw_colours(rng, count, frame.n_channels)[:, None, None] + contrast * fields, 0, 1)


def gradients(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """A few colours that run into each other."""
    knots = draw_colours(rng, count * 9, frame.n_channels).reshape(count, 3, 3, frame.n_channels)
    down, across = _interpolation(frame.height, 3), _interpolation(frame.width, 3)
    return np.asarray(np.einsum("hi,nijc,wj->nhwc", down, knots, across, optimize=True), np.float32)


def objects(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Things of a few shaded parts in front of a background."""
    half = count // 2
    canvases = _canvases(rng, count, frame)
    image = np.concatenate([vary(rng, _cut(rng, canvases, half, frame)), gradients(rng, count - half, frame)])
    skin = _cut(rng, canvases, count, frame) - np.float32(0.5)
    centre = rng.uniform(-0.25, 0.25, (2, count, 1, 1)).astype(np.float32)
    palette = draw_colours(rng, 2 * count, frame.n_channels).reshape(2, count, 1, 1, frame.n_channels)
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in (frame.height, frame.width))
    for part in range(4):
        edge, light = _part(rng, count, (y[:, None] - centre[0], x - centre[1]), part)
        mask = np.clip(0.5 + edge * frame.side / 4, 0, 1)[..., None]
        colour = palette[rng.integers(0, 2, count), np.arange(count)]
        surface = colour + light[..., None] + rng.uniform(0, 0.5, (count, 1, 1, 1)).astype(np.float32) * skin
        image += mask * (surface - image)
    return vary(rng, np.clip(image, 0, 1))


def scenes(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Things of several parts, many of them symmetric, between ground and sky."""
    return vary(rng, images(rng, count, frame.height, frame.width, frame.n_channels))


def vary(rng: np.random.Generator, images: Floats) -> Floats:
    """The images with other brightness, contrast and tint, some of them blurred."""
    count, n_channels = len(images), images.shape[-1]
    gain = rng.uniform(0.5, 1.3, (count, 1, 1, 1)).astype(np.float32)
    tint = (1 + 0.15 * rng.standard_normal((count, 1, 1, n_channels))).astype(np.float32)
    shift = rng.uniform(-0.15, 0.15, (count, 1, 1, 1)).astype(np.float32)
    blurred = np.flatnonzero(rng.random(count) < 0.3)
    result = np.asarray(np.clip((images - 0.47) * gain * tint + 0.47 + shift, 0, 1), np.float32)
    result[blurred] = _blur(result[blurred])
    return result


def writing(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Pen strokes on black."""
    return pen_strokes(rng, count, frame.height, frame.width)


def bodies(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Bright bodies with inner structure on black, as in scans."""
    return scans(rng, count, frame.height, frame.width)


def lines(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Lines of text, dark on light or light on dark, on paper, shaded or not, or on things as in photographs."""
    paper, pen = draw_colours(rng, 2 * count, frame.n_channels).reshape(2, count, 1, 1, frame.n_channels)
    apart = rng.uniform(0.3, 0.9, (count, 1, 1, 1)).astype(np.float32)
    is_light = paper.mean(-1, keepdims=True) > 0.5
    pen = np.clip(np.where(is_light, np.minimum(pen, paper - apart), np.maximum(pen, paper + apart)), 0, 1)
    shade = rng.random((count, 1, 1, 1), np.float32) ** 3
    ground = gradients(rng, count, frame)
    there = np.flatnonzero(rng.random(count) < _ON_THINGS)
    if there.size:
        ground[there] = leaves(rng, there.size, frame)
    image = (1 - shade) * paper + shade * ground
    image += ink(rng, count, frame.height, frame.width)[..., None] * (pen - image)
    return vary(rng, np.clip(image, 0, 1))


def suited_to(frame: Frame) -> Mapping[str, Family]:
    """The families for images of a size: low and wide ones are most likely to hold text."""
    if frame.may_be_line:
        return MappingProxyType({"lines of text": lines})
    return families(frame.n_channels)


def families(n_channels: int) -> Mapping[str, Family]:
    """The families for images of so many channels, by the name they have in reports."""
    found = {"dead leaves": leaves, "1/f noise": noise, "objects": objects, "scenes": scenes, "gradients": gradients}
    if n_channels == 1:
        found |= {"pen strokes": writing, "scans": bodies}
    return MappingProxyType(found)


def _canvases(rng: np.random.Generator, count: int, frame: Frame) -> Floats:
    """Square canvases of dead leaves to cut images out of; an image of `frame` fits with room to move."""
    least, room = (1, 4) if frame.is_plain else (4, max(frame.side // 2, 4))
    side = frame.side + room
    wanted = min(count * frame.height * frame.width // _REUSE, _CANVAS_PIXELS)
    return dead_leaves(rng, max(least, wanted // side**2), side, frame.n_channels, largest=0.5 * frame.side)


def _cut(rng: np.random.Generator, canvases: Floats, count: int, frame: Frame) -> Floats:
    """Random cut-outs `(count, height, width, n_channels)`, some of them mirrored."""
    side = canvases.shape[1]
    which = rng.integers(0, len(canvases), count)
    top = rng.integers(0, side - frame.height + 1, count)
    left = rng.integers(0, side - frame.width + 1, count)
    mirrored = rng.random((count, 2)) < 0.5
    result = np.empty((count, frame.height, frame.width, frame.n_channels), np.float32)
    for k in range(count):
        part = canvases[which[k], top[k] : top[k] + frame.height, left[k] : left[k] + frame.width]
        result[k] = part[:: 1 - 2 * mirrored[k, 0], :: 1 - 2 * mirrored[k, 1]]
    return result


def _part(rng: np.random.Generator, count: int, place: tuple[Floats, Floats], part: int) -> tuple[Floats, Floats]:
    """Distance to the edge of a rounded part (inside positive) and the light on it, each `(count, height, width)`."""
    dy, dx = place
    reach = 0.0 if part == 0 else 0.45
    size = (0.35, 0.75) if part == 0 else (0.1, 0.35)
    cy, cx = rng.uniform(-reach, reach, (2, count, 1, 1)).astype(np.float32)
    a, b = rng.uniform(*size, (2, count, 1, 1)).astype(np.float32)
    angle = rng.uniform(0, np.pi, (count, 1, 1)).astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = (cos * (dx - cx) + sin * (dy - cy)) / a, (cos * (dy - cy) - sin * (dx - cx)) / b
    is_box = rng.random((count, 1, 1)) < 0.4
    norm = np.where(is_box, np.maximum(np.abs(u), np.abs(v)), np.sqrt(u * u + v * v))
    slope = 0.12 * rng.standard_normal((2, count, 1, 1), np.float32)
    return (1 - norm) * np.minimum(a, b), slope[0] * u + slope[1] * v


def _blur(images: Floats) -> Floats:
    """The images smoothed over three pixels each way."""
    for axis in (1, 2):
        padded = np.concatenate([images.take([0], axis), images, images.take([-1], axis)], axis)
        n = images.shape[axis]
        first, middle, last = (np.moveaxis(padded, axis, 0)[k : k + n] for k in range(3))
        images = np.moveaxis((first + 2 * middle + last) / 4, 0, axis)
    return images


def _interpolation(n_pixels: int, n_knots: int) -> Floats:
    """Weights `(n_pixels, n_knots)` of linear interpolation between knots at equal distances."""
    place = np.linspace(0, n_knots - 1, n_pixels)[:, None]
    return np.asarray(np.clip(1 - np.abs(place - np.arange(n_knots)), 0, 1).astype(np.float32))
