"""Another copy of a network is cut by a plan: the same units go, its own weights stay, and other models are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from paoding_onnx.api import apply, prune
from paoding_onnx.context import Run
from paoding_onnx.dependency.groups import trace
from paoding_onnx.errors import UsageError
from paoding_onnx.model.load import load
from paoding_onnx.model.provenance import provenance_of
from paoding_onnx.model.read import constants
from paoding_onnx.options import Options
from paoding_onnx.pipeline.by_plan import shrink_by
from paoding_onnx.pipeline.values import Job
from paoding_onnx.shapes.observe import observe
from paoding_onnx.surgery.plan import plan_document, plan_hash
from tests.models import model, parse, save
from tests.pruning import CNN, MLP, plan_of, skip_latency, traced_model

FEWER = MLP.replace("16", "12")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with a model, another copy of it, and the plan of the first one."""
    skip_latency(monkeypatch)
    monkeypatch.chdir(tmp_path)
    save(parse(MLP), Path("m.onnx"))
    save(parse(MLP, seed=1), Path("other.onnx"))
    Path("plan.json").write_text(json.dumps(document(MLP)))
    return tmp_path


def document(text, **units):
    """The plan that removes three units of the first layer of a model, unless others are named."""
    traced = traced_model(model(text))
    return plan_document(traced, plan_of(traced, **(units or {"a": [0, 3, 4]})))


def shrunk(text, plan):
    return shrink_by(plan, Job(model(text), None, None, Options(), Run()))


def test_weights_are_those_of_the_other_copy_at_the_positions_that_stay(folder):
    result = apply("plan.json", "other.onnx", "small.onnx")
    whole, own = (constants(load(name)) for name in ("other.onnx", "small.onnx"))
    kept = [k for k in range(16) if k not in (0, 3, 4)]
    assert np.array_equal(own["a"], whole["a"][:, kept])
    assert np.array_equal(own["b"], whole["b"][kept])
    assert all(proof.passed for proof in result.proofs)
    assert {"surgery exact", "file as proven", "cost as predicted"} <= {proof.name for proof in result.proofs}
    assert result.refitted == ()


@pytest.mark.slow
def test_plan_that_prune_wrote_gives_the_same_cut(folder):
    first = prune("m.onnx", "first.onnx", Options(method="magnitude"), documents={"plan": "p.json"})
    again = apply("p.json", "m.onnx", "again.onnx")
    assert again.sizes.after.parameters == first.sizes.after.parameters
    assert all(
        np.array_equal(a, b) for a, b in zip(*(constants(r.model).values() for r in (first, again)), strict=True)
    )


def test_result_tells_which_plan_it_was_cut_by(folder):
    apply("plan.json", "other.onnx", "small.onnx")
    assert provenance_of(load("small.onnx"))["options"] == {"plan": plan_hash(document(MLP))}


def test_share_that_went_is_that_of_the_units():
    job, done = shrunk(MLP, document(MLP))
    assert job.options.target == pytest.approx(3 / 28)
    assert (job.options.by, done.steps[0].share) == ("units", job.options.target)
    assert dict(done.steps[0].removed) == {done.prepared.trace.groups[0].name: (0, 3, 4)}


def test_model_of_other_widths_is_refused_with_both_of_them():
    with pytest.raises(UsageError, match="fit the model: 'a' has 12 positions on axis 1, where the plan has 16"):
        shrunk(FEWER, document(MLP))


def test_model_without_such_a_weight_is_refused():
    with pytest.raises(UsageError, match="fit the model: it has no initializer 'a' that can be pruned"):
        shrunk(MLP.replace("8,16] a,", "8,16] aa,").replace("(x, a)", "(x, aa)"), document(MLP))


def test_model_in_which_more_reads_the_units_is_refused():
    text = MLP.replace("float[12,4] c", "float[16,4] more, float[12,4] c").replace(
        "y = Add (u, cb)", "v = MatMul (r, more) w = Add (u, v) y = Add (w, cb)"
    )
    with pytest.raises(UsageError, match="'more' too, which the plan does not know"):
        shrunk(text, document(MLP))


def test_model_that_pins_what_the_plan_removes_is_refused():
    text = MLP.replace("=> (float[N,4] y)", "=> (float[N,4] y, float[N,16] r)")
    with pytest.raises(UsageError, match="the plan removes positions of 'a' that may not go"):
        shrunk(text, document(MLP))


def test_plan_of_choices_that_the_model_has_not_is_refused():
    plan = document(MLP) | {"choices": {"nowhere": "blocks"}}
    with pytest.raises(UsageError, match="the plan does not fit the model"):
        shrunk(MLP, plan)


@pytest.mark.parametrize("plan", [{}, {"format": "paoding_onnx plan 2"}, {"format": "paoding_onnx plan 2", "axes": {}}])
def test_what_is_no_plan_is_refused(plan):
    with pytest.raises(UsageError):
        shrunk(MLP, plan)


def test_plan_that_removes_nothing_is_refused():
    with pytest.raises(UsageError, match="the plan removes nothing"):
        shrunk(MLP, {"format": "paoding_onnx plan 2", "axes": []})


def test_shared_vectors_are_cut_node_by_node_as_planned():
    traced = trace(observe(model(CNN)))
    plan = plan_document(traced, plan_of(traced, a=[1, 2]))
    _, done = shrunk(CNN, plan)
    assert constants(done.plain)["ab"].shape == (6,)


def test_what_a_plan_says_is_hashed_and_not_how_it_is_written():
    plan = document(MLP)
    assert plan_hash(plan) == plan_hash(json.loads(json.dumps(plan | {"result": None}, indent=3)))
    assert plan_hash(plan) != plan_hash(document(MLP, a=[0]))
