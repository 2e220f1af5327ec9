"""Every rule says exactly what its golden line says, in every field."""

from __future__ import annotations

from dataclasses import fields

import pytest

from paoding_onnx.rules.binding import bind
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, operators, rule_for
from tests.rules.golden import GOLDEN
from tests.rules.golden_others import OTHERS
from tests.rules.nodes import shapes
from tests.rules.said import FIELDS, Golden, said

LINES = [*GOLDEN, *OTHERS]
every_line = pytest.mark.parametrize("golden", LINES, ids=lambda golden: golden.label)


@every_line
def test_rule_says_its_golden_line(golden: Golden):
    assert said(rule_for(golden.node)) == golden.says


@every_line
def test_equation_fits_the_shapes_of_its_node(golden: Golden):
    rule = rule_for(golden.node)
    binding = bind(rule.equation, shapes(golden.node.inputs), shapes(golden.node.outputs), rule.sizes)
    products = rule.contracts.products if rule.contracts is not None else ()
    assert binding.sizes.items() >= rule.sizes.items()
    assert binding.sizes.keys() >= {name for product in products for name in product}


@every_line
def test_equation_that_is_printed_reads_as_the_same(golden: Golden):
    equation = rule_for(golden.node).equation
    assert parse(str(equation)) == equation


def test_every_registered_operator_has_a_golden_line():
    lines = {(golden.node.domain, golden.node.operator) for golden in LINES}
    assert lines == {(entry.domain, entry.operator) for entry in operators()}


def test_golden_lines_pin_every_field():
    assert {"equation", *FIELDS} == {field.name for field in fields(Rule)}
