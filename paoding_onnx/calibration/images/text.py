"""Lines of text, as recognisers of writing read them: letters, digits, and characters of other scripts made of strokes.

Which characters a model knows is not in its file. Letters and digits are drawn as they are; other scripts are like
those here in that a character is a few strokes, straight or bent, in a square.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from paoding_onnx.calibration.images.frame import Floats

_LETTERS = (
    "A 0,6 2,0 4,6|1,4 3,4;B 0,0 0,6 3,6 4,5 4,4 3,3 0,3|0,0 3,0 4,1 4,2 3,3;C 4,1 3,0 1,0 0,1 0,5 1,6 3,6 4,5;"
    "D 0,0 0,6 2,6 4,4 4,2 2,0 0,0;E 4,0 0,0 0,6 4,6|0,3 3,3;F 4,0 0,0 0,6|0,3 3,3;"
    "G 4,1 3,0 1,0 0,1 0,5 1,6 3,6 4,5 4,3 2,3;H 0,0 0,6|4,0 4,6|0,3 4,3;I 2,0 2,6|1,0 3,0|1,6 3,6;"
    "J 4,0 4,5 3,6 1,6 0,5;K 0,0 0,6|4,0 0,4|1,3 4,6;L 0,0 0,6 4,6;M 0,6 0,0 2,3 4,0 4,6;N 0,6 0,0 4,6 4,0;"
    "O 1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0;P 0,6 0,0 3,0 4,1 4,2 3,3 0,3;"
    "Q 1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0|3,4 4,6;R 0,6 0,0 3,0 4,1 4,2 3,3 0,3|2,3 4,6;"
    "S 4,1 3,0 1,0 0,1 0,2 1,3 3,3 4,4 4,5 3,6 1,6 0,5;T 0,0 4,0|2,0 2,6;U 0,0 0,5 1,6 3,6 4,5 4,0;V 0,0 2,6 4,0;"
    "W 0,0 1,6 2,3 3,6 4,0;X 0,0 4,6|4,0 0,6;Y 0,0 2,3 4,0|2,3 2,6;Z 0,0 4,0 0,6 4,6;"
    "a 1,2 3,2 4,3 4,6|4,4 1,4 0,5 1,6 3,6 4,5;b 0,0 0,6 3,6 4,5 4,3 3,2 0,3;c 4,3 3,2 1,2 0,3 0,5 1,6 3,6 4,5;"
    "d 4,0 4,6 1,6 0,5 0,3 1,2 4,3;e 0,4 4,4 4,3 3,2 1,2 0,3 0,5 1,6 4,6;f 3,0 2,0 1,1 1,6|0,2 3,2;"
    "g 4,2 4,7 3,8 1,8|4,5 3,6 1,6 0,5 0,3 1,2 4,3;h 0,0 0,6|0,3 3,2 4,3 4,6;i 2,2 2,6|2,0 2,0;j 2,2 2,7 1,8|2,0 2,0;"
    "k 0,0 0,6|3,2 0,4 4,6;l 2,0 2,6;m 0,2 0,6|0,3 1,2 2,3 2,6|2,3 3,2 4,3 4,6;n 0,2 0,6|0,3 3,2 4,3 4,6;"
    "o 1,2 3,2 4,3 4,5 3,6 1,6 0,5 0,3 1,2;p 0,2 0,8|0,3 3,2 4,3 4,5 3,6 0,5;q 4,2 4,8|4,3 1,2 0,3 0,5 1,6 4,5;"
    "r 0,2 0,6|0,3 2,2 4,2;s 4,2 1,2 0,3 1,4 3,4 4,5 3,6 0,6;t 1,0 1,5 2,6 3,6|0,2 3,2;u 0,2 0,5 1,6 4,5|4,2 4,6;"
    "v 0,2 2,6 4,2;w 0,2 1,6 2,3 3,6 4,2;x 0,2 4,6|4,2 0,6;y 0,2 2,5|4,2 1,8;z 0,2 4,2 0,6 4,6;"
    "0 1,0 3,0 4,1 4,5 3,6 1,6 0,5 0,1 1,0|3,1 1,5;1 1,1 2,0 2,6|1,6 3,6;2 0,1 1,0 3,0 4,1 4,2 0,6 4,6;"
    "3 0,0 4,0 2,2 4,4 4,5 3,6 1,6 0,5;4 3,6 3,0 0,4 4,4;5 4,0 0,0 0,3 3,3 4,4 4,5 3,6 0,6;"
    "6 3,0 1,0 0,2 0,5 1,6 3,6 4,5 4,4 3,3 0,3;7 0,0 4,0 1,6;8 1,0 3,0 4,1 4,2 0,4 0,5 1,6 3,6 4,5 4,4 0,2 0,1 1,0;"
    "9 4,3 1,3 0,2 0,1 1,0 3,0 4,1 4,4 3,6 1,6"
)
"""Letters and digits: of each its strokes, as places from its left (0 to 4) and its top (0 to 6, 8 below the line)."""
_BASE = 6
"""How far down the line is that letters stand on."""
_SQUARE = 8
"""How far down the lowest places are, and the side of the square in which characters of other scripts are written."""
_DIRECTIONS = np.array([(1, 0), (1, 0), (0, 1), (0, 1), (1, 1), (-1, 1)], np.float32)
"""Where strokes lead; across and down more often than aslant."""
_BENT, _SPACE, _SHORT = 0.3, 0.15, 0.4
"""Shares: of strokes that are bent, of characters before a space, of lines that end before the image does."""
_SLANT = 0.15
"""How far letters lean, typically, either way."""
_LATIN, _MIXED = 0.5, 0.2
"""Shares: of lines that are of letters and digits alone, and of such among the characters of other lines."""
_SIZES, _WEIGHTS = (0.6, 0.95), (0.25, 0.9)
"""How high characters are, as a share of the image, and how thick, in eighths of their height."""

Segments = Floats
"""Straight parts of strokes `(n, 2, 2)`: where each begins and ends, across and down."""


def ink(rng: np.random.Generator, count: int, height: int, width: int) -> Floats:
    """How much of each pixel is covered by the writing of a line, `(count, height, width)` in [0, 1]."""
    letters = _letters()
    found = np.zeros((count, height, width), np.float32)
    for line in found:
        _write(rng, line, letters)
    return found


def _letters() -> tuple[Segments, ...]:
    """All letters and digits."""
    return tuple(_segments(strokes) for strokes in (word.split(" ", 1)[1] for word in _LETTERS.split(";")))


def _segments(strokes: str) -> Segments:
    """What is written as the places of each stroke, one stroke behind the other.

    >>> _segments("0,0 4,0 4,6").tolist()
    [[[0.0, 0.0], [4.0, 0.0]], [[4.0, 0.0], [4.0, 6.0]]]
    """
    paths = [[tuple(map(float, place.split(","))) for place in stroke.split()] for stroke in strokes.split("|")]
    return np.array([pair for path in paths for pair in pairwise(path)], np.float32)


def _write(rng: np.random.Generator, line: Floats, letters: tuple[Segments, ...]) -> None:
    """Fill an empty line (height, width), all in one hand."""
    height, width = line.shape
    size = rng.uniform(*_SIZES) * height / _SQUARE
    top = rng.uniform(0, height - size * (_SQUARE - 1))
    weight, slant = rng.uniform(*_WEIGHTS) * size, rng.normal(0, _SLANT)
    narrow, gap = rng.uniform(0.6, 1.0), rng.uniform(0.8, 2.0) * size
    is_latin = rng.random() < _LATIN
    left = rng.uniform(0, height / 2)
    stop = rng.uniform(left, width) if rng.random() < _SHORT else width
    while True:
        of = letters[rng.integers(len(letters))] if is_latin or rng.random() < _MIXED else _character(rng)
        places = of * np.array([narrow * size, size], np.float32) + np.array([left, top], np.float32)
        places[..., 0] += slant * (top + _BASE * size - places[..., 1])
        right = float(places[..., 0].max())
        if right + weight > stop:
            return
        _draw(line, places, weight)
        left = right + gap + (3 * size if rng.random() < _SPACE else 0.0)


def _character(rng: np.random.Generator) -> Segments:
    """A character of no known script: strokes across, down and aslant in a square, some of them bent."""
    count = int(rng.integers(3, 9))
    lengths = rng.uniform(_SQUARE / 3, _SQUARE - 1, (count, 2))
    lengths *= _DIRECTIONS[rng.integers(len(_DIRECTIONS), size=count)]
    starts = rng.uniform(np.maximum(-lengths, 0), _SQUARE - 1 - np.maximum(lengths, 0))
    ends = starts + lengths
    is_bent = rng.random((count, 1)) < _BENT
    middles = (starts + ends) / 2 + is_bent * rng.normal(0, _SQUARE / 8, (count, 2))
    return np.concatenate([np.stack([starts, middles], 1), np.stack([middles, ends], 1)]).astype(np.float32)


def _draw(line: Floats, places: Segments, weight: float) -> None:
    """Draw segments, whose places are pixels, so thick into a line; edges are soft over a pixel."""
    reach = weight + 1
    first = max(int(places[..., 0].min() - reach), 0)
    last = min(int(places[..., 0].max() + reach) + 1, line.shape[1])
    across = np.arange(first, last, dtype=np.float32) + 0.5
    down = np.arange(len(line), dtype=np.float32)[:, None] + 0.5
    (x, y), (dx, dy) = places[:, 0].T, (places[:, 1] - places[:, 0]).T
    x, y, dx, dy = (of[:, None, None] for of in (x, y, dx, dy))
    share = ((across - x) * dx + (down - y) * dy) / np.maximum(dx * dx + dy * dy, 1e-6)
    share = np.clip(share, 0, 1)
    away = np.sqrt(np.square(across - x - share * dx) + np.square(down - y - share * dy)).min(0)
    part = line[:, first:last]
    np.maximum(part, np.clip(0.5 + weight / 2 - away, 0, 1), out=part)
