"""A golden line: a node, and what its rule says, each field in one line; a field that says nothing is empty.

sizes      G=1 q=4                       fits       group[0]=G  1[2]=(K R)  1[0]:-1 for a literal
contracts  M K N + M H alpha 0.5 bias 2  acts       any, positive, affine 1 offset 3 sign -1, clamp 0 inf, sum any
stored     3 4                           integers   0:2/1 for operand:zero point/scale, range 0
shape      reads 0 1, selects 1, gathers I=V(7, 0)@1, depends on data
least      E=2                           alike      H=O
looks_up   0[v]@1 for table[rows]@indices
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from paoding_onnx.model.nodes import Attribute, Node
from paoding_onnx.rules.facts import (
    Affine,
    Clamp,
    Contracts,
    DataDependentShape,
    Gathers,
    Integers,
    Other,
    ReadsShape,
    Selects,
    Stored,
    Sum,
)
from paoding_onnx.rules.rule import Fit, Rule, rule_for
from paoding_onnx.rules.why import WORKS
from tests.rules.nodes import node

FIELDS = ("sizes", "why", "fits", "contracts", "acts", "stored", "integers", "shape", "least", "alike", "looks_up")
"""All fields of a rule but its equation."""
G = "group[0]=G"
K2 = "n G I O k0 k1 t0 t1"
BLOCKS = "has one scale for each block of this axis"
NORMALISES = "normalises along this axis"
PICKS = "picks entries by index along this axis"
SLIDES = "slides over this axis"
"""Words of more than one family."""


@dataclass(frozen=True)
class Golden:
    """A node and all that its rule must say, field by field."""

    node: Node
    opset: int
    says: dict[str, str]

    @property
    def label(self) -> str:
        """A name for the test."""
        operands = (",".join("x".join(map(str, t.shape)) if t else "_" for t in self.node.inputs)) or "none"
        words = [f"{key}={value}" for key, value in self.node.attributes.items()]
        return " ".join([self.node.domain, self.node.operator, operands, *words]).strip()


def line(text: str, equation: str, /, *, opset: int = 20, **more: Attribute) -> Golden:
    """A golden line; keywords that are no field of a rule are attributes of the node."""
    says = {field: str(more.pop(field, "")) for field in FIELDS}
    return Golden(node(text, opset=opset, **more), opset, {"equation": equation, **says})


def every(lines: Iterable[Golden]) -> pytest.MarkDecorator:
    """Run a test on each of these lines, as its argument `golden`."""
    return pytest.mark.parametrize("golden", lines, ids=lambda golden: golden.label)


def said_at(node: Node) -> dict[str, str]:
    """What the rule of a node says, every field in one line."""
    return said(rule_for(node))


def said(rule: Rule) -> dict[str, str]:
    """Every field in one line."""
    why = "" if rule.because == WORKS else rule.because.words
    return {
        "equation": str(rule.equation),
        "sizes": " ".join(f"{name}={size}" for name, size in rule.sizes.items()),
        "why": why,
        "fits": " ".join(map(_fit, rule.fits)).strip(),
        "contracts": _contracts(rule.contracts),
        "acts": _acts(rule),
        "stored": _stored(rule.stored),
        "integers": _integers(rule.integers),
        "shape": _shape(rule),
        "alike": " ".join(f"{first}={second}" for first, second in rule.alike),
        "least": " ".join(f"{name}={count}" for name, count in rule.least.items()),
        "looks_up": " ".join(f"{one.table}[{one.rows}]@{one.indices}" for one in rule.looks_up),
    }


def _fit(fit: Fit) -> str:
    words = [f"{fit.holder}[{entry}]={axis}" for entry, axis in fit.axes.items()]
    return " ".join([*words, *(f"{fit.holder}[{entry}]:{number}" for entry, (_, number) in fit.literals.items())])


def _contracts(contracts: Contracts | None) -> str:
    if contracts is None:
        return ""
    words = [" + ".join(map(" ".join, contracts.products))]
    words += [f"alpha {contracts.alpha:g}"] if contracts.alpha != 1 else []
    words += [f"beta {contracts.beta:g}"] if contracts.beta != 1 else []
    words += [f"bias {contracts.bias}"] if contracts.bias is not None else []
    return " ".join([*words, *([f"x{contracts.channel_multiple}"] if contracts.channel_multiple > 1 else [])])


def _acts(rule: Rule) -> str:
    match rule.acts:
        case Affine(operand, _, _, None):
            return f"affine {operand}"
        case Affine(operand, _, _, offset, sign):
            return f"affine {operand} offset {offset} sign {sign:g}"
        case Clamp(low, high):
            return f"clamp {low:.3g} {high:.3g}"
        case Sum(homogeneity):
            return f"sum {homogeneity}"
        case Other():
            return ""
    return str(rule.acts.homogeneity)


def _stored(stored: Stored | None) -> str:
    return "" if stored is None else f"{stored.mean} {stored.variance}"


def _integers(integers: Integers) -> str:
    words = [f"{q.operand}:{q.zero_point}" + (f"/{q.scale}" if q.scale is not None else "") for q in integers.quantized]
    return " ".join([*words, *(f"range {operand}" for operand in integers.range_over)])


def _shape(rule: Rule) -> str:
    match rule.shape:
        case ReadsShape(axes):
            return " ".join(["reads", *map(str, axes)])
        case Gathers(indices, source, target, positions):
            return f"gathers {target}={source}{positions}@{indices}"
        case Selects(indices):
            return f"selects {indices}"
        case DataDependentShape():
            return "depends on data"
    return ""
