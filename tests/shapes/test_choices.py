"""A choice that is open computes what it computed, and closed again it is the choice that it was."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.session import Session
from paoding_onnx.shapes.choices import branches_of, closed, opened, reopened, settled
from tests.models import model

FRAME = """g (float[N,4] x, bool c) => (float[N,3] y, float[N,6] s)
    <float[4,6] a, float[6,6] b, float[6,3] d, float[6] e> {{
  h = MatMul (x, a) {inner} y = MatMul (p, d) s = Identity (q)
}}"""
TWO = """p, q = If (c) <
    then_branch = one () => (float[n,6] u, float[n,6] v) { t = MatMul (h, b) u = Relu (t) v = Add (t, e) },
    else_branch = two () => (float[m,6] o, float[m,6] r) { o = Neg (h) r = Add (o, e) }>"""
NESTED = """n = Not (c) p, q = If (c) <
    then_branch = one () => (float[n,6] u, float[n,6] v) { t = Relu (h) u = If (n) <
        then_branch = in () => (float[i,6] f) { f = Sin (t) }, else_branch = out () => (float[i,6] f) { f = Cos (h) }>
      v = Add (u, e) },
    else_branch = two () => (float[m,6] o, float[m,6] r) { o = Neg (h) r = Abs (o) }>"""
PASSED = """p, q = If (c) <
    then_branch = one () => (float[n,6] u, float[n,6] v) { u = Identity (h) v = Relu (h) },
    else_branch = two () => (float[m,6] o, float[m,6] r) { o = Neg (h) r = Identity (o) }>"""
TEXTS = {"two results": TWO, "nested": NESTED, "passed on": PASSED}


def both_ways(subject):
    """Outputs for either condition."""
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    return [Session(subject).run({"x": x, "c": np.array(said)}) for said in (True, False)]


def all_open(subject):
    """The model with all choices open, one after the other, and these."""
    choices = []
    while name := next((node.output[0] for node in subject.proto.graph.node if branches_of(node)), None):
        subject, choice = opened(subject, name)
        choices.append(choice)
    return subject, choices


@pytest.fixture(params=TEXTS.values(), ids=TEXTS)
def subject(request):
    return model(FRAME.format(inner=request.param))


def test_open_choice_computes_what_it_computed(subject):
    after, choices = all_open(subject)
    assert choices
    for wanted, got in zip(both_ways(subject), both_ways(after), strict=True):
        for name, value in wanted.items():
            np.testing.assert_array_equal(got[name], value)
        assert got.keys() - wanted.keys() == {name for choice in choices for name in choice.added}


def test_closed_choice_hides_its_branches_again(subject):
    after, choices = all_open(subject)
    shut = closed(after, choices)
    assert [node.op_type for node in shut.proto.graph.node if branches_of(node)] == ["If"]
    assert not {"Relu", "Neg", "Sin", "Where"} & {node.op_type for node in shut.proto.graph.node}
    for wanted, got in zip(both_ways(subject), both_ways(shut), strict=True):
        assert got.keys() == wanted.keys()
        for name, value in wanted.items():
            np.testing.assert_array_equal(got[name], value)


def test_what_comes_out_of_a_file_is_settled(subject):
    after, choices = all_open(subject)
    once = settled(after, choices)
    assert settled(once, choices).proto.SerializeToString(deterministic=True) == once.proto.SerializeToString(
        deterministic=True
    )


def test_results_of_both_branches_are_outputs_while_it_is_open():
    after, (choice,) = all_open(model(FRAME.format(inner=TWO)))
    assert (choice.outputs, choice.added) == (("p", "q"), ("u", "v", "o", "r"))
    assert [info.name for info in after.proto.graph.output] == ["y", "s", "u", "v", "o", "r"]


def test_what_serves_one_branch_alone_moves_into_it():
    text = FRAME.format(inner="k = MatMul (h, b) " + TWO.replace("t = MatMul (h, b)", "t = Sin (k)"))
    subject = model(text)
    shut = closed(*all_open(subject))
    assert [node.op_type for node in shut.proto.graph.node] == ["MatMul", "If", "MatMul", "Identity"]
    for wanted, got in zip(both_ways(subject), both_ways(shut), strict=True):
        np.testing.assert_array_equal(got["y"], wanted["y"])


def test_branches_with_the_same_names_get_names_of_their_own():
    same = TWO.replace("float[m,6] o", "float[m,6] u").replace("o = Neg (h) r = Add (o, e)", "u = Neg (h) r = Abs (u)")
    after, (choice,) = all_open(model(FRAME.format(inner=same)))
    assert len(set(choice.added)) == 4
    names = [name for node in after.proto.graph.node for name in node.output]
    assert len(names) == len(set(names))


def test_model_without_the_choice_is_left_as_it_is():
    other = model("g (float[N,4] x) => (float[N,3] y) <float[4,3] a> { y = MatMul (x, a) }")
    _, choices = all_open(model(FRAME.format(inner=TWO)))
    assert reopened(other, choices) is other
    assert opened(other, "y") is None
    assert closed(other, ()) is other
