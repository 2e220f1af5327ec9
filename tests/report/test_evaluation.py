"""What `evaluate` prints: measures, classes, the original beside the model."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.evaluation.metrics import ClassScore
from paoding_onnx.report.evaluation import MAX_CLASSES, evaluate_lines
from tests.report.judged import COMPARISON, EVALUATION, RESOURCES
from tests.report.printed import rows, text


def test_measures_are_shares_or_numbers_and_a_dash_where_there_is_none():
    found = rows(evaluate_lines("m", EVALUATION))
    assert ["accuracy", "75.0%"] in found
    assert ["log", "loss", "-"] in found
    assert ["cat", "3", "1.000", "0.500", "0.667", "-"] in found


def test_names_of_classes_are_not_taken_for_markup():
    assert "[dog]" in text(evaluate_lines("m", EVALUATION))


def test_what_the_model_takes_is_printed_with_its_circumstances():
    found = text(evaluate_lines("m", EVALUATION))
    assert "latency is the median of 30 runs on 4 samples, 2 processors" in found
    assert ["peak", "memory,", "MB", "2.5"] in rows(evaluate_lines("m", EVALUATION))
    unbound = replace(EVALUATION, resources=replace(RESOURCES, processors=0, peak_bytes=None))
    assert "on 4 samples, all processors" in text(evaluate_lines("m", unbound))
    assert ["peak", "memory,", "MB", "-"] in rows(evaluate_lines("m", unbound))


def test_changes_from_the_original_have_intervals():
    found = text(evaluate_lines("m", replace(EVALUATION, comparison=COMPARISON)))
    assert "same top-1 on 50.0% of the samples, 95 % interval 25.0% to 75.0%" in found
    assert "accuracy changed by -12.50 points, 95 % interval -25.00 points to +0.00 points" in found
    assert "McNemar's exact test: p = 0.5" in found
    assert ["accuracy", "87.5%", "75.0%"] in rows(evaluate_lines("m", replace(EVALUATION, comparison=COMPARISON)))


def test_of_many_classes_those_with_the_lowest_f1_are_shown():
    classes = tuple(ClassScore(f"c{k}", 1, 1.0, 1.0, k / 100, 1.0) for k in reversed(range(MAX_CLASSES + 2)))
    many = replace(EVALUATION, classes=classes)
    short, whole = (text(evaluate_lines("m", many, verbose=verbose)) for verbose in (False, True))
    assert "and 2 more classes with a higher F1; --verbose lists them all" in short
    assert f"c{MAX_CLASSES} " not in short
    assert f"c{MAX_CLASSES} " in whole
