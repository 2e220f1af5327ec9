"""Keep lists are ids or tokens, in files of several kinds, and what they cannot mean is refused in a line."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.vocabulary.keep_list import read_keep_list
from paoding_onnx.vocabulary.tokens import UNKNOWN, Tokens

KNOWN = Tokens({"[PAD]": 0, "the": 1, "of": 2, "7": 3}, "vocab.txt", frozenset({0}))


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("k.txt", "5\n1\n\n5\r\n", (1, 5)),
        ("k.json", "[5, 1]", (1, 5)),
        ("k.json", '["5", "1"]', (1, 5)),
    ],
)
def test_ids_are_read_in_order_and_once(tmp_path, name, text, kept):
    (tmp_path / name).write_text(text)
    assert read_keep_list(tmp_path / name, UNKNOWN, 6) == kept


def test_arrays_hold_ids(tmp_path):
    np.save(tmp_path / "k.npy", np.array([[3, 1], [1, 4]]))
    assert read_keep_list(tmp_path / "k.npy", UNKNOWN, 6) == (1, 3, 4)


@pytest.mark.parametrize(("name", "text"), [("k.txt", "of\nthe\n"), ("k.json", '["of", "the"]')])
def test_tokens_are_looked_up_and_special_ones_stay(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_keep_list(tmp_path / name, KNOWN, 4) == (0, 1, 2)


def test_number_among_tokens_is_a_token(tmp_path):
    (tmp_path / "k.txt").write_text("7\nof\n")
    assert read_keep_list(tmp_path / "k.txt", KNOWN, 4) == (0, 2, 3)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("k.txt", "", "holds no id and no token"),
        ("k.txt", "1\n6\n7\n", r"keeps ids that are not from 0 to 5: 6, 7"),
        ("k.txt", "-1\n", r"not from 0 to 5: -1"),
        ("k.txt", "the\nno\nnor\nnever\nnot\n", r"tokens that vocab\.txt has not: 'no', 'nor', 'never' and 1 more"),
        ("k.json", '{"a": 1}', "is no list of ids or tokens"),
        ("k.json", "[1.5]", "is no list of ids or tokens"),
        ("k.json", "[", "is not JSON"),
    ],
)
def test_what_no_list_can_mean_is_refused(tmp_path, name, text, why):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=why):
        read_keep_list(tmp_path / name, KNOWN, 6)


def test_tokens_without_a_tokenizer_are_refused(tmp_path):
    (tmp_path / "k.txt").write_text("the\n")
    with pytest.raises(UsageError, match="nothing tells their ids: put"):
        read_keep_list(tmp_path / "k.txt", UNKNOWN, 6)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        read_keep_list(tmp_path / "none.txt", KNOWN, 6)


@pytest.mark.parametrize("array", [np.array([1.5]), np.array(["the"])])
def test_arrays_of_something_else_are_refused(tmp_path, array):
    np.save(tmp_path / "k.npy", array)
    with pytest.raises(UsageError, match="ids are whole numbers"):
        read_keep_list(tmp_path / "k.npy", KNOWN, 6)
