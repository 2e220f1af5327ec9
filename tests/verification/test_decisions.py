"""DECISIONS: nodes that choose by comparing floats are found, and both models can be made to choose alike."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.model.session import Session
from paoding_onnx.verification.decisions import decisions_of, is_alike, outcomes, own_name, steered
from tests.models import model
from tests.pruning import is_unchanged, overrides, traced_model

HEAD = "g (float[2,6] x) => (float[N,M] y) <float[6,8] a, int64[1] two={2}, float[8,2] e, float zero={0}>"
CHOSEN = f"{HEAD} {{ p = MatMul (x, a) v, i = TopK (p, two) y = Identity (v) }}"


def found(body):
    """What the decisions of a model read, and what they make."""
    decisions = decisions_of(traced_model(model(f"{HEAD} {{ p = MatMul (x, a) {body} }}")))
    return [(decision.inputs, tuple(tensor.name for tensor in decision.outputs)) for decision in decisions]


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("v, i = TopK (p, two) y = Identity (v)", ("v", "i")),
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
    told = {"v": own["v"] + 1, "i": own["i"]}
    names = [own_name("v"), own_name("i")]
    got = Session(steered(subject, decisions), watch=names).run(feeds | told)
    assert np.array_equal(got["y"], told["v"])
    assert all(np.array_equal(got[own_name(name)], own[name]) for name in told)


def test_steering_leaves_the_model_as_it_was():
    subject = model(CHOSEN)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    steered(subject, decisions_of(traced_model(subject)))
    assert is_unchanged(subject, proto, before)


def test_outcomes_are_what_a_run_made_of_decisions():
    decisions = decisions_of(traced_model(model(CHOSEN)))
    run = {"x": np.zeros(2), "v": np.ones(2), "y": np.ones(2)}
    assert outcomes(decisions, run).keys() == {"v"}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (np.zeros((5, 3), int), True),
        (np.zeros((4, 3), int), True),
        (np.zeros((2, 3), int), False),
        (np.zeros(5, int), False),
        (np.zeros((5, 3)), False),
    ],
    ids=["as many", "nearly as many", "far fewer", "other rank", "other type"],
)
def test_outcomes_are_alike_if_they_are_about_as_many(own, expected):
    assert is_alike(np.ones((5, 3), int), own) is expected
