"""Choices that always fall alike are resolved; all others stay."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from paoding_onnx import Options, check, prune, save
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.study import study
from tests.models import model
from tests.pruning import skip_latency

BRANCHES = """then_branch = one () => (float[n,12,q,q] u) { v = Conv (h, w) u = Relu (v) },
      else_branch = two () => (float[n,12,r,r] t) { s = Concat <axis = 1> (h, h) o = Constant <value_ints = [12, 4]> ()
        t, last = Split <axis = 1> (s, o) }"""
SQUARE = f"""g (float[SIZE] x) => (float[m,5,a,b] y)
  <float[8,3,1,1] k, float[12,8,1,1] w, float[5,12,1,1] l, int64 two = {{2}},
  int64 six = {{6}}> {{
  h = Conv (x, k) z = Shape (x) e = Gather (z, two) c = Equal (e, six)
  p = If (c) <{BRANCHES}>
  y = Conv (p, l)
}}"""
"""A branch by the height of the picture; the weights of one branch lie in it."""
BY_CONTENT = SQUARE.replace("z = Shape (x) e = Gather (z, two) c = Equal (e, six)", "n = ReduceMax <keepdims = 0> (x) "
    "e = Cast <to = 7> (n) c = Equal (e, six)")  # fmt: skip


ENDING = """g (float[SIZE] x) => (float[m,12,a,b] z)
  <float[8,3,1,1] k, float[12,8,1,1] j, float[12,12,1,1] w, float[12,12,1,1] l, int64 six = {6}> {
  h = Conv (x, k) n = ReduceMax <keepdims = 0> (x) e = Cast <to = 7> (n) c = Equal (e, six)
  y = If (c) <then_branch = one () => (float[n,12,q,q] u) { g = Conv (h, j) v = Relu (g) u = Conv (v, w) },
      else_branch = two () => (float[n,12,r,r] t) { o = Conv (h, j) s = Abs (o) t = Conv (s, l) }>
  z = Identity (y)
}"""
"""A choice by the content of an input, whose result is an output; both branches share a layer."""


def sized(text: str, size: str):
    """The model for a size of its input, with the weights of a branch inside of it."""
    made = model(text.replace("SIZE", size))
    proto = onnx.ModelProto()
    proto.CopyFrom(made.proto)
    place = [tensor.name for tensor in proto.graph.initializer].index("w")
    choice = next(node for node in proto.graph.node if node.op_type == "If")
    choice.attribute[0].g.initializer.append(numpy_helper.from_array(constants(made)["w"], "w"))
    del proto.graph.initializer[place]
    return Model(proto, {name: value for name, value in made.weights.items() if name != "w"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    skip_latency(monkeypatch)


def test_branch_of_a_size_that_is_known_is_opened():
    before = sized(SQUARE, "1,3,6,6")
    found = study(before)
    assert [node.op_type for node in found.simplified.proto.graph.node] == ["Conv", "Conv", "Relu", "Identity", "Conv"]
    assert set(constants(found.simplified)) == {"k", "l", "w"}
    feeds = {"x": np.random.default_rng(0).standard_normal((1, 3, 6, 6)).astype(np.float32)}
    np.testing.assert_array_equal(Session(found.simplified).run(feeds)["y"], Session(before).run(feeds)["y"])


def test_layers_in_a_branch_that_is_always_taken_are_pruned_and_proven():
    result = prune(sized(SQUARE, "1,3,6,6"), options=Options(target=0.5, method="magnitude", round_to=1))
    assert [(group.name, group.n_units) for group in result.trace.groups] == [("Conv_0", 8), ("Conv_1", 12)]
    assert "simplified exactly" in [proof.name for proof in result.proofs]
    assert result.sizes.after.parameters < 0.5 * result.sizes.before.parameters


@pytest.mark.parametrize("size", ["1,3,6,6", "N,3,H,W"])
def test_both_branches_of_a_choice_that_may_fall_either_way_are_pruned(size, tmp_path):
    options = Options(target=0.5, by="units", method="magnitude", round_to=1)
    documents = {"plan": tmp_path / "plan.json"}
    save(sized(ENDING, size), tmp_path / "m.onnx")
    result = prune(tmp_path / "m.onnx", tmp_path / "s.onnx", options, documents=documents)
    assert [(group.name, group.n_units) for group in result.trace.groups] == [("Conv_0", 8), ("Conv_4", 12)]
    assert result.sizes.after.parameters < 0.5 * result.sizes.before.parameters
    written = onnx.load(tmp_path / "s.onnx")
    assert "If" in [node.op_type for node in written.graph.node]
    assert [info.name for info in written.graph.output] == ["z"]
    proofs = check(tmp_path / "m.onnx", tmp_path / "s.onnx", plan=documents["plan"]).proofs
    assert all(proof.passed for proof in proofs)
    assert {"simplified exactly", "choices put together"} <= {proof.name for proof in proofs}


MIDDLE = {
    "by content": BY_CONTENT,
    "by an open size": SQUARE,
    "nested": BY_CONTENT.replace(
        "u = Relu (v) }",
        """d = Not (c) u = If (d) <
        then_branch = in () => (float[n,12,q,q] f) { f = Relu (v) },
        else_branch = out () => (float[n,12,q,q] f) { f = Conv (v, m) }> }""",
    ).replace("float[12,8,1,1] w", "float[12,8,1,1] w, float[12,12,1,1] m"),
}
"""Choices whose result is read by a layer."""


@pytest.mark.parametrize("text", MIDDLE.values(), ids=MIDDLE)
def test_choice_in_the_middle_of_a_network_is_pruned_both_ways(text, tmp_path):
    size = "1,3,H,W" if text == SQUARE else "1,3,6,6"
    options = Options(target=0.5, by="units", method="magnitude", round_to=1)
    documents = {"plan": tmp_path / "plan.json"}
    before = sized(text, size)
    save(before, tmp_path / "m.onnx")
    result = prune(tmp_path / "m.onnx", tmp_path / "s.onnx", options, documents=documents)
    assert result.sizes.after.parameters < 0.6 * result.sizes.before.parameters
    assert result.sizes.before.parameters == (324 if "(v, m)" in text else 180)
    written = onnx.load(tmp_path / "s.onnx")
    assert {"If", "Where", "ReduceSum"} & {node.op_type for node in written.graph.node} == {"If"}
    assert all(proof.passed for proof in check(tmp_path / "m.onnx", tmp_path / "s.onnx", plan=documents["plan"]).proofs)


def test_choice_in_a_body_is_pruned_both_ways(tmp_path):
    before = model("""g (float[2,4] x) => (float[2,3] y)
      <float[4,8] a, float[8,8] b, float[8,8] c, float[8,3] d, int64 n = {3}, bool go = {1}> { h = MatMul (x, a)
      s = Loop (n, go, h) <body = step (int64 k, bool t, float[2,8] i) => (bool t2, float[2,8] o) {
        t2 = Identity (t) m = ReduceMax <keepdims = 0> (i) z = Sub (m, m) q = Greater (m, z)
        o = If (q) <then_branch = one () => (float[2,8] u) { v = MatMul (i, b) u = Tanh (v) },
                    else_branch = two () => (float[2,8] w) { w = MatMul (i, c) }> }>
      y = MatMul (s, d) }""")
    found = study(before)
    assert [choice.outputs for choice in found.choices] == [("o",)]
    options = Options(target=0.5, by="units", method="magnitude", round_to=1)
    result = prune(before, tmp_path / "s.onnx", options)
    assert [group.n_units for group in result.trace.groups] == [8]
    inner = onnx.load(tmp_path / "s.onnx").graph.node[1].attribute[0].g
    assert "If" in {node.op_type for node in inner.node}
    assert "Where" not in {node.op_type for node in inner.node}


def test_choice_that_always_falls_alike_is_resolved_in_a_body_too():
    found = study(
        model("""g (float[2,4] x) => (float[2,3] y)
      <float[4,8] a, float[8,8] b, float[8,3] d, int64 n = {3}, bool go = {1}> { h = MatMul (x, a)
      s = Loop (n, go, h) <body = step (int64 k, bool t, float[2,8] i) => (bool t2, float[2,8] o) {
        t2 = Identity (t) z = Shape (h) e = Constant <value_int = 8> () f = Equal (z, e) r = Cast <to = 6> (f)
        m = ReduceMax <keepdims = 0> (r) q = Cast <to = 9> (m)
        o = If (q) <then_branch = one () => (float[2,8] u) { u = MatMul (i, b) },
                    else_branch = two () => (float[2,8] w) { w = Neg (i) }> }>
      y = MatMul (s, d) }""")
    )
    assert found.choices == ()
    (body,) = [a.g for node in found.simplified.proto.graph.node for a in node.attribute if a.name == "body"]
    assert {"If", "Neg"}.isdisjoint(node.op_type for node in body.node)


def test_floats_that_decide_are_watched_beside_both_results():
    found = study(
        model("""g (float[2,4] x) => (float[2,3] y)
      <float[4,8] a, float[8,1] r, float[8,8] b, float[8,3] d, float zero = {0}> { h = MatMul (x, a)
      e = MatMul (h, r) m = ReduceMax <keepdims = 0> (e) q = Greater (m, zero) n = Not (q)
      o = If (n) <then_branch = one () => (float[2,8] u) { u = MatMul (h, b) },
                  else_branch = two () => (float[2,8] w) { w = Neg (h) }>
      y = MatMul (o, d) }""")
    )
    assert found.graph.watched == ("u", "w", "m")


SHUT = {
    "results of other sizes": ENDING.replace(
        "u = Conv (v, w)", "f = MaxPool <kernel_shape = [2, 2]> (v) u = Conv (f, w)"
    ),
    "no numbers": ENDING.replace("v = Relu (g)", "i = Sub (g, g) v = Div (g, i)"),
}


@pytest.mark.parametrize("text", SHUT.values(), ids=SHUT)
def test_choice_that_cannot_be_told_apart_stays_shut(text):
    before = sized(text, "1,3,6,6")
    found = study(before)
    assert (found.simplified, found.choices) == (before, ())


def test_open_batch_does_not_hide_a_size_that_is_known():
    found = study(sized(SQUARE, "N,3,5,5"))
    assert [node.op_type for node in found.simplified.proto.graph.node][:3] == ["Conv", "Concat", "Constant"]


def test_choices_within_a_branch_are_resolved_too():
    inner = "i = Constant <value_int = 1> () d = Cast <to = 9> (i) u = If (d) <then_branch = in () => (float[1,4] f) "
    inner += "{ f = Relu (h) }, else_branch = out () => (float[1,4] f) { f = Neg (h) }>"
    found = study(model(f"""g (float[1,4] x) => (float[1,4] y) <float[4,4] k, bool c = {{1}}> {{ h = MatMul (x, k)
        p = If (c) <then_branch = one () => (float[1,4] u) {{ {inner} }},
                    else_branch = two () => (float[1,4] t) {{ t = Neg (h) }}> y = MatMul (p, k) }}"""))  # fmt: skip
    assert "If" not in {node.op_type for node in found.simplified.proto.graph.node}


def test_branches_of_two_choices_may_use_the_same_names():
    branch = "then_branch = one () => (float[1,4] u) { v = Relu (h) u = Neg (v) }, "
    branch += "else_branch = two () => (float[1,4] u) { u = Neg (h) }"
    before = model(f"""g (float[1,4] x) => (float[1,4] y) <float[4,4] k, bool c = {{1}}> {{ h = MatMul (x, k)
        p = If (c) <{branch}> q = If (c) <{branch.replace("Relu", "Abs")}> y = Add (p, q) }}""")
    after = study(before).simplified
    feeds = {"x": np.random.default_rng(0).standard_normal((1, 4)).astype(np.float32)}
    np.testing.assert_array_equal(Session(after).run(feeds)["y"], Session(before).run(feeds)["y"])
    assert len({name for node in after.proto.graph.node for name in node.output}) == len(after.proto.graph.node)


def test_choice_in_a_body_that_runs_once_does_not_count_as_one_that_always_falls_alike():
    before = model("""g (float[2,4] x) => (float[2,3] y)
      <float[4,8] a, float[8,8] b, float[8,3] d, int64 n = {1}, bool go = {1}, float half = {0.5}> { h = MatMul (x, a)
      s = Loop (n, go, h) <body = step (int64 k, bool t, float[2,8] i) => (bool t2, float[2,8] o) {
        t2 = Identity (t) m = ReduceMax <keepdims = 0> (i) q = Greater (m, half)
        o = If (q) <then_branch = one () => (float[2,8] u) { u = MatMul (i, b) },
                    else_branch = two () => (float[2,8] w) { w = Neg (i) }> }>
      y = MatMul (s, d) }""")
    found = study(before).simplified
    x = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    for feeds in ({"x": x}, {"x": -x}, {"x": 0.01 * x}):
        np.testing.assert_array_equal(Session(found).run(feeds)["y"], Session(before).run(feeds)["y"])


SQUEEZED = """g (float[N,3,T] x) => (float[N,5] y)
  <float[8,3,4] k, float[8,5] l, float[6,8,1] w, float[6,5] z, int64[1] two = {2}, int64[1] one = {1}> {
  i = Conv (x, k) h = Relu (i) s = Shape (h) e = Gather (s, two) c = Equal (e, one)
  p = If (c) <then_branch = one () => (float[n,8] u) { t = Constant <value_ints = [2]> () u = Squeeze (h, t) },
              else_branch = two () => (float[n,8,q] v) { v = Identity (h) }>
  y = Gemm (p, l)
}"""
"""As exporters write that a last axis goes if it has size one, which it has wherever the model runs."""


def test_branch_that_only_hands_on_stands_in_for_a_choice_that_always_fell_alike(tmp_path):
    save(model(SQUEEZED), tmp_path / "m.onnx")
    options = Options(target=0.5, by="units", method="magnitude", round_to=1, input_shapes={"x": (1, 3, 4)})
    documents = {"plan": tmp_path / "plan.json"}
    result = prune(tmp_path / "m.onnx", tmp_path / "s.onnx", options, documents=documents)
    assert [(group.name, group.n_units) for group in result.trace.groups] == [("Conv_0", 8)]
    written, before = onnx.load(tmp_path / "s.onnx"), onnx.load(tmp_path / "m.onnx")
    assert [node.op_type for node in written.graph.node] == [node.op_type for node in before.graph.node]
    (choice,) = [node for node in written.graph.node if node.op_type == "If"]
    assert [node.op_type for graph in choice.attribute for node in graph.g.node] == ["Constant", "Squeeze", "Identity"]
    proofs = check(
        tmp_path / "m.onnx", tmp_path / "s.onnx", plan=documents["plan"], input_shapes={"x": (1, 3, 4)}
    ).proofs
    assert all(proof.passed for proof in proofs)


@pytest.mark.parametrize(
    "change",
    [
        ("y = Gemm (p, l)", "q = ReduceMax <keepdims = 0> (p) y = Expand (q, one)"),  # more sizes run
        ("v = Identity (h)", "v = Conv (h, w)"),  # a branch has weights
        ("v = Identity (h)", "a = Constant <value_ints = [0, 2, 4]> () v = Reshape (h, a)"),  # or says a size
        ("v = Identity (h)", "v = Constant <value_floats = [1.0, 2.0]> ()"),
    ],
)
def test_choice_that_may_fall_otherwise_or_would_have_to_change_stays_shut(change):
    assert study(model(SQUEEZED.replace(*change)), Given({"x": (1, 3, 4)})).choices == ()
