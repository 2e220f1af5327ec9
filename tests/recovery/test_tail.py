"""Where training begins, and the two parts: together they compute what the whole does."""

from __future__ import annotations

import numpy as np

from paoding_onnx.model.session import Session
from paoding_onnx.recovery.tail import starts, with_constants
from paoding_onnx.shapes.observe import observe_on
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import make_plan
from tests.models import model
from tests.pruning import CNN, MLP, plan_of, traced_model
from tests.recovery.lessons_for import lesson_of, place_of


def first_start(text, **units):
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, **units)
    smaller = cut(subject, trace, plan)
    graph = observe_on(smaller, {"x": np.zeros((2, 8), np.float32)})
    found = starts(trace, plan, graph)
    return [graph.nodes[number].first_output.name for number in found]


def test_training_begins_at_the_first_layer_that_lost_much():
    assert first_start(MLP, a=[0], b=list(range(6))) == ["s", "u"]
    assert first_start(MLP, a=list(range(8)), b=list(range(6))) == ["p", "s", "u"]


def test_little_lost_everywhere_is_enough_where_there_is_no_more():
    assert first_start(MLP, a=[0]) == ["p", "s", "u"]


def test_nothing_is_trained_where_nothing_was_lost():
    assert first_start(MLP) == []


def test_training_begins_at_the_first_layer_where_a_table_of_words_lost_much():
    subject = model("""g (int64[N,4] x) => (float[M,5] y) <float[6,16] w, float[16,4] a, float[5,16] b> {
      e = Gather (w, x) h = MatMul (e, a) f = Flatten (h) y = Einsum <equation="bi,oi->bo"> (f, b)
    }""")
    trace = traced_model(subject)
    plan = make_plan(np.arange(trace.n_units) < trace.groups[0].n_units // 2)
    graph = observe_on(cut(subject, trace, plan), {"x": np.zeros((2, 4), np.int64)})
    assert [graph.nodes[number].first_output.name for number in starts(trace, plan, graph)] == ["h", "y"]


def test_both_parts_compute_what_the_whole_does():
    lesson = lesson_of(CNN)
    feed = lesson.samples.batches[0]
    whole = Session(lesson.smaller).run(feed)["y"]
    place = place_of(lesson, 4)
    head = Session(place.head_model({})).run(feed)
    assert set(head) == set(place.boundary)
    np.testing.assert_allclose(Session(place.tail_model({})).run(head)["y"], whole, rtol=1e-4, atol=1e-5)


def test_whole_network_has_no_head():
    assert place_of(lesson_of(MLP)).head_model({}) is None


def test_what_only_sizes_decide_about_becomes_a_constant():
    lesson = lesson_of(MLP)
    found = with_constants(place_of(lesson, 3).tail_model({}), {"r": np.ones((2, 8), np.float32)})
    assert "r" in {tensor.name for tensor in found.proto.graph.initializer} or not found.proto.graph.input
