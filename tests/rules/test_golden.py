"""Every rule says exactly what its golden line says."""

from __future__ import annotations

import pytest

from paoding_onnx.rules.equation import bind, parse
from paoding_onnx.rules.rule import operators, rule_for
from tests.rules.golden import GOLDEN, Golden
from tests.rules.golden_others import OTHERS
from tests.rules.nodes import fit_text, shapes, taken_text

LINES = [*GOLDEN, *OTHERS]
every_line = pytest.mark.parametrize("golden", LINES, ids=lambda golden: golden.label)


@every_line
def test_rule_says_its_golden_line(golden: Golden):
    rule = rule_for(golden.node)
    assert (rule.equation, fit_text(rule.fits), " ".join(rule.macs)) == (golden.equation, golden.fits, golden.macs)
    assert (" ".join(map(str, rule.measures)), str(rule.picks or "")) == (golden.measures, golden.picks)
    assert taken_text(rule.taken) == golden.taken
    assert golden.why in rule.why


@every_line
def test_equation_fits_the_shapes_of_its_node(golden: Golden):
    rule = rule_for(golden.node)
    binding = bind(parse(rule.equation), shapes(golden.node.inputs), shapes(golden.node.outputs), rule.sizes)
    assert binding.sizes.items() >= golden.sizes.items()
    assert set(rule.macs) <= set(binding.sizes)


def test_every_registered_operator_has_a_golden_line():
    lines = {(golden.node.domain, golden.node.operator) for golden in LINES}
    assert lines == {(entry.domain, entry.operator) for entry in operators()}
