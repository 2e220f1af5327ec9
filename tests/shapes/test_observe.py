"""Measured shapes and shape arithmetic: what runs show, at which sizes, and what depends on open axes."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.input_sizes import Fill, Given
from paoding_onnx.model.load import lift
from paoding_onnx.model.nodes import Origin
from paoding_onnx.model.read import read_graph
from paoding_onnx.shapes import proof_sizes
from paoding_onnx.shapes.observations import SMALL
from paoding_onnx.shapes.observe import (
    first_two,
    observe,
    observe_like,
    observe_on,
    runnable_shapes,
    sizes_of,
)
from paoding_onnx.shapes.proof_sizes import other_sizes
from tests.models import model, parse

OPEN = """g (float[N,3,H,W] x) => (float[a,b] y) <int64[1] i={1}, int64[1] m={-1}, int64[1] four={4}> {
  s = Shape (x)
  c = Gather (s, i)
  t = Concat <axis=0> (m, four)
  f = Concat <axis=0> (c, m)
  y = Reshape (x, f)
}"""


def measured(text, **given):
    return observe(model(text), Given(given)).tensors


def test_every_computed_tensor_has_a_shape():
    tensors = measured("g (float[2,3] x) => (float[3,2] y) { h = Relu (x) y = Transpose (h) }")
    assert {name: tensor.shape for name, tensor in tensors.items()} == {"x": (2, 3), "h": (2, 3), "y": (3, 2)}
    assert tensors["h"].dtype == np.float32


def test_input_keeps_its_origin():
    assert measured("g (float[2,3] x) => (float[2,3] y) { y = Relu (x) }")["x"].origin is Origin.INPUT


def test_shape_arithmetic_keeps_its_content():
    assert measured(OPEN)["t"].entries() == (-1, 4)


def test_entries_that_depend_on_open_axes_vary():
    assert measured(OPEN)["s"].entries() == (None, 3, None, None)


def test_nothing_varies_without_open_axes():
    assert measured(OPEN.replace("N,3,H,W", "2,3,4,5"))["s"].entries() == (2, 3, 4, 5)


def test_only_the_open_batch_varies():
    assert measured(OPEN.replace("N,3,H,W", "N,3,4,5"))["s"].entries() == (None, 3, 4, 5)


def test_content_of_large_integer_tensors_is_not_kept():
    outputs = f"float[2] y, int64[{SMALL}] c, int64[{SMALL + 1}] d"
    constants = f"int64[{SMALL}] a, int64[{SMALL + 1}] b"
    tensors = measured(f"g (float[2] x) => ({outputs}) <{constants}> {{ y = Relu (x) c = Neg (a) d = Neg (b) }}")
    assert tensors["c"].entries() is not None
    assert tensors["d"].entries() is None


def test_content_of_inputs_and_what_is_computed_from_it_is_not_kept():
    tensors = measured("g (int64[1,4] x) => (int64[1,4] y) { y = Neg (x) }")
    assert tensors["x"].value is tensors["y"].value is None


def test_sizes_that_the_content_of_an_input_decides_are_not_kept():
    tensors = measured("g (float[2,4] x) => (int64[2] y, int64[2] z) { n = NonZero (x) y = Shape (n) z = Shape (x) }")
    assert tensors["y"].value is None
    assert tensors["z"].entries() == (2, 4)


def test_content_that_no_input_reaches_does_not_vary():
    tensors = measured("g (float[N,16] x) => (float[N,16] y) <int64[1] k={3}> { j = Neg (k) y = Relu (x) }")
    assert tensors["j"].entries() == (-3,)


def test_axis_that_takes_one_size_alone_varies_all_the_same():
    """That nothing else that was tried ran proves little."""
    graph = observe(model("g (float[N,T] x) => (float[N,5] y) <float[96,5] w> { s = Shape (x) y = MatMul (x, w) }"))
    assert graph.tensors["s"].entries() == (None, None)
    assert sizes_of(graph).only == {("x", 1)}


def test_batch_that_takes_a_single_sample_counts_as_fixed():
    subject = model("""g (float[N,4] x) => (float[2,2] y) <int64[2] k={2,2}> { s = Shape (x) y = Reshape (x, k) }""")
    graph = observe(subject)
    assert graph.tensors["s"].entries() == (1, 4)
    assert sizes_of(graph).only == {("x", 0)}


def test_content_of_large_tensors_is_not_kept():
    assert measured("g (float[300] x) => (float[300] y) { y = Relu (x) }")["y"].value is None


def test_sizes_are_tried_until_the_model_runs():
    graph = observe(model("g (float[1,T] x) => (float[1,5] y) <float[96,5] w> { y = MatMul (x, w) }"))
    assert graph.tensors["x"].shape == (1, 96)


def test_costs_are_told_at_one_sample_and_equations_read_at_sizes_that_all_differ():
    sizes = sizes_of(observe(model("g (float[N,3,H,W] x) => (float[N,3,H,W] y) { y = Relu (x) }")))
    assert sizes.measured.shapes == {"x": (1, 3, 64, 64)}
    assert sizes.traced.shapes == {"x": (2, 3, 96, 128)}
    assert sizes.only == frozenset()


def test_shapes_of_all_tensors_are_told_at_the_sizes_at_which_costs_are():
    sizes = sizes_of(observe(model("g (float[N,8] x) => (float[N,8] y) { h = Neg (x) y = Relu (h) }")))
    assert sizes.shapes == {"x": (1, 8), "h": (1, 8), "y": (1, 8)}


def test_model_that_runs_at_no_size_is_a_model_error():
    with pytest.raises(ModelError, match=r"does not run the model.*tried x=1x64.* more; give what it takes: --input"):
        observe(model("g (float[1,T] x) => (float[1,5] y) <float[77,5] w> { y = MatMul (x, w) }"))


def test_given_shape_is_the_one_measured():
    text = "g (float[1,T] x) => (float[1,5] y) <float[77,5] w> { y = MatMul (x, w) }"
    subject = model(text)
    graph = observe(subject, Given({"x": (1, 77)}))
    assert runnable_shapes(graph) == {"x": (1, 77)}


def test_given_shape_that_does_not_fit_is_a_usage_error():
    with pytest.raises(UsageError, match="has shape"):
        observe(model(OPEN), Given({"x": (1, 4, 8, 8)}))


def test_omitted_output_is_not_measured():
    proto = parse("g (float[1,2,4] x) => (float[1,2,2] y) { y = MaxPool <kernel_shape=[3]> (x) }")
    proto.graph.node[0].output.append("")
    assert set(observe(lift(proto)).tensors) == {"x", "y"}


def test_sequence_has_no_shape():
    tensors = measured("g (float[2,4] x) => (float[2,4] y) { s = SequenceConstruct (x, x) "
                       "y = ConcatFromSequence <axis=1> (s) }")  # fmt: skip
    assert "s" not in tensors
    assert tensors["y"].shape == (2, 8)


def test_model_is_left_as_it_was():
    subject = model(OPEN)
    before = subject.proto.SerializeToString()
    observe(subject)
    assert subject.proto.SerializeToString() == before


def test_feed_is_cut_to_two_samples_where_their_number_is_open():
    subject = model("g (float[N,3] x, float[5,3] z, float[N] s, float[2,N,3] h) => (float[a,3] y) { y = Relu (x) }")
    sizes = {"x": (7, 3), "z": (5, 3), "s": (1,), "h": (2, 7, 3)}
    feed = {name: np.zeros(shape, np.float32) for name, shape in sizes.items()}
    cut = {name: array.shape for name, array in first_two(observe(subject), feed).items()}
    assert cut == {"x": (2, 3), "z": (5, 3), "s": (1,), "h": (2, 2, 3)}


def test_graph_on_inputs_of_ones_own_has_their_sizes():
    subject = model("g (float[N,T] x) => (float[N,5] y) <float[7,5] w> { y = MatMul (x, w) }")
    graph = observe_on(subject, {"x": np.zeros((3, 7), np.float32)})
    assert {name: graph.tensors[name].shape for name in ("x", "y")} == {"x": (3, 7), "y": (3, 5)}
    assert runnable_shapes(graph) == {"x": (3, 7)}


def test_inputs_of_ones_own_that_the_model_does_not_take_are_a_model_error():
    subject = model("g (float[N,T] x) => (float[N,5] y) <float[7,5] w> { y = MatMul (x, w) }")
    with pytest.raises(ModelError, match="does not run the model"):
        observe_on(subject, {"x": np.zeros((3, 8), np.float32)})


def test_smaller_model_is_observed_at_the_sizes_of_the_larger_one():
    text = """g (float[N,T,4] x) => (float[N,T,5] y) <float[4,{0}] a, float[{0},5] b> {{
      h = MatMul (x, a) y = MatMul (h, b)
    }}"""
    sizes = sizes_of(observe(model(text.format(6))))
    graph = observe_like(model(text.format(3)), sizes)
    assert (graph.sizes.measured, graph.sizes.traced) == (sizes.measured, sizes.traced)
    assert graph.sizes.shapes["h"] == (1, 64, 3)
    assert graph.tensors["h"].shape == (2, 96, 3)


def test_graph_that_nobody_ran_has_no_sizes():
    with pytest.raises(ModelError, match="never run"):
        runnable_shapes(read_graph(model(OPEN), {}))


def test_other_sizes_are_none_that_the_model_was_observed_at():
    subject = model("g (float[N,3,H] x) => (float[N,3,H] y) { y = Relu (x) }")
    sizes = sizes_of(observe(subject))
    found = [feeding.shapes["x"] for feeding in other_sizes(subject, observe(subject))]
    assert len(found) == 3
    assert {height for _, _, height in found}.isdisjoint({sizes.measured.shapes["x"][2], sizes.traced.shapes["x"][2]})


def test_other_sizes_that_the_model_does_not_take_are_left_out():
    subject = model("""g (float[N,T] x) => (float[N,T] y) <int64 seven={7}, int64[1] i={1}, float[1] one={1}> {
      s = Shape (x) t = Gather (s, i) m = Mod (t, seven) f = Expand (one, m) r = Reshape (f, m) y = Add (x, r)
    }""")
    graph = observe(model("g (float[N,T] x) => (float[N,T] y) { y = Relu (x) }"))
    steps = [feeding.shapes["x"][1] for feeding in other_sizes(subject, graph)]
    assert all(count % 7 == 1 for count in steps)


def test_sizes_that_would_hold_too_much_give_way_to_smaller_ones(monkeypatch):
    graph = observe(subject := model("g (float[N,T,4] x) => (float[N,T,4] y) { y = Relu (x) }"))
    assert [feeding.shapes["x"][1] for feeding in other_sizes(subject, graph)][1] == 600
    monkeypatch.setattr(proof_sizes, "MOST_NUMBERS", 4000)
    assert [feeding.shapes["x"][1] for feeding in other_sizes(subject, graph)][1] == 300
    monkeypatch.setattr(proof_sizes, "MOST_NUMBERS", 1)
    assert [feeding.shapes["x"][1] for feeding in other_sizes(subject, graph)][1] == 150


def test_model_without_open_axes_has_no_other_sizes():
    subject = model("g (float[2,3] x) => (float[2,3] y) { y = Relu (x) }")
    assert list(other_sizes(subject, observe(subject))) == []


DECODER = """<ir_version: 8, opset_import: ["" : 17]>
g (int64[{b},{new}] ids, int64[{b},{all}] mask, float[{b},2,{past},4] past) => (float[a,c,5] y)
    <float[9,8] table, float[8,8] q, float[8,8] k, float[8,5] o,
     int64[4] target={{0,-1,2,4}}, int64[3] flat={{0,-1,8}}, int64[2] axes={{1,2}}, float far={{-9}}> {{
  e = Gather (table, ids) q1 = MatMul (e, q) q2 = Reshape (q1, target) q3 = Transpose <perm=[0,2,1,3]> (q2)
  k1 = MatMul (e, k) k2 = Reshape (k1, target) k3 = Transpose <perm=[0,2,1,3]> (k2) k4 = Concat <axis=2> (past, k3)
  k5 = Transpose <perm=[0,1,3,2]> (k4) s = MatMul (q3, k5) m1 = Cast <to=9> (mask) m2 = Unsqueeze (m1, axes)
  s2 = Where (m2, s, far) p = Softmax <axis=-1> (s2) c1 = MatMul (p, k4) c2 = Transpose <perm=[0,2,1,3]> (c1)
  c3 = Reshape (c2, flat) y = MatMul (c3, o)
}}"""
"""A decoder that is given keys of the past; its mask is as long as past and new steps together."""


@pytest.mark.parametrize(
    "symbols",
    [
        {"b": "batch", "new": "sequence_length", "all": "total_sequence_length", "past": "past_sequence_length"},
        {"b": "B", "new": "x1", "all": "x2", "past": "x3"},
        {"b": "?", "new": "?", "all": "?", "past": "?"},
    ],
    ids=["usual", "unusual", "none"],
)
def test_decoder_with_a_past_runs_without_given_shapes_whatever_its_symbols_are(symbols):
    shapes = sizes_of(observe(model(DECODER.format(**symbols)))).traced.shapes
    assert shapes["mask"][1] == shapes["ids"][1] + shapes["past"][2]
    assert shapes["ids"][1] != shapes["past"][2]


@pytest.mark.parametrize("step", [5, 7])
def test_model_that_takes_multiples_of_five_or_seven_alone_is_run_at_two_of_them(step):
    subject = model(f"""g (float[N,T,4] x) => (float[N,a,4] y) <int64[4] k={{0,-1,{step},4}}, int64[3] f={{0,-1,4}}> {{
      r = Reshape (x, k) n = Neg (r) y = Reshape (n, f)
    }}""")
    sizes = sizes_of(observe(subject))
    steps = {feeding.shapes["x"][1] for feeding in (sizes.measured, sizes.traced)}
    assert len(steps) == 2
    assert all(count % step == 0 for count in steps)


ATTENTION = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
g (int64[b,t] ids, float[b,2,p,16] pk, float[b,2,p,16] pv, int32[b] lengths, int32 total)
    => (float[b,t,5] y, float[b,2,a,16] nk, float[b,2,a,16] nv)
    <float[9,32] table, float[32,32] q, float[32,32] k, float[32,32] v, float[32,5] o> {
  e = Gather (table, ids) q1 = MatMul (e, q) k1 = MatMul (e, k) v1 = MatMul (e, v)
  c, nk, nv = com.microsoft.GroupQueryAttention <num_heads=2, kv_num_heads=2> (q1, k1, v1, pk, pv, lengths, total)
  y = MatMul (c, o)
}"""
"""A decoder that is told how many steps there are, in all and for each sample."""


def test_decoder_that_is_told_how_many_steps_there_are_runs_without_given_shapes():
    sizes = sizes_of(observe(model(ATTENTION)))
    assert sizes.measured.fill is Fill.LENGTHS
    assert sizes.traced.shapes["ids"][1] != sizes.measured.shapes["ids"][1]


def test_counts_are_tried_first_and_left_out_where_the_model_does_not_take_them():
    text = "g (float[4,3] x, int64 n) => (float[3] y) { y = Gather (x, n) }"
    for count, taken in ((2, True), (9, False)):
        graph = observe(model(text), Given(counts={"n": np.array(count)}))
        assert ("n" in graph.sizes.measured.contents) is taken
