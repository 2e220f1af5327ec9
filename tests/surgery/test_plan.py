"""PLAN: the record of what stays, and back: a plan survives its document, and no other model takes it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paoding_onnx.dependency.scope import Scope
from paoding_onnx.errors import UsageError
from paoding_onnx.surgery.plan import make_plan, plan_document, plan_from_document, scope_of_document
from tests.models import random_plan, traced
from tests.pruning import CNN, MLP, ONE, SHARED, plan_of


def test_plan_is_a_copy_that_cannot_change():
    removed = np.array([True, False])
    plan = make_plan(removed)
    removed[1] = True
    assert plan.removed.tolist() == [True, False]
    with pytest.raises(ValueError, match="read-only"):
        plan.removed[0] = False


def test_plan_counts_what_stays():
    trace = traced(MLP)
    plan = plan_of(trace, a=[0, 5], b=[1])
    assert [plan.kept_units(group) for group in trace.groups] == [14, 11]


def test_document_says_for_every_initializer_and_axis_what_stays():
    trace = traced(ONE)
    kept = [k for k in range(16) if k not in (2, 15)]
    assert plan_document(trace, plan_of(trace, a=[2, 15])) == {
        "format": "paoding_onnx plan 2",
        "choices": {},
        "axes": [
            {"initializer": "a", "axis": 1, "size": 16, "kept": kept},
            {"initializer": "b", "axis": 0, "size": 16, "kept": kept},
        ],
    }


def test_document_names_the_use_of_a_shared_vector():
    trace = traced(SHARED)
    entries = plan_document(trace, plan_of(trace, a=[0], b=[1]))["axes"]
    uses = {(e["node"], e["operand"]): e["kept"] for e in entries if e["initializer"] == "k"}
    assert uses == {("Conv_0", 2): [1, 2, 3, 4, 5], ("Conv_2", 2): [0, 2, 3, 4, 5]}


@given(seed=st.integers(0, 1000), share=st.sampled_from([0.1, 0.5, 0.9]))
@pytest.mark.parametrize("trace", [traced(MLP), traced(CNN), traced(SHARED)], ids=["mlp", "cnn", "shared"])
def test_plan_survives_its_document(trace, seed, share):
    plan = random_plan(trace, seed, share)
    document = json.loads(json.dumps(plan_document(trace, plan)))
    assert np.array_equal(plan_from_document(trace, document).removed, plan.removed)


@pytest.mark.parametrize("document", [None, [], "plan", {}, {"format": "paoding_onnx plan 0", "axes": []}])
def test_document_in_another_format_is_refused(document):
    with pytest.raises(UsageError, match="not in the format 'paoding_onnx plan 2'"):
        plan_from_document(traced(ONE), document)


@pytest.mark.parametrize("axes", [None, {}, [1], "axes"])
def test_document_without_a_list_of_axes_is_refused(axes):
    with pytest.raises(UsageError, match="no list of axes"):
        plan_from_document(traced(ONE), {"format": "paoding_onnx plan 2", "axes": axes})


@pytest.mark.parametrize("change", [("16", "17"), (" a", " other")], ids=["sizes", "names"])
def test_plan_of_another_model_is_refused(change):
    trace = traced(ONE)
    document = plan_document(trace, plan_of(trace, a=[0]))
    with pytest.raises(UsageError, match="does not fit the model"):
        plan_from_document(traced(ONE.replace(*change)), document)


def test_plan_that_removes_what_is_pinned_is_refused():
    entry = {"initializer": "b", "axis": 1, "size": 4, "kept": [0, 1]}
    with pytest.raises(UsageError, match="removes positions of 'b' that may not go"):
        plan_from_document(traced(ONE), {"format": "paoding_onnx plan 2", "axes": [entry]})


def entries(**more):
    """A plan for the model `ONE` that removes the first unit; what else is said of its axes."""
    axes = plan_document(traced(ONE), plan_of(traced(ONE), a=[0]))["axes"]
    return {"format": "paoding_onnx plan 2", "axes": [axes[0] | more, *axes[1:]]}


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ([-1], "that are none"),
        ([16], "that are none"),
        ([1.0], "that are none"),
        ([True], "that are none"),
        ("all", "that are none"),
        ([1, 2, 3, 3], "more than once"),
        (list(range(16)), "contradicts itself"),
        ([0, *range(2, 16)], "contradicts itself"),
    ],
)
def test_positions_of_a_plan_that_make_no_sense_are_refused(kept, words):
    with pytest.raises(UsageError, match=words):
        plan_from_document(traced(ONE), entries(kept=kept))


def test_axis_that_a_plan_names_twice_is_refused():
    document = entries()
    with pytest.raises(UsageError, match="says twice what is kept of"):
        plan_from_document(traced(ONE), {**document, "axes": document["axes"] * 2})


def test_plan_of_a_million_entries_is_refused_in_a_moment():
    document = {"format": "paoding_onnx plan 2", "axes": [{"initializer": "none", "kept": [0] * 10}] * 1_000_000}
    with pytest.raises(UsageError, match="does not fit the model"):
        plan_from_document(traced(ONE), document)


@pytest.mark.parametrize("choice", [{}, [], 3, None, "sideways"])
def test_choice_of_a_plan_that_is_none_is_passed_over(choice):
    assert scope_of_document({"choices": {"a": choice}}) == Scope()
