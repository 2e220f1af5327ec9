"""What a terminal is given of names that anybody may have written."""

from __future__ import annotations

from paoding_onnx.report.printable import in_markup, printable


def test_letters_of_any_language_are_printable():
    assert printable("caf\u00e9 \u5e96\u4e01") == "caf\u00e9 \u5e96\u4e01"


def test_signs_that_change_a_terminal_are_shown_as_escapes():
    assert printable("a\x1b[2Jb\r\u202e\x9b") == "a\\x1b[2Jb\\r\\u202e\\x9b"


def test_markup_holds_no_control_characters_however_they_are_spelled():
    assert in_markup("<\x1b&\x00>") == "&lt;\\x1b&amp;\\x00&gt;"
