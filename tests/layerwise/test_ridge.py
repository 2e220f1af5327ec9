"""Least squares: what can be computed exactly is, few rows cost little, and harm is refused."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.layerwise import ridge
from paoding_onnx.layerwise.ridge import RIDGE, SMALL, Clamp, Equations, Singles, Solution, distance, solve

NONE = Clamp()
RELU = Clamp(low=0.0)
CLIP = Clamp(-0.5, 0.5)


def rows(
    n_rows: int = 400,
    *,
    n_systems: int = 1,
    n_features: int = 5,
    n_made: int = 3,
    shift: float = 0.0,
    mean: float = 0.0,
    seed: int = 0,
) -> Equations:
    """Rows whose goal is a linear map of the features plus a shift; the map is the same for every seed."""
    right = np.random.default_rng(99).standard_normal((n_systems, n_features, n_made)).astype(np.float32)
    features = np.random.default_rng(seed).standard_normal((n_systems, n_rows, n_features)).astype(np.float32) + mean
    features = features.astype(np.float32)
    goal = features @ right + np.float32(shift)
    return Equations(features, np.zeros_like(goal), goal)


def noise(n_rows: int, n_features: int, seed: int) -> Equations:
    """Rows whose goal has nothing to do with their features."""
    rng = np.random.default_rng(seed)
    features, goal = rng.standard_normal((2, 1, n_rows, n_features)).astype(np.float32)
    return Equations(features, np.zeros_like(goal), goal)


def reached(of: Equations, solution: Solution) -> Singles:
    """What comes out after a change."""
    return np.asarray(of.start + of.features @ solution.weight + solution.shift)


def off(of: Equations, solution: Solution, clamp: Clamp = NONE) -> float:
    """Mean square distance from the goal, as a share of the goal's."""
    found = np.clip(reached(of, solution), clamp.low, clamp.high) - np.clip(of.goal, clamp.low, clamp.high)
    return float(np.square(found).mean() / np.square(np.clip(of.goal, clamp.low, clamp.high)).mean())


def test_linear_map_is_found_up_to_the_ridge():
    solution = solve(rows(seed=1), rows(seed=2), NONE, has_shift=False)
    right = np.random.default_rng(99).standard_normal((1, 5, 3))
    np.testing.assert_allclose(solution.weight, right, atol=3 * RIDGE)


def test_fit_is_near_the_goal_on_rows_it_never_saw():
    solution = solve(rows(seed=1), rows(seed=2), NONE, has_shift=False)
    assert off(rows(seed=3), solution) < RIDGE**2 * 1.2


def test_solution_is_that_of_the_normal_equations():
    fit = rows(seed=1)
    solution = solve(fit, rows(seed=2), NONE, has_shift=False)
    features, goal = fit.features[0].astype(np.float64), fit.goal[0]
    gram = features.T @ features
    wanted = np.linalg.solve(gram + RIDGE * np.trace(gram) / 5 * np.eye(5), features.T @ goal)
    np.testing.assert_allclose(solution.weight[0], wanted, rtol=1e-3, atol=1e-4)


def test_many_unknowns_are_solved_in_halves_to_the_same():
    n = 2 * SMALL + 7
    fit = rows(600, n_features=n, seed=1)
    solution = solve(fit, rows(seed=2, n_features=n), NONE, has_shift=False)
    features, goal = fit.features[0].astype(np.float64), fit.goal[0]
    gram = features.T @ features
    wanted = np.linalg.solve(gram + RIDGE * np.trace(gram) / n * np.eye(n), features.T @ goal)
    np.testing.assert_allclose(solution.weight[0], wanted, atol=1e-4)


def test_systems_are_solved_a_few_at_a_time_to_the_same(monkeypatch):
    fit, held = rows(n_systems=7, seed=1), rows(n_systems=7, seed=2)
    whole = solve(fit, held, RELU, has_shift=True)
    monkeypatch.setattr(ridge, "PART_NUMBERS", 1)
    parts = solve(fit, held, RELU, has_shift=True)
    np.testing.assert_allclose(parts.weight, whole.weight, atol=1e-6)
    assert parts.after == pytest.approx(whole.after)


def test_numbers_that_are_none_are_no_solution():
    fit = rows(seed=1)
    fit.features[0, 3, 2] = np.nan
    assert solve(fit, rows(seed=2), NONE, has_shift=False) is None


def test_rows_held_back_do_not_enter_the_solution_and_are_what_it_is_reported_on():
    fit, held, others = rows(seed=1), rows(seed=2), rows(seed=3)
    solution, other = (solve(fit, judged, NONE, has_shift=True) for judged in (held, others))
    assert np.array_equal(solution.weight, other.weight)
    assert solution.after == pytest.approx(np.square(reached(held, solution) - held.goal).mean(), rel=1e-5)


def test_shift_is_found():
    solution = solve(rows(shift=2.0, mean=1.0, seed=1), rows(shift=2.0, mean=1.0, seed=2), NONE, has_shift=True)
    at_zero = rows(1, shift=2.0)
    assert np.abs(solution.shift - at_zero.goal + at_zero.features @ solution.weight).max() < 0.2
    assert off(rows(shift=2.0, mean=1.0, seed=3), solution) < 2e-3


def test_ridge_does_not_pull_at_the_shift():
    flat = Equations(
        np.zeros((1, 50, 2), np.float32), np.zeros((1, 50, 1), np.float32), np.full((1, 50, 1), 7, np.float32)
    )
    assert solve(flat, flat, NONE, has_shift=True).shift == pytest.approx(7)


def test_without_an_offset_nothing_is_shifted():
    solution = solve(rows(shift=2.0, mean=1.0, seed=1), rows(shift=2.0, mean=1.0, seed=2), NONE, has_shift=False)
    assert not solution.shift.any()


def test_change_starts_from_what_the_weights_give_now():
    fit, held = rows(seed=1), rows(seed=2)
    started = [Equations(part.features, part.goal - part.features[..., :1], part.goal) for part in (fit, held)]
    solution = solve(*started, NONE, has_shift=False)
    np.testing.assert_allclose(solution.weight[0], [[1] * 3, *[[0] * 3] * 4], atol=3 * RIDGE)


def test_every_system_is_solved_by_itself():
    fit, held = rows(n_systems=3, seed=1), rows(n_systems=3, seed=2)
    together = solve(fit, held, NONE, has_shift=True)
    for number in range(3):
        parts = (Equations(*(getattr(r, n)[number, None] for n in ("features", "start", "goal"))) for r in (fit, held))
        alone = solve(*parts, NONE, has_shift=True)
        np.testing.assert_allclose(together.weight[number], alone.weight[0], atol=1e-5)


@pytest.mark.parametrize("has_shift", [False, True])
@pytest.mark.parametrize("clamp", [NONE, RELU], ids=["plain", "clamped"])
def test_more_features_than_rows_give_the_same_as_the_gram_matrix_of_the_features(has_shift, clamp):
    """The wide case has the dual form; a tall one with its rows doubled has the same solution."""
    fit, held = (rows(12, n_features=30, shift=0.5, seed=seed) for seed in (1, 2))
    wide = solve(fit, held, clamp, has_shift=has_shift)
    doubled = [
        Equations(*(np.tile(getattr(r, n), (1, 3, 1)) for n in ("features", "start", "goal"))) for r in (fit, held)
    ]
    tall = solve(*doubled, clamp, has_shift=has_shift)
    assert 2 * 12 < 30 < 6 * 12
    np.testing.assert_allclose(wide.weight, tall.weight, atol=1e-4)
    np.testing.assert_allclose(wide.shift, tall.shift, atol=1e-4)


def test_distances_are_those_on_the_rows_held_back():
    held = rows(seed=2)
    solution = solve(rows(seed=1), held, NONE, has_shift=False)
    assert solution.before == pytest.approx(np.square(held.goal, dtype=np.float64).mean())
    assert 0 < solution.after < RIDGE**2 * 1.2 * solution.before


def test_distances_are_clamped():
    fit, held = rows(seed=1), rows(seed=2)
    solution = solve(fit, held, CLIP, has_shift=False)
    assert solution.before == pytest.approx(np.square(np.clip(held.goal, -0.5, 0.5), dtype=np.float64).mean())


def beyond(seed: int) -> Equations:
    """A goal that is linear in the features, but for much worse numbers below zero."""
    found = rows(seed=seed, n_made=1)
    spoilt = np.where(found.goal < 0, found.goal - 5 * np.abs(found.features[..., 1:2]), found.goal)
    return Equations(found.features, found.start, spoilt.astype(np.float32))


def test_numbers_beyond_the_clamp_spoil_the_fit_less():
    fit, held, fresh = beyond(1), beyond(2), beyond(3)
    blind, clever = (solve(fit, held, clamp, has_shift=True) for clamp in (NONE, RELU))
    assert off(fresh, clever, RELU) < 0.6 * off(fresh, blind, RELU)


def test_clamp_from_above_is_the_mirror_of_one_from_below():
    fit, held = beyond(1), beyond(2)
    below = solve(fit, held, RELU, has_shift=True)
    mirrored = (Equations(part.features, -part.start, -part.goal) for part in (fit, held))
    above = solve(*mirrored, Clamp(high=0.0), has_shift=True)
    np.testing.assert_allclose(above.weight, -below.weight, atol=1e-6)


def test_fit_that_does_not_hold_on_other_rows_is_refused():
    assert solve(noise(30, 20, seed=1), noise(300, 20, seed=2), NONE, has_shift=True) is None


def test_fit_that_holds_would_not_be_refused():
    assert solve(rows(30, seed=1), rows(300, seed=2), NONE, has_shift=True) is not None


def test_nothing_changes_where_the_goal_is_reached():
    fit, held = (Equations(part.features, part.goal, part.goal) for part in (rows(seed=1), rows(seed=2)))
    assert solve(fit, held, NONE, has_shift=True) is None


def test_goal_that_is_not_finite_is_refused():
    held = rows(seed=2)
    broken = Equations(held.features, held.start, np.full_like(held.goal, np.nan))
    assert solve(rows(seed=1), broken, NONE, has_shift=True) is None


def test_features_that_are_all_zero_break_nothing():
    fit, held = (Equations(np.zeros_like(r.features), r.start, r.goal + 1) for r in (rows(seed=1), rows(seed=2)))
    solution = solve(fit, held, NONE, has_shift=True)
    assert not solution.weight.any()
    assert np.isfinite(solution.shift).all()


def test_same_rows_give_the_same_bytes():
    first, second = (solve(rows(seed=1), rows(seed=2), RELU, has_shift=True) for _ in range(2))
    assert first.weight.tobytes() == second.weight.tobytes()


def test_rows_are_not_changed():
    fit, held = rows(seed=1), rows(seed=2)
    before = [part.goal.copy() for part in (fit, held)]
    solve(fit, held, RELU, has_shift=True)
    assert all(np.array_equal(a, part.goal) for a, part in zip(before, (fit, held), strict=True))


def repeated(of: Equations, times: int) -> Equations:
    """The first half of the rows so many times, then the others."""
    half = of.features.shape[1] // 2
    parts = (getattr(of, name) for name in ("features", "start", "goal"))
    return Equations(*(np.concatenate([part[:, :half]] * times + [part[:, half:]], 1) for part in parts))


@pytest.mark.parametrize("clamp", [NONE, RELU], ids=["plain", "clamped"])
@pytest.mark.parametrize("n_features", [5, 90], ids=["many rows", "few rows"])
def test_rows_of_a_weight_count_as_if_they_were_there_so_often(clamp, n_features):
    plain, held = rows(60, n_features=n_features, seed=1), rows(n_features=n_features, seed=2)
    off_by = np.random.default_rng(3).standard_normal(plain.goal.shape).astype(np.float32)
    fit = Equations(plain.features, plain.start, plain.goal + off_by)
    weighted = Equations(fit.features, fit.start, fit.goal, np.repeat(np.float32([3, 1]), 30))
    found = solve(weighted, held, clamp, has_shift=True)
    same = solve(repeated(fit, 3), held, clamp, has_shift=True)
    np.testing.assert_allclose(found.weight, same.weight, rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(found.shift, same.shift, rtol=1e-2, atol=1e-3)


def test_rows_that_judge_have_weights_too():
    held = rows(seed=2)
    start = held.goal.copy()
    start[:, :200] += 1
    assert distance(held.goal, start, NONE, np.repeat(np.float32([3, 1]), 200)) == pytest.approx(0.75)


@pytest.mark.parametrize("clamp", [Clamp(), Clamp(0.0, 1.0)], ids=["open", "clamped"])
def test_columns_are_solved_a_part_at_a_time_as_all_at_once(clamp, monkeypatch):
    rng = np.random.default_rng(0)
    features, start, noise = (rng.standard_normal((2, 60, n)).astype(np.float32) for n in (5, 9, 9))
    weight = rng.standard_normal((2, 5, 9)).astype(np.float32)
    fit = Equations(features, start, start + features @ weight + np.float32(0.1) * noise)
    wanted = solve(fit, fit, clamp, has_shift=True)
    monkeypatch.setattr(ridge, "GOAL_NUMBERS", 200)
    found = solve(fit, fit, clamp, has_shift=True)
    np.testing.assert_allclose(found.weight, wanted.weight, atol=1e-5)
    np.testing.assert_allclose(found.shift, wanted.shift, atol=1e-5)
