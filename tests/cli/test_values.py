"""Texts on the command line as values: shares, ranges, bytes, shapes; what they cannot be is said in words."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from paoding_onnx.cli.values import ends, joined, multiple, n_bytes, shape, share, shares


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), ("50%", 0.5), ("-1", -1.0), ("150%", 1.5)])
def test_share_is_a_number_or_percent(text, value):
    assert share(text) == value


def test_shares_may_be_mixed():
    assert shares("0.01,5%") == [0.01, 0.05]


@pytest.mark.parametrize(("text", "value"), [("0,1", (0.0, 1.0)), ("-1,1", (-1.0, 1.0))])
def test_range_has_two_ends(text, value):
    assert ends(text) == value


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("1K", 1024), ("512m", 512 << 20), ("2G", 2 << 30)])
def test_bytes_have_units_of_either_case(text, value):
    assert n_bytes(text) == value


def test_multiple_is_chosen_by_itself_where_none_is_given():
    assert (multiple("auto"), multiple("8")) == (0, 8)


def test_name_of_an_input_may_hold_colons():
    assert shape("a:b:1, 3") == ("a:b", (1, 3))


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (share, "half", "'half' is not a number"),
        (share, "%", "'%' is not a number"),
        (shares, "0.1,", "'' is not a number"),
        (ends, "1", "'1' is not of the form LOW,HIGH"),
        (ends, "0,1,2", "'0,1,2' is not of the form LOW,HIGH"),
        (n_bytes, "", "'' is not a number of bytes"),
        (n_bytes, "1T", "'1T' is not a number of bytes"),
        (n_bytes, "-1M", "'-1M' is not a number of bytes"),
        (multiple, "0", "'0' is neither 'auto' nor a positive whole number"),
        (shape, "1,3", "'1,3' is not of the form NAME:1,3,224,224"),
        (shape, "x:", "'x:' is not of the form NAME:1,3,224,224"),
    ],
)
def test_text_that_is_no_value_is_refused_in_words(read, text, words):
    with pytest.raises(ArgumentTypeError, match=words):
        read(text)


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        (["--range", "-1,1"], ["--range=-1,1"]),
        (["--target", "-.5"], ["--target=-.5"]),
        (["--range=-2,2", "-1"], ["--range=-2,2", "-1"]),
        (["--dry-run", "-q"], ["--dry-run", "-q"]),
        (["m.onnx", "-1"], ["m.onnx", "-1"]),
    ],
)
def test_negative_number_belongs_to_the_option_before_it(argv, found):
    assert joined(argv) == found
