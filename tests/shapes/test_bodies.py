"""Bodies are read as nodes among others, cut where they are, and left whole where they cannot be looked into."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.dependency.groups import trace
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.nodes import Part
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.observe import observe
from paoding_onnx.shapes.study import study
from tests.bodies import TEXTS, UNITS, n_parameters, pruned_at_random
from tests.models import model, traced

every_text = pytest.mark.parametrize("name", TEXTS)


@every_text
@pytest.mark.parametrize("seed", range(3))
def test_network_with_a_body_is_pruned_exactly(name, seed):
    trial = pruned_at_random(model(TEXTS[name]), seed, (0.5, 0.2, 0.8)[seed])
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert trial.trace.n_units == UNITS[name]
    assert trial.predicted.parameters < n_parameters(trial.original)


@every_text
def test_pruned_network_computes_something(name):
    trial = pruned_at_random(model(TEXTS[name]), share=0.3)
    y = Session(trial.pruned).run({"x": np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)})["y"]
    assert np.isfinite(y).all()
    assert y.std() > 1e-4


def test_multiply_adds_of_a_body_count_once_for_each_step():
    trial = pruned_at_random(model(TEXTS["while"]), share=0.0001)
    wanted = 2 * 5 * 4 * 7 + 5 * 2 * (7 * 5 + 5 * 5) + 2 * 5 * 3  # one unit of each group is gone
    assert trial.predicted.macs == wanted


def test_nodes_of_a_body_stand_between_its_entry_and_its_exit():
    graph = study(model(TEXTS["nested"])).graph
    parts = [(node.part, bool(node.within), node.times) for node in graph.nodes if node.operator == "Loop"]
    assert parts == [
        (Part.ENTRY, True, 1),
        (Part.ENTRY, True, 3),
        (Part.EXIT, True, 3),
        (Part.EXIT, False, 1),
    ]
    assert {node.times for node in graph.nodes if node.within} == {1, 3, 6}


def test_outer_graph_has_the_nodes_of_the_file():
    subject = study(model(TEXTS["nested"]))
    assert [node.operator for node in subject.graph.outer.nodes] == ["MatMul", "Gather", "Loop", "MatMul"]
    assert subject.graph.outer.nodes[2].captures


UNSEEN = TEXTS["growing"].replace("three={3}", "three={1}")
"""A body that runs once."""


def test_body_that_cannot_be_looked_into_says_so():
    found = traced(UNSEEN)
    assert any(refusal.reason == "its body could not be looked into" for refusal in found.refusals)


def test_axis_along_which_a_state_grows_is_open_and_the_others_shrink():
    graph = study(model(TEXTS["growing"])).graph
    assert {name: graph.tensors[name].open for name in ("p", "g", "t", "u", "h")} == {
        "p": (False, False, False),
        "g": (False, True, False),
        "t": (False, True, False),
        "u": (False, True, False),
        "h": (False, True, False),
    }
    assert {name: graph.tensors[name].shape[1] for name in ("p", "g", "u", "h")} == {"p": 5, "g": 20, "u": 40, "h": 40}


DECODER = """g (int64[2,1] x, int64 n) => (float[2,M,5] y)
    <float[7,12] table, float[12,8] a, float[12,8] b, float[12,8] v, float[8,12] w, float[12,9] f, float[9,12] d,
     float[12,5] e, float[12,7] q, float[2,2,0,4] k0, float[2,0,5] y0, bool go={1}, int64[1] neg={-1}, int64[1] one={1},
     int64[1] two={2}, int64[1] four={4}, int64[1] wide={8}, int64[4] heads={0,0,2,4}> {
  t, ks, vs, y = Loop (n, go, x, k0, k0, y0) <body = step
      (int64 k, bool c, int64[2,1] i, float[2,2,K,4] k1, float[2,2,V,4] v1, float[2,Y,5] y1)
      => (bool c, int64[2,1] o, float[2,2,L,4] k2, float[2,2,W,4] v2, float[2,Z,5] y2) {
    h = Gather (table, i) sizes = Shape (h) s2 = Slice (sizes, neg, one, neg) n0 = Shape <start=0, end=1> (i)
    qa = MatMul (h, a) q1 = Reshape (qa, heads) q2 = Transpose <perm=[0,2,1,3]> (q1)
    ka = MatMul (h, b) q3 = Reshape (ka, heads) q4 = Transpose <perm=[0,2,1,3]> (q3) k2 = Concat <axis=2> (k1, q4)
    va = MatMul (h, v) q5 = Reshape (va, heads) q6 = Transpose <perm=[0,2,1,3]> (q5) v2 = Concat <axis=2> (v1, q6)
    kt = Transpose <perm=[0,1,3,2]> (k2) m = MatMul (q2, kt) p = Softmax <axis=-1> (m) z = MatMul (p, v2)
    zt = Transpose <perm=[0,2,1,3]> (z) shape = Concat <axis=0> (n0, one, wide) zr = Reshape (zt, shape)
    zo = MatMul (zr, w) r = Add (h, zo) u = MatMul (r, f) ur = Relu (u) ud = MatMul (ur, d) l = Add (r, ud)
    lo = MatMul (l, e) y2 = Concat <axis=1> (y1, lo) lq = MatMul (l, q) o = ArgMax <axis=-1, keepdims=0> (lq) }>
}"""
"""A decoder: attention over all that was handed to it before, which grows at each step, as do its results."""


@pytest.mark.parametrize("seed", range(3))
def test_decoder_is_pruned_inside_of_its_loop(seed):
    subject = model(DECODER)
    trial = pruned_at_random(subject, seed, (0.5, 0.2, 0.8)[seed], Given({}, {"n": np.array(4)}))
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    assert sorted(group.n_units for group in trial.trace.groups) == [4, 4, 9, 12]
    x = np.array([[3], [6]])
    for n in (1, 2, 6):
        assert Session(trial.pruned).run({"x": x, "n": np.array(n)})["y"].shape == (2, n, 5)


def test_number_of_steps_may_depend_on_what_is_fed():
    text = """g (float[2,4] x) => (float[2,3] y)
        <float[4,8] a, float[8,8] w, float[8,3] d, int64 five={5}, float half={0.05}, bool go={1}> {
      p = MatMul (x, a)
      h = Loop (five, go, p) <body = step (int64 k, bool c, float[2,8] g) => (bool e, float[2,8] u) {
        m = MatMul (g, w) u = Tanh (m) s = ReduceMax <keepdims=0> (u) e = Greater (s, half) }>
      y = MatMul (h, d) }"""
    trial = pruned_at_random(model(text))
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.trace.n_units == 8


def test_body_that_cannot_be_looked_into_leaves_others_open():
    text = TEXTS["growing"].replace("three={3}", "three={3}, int64 once={1}").replace("Loop (three", "Loop (once")
    text = text.replace("y = MatMul (s, d)", """z = Loop (three, go, s) <body = more
      (int64 n, bool f, float[2,6] v) => (bool f, float[2,6] z1) { z0 = MatMul (v, v1) z1 = Tanh (z0) }>
      y = MatMul (z, d)""").replace("float[6,3] d", "float[6,3] d, float[6,6] v1")  # fmt: skip
    trial = pruned_at_random(model(text))
    assert trial.verdict.passed, trial.verdict.detail
    assert trial.predicted == trial.recounted
    parts = [node.part for node in trial.trace.graph.nodes if node.operator == "Loop"]
    assert parts == [Part.WHOLE, Part.ENTRY, Part.EXIT]
    assert [group.n_units for group in trial.trace.groups] == [6]
    assert {"v1", "d", "w"} == {axis.use.tensor for axis in trial.trace.groups[0].parameter_axes}


@pytest.mark.parametrize("steps", [0, 1])
def test_too_few_steps_to_prove_anything_leave_the_body_shut(steps):
    text = TEXTS["normalised"].replace("three={3}", f"three={{{steps}}}")
    graph = observe(model(text))
    assert {node.part for node in graph.nodes} == {Part.WHOLE}


def test_inner_body_that_runs_once_stays_shut_in_the_outer_one():
    graph = study(model(TEXTS["nested"].replace("two={2}", "two={1}"))).graph
    parts = [node.part for node in graph.nodes if node.operator == "Loop"]
    assert parts == [Part.ENTRY, Part.WHOLE, Part.EXIT]


def test_steps_may_be_counted_by_an_input():
    text = """g (float[2,4] x, int64 n) => (float[2,3] y) <float[4,8] a, float[8,8] w, float[8,3] d, bool go={1}> {
      p = MatMul (x, a)
      h = Loop (n, go, p) <body = step (int64 k, bool c, float[2,8] g) => (bool c, float[2,8] u) {
        m = MatMul (g, w) u = Tanh (m) }> y = MatMul (h, d) }"""
    given = Given(contents={"n": np.array(3)})
    graph = study(model(text), given).graph
    assert {node.times for node in graph.nodes if node.within and node.part is Part.WHOLE} == {3}
    assert [group.n_units for group in trace(graph).groups] == [8]
