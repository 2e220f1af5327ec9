"""What is true of all golden lines together; what each of them says is tested family by family."""

from __future__ import annotations

from dataclasses import fields

from paoding_onnx.rules.binding import bind
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, operators, rule_for
from tests.rules.golden import LINES
from tests.rules.nodes import shapes
from tests.rules.said import FIELDS, Golden, every

every_line = every([golden for lines in LINES.values() for golden in lines])


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


def test_every_registered_operator_has_a_golden_line_in_the_test_file_of_its_family():
    lines = {(golden.node.domain, golden.node.operator, name) for name, found in LINES.items() for golden in found}
    assert lines == {(entry.domain, entry.operator, entry.make.__module__.split(".")[-1]) for entry in operators()}


def test_golden_lines_pin_every_field():
    assert {"equation", *FIELDS} == {field.name for field in fields(Rule)}
