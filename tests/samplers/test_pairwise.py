"""The pair-wise sampler: units that others can stand in for are found, and the outputs stay as they were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paoding_onnx.api import prune
from paoding_onnx.layerwise.weights import View
from paoding_onnx.options import Options
from paoding_onnx.samplers.output_bounds import bound_outputs
from paoding_onnx.samplers.pairwise import pairwise
from tests.models import model
from tests.pruning import MLP, moved, planted, skip_latency, whole_view

HIDDEN = """g (float[N,8] x) => (float[N,3] y) <{weights}float[8,12] a, float[12,3] c> {{
  p = MatMul (x, a) {inner} y = MatMul (h, c)
}}"""


def hidden(inner: str, weights: str = "") -> str:
    """A layer of 12 hidden units with `inner` between p and h."""
    return HIDDEN.format(inner=inner, weights=weights and f"{weights}, ")


@dataclass(frozen=True)
class Twins:
    """A model in which units 6 to 11 of a hidden layer shall repeat units 0 to 5.

    `alike` names the weights that repeat, `scaled` those that are multiples of 0.25, 0.5, 1, 2, 3 and 5 times `sign`;
    the units are on their last axis, or on the first where `first` names them.
    """

    text: str
    alike: tuple[str, ...] = ()
    scaled: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    sign: int = 1

    def plant(self, weights: dict[str, Any]) -> None:
        """Make the second half of the units repeat the first."""
        factors = self.sign * np.array([0.25, 0.5, 1, 2, 3, 5], np.float32)
        for name in (*self.alike, *self.scaled):
            rows = weights[name] if name in self.first else weights[name].T
            rows[6:] = (rows[:6].T * (factors if name in self.scaled else 1)).T


NORM = "float[12] s, float[12] o, float[12] m, float[12] v"
TWINS = {
    "relu": Twins(hidden("h = Relu (p)"), scaled=("a",)),
    "relu with bias": Twins(hidden("q = Add (p, b) h = Relu (q)", "float[12] b"), scaled=("a", "b")),
    "leaky relu": Twins(hidden("h = LeakyRelu <alpha=0.3> (p)"), scaled=("a",)),
    "no activation": Twins(hidden("h = Identity (p)"), scaled=("a",), sign=-1),
    "sigmoid": Twins(hidden("q = Add (p, b) h = Sigmoid (q)", "float[12] b"), alike=("a", "b")),
    "tanh": Twins(hidden("h = Tanh (p)"), alike=("a",)),
    "swish": Twins(hidden("q = Sigmoid (p) h = Mul (p, q)"), alike=("a",)),
    "prelu": Twins(hidden("h = PRelu (p, s)", "float[12] s"), alike=("s",), scaled=("a",)),
    "normalised, equal statistics": Twins(
        hidden("q = BatchNormalization (p, s, o, m, v) h = Relu (q)", NORM),
        alike=("s", "v"),
        scaled=("a", "o", "m"),
    ),
    "normalised, scaled gain": Twins(
        hidden("q = Add (p, b) r = BatchNormalization (q, s, o, m, v) h = Relu (r)", f"{NORM}, float[12] b"),
        alike=("a", "b", "m", "v"),
        scaled=("s", "o"),
    ),
    "normalised before sigmoid": Twins(
        hidden("q = BatchNormalization (p, s, o, m, v) h = Sigmoid (q)", NORM), alike=("a", "s", "o", "m", "v")
    ),
    "normalised after relu": Twins(
        hidden("q = Relu (p) h = BatchNormalization (q, s, o, m, v)", NORM), alike=("a", "s", "o", "m", "v")
    ),
    "gain and shift": Twins(
        hidden("q = Mul (p, s) r = Sub (q, o) h = Relu (r)", "float[12] s, float[12] o"),
        alike=("a",),
        scaled=("s", "o"),
    ),
    "gemm, transposed": Twins(
        """g (float[N,8] x) => (float[N,3] y) <float[12,8] a, float[12] b, float[3,12] c> {
          p = Gemm <transB=1> (x, a, b) h = Relu (p) y = Gemm <transB=1> (h, c)
        }""",
        scaled=("a", "b"),
        first=("a",),
    ),
    "two consumers": Twins(
        """g (float[N,8] x) => (float[N,3] y, float[N,5] z) <float[8,12] a, float[12,3] c, float[5,12] d> {
          p = MatMul (x, a) h = Relu (p) y = MatMul (h, c) z = Gemm <transB=1> (h, d)
        }""",
        scaled=("a",),
    ),
    "consumers at two depths": Twins(
        """g (float[N,8] x) => (float[N,3] y) <float[8,12] a, float[12,5] b, float[5,3] c, float[12,3] d> {
          p = MatMul (x, a) h = Relu (p) q = MatMul (h, b) r = Relu (q) s = MatMul (r, c) t = MatMul (h, d)
          y = Add (s, t)
        }""",
        scaled=("a",),
    ),
    "flatten before": Twins(
        """g (float[N,3,6,6] x) => (float[N,3] y) <float[4,3,3,3] k, float[64,12] a, float[12,3] c> {
          n = Conv (x, k) l = Relu (n) m = Flatten (l) p = MatMul (m, a) h = Relu (p) y = MatMul (h, c)
        }""",
        scaled=("a",),
    ),
    "two layers make the units": Twins(
        hidden("q = MatMul (x, b) r = Add (p, q) h = Relu (r)", "float[8,12] b"), scaled=("a", "b")
    ),
    "gate": Twins(hidden("q = MatMul (x, b) r = Sigmoid (q) h = Mul (p, r)", "float[8,12] b"), alike=("a", "b")),
}
PLANTED = {frozenset((k, k + 6)) for k in range(6)}
every_kind = pytest.mark.parametrize("kind", TWINS)


@pytest.fixture
def quick(monkeypatch):
    skip_latency(monkeypatch)


def candidates(subject, count=99):
    """What the sampler says about the group of 12 units, these counted from 0."""
    view = whole_view(subject)
    view = View(view.trace, view.removed, {}, bound_outputs(view, view.trace.groups))
    (group,) = (group for group in view.trace.groups if group.n_units == 12)
    found = pairwise(view, group, count, np.random.default_rng(0))
    return [replace(c, unit=c.unit - group.start, merge_target=c.merge_target - group.start) for c in found]


def first_pairs(subject):
    """The first six pairs, as unordered ones."""
    return {frozenset((c.unit, c.merge_target)) for c in candidates(subject, count=6)}


@every_kind
def test_twins_are_found(kind):
    assert first_pairs(planted(TWINS[kind].text, TWINS[kind].plant)) == PLANTED


@every_kind
def test_twins_take_over_and_the_outputs_stay(kind, quick):
    subject = planted(TWINS[kind].text, TWINS[kind].plant)
    options = Options(method="paoding", only=("p",), round_to=1)
    assert moved(subject, prune(subject, options=options).model) < 1e-5


def test_some_other_unit_would_have_been_missed(quick):
    subject = planted(TWINS["relu"].text, TWINS["relu"].plant)
    assert moved(subject, prune(subject, options=Options(method="random", round_to=1)).model) > 0.05


@pytest.mark.parametrize("kind", ["relu", "relu with bias", "no activation", "normalised, scaled gain"])
def test_coefficient_is_the_scale_between_twins(kind):
    factors = TWINS[kind].sign * np.array([0.25, 0.5, 1, 2, 3, 5])
    for c in candidates(planted(TWINS[kind].text, TWINS[kind].plant), count=6):
        wanted = factors[c.merge_target] if c.unit > c.merge_target else 1 / factors[c.unit]
        assert c.coefficient == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "swish", "gate", "normalised after relu"])
def test_coefficient_is_one_where_no_scale_passes(kind):
    assert {c.coefficient for c in candidates(model(TWINS[kind].text))} == {1.0}


@pytest.mark.parametrize("activation", ["Sigmoid", "Tanh"])
def test_multiples_are_no_twins_where_no_scale_passes(activation):
    relu, other = (planted(hidden(f"h = {name} (p)"), TWINS["relu"].plant) for name in ("Relu", activation))
    assert first_pairs(relu) == PLANTED
    assert first_pairs(other) != PLANTED


def test_negative_multiples_are_no_twins_under_relu():
    mirrored = Twins(hidden("h = Relu (p)"), scaled=("a",), sign=-1)
    assert min(c.coefficient for c in candidates(planted(mirrored.text, mirrored.plant))) >= 0


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("relu with bias", "b"),
        ("prelu", "s"),
        ("normalised, equal statistics", "o"),
        ("normalised before sigmoid", "m"),
    ],
)
def test_units_that_differ_in_one_weight_are_no_twins(kind, name):
    merge_targets = TWINS[kind]
    other = replace(merge_targets, alike=set(merge_targets.alike) - {name}, scaled=set(merge_targets.scaled) - {name})
    assert first_pairs(planted(merge_targets.text, other.plant)) != PLANTED


def test_last_of_many_equal_units_stands_for_all(quick):
    def alike(weights):
        weights["a"][:] = weights["a"][:, :1] * np.arange(1, 13)

    subject = planted(hidden("h = Relu (p)"), alike)
    result = prune(subject, options=Options(method="paoding", target=0.99, round_to=1))
    assert result.plan.removed.sum() == 11
    assert moved(subject, result.model) < 1e-5


def test_both_hidden_layers_lose_their_twins(quick):
    def plant(weights):
        for name, half in (("a", 8), ("b", 6)):
            weights[name][:, half:] = 2 * weights[name][:, :half]
            weights[f"{name}b"][half:] = 2 * weights[f"{name}b"][:half]

    subject = planted(MLP, plant)
    result = prune(subject, options=Options(method="paoding", target=0.5, round_to=1))
    assert result.sizes.after.parameters < result.sizes.before.parameters / 2
    assert moved(subject, result.model) < 1e-5


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), inner=st.sampled_from(["h = Relu (p)", "h = Tanh (p)", "h = Identity (p)"]))
def test_twin_is_a_unit_that_is_still_there(seed, inner):
    gone = set()
    for candidate in candidates(model(hidden(inner), seed)):
        assert candidate.merge_target not in gone | {candidate.unit}
        gone.add(candidate.unit)
    assert len(gone) == 11


def test_scores_of_exact_twins_are_zero():
    scores = [c.score for c in candidates(planted(TWINS["relu"].text, TWINS["relu"].plant))]
    assert scores[:6] == [0.0] * 6
    assert min(scores[6:]) > 0


def test_unit_with_little_reach_goes_first():
    def near(weights):
        weights["c"][:] = 1
        weights["c"][3] = 1e-3

    assert candidates(planted(hidden("h = Relu (p)"), near), count=1)[0].unit == 3


def test_twin_that_took_over_much_goes_late():
    def plant(weights):
        weights["a"][:] = 0
        weights["a"][0, :3] = 1
        weights["a"][1, 2] = 0.01  # unit 2 is close to the equal units 0 and 1
        weights["a"][2, 3:5] = 1
        weights["a"][3, 4] = 0.01  # units 3 and 4 are as close to each other
        weights["a"][4, 5:] = 10 * np.arange(1, 8)
        weights["c"][:] = 100
        weights["c"][:2], weights["c"][3:5] = 1, 1.5

    first, second = candidates(planted(hidden("h = Tanh (p)"), plant), count=2)
    assert (first.unit, first.merge_target, second.unit) == (0, 1, 3)  # not unit 1, whose reach is now 2
