"""Rows of tokens: common words often, topics that differ, ends and filling where the vocabulary has them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from paoding_onnx.calibration.tokens import families, mask_of, sentences, vocabulary_of


def rows_of(size, count=64, length=48, seed=0):
    first, *_ = families(size).values()
    return first(np.random.default_rng(seed), count, length)


@pytest.mark.parametrize("size", [2, 50, 256, 257, 30522, 50257, 250002])
def test_tokens_are_in_the_vocabulary(size):
    rows = rows_of(size)
    assert rows.shape == (64, 48)
    assert 0 <= rows.min() <= rows.max() < size


def test_rows_begin_end_and_are_filled_as_berts_are():
    rows = rows_of(30522)
    assert (rows[:, 0] == 101).all()
    assert ((rows == 102).sum(1) == 1).all()
    filled = rows == 0
    assert (np.diff(filled.astype(int), axis=1) >= 0).all()
    assert 0.1 < filled.mean() < 0.8


def test_mask_leaves_out_the_filling():
    rows = rows_of(30522)
    assert (mask_of(rows, 30522) == (rows != 0)).all()
    assert mask_of(rows, 50257).all()


def test_common_words_come_often_where_they_come_first():
    rows = sentences(vocabulary_of(50257), np.random.default_rng(0), 200, 50)
    assert (rows < 1000).mean() > 0.4
    assert np.unique(rows).size > 2000


def test_words_of_an_unknown_vocabulary_are_all_alike():
    counts = np.bincount(rows_of(40, count=500).ravel(), minlength=40)
    assert counts.max() < 1.5 * counts.min()


def test_rows_have_topics():
    """Two halves of a row share more words than halves of different rows do."""
    rows = rows_of(50257, count=50, length=200)
    own = np.mean([len(np.intersect1d(row[:100], row[100:])) for row in rows])
    others = np.mean([len(np.intersect1d(a[:100], b[100:])) for a, b in pairwise(rows)])
    assert own > 1.5 * others


def test_same_seed_makes_the_same_rows():
    assert (rows_of(257, seed=3) == rows_of(257, seed=3)).all()


def test_few_tokens_are_bytes_of_files_where_nothing_goes_along_with_them():
    assert list(families(257)) == ["the bytes of files", "both ends of files"]
    assert list(families(256, is_alone=False)) == ["sentences of tokens out of 256"]
