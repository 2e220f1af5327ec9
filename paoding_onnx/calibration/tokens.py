"""Synthetic rows of tokens: sentences of common and rarer word pieces about a topic, with what marks their ends.

Which numbers are special is a convention of each tokenizer; it is known for the vocabularies that most models have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.byte_files import BYTES, both_ends, files

Tokens = NDArray[np.int64]
Family = Callable[[np.random.Generator, int, int], Tokens]
"""Makes so many rows of so many tokens."""


COMMON, RARE, EVEN = 10.0, 300.0, 100.0
"""How evenly words come: those between others, those of a topic, and, as a share of all, where none is commoner."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The numbers from 0 to `size` - 1, and those that begin, end and fill a row, if any; words are from `first` on.

    `is_ranked` says that common words come before rare ones.
    """

    size: int
    begin: int | None = None
    end: int | None = None
    pad: int | None = None
    first: int = 0
    is_ranked: bool = True


_KNOWN = (
    Vocabulary(30522, 101, 102, 0, 1996),  # BERT, uncased
    Vocabulary(28996, 101, 102, 0, 1103),  # BERT, cased
    Vocabulary(119547, 101, 102, 0, 10105),  # BERT, multilingual
    Vocabulary(21128, 101, 102, 0, 670),  # BERT, Chinese
    Vocabulary(50265, 0, 2, 1, 4),  # RoBERTa, BART
    Vocabulary(250002, 0, 2, 1, 4),  # XLM-RoBERTa
    Vocabulary(250037, 0, 2, 1, 4),  # XLM-RoBERTa, as sentence encoders have it
    Vocabulary(30527, 0, 2, 1, 5),  # MPNet
    Vocabulary(30000, 2, 3, 0, 13),  # ALBERT
    Vocabulary(32128, None, 1, 0, 3),  # T5
    Vocabulary(32100, None, 1, 0, 3),  # T5, without padding to a round number
    Vocabulary(50257, None, None, None, 0),  # GPT-2
    Vocabulary(32000, 1, None, None, 259),  # Llama
    Vocabulary(49408, 49406, 49407, 49407, 256),  # CLIP
)
"""Facts of the tokenizers' files; the common words come first in all of them."""


def vocabulary_of(size: int) -> Vocabulary:
    """What is known of a vocabulary of so many tokens.

    >>> vocabulary_of(30522).begin, vocabulary_of(1000).begin
    (101, None)
    """
    return next((known for known in _KNOWN if known.size == size), Vocabulary(size, is_ranked=False))


def families(size: int, *, is_alone: bool = True) -> Mapping[str, Family]:
    """Families of rows of tokens out of `size`, by the name they have in reports.

    About as many as there are bytes are the bytes of files, but not where a length or a speed goes along with them, as
    with the sounds of speech: then the input `is_alone` no more.
    """
    if is_alone and BYTES <= size <= BYTES + 4:
        return MappingProxyType(
            {"the bytes of files": partial(files, size), "both ends of files": partial(both_ends, size)}
        )
    known = vocabulary_of(size)
    return MappingProxyType({f"sentences of tokens out of {size}": partial(sentences, known)})


def sentences(known: Vocabulary, rng: np.random.Generator, count: int, length: int) -> Tokens:
    """Rows of words that come as often as their rank says, most of each row out of the few words of a topic."""
    n_words = max(known.size - known.first, 1)
    common, rare = (COMMON, RARE) if known.is_ranked else (EVEN * n_words, EVEN * n_words)
    rows = known.first + _ranks(rng, (count, length), n_words, common)
    topics = known.first + _ranks(rng, (count, max(length // 4, 4)), n_words, rare)
    about = np.take_along_axis(topics, rng.integers(0, topics.shape[1], (count, length)), axis=1)
    rows = np.where(rng.random((count, length)) < 0.5, about, rows)
    if known.begin is not None:
        rows[:, 0] = known.begin
    if known.pad is None:
        return rows
    stops = rng.integers(max(length // 4, min(3, length)), length + 1, count)
    if known.end is not None:
        rows[np.arange(count), stops - 1] = known.end
    rows[np.arange(length) >= stops[:, None]] = known.pad
    return rows


def mask_of(rows: NDArray[np.generic], size: int) -> NDArray[np.bool_]:
    """Where rows of tokens out of `size` hold more than filling."""
    pad = vocabulary_of(size).pad
    return np.ones(rows.shape, np.bool_) if pad is None else rows != pad


def _ranks(rng: np.random.Generator, shape: tuple[int, ...], n_words: int, spread: float) -> Tokens:
    """Ranks of words that come with a chance of about 1 / (rank + spread), the law of Zipf and Mandelbrot."""
    found = spread * (np.power((n_words + spread) / spread, rng.random(shape)) - 1)
    return np.minimum(found.astype(np.int64), n_words - 1)
