"""What `attack` prints: how it was made, what is left at each epsilon."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.report.robustness import attack_lines
from tests.report.judged import ROBUSTNESS
from tests.report.printed import rows, text


def test_first_line_says_how_the_attack_was_made():
    first = text(attack_lines("m.onnx", ROBUSTNESS)).splitlines()[0]
    assert first == "m.onnx: pgd attack, exact gradient; epsilon is a share of the input's range 0 to 1"
    assert "BLACK-BOX ESTIMATE" in text(attack_lines("m.onnx", replace(ROBUSTNESS, is_exact=False)))


def test_rows_go_from_no_attack_to_the_strongest():
    found = [row for row in rows(attack_lines("m", ROBUSTNESS)) if row and row[0][0].isdigit()]
    assert [" ".join(row) for row in found] == ["0 6 of 8 75.0%", "0.01 5 of 8 62.5%", "0.1 0 of 8 12.5%"]


def test_original_stands_before_the_model():
    stronger = replace(ROBUSTNESS, correct=8)
    found = rows(attack_lines("m", ROBUSTNESS, stronger))
    assert ["0", "8", "of", "8", "100.0%", "6", "of", "8", "75.0%"] in found


def test_samples_without_a_gradient_are_counted_where_there_are_any():
    assert "without a gradient" not in text(attack_lines("m", ROBUSTNESS))
    found = text(attack_lines("m", replace(ROBUSTNESS, flat=2)))
    assert "2 samples without a gradient to follow: counted as robust if right, proves nothing" in found
