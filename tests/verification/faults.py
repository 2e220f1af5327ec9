"""Faults to plant: in a file, as edits of its protobuf; in rules, as wrong equations."""

from __future__ import annotations

from dataclasses import replace

from paoding_onnx.rules import binding
from paoding_onnx.rules.equation import Axis, Equation
from paoding_onnx.rules.rule import rule_for


def set_group(number):
    """Give the only grouped node another number of groups."""

    def edit(proto):
        (attribute,) = (a for node in proto.graph.node for a in node.attribute if a.name == "group")
        attribute.i = number

    return edit


def rename_output(proto):
    """Give the first output another name."""
    proto.graph.output[0].name = proto.graph.node[-1].output[0] = "other"


def plant(monkeypatch, operator, wrong):
    """Let `wrong` change the rule of every node of an operator."""
    monkeypatch.setattr(
        binding, "rule_for", lambda node: wrong(rule_for(node)) if node.operator == operator else rule_for(node)
    )


def plant_equation(monkeypatch, operator, wrong):
    """Let `wrong` change the equation of every node of an operator."""
    plant(monkeypatch, operator, lambda rule: replace(rule, equation=wrong(rule.equation)))


def reversed_segments(equation):
    """The equation with segments that lie end to end in the opposite order."""
    return _with_axes(equation, lambda axis: Axis(axis.segments[::-1]))


def swapped_factors(equation):
    """The equation with the factors of an axis from minor to major."""
    return _with_axes(equation, lambda axis: Axis(tuple(segment[::-1] for segment in axis.segments)))


def _with_axes(equation, change):
    sides = equation.inputs, equation.outputs
    left, right = ([None if o is None else tuple(map(change, o)) for o in side] for side in sides)
    return Equation.of(left, right)
