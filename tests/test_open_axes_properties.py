"""Random networks that compute shapes from open axes are pruned right, at sizes that nothing was measured at."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paoding_onnx.shapes import observe as observing
from tests.models import parse
from tests.open_axes import judge as judging
from tests.open_axes.graphs import Drawn, graphs
from tests.open_axes.judge import BARE, REFUSED, RIGHT, judge, zeroed

MOST_REFUSED = 0.12
"""So many of the networks may be refused, or have nothing that could go, such as those that count with channels."""

CAPPED = Drawn(
    """g (float[N,T,6] x) => (float[a,b,5] y) <float[6,8] w, float[8,8] u, float[8,5] v, int64[1] zero={0},
        int64[1] one={1}, int64[1] most={50}, int64[2] last={2,-1}, int64[1] wide={8}> {
      [h] h = MatMul (x, w) [n] n = Shape <end=1> (x) [t] t = Shape <start=1, end=2> (x) [m] m = Min (t, most)
      [s] s = Slice (h, zero, m, one) [a] a = Concat <axis=0> (n, m, last) [r] r = Reshape (s, a) [q] q = Relu (r)
      [b] b = Concat <axis=0> (n, m, wide) [p] p = Reshape (q, b) [y] y = MatMul (p, v)
    }""",
    {"x": ("N", "T", 6)},
    ({"N": 2, "T": 60}, {"N": 3, "T": 7}),
)
"""At most fifty steps; both runs that measure it have more."""


BY_CHANNELS = """g (float[N,T,6] x) => (float[a,b,5] y) <float[6,8] w, float[8,5] v, int64[1] zero={{0}},
    int64[1] one={{1}}, int64[1] two={{2}}, int64[1] many={{100}}, int64[1] end={{99999}},
    int64[3] ones={{1,1,1}}> {{
  [h] h = MatMul (x, w) [s] s = Shape (h) [c] c = Gather (s, two) [t] t = Gather (s, one)
  {}
  [y] y = MatMul (p, v)
}}"""
"""What is done along the steps depends on how many channels there are."""


def outcomes(count: int) -> Counter[str]:
    """What became of so many random networks; fails at the first that is wrong."""
    found: Counter[str] = Counter()

    @settings(max_examples=count, suppress_health_check=list(HealthCheck))
    @given(graphs(), st.integers(0, 3), st.sampled_from([0.25, 0.5]))
    def prune(drawn: Drawn, seed: int, share: float) -> None:
        judged = judge(drawn, seed, share)
        found[judged.outcome] += 1
        assert judged.outcome in (RIGHT, REFUSED, BARE), f"{judged.outcome} {judged.detail}\n{drawn.text}"

    prune()
    return found


def few_are_refused(found: Counter[str]) -> bool:
    """Whether nearly all networks were pruned."""
    return found[REFUSED] + found[BARE] <= MOST_REFUSED * found.total()


def test_sixty_random_networks_with_open_axes_are_pruned_right():
    found = outcomes(60)
    assert few_are_refused(found), found


@pytest.mark.slow
def test_thousands_of_random_networks_with_open_axes_are_pruned_right():
    found = outcomes(3500)  # of which about 2000 differ
    assert found.total() >= 3500
    assert few_are_refused(found), found


def test_number_that_two_runs_agree_on_is_not_frozen():
    assert judge(CAPPED, 0, 0.5).outcome == RIGHT


@pytest.mark.parametrize(
    "text",
    [
        "[p] p = Slice (h, zero, c, one)",
        "[a] a1, a2, a3 = Split (s, ones) [p] p = Slice (h, zero, a3, one)",
        "[m] m = Min (c, t) [p] p = Slice (h, zero, m, one)",
        "[n] n = Neg (c) [p] p = Slice (h, n, end, one)",
        "[d] d = Div (c, two) [n] n = Neg (d) [p] p = Slice (h, zero, n, one)",
        "[m] m = Mul (c, many) [p] p = Slice (h, zero, m, one)",
        "[l] l = Less (c, t) [m] m = Where (l, c, t) [p] p = Slice (h, zero, m, one)",
        "[k] k = Concat <axis=0> (one, c, one) [p] p = Tile (h, k)",
        "[k] k = Concat <axis=0> (zero, zero, zero, zero, c, zero) [p] p = Pad (h, k)",
    ],
)
def test_number_of_channels_that_bounds_steps_stays_what_it_was(text):
    sizes = tuple({"N": 2, "T": steps} for steps in (5, 12, 300))
    drawn = Drawn(BY_CHANNELS.format(text), {"x": ("N", "T", 6)}, sizes)
    assert judge(drawn, 0, 0.5).outcome in (RIGHT, BARE)


def test_frozen_number_would_be_noticed(monkeypatch):
    """If what two runs agree on were known for good, as it once was."""

    def agreed(graph, open_axes, seen):
        small = {name: t for name, t in graph.tensors.items() if t.value is not None and not t.is_constant}
        return {
            name: replace(t, varies=np.full(t.value.shape, t.value != seen[name].value)) for name, t in small.items()
        }

    monkeypatch.setattr(observing, "mark_open", agreed)
    assert judge(CAPPED, 0, 0.5).outcome.startswith(("shape", "fails"))


def test_wrong_weights_would_be_noticed(monkeypatch):
    """If other units were zeroed than those that went."""

    def other(original, document):
        axes = [
            {**entry, "kept": [k for k in range(entry["size"]) if k not in entry["kept"]]} for entry in document["axes"]
        ]
        return zeroed(original, {"axes": axes})

    monkeypatch.setattr(judging, "zeroed", other)
    assert judge(CAPPED, 0, 0.5).outcome.startswith("differs")


def test_network_that_does_not_run_counts_as_refused():
    drawn = Drawn("g (float[N,4] x) => (float[N,5] y) <float[3,5] w> { y = MatMul (x, w) }", {"x": ("N", 4)}, ())
    assert judge(drawn, 0, 0.5).outcome == REFUSED


def test_network_with_nothing_to_remove_is_told_apart():
    drawn = Drawn("g (float[N,4] x) => (float[N,4] y) { y = Relu (x) }", {"x": ("N", 4)}, ())
    assert judge(drawn, 0, 0.5).outcome == BARE


def test_networks_run_before_anything_is_cut():
    """All that is drawn is valid at the sizes drawn."""

    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(graphs())
    def run(drawn: Drawn) -> None:
        session = judging.session(parse(drawn.text))
        for sizes in drawn.sizes:
            (y,) = session.run(None, drawn.feeds(sizes, 0))
            assert y.shape[0] == sizes["N"]

    run()
