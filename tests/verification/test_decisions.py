"""DECISIONS: nodes that choose by comparing floats are found, and both models can be made to choose alike."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.session import Session
from paoding_onnx.verification.decisions import Decision, decisions_of, is_alike, outcomes, own_name, steered
from tests.models import model
from tests.pruning import is_unchanged, overrides, traced_model

NUMBERS, LIST, ROUNDED = Decision((), ()), Decision((), (), is_list=True), Decision((), (), is_rounding=True)

HEAD = "g (float[2,6] x) => (float[N,M] y) <float[6,8] a, int64[1] two={2}, float[8,2] e, float zero={0}>"
CHOSEN = f"{HEAD} {{ p = MatMul (x, a) v, i = TopK (p, two) k = Cast <to=1> (i) y = Add (v, k) }}"


def found(body):
    """What the decisions of a model read, and what they make."""
    decisions = decisions_of(traced_model(model(f"{HEAD} {{ p = MatMul (x, a) {body} }}")))
    return [(decision.inputs, tuple(tensor.name for tensor in decision.outputs)) for decision in decisions]


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("v, i = TopK (p, two) y = Identity (v)", ("i",)),
        ("i = ArgMax <axis=1> (p) y = Cast <to=1> (i)", ("i",)),
        ("i = NonZero (p) y = Cast <to=1> (i)", ("i",)),
    ],
)
def test_node_that_makes_whole_numbers_of_floats_decides(body, made):
    assert found(body) == [(("p",), made)]


@pytest.mark.parametrize(
    "body",
    [
        "s = Shape (p) y = Cast <to=1> (s)",
        "i = Cast <to=7> (p) y = Cast <to=1> (i)",
        "q = ReduceMax <axes=[1]> (p) y = Identity (q)",
        "v, i = TopK (e, two) y = MatMul (p, e)",
    ],
    ids=["reads sizes", "works entry by entry", "makes floats", "sees no input"],
)
def test_other_nodes_do_not_decide(body):
    assert found(body) == []


def test_model_goes_on_from_what_it_is_told():
    subject = model(CHOSEN)
    decisions = decisions_of(traced_model(subject))
    feeds = {"x": np.random.default_rng(0).standard_normal((2, 6)).astype(np.float32)}
    own = Session(subject, watch=["v", "i"]).run(feeds)
    got = Session(steered(subject, decisions), watch=[own_name("i")]).run(feeds | {"i": own["i"] + 1})
    assert np.allclose(got["y"], own["y"] + 1)
    assert np.array_equal(got[own_name("i")], own["i"])


def test_steering_leaves_the_model_as_it_was():
    subject = model(CHOSEN)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    steered(subject, decisions_of(traced_model(subject)))
    assert is_unchanged(subject, proto, before)


def test_outcomes_are_what_a_run_made_of_decisions():
    decisions = decisions_of(traced_model(model(CHOSEN)))
    run = {"x": np.zeros(2), "i": np.ones(2), "y": np.ones(2)}
    assert outcomes(decisions, run).keys() == {"i"}


PICKED = np.arange(40).reshape(8, 5)
"""What was decided."""


def with_others(count):
    """The decision with so many numbers changed."""
    other = PICKED.copy()
    other.flat[:count] += 1
    return other


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (with_others(4), True),
        (with_others(5), False),
        (PICKED[:7], False),
        (PICKED[0], False),
        (PICKED.astype(float), False),
    ],
    ids=["most the same", "others", "fewer", "other rank", "other type"],
)
def test_outcomes_are_alike_if_most_of_their_numbers_are_the_same(own, expected):
    assert is_alike(PICKED, own, [PICKED], NUMBERS) is expected


def test_outcomes_may_differ_where_rounding_tips_them():
    assert is_alike(PICKED, with_others(20), [with_others(10), with_others(16)], NUMBERS)
    assert not is_alike(PICKED, with_others(20), [with_others(10), with_others(15)], NUMBERS)


FOUND = np.arange(60).reshape(20, 3)
"""A list of 20 entries."""


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (FOUND[:18], True),
        (FOUND[:17], False),
        (FOUND[::-1], True),
        (FOUND + (np.arange(20) > 17)[:, None], True),
        (FOUND + (np.arange(20) > 16)[:, None], False),
        (FOUND.astype(float), False),
    ],
    ids=["two fewer", "three fewer", "another order", "two others", "three others", "other type"],
)
def test_lists_are_alike_if_most_of_their_entries_are_in_both(own, expected):
    assert is_alike(FOUND, own, [FOUND], LIST) is expected
    assert is_alike(FOUND.T, own.T, [FOUND.T], LIST) is expected


def test_entries_of_a_list_may_be_missing_where_rounding_tips_them():
    assert is_alike(FOUND, FOUND[8:], [FOUND[3:], FOUND[:4]], LIST)
    assert not is_alike(FOUND, FOUND[8:], [FOUND[2:], FOUND[5:]], LIST)


def test_lists_of_floats_are_alike_if_they_are_about_as_long():
    floats = np.arange(20.0)
    assert is_alike(floats, floats[:18] + 1e-9, [floats], LIST)
    assert not is_alike(floats, floats[:17], [floats], LIST)


def test_list_that_found_nothing_is_like_one_that_found_little():
    assert is_alike(FOUND[:0], FOUND[:2], [FOUND[:0]], LIST)
    assert not is_alike(FOUND[:0], FOUND[:3], [FOUND[:0]], LIST)


def test_two_numbers_of_a_short_outcome_may_differ():
    assert is_alike(np.arange(3), np.array([1, 0, 2]), [], NUMBERS)


def test_floats_of_which_some_may_be_missing_decide_with_the_whole_numbers():
    assert found("v, i, j, n = Unique (p) y = Identity (v)") == [(("p",), ("v", "i", "j", "n"))]


def test_number_that_is_rounded_for_itself_may_be_a_step_off():
    wanted = np.arange(40, dtype=np.uint8)
    own = wanted.copy()
    own[[3, 7, 9]] += 1
    assert is_alike(wanted, own, [], ROUNDED)
    assert not is_alike(wanted, wanted + np.uint8(1), [], ROUNDED)
    own[3] += 1
    assert not is_alike(wanted, own, [], ROUNDED)


def test_rounding_of_what_is_fed_is_a_decision_that_takes_what_a_smaller_model_has():
    subject = model("""g (float[2,3] x) => (float[2,4] y) <float[3,4] w, float s={0.1}, uint8 z={120}> {
      p = MatMul (x, w) i = QuantizeLinear (p, s, z) y = DequantizeLinear (i, s, z)
    }""")
    decisions = decisions_of(traced_model(subject))
    assert [(one.inputs, one.outputs[0].name, one.is_rounding) for one in decisions] == [(("p",), "i", True)]
    steered_model = steered(subject, decisions)
    told = np.zeros((2, 3), np.uint8)
    assert Session(steered_model).run({"x": np.ones((2, 3), np.float32), "i": told})["y"].shape == (2, 3)
