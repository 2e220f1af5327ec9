"""The loss: what outputs are taken for, and that the nodes compute what the formulas say."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from paoding_onnx.gradients.writer import Writer
from paoding_onnx.model.compare import divergence, log_softmax
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from paoding_onnx.recovery.objective import (
    LOSS,
    TEMPERATURE,
    Measure,
    channel_weights,
    output_terms,
    point_term,
    write_loss,
)

RNG = np.random.default_rng(0)
SCORES, OTHERS = RNG.standard_normal((2, 8, 5)).astype(np.float32)


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def loss_of(terms, wanted, got):
    writer = Writer("w", 17)
    inputs = write_loss(writer, terms, {"y": got.shape})
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, got.shape)
    out = onnx.helper.make_tensor_value_info(LOSS, onnx.TensorProto.FLOAT, (1,))
    graph = onnx.helper.make_graph(writer.nodes, "g", [y, *inputs], [out], writer.constants)
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    feeds = {name: value for term in terms for name, value in term.feeds(wanted).items()}
    return float(Session(lift(proto)).run({"y": got, **feeds})[LOSS].item())


@pytest.mark.parametrize(
    ("wanted", "measure"),
    [
        (SCORES, Measure.SCORES),
        (softmax(SCORES), Measure.PROBABILITIES),
        (softmax(RNG.standard_normal((4, 7, 5))), Measure.PROBABILITIES),
        (SCORES[:, :1], Measure.VALUES),
        (SCORES[:, 0], Measure.VALUES),
        (RNG.standard_normal((4, 3, 6, 6)), Measure.VALUES),
    ],
)
def test_outputs_are_taken_for_what_they_look_like(wanted, measure):
    assert [term.measure for term in output_terms("y", wanted)] == [measure]


def test_outputs_of_integers_say_nothing():
    assert output_terms("y", np.zeros((4, 2), np.int64)) == ()


@pytest.mark.parametrize("made", [lambda scores: scores, softmax])
def test_loss_of_classes_is_the_divergence_at_a_temperature(made):
    wanted, got = made(SCORES), made(OTHERS)
    soft = [log_softmax((x / TEMPERATURE).astype(np.float64)) for x in (SCORES, OTHERS)]
    found = loss_of(output_terms("y", wanted), wanted, got)
    assert found == pytest.approx(TEMPERATURE**2 * divergence(*soft), rel=1e-4)


def test_loss_of_values_is_relative_to_every_channel():
    wanted = RNG.standard_normal((64, 2, 4, 4)).astype(np.float32) * np.array([1, 100], np.float32).reshape(1, 2, 1, 1)
    got = wanted + wanted.std((0, 2, 3), keepdims=True)
    assert loss_of(output_terms("y", wanted), wanted, got) == pytest.approx(1, rel=1e-3)


def test_loss_at_a_point_is_relative_to_its_size():
    term = point_term("y", float(np.square(SCORES).mean()), 2.0)
    assert loss_of((term,), SCORES, np.zeros_like(SCORES)) == pytest.approx(2, rel=1e-4)


def test_nothing_is_lost_where_both_agree():
    assert loss_of(output_terms("y", SCORES), SCORES, SCORES) == pytest.approx(0, abs=1e-5)


def test_channel_that_never_changes_does_not_count_without_end():
    values = np.concatenate([SCORES[:, :1], np.zeros((8, 1), np.float32)], 1)
    assert channel_weights(values).max() < 1e5
