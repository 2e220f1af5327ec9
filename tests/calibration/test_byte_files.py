"""Bytes of made-up files: texts that read as such, binaries that begin as theirs do, filling behind short ones."""

from __future__ import annotations

import numpy as np

from paoding_onnx.calibration.byte_files import both_ends, files

ROWS = files(257, np.random.default_rng(0), 800, 200)


def heads(n_bytes):
    return {bytes(row[:n_bytes].astype(np.uint8)) for row in ROWS if row.max() < 256}


def test_files_of_many_kinds_begin_as_theirs_do():
    assert {b"\x89PNG", b"%PDF", b"\x7fELF", b"<!DO", b"#!/b"} <= heads(4)


def test_most_files_are_longer_than_the_row_and_short_ones_are_filled():
    is_short = (ROWS == 256).any(axis=1)
    assert 0.15 < is_short.mean() < 0.45
    assert (np.diff((ROWS[is_short] == 256).astype(int), axis=1) >= 0).all()


def test_texts_hold_no_marks_that_were_to_be_replaced():
    (page,) = [row for row in ROWS if bytes(row[:9].clip(0, 255).astype(np.uint8)) == b"<!DOCTYPE"][:1]
    assert b"@" not in bytes(page[page < 256].astype(np.uint8))


def test_vocabulary_without_filling_holds_bytes_alone():
    assert files(256, np.random.default_rng(0), 50, 64).max() < 256


def test_both_ends_of_files_stand_at_the_ends_of_rows_with_filling_between():
    rows = both_ends(257, np.random.default_rng(0), 300, 200)
    is_short = (rows == 256).any(axis=1)
    assert 0.1 < is_short.mean() < 0.5
    assert (rows[is_short][:, [0, -1]] < 256).all()
    assert len({bytes(row[:4].astype(np.uint8)) for row in rows}) > 60


def test_both_ends_fit_into_any_row():
    for length in (1, 2, 7):
        assert both_ends(256, np.random.default_rng(0), 20, length).shape == (20, length)
