"""Text as it stands on pictures: words, fonts and colours drawn by a seeded generator, rendered by Pillow."""

from __future__ import annotations

import builtins
import keyword
import string
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from scripts.benchmarks.real.subject import Array

FONT_FOLDER = Path("/usr/share/fonts")
_STRANGE = ("Math", "Symbol", "Emoji")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def font_files() -> tuple[Path, ...]:
    """TrueType fonts of this machine, in order; none is a reason to draw with Pillow's own."""
    return tuple(path for path in sorted(FONT_FOLDER.rglob("*.ttf")) if not any(word in path.name for word in _STRANGE))


@cache
def font(index: int, size: int) -> Font:
    """The font of an index, which goes around, in pixels."""
    files = font_files()
    return ImageFont.truetype(files[index % len(files)], size) if files else ImageFont.load_default(size)


@cache
def words() -> tuple[str, ...]:
    """English words of several letters, in order."""
    text = f"{builtins.__doc__} {str.__doc__} {dict.__doc__} {print.__doc__} {zip.__doc__} {np.linalg.svd.__doc__}"
    names = {word.strip(string.punctuation) for word in text.split()} | set(keyword.kwlist)
    return tuple(sorted(word for word in names if word.isalpha() and word.isascii() and len(word) > 2))


def phrase(rng: np.random.Generator, longest: int) -> str:
    """Words and numbers of at most `longest` characters, in small, capital or mixed letters."""
    text = ""
    while True:
        word = str(rng.integers(1, 10_000)) if rng.random() < 0.25 else str(rng.choice(words()))
        word = (word, word.upper(), word.capitalize())[rng.integers(3)]
        if len(text) + len(word) >= longest:
            return text or word[:longest]
        text = f"{text} {word}".strip()


def colours(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two colours far apart, either of them the lighter."""
    dark, light = (tuple(int(v) for v in rng.integers(low, high, 3)) for low, high in ((0, 110), (150, 256)))
    return (dark, light) if rng.random() < 0.7 else (light, dark)


def line_image(text: str, rng: np.random.Generator) -> Image.Image:
    """A line of text cut out of a picture: tight, a little noisy and blurred."""
    ink, ground = colours(rng)
    letters = font(int(rng.integers(1000)), 36)
    left, top, right, bottom = letters.getbbox(text)
    pad = int(rng.integers(2, 8))
    image = Image.new("RGB", (int(right - left) + 2 * pad, int(bottom - top) + 2 * pad), ground)
    ImageDraw.Draw(image).text((pad - left, pad - top), text, fill=ink, font=letters)
    return worn(image, rng)


def worn(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The image with some blur and noise, as a camera has them."""
    blurred = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.8))))
    noise = rng.normal(0, rng.uniform(0, 8), (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(blurred) + noise, 0, 255).astype(np.uint8))


def ground(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Smooth patches of colours, to write on."""
    patches = rng.integers(0, 256, (int(rng.integers(2, 7)), int(rng.integers(2, 7)), 3)).astype(np.uint8)
    faded = (patches * rng.uniform(0.2, 1) + rng.uniform(0, 50)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(faded).resize((width, height), Image.Resampling.BICUBIC)


def page(rng: np.random.Generator, side: int) -> Image.Image:
    """A square page with lines of text of several sizes, none over another."""
    image = ground(rng, side, side) if rng.random() < 0.5 else Image.new("RGB", (side, side), colours(rng)[1])
    pencil, y = ImageDraw.Draw(image), int(rng.integers(5, 40))
    while y < side - 45:
        size = int(rng.integers(14, 40))
        text = phrase(rng, int(rng.integers(6, max(7, 2 * side // size))))
        pencil.text(
            (int(rng.integers(5, side // 3)), y), text, fill=_ink(image, rng), font=font(int(rng.integers(1000)), size)
        )
        y += int(size * rng.uniform(1.3, 3))
    return worn(image, rng)


def puzzle(rng: np.random.Generator, side: int) -> Image.Image:
    """A picture with some large characters at random places, which may be turned."""
    image = ground(rng, side, side)
    for cell in rng.permutation(9)[: rng.integers(3, 7)]:
        size = int(rng.integers(side // 9, side // 5))
        stamp = Image.new("L", (size * 2, size * 2))
        letter = str(rng.choice(list(string.ascii_uppercase + "23456789")))
        ImageDraw.Draw(stamp).text((size // 2, size // 3), letter, fill=255, font=font(int(rng.integers(1000)), size))
        stamp = stamp.rotate(float(rng.uniform(-35, 35)))
        corner = tuple(int(side / 3 * k + rng.uniform(-0.02, 0.06) * side) for k in (cell % 3, cell // 3))
        image.paste(_ink(image, rng), (corner[0], corner[1]), stamp)
    return worn(image, rng)


def _ink(image: Image.Image, rng: np.random.Generator) -> tuple[int, ...]:
    """A colour that can be read on the image."""
    is_light = np.asarray(image).mean() > 127
    low, high = (0, 90) if is_light else (170, 256)
    return tuple(int(v) for v in rng.integers(low, high, 3))


def planes(image: Image.Image) -> Array:
    """Pixels as (3, height, width), 0 to 255."""
    return np.asarray(image.convert("RGB"), np.float32).transpose(2, 0, 1)
