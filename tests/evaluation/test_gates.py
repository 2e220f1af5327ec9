"""Conditions of what was measured: what they may say, and which results they refuse."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from paoding_onnx.errors import GateError, UsageError
from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.gates import figures, parse_gates, require_passed
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Latency, Measured
from paoding_onnx.report.documents.prune import measured_document

CHANGE = OutputChange("y", Kind.CLASSES, 0.02, 0.3, 0.96, None, 0.8)
FOUND = Measured(Latency(2.0, 1.0, 0.5, 0.01, 1), 0.1, 0.96, "images", 64, changes=(CHANGE,), accuracy_before=0.9)


def refused(text, measured=FOUND):
    try:
        require_passed(parse_gates([text]), measured)
    except GateError as error:
        return str(error)
    return ""


def leaves(value, name=""):
    if isinstance(value, dict | list | tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {path: leaf for key, part in pairs for path, leaf in leaves(part, f"{name}.{key}".lstrip(".")).items()}
    return {name: value} if isinstance(value, int | float) and not isinstance(value, bool) else {}


def test_every_number_of_the_report_can_be_asked_for_by_its_name():
    numbers = leaves(measured_document(FOUND))
    assert numbers.items() <= figures(FOUND).items()
    assert figures(FOUND).keys() - numbers.keys() == {"outlook"}
    assert [gate.name for gate in parse_gates([f"{name}<0" for name in numbers])] == list(numbers)


@pytest.mark.parametrize(
    "text",
    ["agreement<0.97", "agreement < 97%", "agreement<=0.96", "latency.after>=1", "latency_ratio!=0.6", "n_inputs==64"],
)
def test_condition_that_holds_refuses_the_result_and_says_why(text):
    assert text in refused(text)
    assert "nothing was written" in refused(text)


@pytest.mark.parametrize(
    "text", ["agreement<0.95", "changes.0.same<96%", "output_error>0.1", "latency_ratio>1", "outlook<test"]
)
def test_condition_that_does_not_hold_lets_it_pass(text):
    assert refused(text) == ""


def test_outlooks_are_ordered_from_the_worst_to_the_best():
    assert refused("outlook<good") == (
        "the result is not good enough, nothing was written: outlook is test (outlook<good)"
    )
    assert refused("outlook<unknown")
    assert refused("outlook==bad") == ""


def test_all_conditions_that_hold_are_named():
    with pytest.raises(GateError, match=r"agreement is 0\.96 \(agreement<1\); output_error is 0\.1 \(output_error>0\)"):
        require_passed(parse_gates(["agreement<1", "output_error<0", "output_error>0"]), FOUND)


@pytest.mark.parametrize("strange", [{"agreement": None}, {"agreement": math.nan}])
def test_figure_that_was_not_measured_refuses_the_result(strange):
    said = refused("agreement<0.5", replace(FOUND, **strange))
    assert "agreement was not measured for this model, so 'agreement<0.5' cannot be told" in said


def test_output_that_is_not_there_refuses_the_result():
    assert "was not measured" in refused("changes.3.same<0.5")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agreement", "is not a condition: give NAME OP NUMBER"),
        ("agreement=0.9", "is not a condition"),
        ("agreement<0.9 or output_error>1", "is not a condition"),
        ("__import__('os')<1", "is not a condition"),
        ("agreemnt<0.9", "did you mean agreement?"),
        ("zzz<0.9", "known are outlook, latency_ratio, "),
        ("agreement<much", "'much' in 'agreement<much' is not a number"),
        ("agreement<nan", "not a finite number"),
        ("outlook<0.5", "an outlook is one of bad, test, unknown, good"),
        ("changes.0.output<1", "nothing that is measured is called"),
        ("", "is not a condition"),
    ],
)
def test_text_that_is_no_condition_is_refused(text, said):
    with pytest.raises(UsageError) as caught:
        parse_gates([text])
    assert said in str(caught.value)
