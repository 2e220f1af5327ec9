"""SELECT: which units go, step by step: by weights in small steps, or in the order that a profile gives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError, TargetError, UsageError
from paoding_onnx.layerwise.weights import Candidate
from paoding_onnx.model.read import constants
from paoding_onnx.options import Options
from paoding_onnx.selection import select
from paoding_onnx.selection.curve import Sensitivity
from paoding_onnx.selection.profile import Profile
from paoding_onnx.selection.select import choose, choose_from, study_units
from paoding_onnx.selection.selection import Selection
from tests.models import model
from tests.pruning import CNN, MLP, SHARED, plan_of, planted, traced_model


def chosen(text: str, **options: object) -> tuple[Trace, Selection]:
    """The trace of a model and the units that go, kept units of any number."""
    subject = model(text)
    found = traced_model(subject)
    return found, choose(subject, found, Options(**{"round_to": 1, "by": "units"} | options), Run())


def lost(found: Trace, selection: Selection) -> list[int]:
    """Units that each group loses."""
    return [group.n_units - selection.plan.kept_units(group) for group in found.groups]


def profile(found: Trace, *, sensitivities: tuple[Sensitivity, ...] = (), backwards: bool = False) -> Profile:
    """A profile in which the units of each group go from the first to the last, or the other way."""
    step = -1 if backwards else 1
    orders = {g.start: tuple(Candidate(u, 0.0) for u in range(g.start, g.stop)[::step]) for g in found.groups}
    return Profile(None, orders, sensitivities)


def test_units_go_in_the_order_of_the_profile():
    found = traced_model(model(MLP))
    for backwards in (False, True):
        plan = choose_from(found, profile(found, backwards=backwards), Options(by="units", round_to=1)).plan
        wanted = plan_of(found, a=list(range(8)), b=list(range(6)))
        if backwards:
            wanted = plan_of(found, a=list(range(8, 16)), b=list(range(6, 12)))
        assert np.array_equal(plan.removed, wanted.removed)


def test_steps_of_a_profile_name_every_unit_once_when_it_goes():
    found = traced_model(model(MLP))
    selection = choose_from(found, profile(found), Options(by="units", step=0.25, round_to=1))
    assert [(step.share, dict(step.removed)) for step in selection.steps] == [
        (0.25, {"MatMul_0": (0, 1, 2, 3), "Gemm_3": (0, 1, 2)}),
        (0.5, {"MatMul_0": (4, 5, 6, 7), "Gemm_3": (3, 4, 5)}),
    ]


def test_every_step_has_the_cost_of_what_is_left_after_it():
    found = traced_model(model(MLP))
    selection = choose_from(found, profile(found), Options(by="units", step=0.25, round_to=1))
    half = plan_of(found, a=[0, 1, 2, 3], b=[0, 1, 2]).removed
    assert [step.cost for step in selection.steps] == [cost(found, half), cost(found, selection.plan.removed)]


def test_step_in_which_nothing_goes_yet_is_left_out():
    found = traced_model(model(MLP))
    steps = choose_from(found, profile(found), Options(by="units", target=0.1, step=0.02, round_to=1)).steps
    assert [step.share for step in steps] == [0.08, 0.1]  # a sixteenth and a twelfth are the first whole units


def test_measured_sensitivities_decide_which_group_loses_units():
    found = traced_model(model(MLP))
    first, second = found.groups
    curves = tuple(
        Sensitivity(group.name, tuple(range(1, group.n_units)), tuple(weight * k for k in range(1, group.n_units)))
        for group, weight in ((first, 1e-3), (second, 1.0))
    )
    selection = choose_from(found, profile(found, sensitivities=curves), Options(by="units", target=0.2, round_to=1))
    gone = lost(found, selection)
    assert gone[0] > 0 == gone[1]


def test_no_step_takes_what_a_later_one_gives_back(monkeypatch):
    """Counts of steps that are found one by one need not rise in every group."""
    found = traced_model(model(MLP))
    counts = iter([(3, 0), (1, 4), (2, 5)])
    monkeypatch.setattr(select, "quotas", lambda *_, **__: next(counts))
    steps = choose_from(found, profile(found), Options(by="units", target=0.3, step=0.1, round_to=1)).steps
    assert [[len(step.removed.get(group.name, ())) for group in found.groups] for step in steps] == [
        [1, 0],
        [0, 4],
        [1, 1],
    ]


@pytest.mark.parametrize(("method", "count"), [("paoding", 10), ("magnitude", 1), ("random", 1)])
def test_only_methods_whose_steps_depend_on_each_other_take_steps(method, count):
    _, selection = chosen(MLP, method=method)
    assert len(selection.steps) == count
    assert selection.steps[-1].share == 0.5


@pytest.mark.parametrize("method", ["paoding", "magnitude", "random"])
def test_units_of_all_steps_are_those_of_the_plan(method):
    found, selection = chosen(CNN, method=method)
    removed = nothing(found)
    for step in selection.steps:
        for group in found.groups:
            numbers = group.start + np.array(step.removed.get(group.name, ()), int)
            assert not removed[numbers].any()
            removed[numbers] = True
        assert step.cost == cost(found, removed)
    assert np.array_equal(removed, selection.plan.removed)


PICKED = """g (float[N,3] x) => (float[N,2] y) <float[3,5] a, int64[2] i={1,3}, float[7,2] b> {
  h = MatMul (x, a) p = Gather <axis=1> (h, i) c = Concat <axis=1> (h, p) y = MatMul (c, b)
}"""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", ["magnitude", "random", "paoding", "reconstruction"])
def test_of_what_a_node_picks_something_stays(method, seed):
    _, selection = chosen(PICKED, method=method, target=0.8, by="units", step=0.2, round_to=1, seed=seed)
    assert not selection.plan.removed[[1, 3]].all()
    assert selection.plan.removed.sum() >= 3
    went = [unit for step in selection.steps for units in step.removed.values() for unit in units]
    assert sorted(went) == np.flatnonzero(selection.plan.removed).tolist()


def test_smallest_units_go_by_magnitude():
    """Magnitude is the product of what comes in and what goes out: rows of `a` times columns of `b`."""
    found, selection = chosen(MLP, method="magnitude")
    values = constants(model(MLP))
    sizes = np.linalg.norm(values["a"], axis=0) * np.linalg.norm(values["b"], axis=1)
    first = found.groups[0]
    assert set(selection.steps[0].removed[first.name]) == set(np.argsort(sizes)[:8])


def test_random_units_follow_the_seed():
    first, same, other = (chosen(MLP, method="random", seed=seed)[1].plan.removed for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_twins_take_over_only_where_the_method_pairs_units():
    assert chosen(MLP, method="magnitude")[1].overrides == {}
    assert chosen(MLP, method="paoding")[1].overrides.keys() >= {"b", "c"}


def test_steps_go_on_until_the_budget_is_met_where_shared_constants_are_copied():
    """Two layers share a bias as long as they lose the same channels: the copies cost what no quota foresees."""
    found, selection = chosen(SHARED, method="random", by="parameters", target=0.2)
    saved = [1 - step.cost.parameters / cost(found, nothing(found)).parameters for step in selection.steps]
    assert [share >= 0.2 for share in saved] == [False, True]
    assert selection.steps[0].share == 0.2 < selection.steps[1].share
    assert selection.steps[-1].cost == cost(found, selection.plan.removed)


@pytest.mark.parametrize("method", ["paoding", "reconstruction"])
def test_target_below_one_unit_is_refused(method):
    with pytest.raises(TargetError, match=r"5\.0% removes not a single whole unit .*--round-to 1"):
        chosen(MLP, method=method, target=0.05, allocation="uniform")


@pytest.mark.parametrize("by", ["parameters", "macs"])
def test_target_out_of_reach_is_refused_before_any_input_is_made(by, monkeypatch):
    monkeypatch.setattr(select, "study_units", None)
    with pytest.raises(TargetError, match=rf"a target of 99\.0% of the {by} is out of reach: the 2 prunable groups"):
        chosen(MLP, by=by, target=0.99)


def refuse(*_, **__):
    raise ModelError("too tough")


def test_model_that_does_not_run_in_pieces_loses_units_by_magnitude_with_a_note(monkeypatch):
    monkeypatch.setattr(select, "measure_profile", refuse)
    _, selection = chosen(MLP)
    assert np.array_equal(selection.plan.removed, chosen(MLP, method="magnitude")[1].plan.removed)
    assert selection.notes == (
        "units were chosen by magnitude and no weight was fitted: the model does not run in pieces (too tough)",
    )
    assert selection.profile is None


@pytest.mark.parametrize("more", [{"distill": 3}, {"recover": 3}, {"calibration": "rows.npz"}], ids=str)
def test_what_only_other_methods_use_is_no_hindrance_then(more, monkeypatch, tmp_path):
    np.savez(tmp_path / "rows.npz", x=np.zeros((16, 8), np.float32))
    more = {name: tmp_path / value if name == "calibration" else value for name, value in more.items()}
    monkeypatch.setattr(select, "measure_profile", refuse)
    _, selection = chosen(MLP, by=None, **more)
    wanted = chosen(MLP, by="parameters", method="magnitude")[1]
    assert np.array_equal(selection.plan.removed, wanted.plan.removed)


def studied(monkeypatch: pytest.MonkeyPatch, **options: object) -> tuple[Samples, Mapping[str, object], list[str]]:
    """Samples and settings with which units would be studied, and what is told meanwhile."""
    seen, said = [], []
    monkeypatch.setattr(select, "measure_profile", lambda *given, **how: seen.append((given, how)))
    subject = model(MLP)
    study_units(subject, traced_model(subject), Options(**options), Run(progress=lambda what, _: said.append(what)))
    ((given, how),) = seen
    return given[2], how, said


def test_units_are_studied_on_synthetic_inputs(monkeypatch):
    samples, _, said = studied(monkeypatch)
    assert samples.is_synthetic
    assert said == ["synthesizing inputs"]


def test_units_are_studied_on_calibration_data_where_there_is_some(monkeypatch, tmp_path):
    rows = np.random.default_rng(0).standard_normal((40, 8)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=rows)
    samples, _, said = studied(monkeypatch, calibration=tmp_path / "x.npz")
    real, others = samples.parted()
    assert not samples.is_synthetic
    assert real.n_samples == 32  # every fifth is held back
    assert others.n_samples == 224
    assert said == ["reading samples"]


def test_calibration_data_that_does_not_fit_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((4, 7), np.float32))
    with pytest.raises(UsageError):
        chosen(MLP, calibration=tmp_path / "x.npz")


@pytest.mark.parametrize("allocation", ["measured", "uniform"])
def test_sensitivity_is_measured_only_where_it_decides(allocation, monkeypatch):
    assert studied(monkeypatch, allocation=allocation)[1] == {"is_measured": allocation == "measured"}


def test_inputs_are_distilled_where_that_is_asked_for(monkeypatch):
    steps = []

    def distil(model, traced, samples, count, run):
        steps.append(count)
        return samples

    monkeypatch.setattr(select, "distil", distil)
    studied(monkeypatch)
    assert steps == []
    studied(monkeypatch, distill=3)
    assert steps == [3]


def test_inputs_that_cannot_be_distilled_are_used_as_they_are(monkeypatch):
    monkeypatch.setattr(select, "distil", refuse)
    plain, _, _ = studied(monkeypatch)
    samples, _, _ = studied(monkeypatch, distill=3)
    assert samples.description == f"{plain.description} (not distilled: too tough)"
    assert np.array_equal(samples.batches[0]["x"], plain.batches[0]["x"])


def test_redundant_units_go_first_on_inputs():
    """The second half of the first hidden layer is its first half again."""

    def plant(weights):
        weights["a"][:, 8:], weights["ab"][8:] = weights["a"][:, :8], weights["ab"][:8]

    subject = planted(MLP, plant)
    found = traced_model(subject)
    plan = choose(subject, found, Options(by="units", round_to=1, allocation="uniform"), Run()).plan
    pairs = plan.removed[:8].astype(int) + plan.removed[8:16]
    assert pairs.tolist() == [1] * 8
