"""A short run of the fuzzer finds nothing; with a fault planted it finds that."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules import binding
from paoding_onnx.rules.equation import Axis, Equation
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, rule_for
from scripts.fuzz import campaign
from scripts.fuzz.campaign import Report, run
from scripts.fuzz.generator import generate
from scripts.fuzz.net import FLOAT, Net, Unfit
from scripts.fuzz.oracle import INVALID, PRUNED, Outcome, judge
from scripts.fuzz.shrink import shrink
from scripts.fuzz.text import from_text, to_text

pytestmark = pytest.mark.slow

GRAPHS = 40


@pytest.fixture(scope="module")
def report() -> Report:
    return run(GRAPHS, seed=0)


def test_short_run_finds_nothing(report):
    assert not report.failures


def test_most_graphs_are_pruned(report):
    assert report.outcomes[PRUNED] >= 0.8 * GRAPHS
    assert report.outcomes[INVALID] <= 0.1 * GRAPHS
    assert report.n_removed > 5 * GRAPHS


def test_graphs_hold_many_operators(report):
    assert len(report.held) >= 60
    assert report.n_nodes / report.n_valid > 15


def test_same_seed_makes_the_same_graph():
    assert [generate(seed) for seed in range(5)] == [generate(seed) for seed in range(5)]


def test_text_alone_reproduces_a_graph():
    first = from_text(generate(3), 7)
    again = from_text(to_text(first), 7)
    assert again == first


def test_weights_depend_on_the_seed():
    header = '<ir_version: 8, opset_import: ["" : 17]>'
    text = "g (float[1,4] x) => (float[1,2] y) <float[4,2] w1> { y = MatMul (x, w1) }"
    one, two = (numpy_helper.to_array(from_text(header + text, seed).graph.initializer[0]) for seed in (1, 2))
    assert one.shape == two.shape == (4, 2)
    assert not np.array_equal(one, two)


def test_block_that_does_not_fit_leaves_nothing_behind():
    net = Net(random.Random(0), 17, 8, FLOAT)
    x = net.add_input("x", FLOAT, [1, 4], {})

    def half_built(net, value):
        net.node("Relu", net.node("MatMul", value, net.weight(4, 4)))
        raise Unfit

    assert net.tried(half_built, x) == x
    assert not net.nodes
    assert not net.weights


def no_coupling(node: Node) -> Rule | str:
    """The rules, but an addition lets its second operand go on its own."""
    rule = rule_for(node)
    if node.operator == "Add" and isinstance(rule, Rule) and node.shape(0) == node.shape(1) and len(node.shape(0)) > 1:
        return replace(rule, equation=parse("*A, *B -> *A"))
    return rule


def concat_reversed(node: Node) -> Rule | str:
    """The rules, but Concat lays its inputs the wrong way round."""
    rule = rule_for(node)
    if node.operator == "Concat" and isinstance(rule, Rule) and len(node.inputs) == 2:
        axes = [Axis(axis.segments[::-1]) for axis in rule.equation.outputs[0]]
        return replace(rule, equation=Equation.of(rule.equation.inputs, [axes]))
    return rule


def conv_unfitted(node: Node) -> Rule | str:
    """The rules, but the groups of a convolution are not counted again."""
    rule = rule_for(node)
    return replace(rule, fits=()) if node.operator == "Conv" and isinstance(rule, Rule) else rule


def first_failure() -> tuple[str, int, Outcome]:
    """The first of a few hundred graphs that fails, if any does: most faults need operators that not all have."""
    outcomes = ((generate(seed), seed, judge(generate(seed), seed)) for seed in range(10 * GRAPHS))
    return next(found for found in outcomes if found[2].is_failure)


@pytest.mark.parametrize("wrong", [no_coupling, concat_reversed, conv_unfitted])
def test_planted_fault_is_found(wrong, monkeypatch):
    monkeypatch.setattr(binding, "rule_for", wrong)
    assert first_failure()


def test_failure_is_shrunk(monkeypatch):
    monkeypatch.setattr(binding, "rule_for", conv_unfitted)
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[2,3,5,5] x) => (float[2,4] y)
    <float[6,3,1,1] w1, float[6,1,3,3] w2, float[8,6,1,1] w3, float[8,4] w4> {
      a = Conv (x, w1) b = Relu (a) c = Conv <group=6> (b, w2) d = Tanh (c) e = Conv (d, w3) f = Sigmoid (e)
      h = GlobalAveragePool (f) i = Flatten (h) y = MatMul (i, w4)
    }"""
    outcome = judge(text, 1)
    small, seed = shrink(text, 1, outcome)
    assert outcome.is_failure
    assert judge(small, seed).is_failure
    left = [node.op_type for node in onnx.parser.parse_model(small).graph.node]
    assert left in (["Conv", "Conv"], ["Conv", "Conv", "Conv"])


def test_failure_is_written_as_text(monkeypatch, tmp_path):
    monkeypatch.setattr(campaign, "judge", lambda text, seed: Outcome("wrong output", "planted"))
    monkeypatch.setattr(campaign, "shrink", lambda text, seed, outcome: ("small", seed))
    lines: list[str] = []
    assert run(1, seed=5, folder=tmp_path, say=lines.append).failures.keys() == {5}
    assert (tmp_path / "5.txt").read_text() == f"// seed 5: wrong output: planted\n{generate(5)}\n"
    assert (tmp_path / "5_small.txt").read_text() == "// seed 5: wrong output: planted\nsmall\n"
    assert lines == ["seed 5: wrong output: planted"]
