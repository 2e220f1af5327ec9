"""The registry: one rule for each operator, refused in words where there is none."""

from __future__ import annotations

from dataclasses import replace

import onnx
import pytest

from paoding_onnx.rules.binding import bind
from paoding_onnx.rules.rule import axis_index, fixed, operators, register, rule_for
from paoding_onnx.rules.why import UNKNOWN
from tests.rules.nodes import node, shapes


def test_second_rule_for_an_operator_is_refused():
    before = operators()
    with pytest.raises(ValueError, match="Conv has a rule already"):
        register("Conv", read=1)(lambda node: fixed(node, "never"))
    assert operators() == before


def test_unknown_operator_is_refused_with_a_reason():
    assert rule_for(replace(node("Relu 2x8 -> 2x8"), operator="Nonsense")) == UNKNOWN


def test_operator_of_another_domain_is_unknown():
    assert rule_for(replace(node("Relu 2x8 -> 2x8"), domain="com.microsoft")) == UNKNOWN


def test_newer_schema_is_refused_until_read():
    answer = rule_for(replace(node("Conv 2x3x8 8x3x3 -> 2x8x6"), version=23))
    assert answer.words == "its form of opset 23 is newer than the one its rule was written for (22)"


def test_newest_schema_of_every_operator_is_read():
    """After an update of onnx: read what changed, then raise `read`."""
    newer = {
        (entry.operator, entry.read, schema.since_version)
        for entry in operators()
        if onnx.defs.has(entry.operator, entry.domain)
        and (schema := onnx.defs.get_schema(entry.operator, domain=entry.domain)).since_version > entry.read
    }
    assert newer == set()


def test_tensor_without_a_measured_shape_is_refused():
    known = node("Relu 2x8 -> 2x8")
    unknown = replace(known, inputs=(replace(known.inputs[0], shape=None),))
    assert rule_for(unknown).words == "'i0' is not a dense tensor of numbers, or its shape is unknown"


def test_omitted_operand_needs_no_shape():
    assert str(rule_for(node("Clip 2x8 _ () -> 2x8")).equation) == "*A, _, _ -> *A"


def test_every_rule_has_a_name_and_a_docstring():
    makers = {entry.make for entry in operators()}
    assert all(make.__name__ != "<lambda>" and make.__doc__ for make in makers)


def test_operators_are_sorted_by_domain_and_name():
    keys = [(entry.domain, entry.operator) for entry in operators()]
    assert keys == sorted(set(keys))


def test_nothing_shrinks_under_a_fixed_rule():
    subject = node("Loop 2x8 _ 3 -> 4x8 ()")
    rule = fixed(subject, "because")
    binding = bind(rule.equation, shapes(subject.inputs), shapes(subject.outputs), rule.sizes)
    assert all(name[0].islower() for name in binding.sizes)
    assert (str(rule.equation), rule.because.words) == ("i0x0 i0x1, _, i2x0 -> o0x0 o0x1, ", "because")


@pytest.mark.parametrize(("axis", "index"), [(0, 0), (3, 3), (-1, 3), (-4, 0)])
def test_negative_axis_counts_from_the_end(axis, index):
    assert axis_index(axis, 4) == index
