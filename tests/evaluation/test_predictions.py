"""What a model says about labelled samples: batches, the output that counts, tasks and forms of scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation import predictions
from paoding_onnx.evaluation.dataset import ArraySamples
from paoding_onnx.evaluation.predictions import Form, Runner, Task, choose_output, interpret, predict
from tests.models import model

COPY = "g (float[N,3] x) => (float[N,3] y) { y = Identity (x) }"
FIXED = COPY.replace("N", "4")
ROWS = np.arange(30, dtype=np.float32).reshape(10, 3)


def samples(rows=ROWS):
    """Labelled samples; nothing here depends on the labels."""
    return ArraySamples({"x": rows}, np.zeros(len(rows), np.int64))


def test_one_score_is_a_binary_task_in_probabilities_or_logits():
    probabilities = interpret(np.array([[0.2], [0.9], [0.6]]), np.array([0, 1, 0]))
    logits = interpret(np.array([[-2.0], [3.0], [0.1]]), np.array([0, 1, 0]))
    assert (probabilities.task, probabilities.form, logits.form) == (Task.BINARY, Form.PROBABILITIES, Form.LOGITS)
    assert probabilities.predicted.tolist() == logits.predicted.tolist() == [0, 1, 1]
    assert logits.scores[:, 0] == pytest.approx(1 / (1 + np.exp([2, -3, -0.1])))


def test_forms_of_class_scores_are_told_apart():
    labels = np.array([0, 1])
    forms = [
        interpret(np.array(rows), labels).form
        for rows in ([[0.3, 0.7], [1, 0]], [[0.9, 0.8], [0.1, 0]], [[-1.0, 3], [0, 0]])
    ]
    assert forms == [Form.PROBABILITIES, Form.SCORES, Form.LOGITS]


def test_one_hot_labels_are_classes():
    said = interpret(np.array([[1.0, 2], [3, 4]]), np.array([[1, 0], [0, 1]]))
    assert (said.task, said.labels.tolist(), said.correct.tolist()) == (Task.CLASSES, [0, 1], [False, True])


def test_labels_in_a_column_and_scores_with_empty_sides_are_classes():
    said = interpret(np.array([[1.0, 2], [3, 4]]).reshape(2, 2, 1, 1), np.array([[1], [0]]))
    assert said.correct.tolist() == [True, False]


@pytest.mark.parametrize(
    ("labels", "task", "words"),
    [
        ([0, 3], None, "not classes 0 to 2"),
        ([-1, 0], None, "not classes 0 to 2"),
        ([0.5, 1], None, "not classes 0 to 2"),
        ([0, 1], Task.BINARY, "3 scores per sample do not fit task binary"),
        ([0, 1], Task.VALUES, "do not fit the output"),
        ([[0.5, 1], [2, 3]], None, "do not fit the output"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, task, words):
    with pytest.raises(UsageError, match=words):
        interpret(np.array([[-1.0, 0, 1]] * 2), np.array(labels), task)


def test_samples_without_a_number_are_wrong():
    said = interpret(np.array([[math.nan, 1], [0.0, 1]]), np.array([1, 1]))
    assert said.correct.tolist() == [False, True]
    assert interpret(np.array([[math.nan], [0.9]]), np.array([0, 1])).correct.tolist() == [False, True]


def test_batches_shrink_with_the_memory(monkeypatch):
    assert Runner(model(COPY), samples()).rows == predictions.MOST_ROWS
    monkeypatch.setattr(predictions, "BATCH_BYTES", 5 * 12)
    assert Runner(model(COPY), samples()).rows == 5
    monkeypatch.setattr(predictions, "BATCH_BYTES", 0)
    assert Runner(model(COPY), samples()).rows == 1


def test_system_that_does_not_say_what_is_free_gets_whole_batches(monkeypatch):
    monkeypatch.setattr(predictions.os, "sysconf_names", {})
    assert Runner(model(COPY), samples()).rows == predictions.MOST_ROWS


@pytest.mark.parametrize("text", [COPY, FIXED], ids=["open", "fixed"])
def test_runs_in_batches_hand_out_one_row_for_each_sample(text, monkeypatch):
    monkeypatch.setattr(predictions, "MOST_ROWS", 3)
    assert np.array_equal(Runner(model(text), samples()).run(samples())["y"], ROWS)


def test_last_sample_is_repeated_where_a_fixed_batch_is_not_full():
    feeds = Runner(model(FIXED), samples()).feeds(samples(), np.array([8, 9]))
    assert feeds["x"].tolist() == ROWS[[8, 9, 9, 9]].tolist()


def test_samples_are_fed_in_the_type_of_the_input():
    feeds = Runner(model(COPY), samples()).feeds(samples(ROWS.astype(np.int16)), np.array([1]))
    assert (feeds["x"].dtype, feeds["x"].tolist()) == (np.float32, [[3, 4, 5]])


def test_batches_are_halved_down_to_what_the_model_takes():
    text = "g (float[N,3] x) => (float[N,3] y) { s = Constant <value_ints=[1,3]> () y = Reshape (x, s) }"
    assert np.array_equal(Runner(model(text), samples()).run(samples())["y"], ROWS)


def test_fixed_batch_that_fails_is_not_halved(monkeypatch):
    runner, tried = Runner(model(FIXED), samples()), []

    def refuse(feeds):
        tried.append(len(feeds["x"]))
        raise ModelError("it does not run")

    monkeypatch.setattr(runner, "session", type("Broken", (), {"run": staticmethod(refuse)}))
    with pytest.raises(ModelError, match="it does not run"):
        runner.run(samples())
    assert tried == [4]


def test_outputs_without_a_row_for_each_sample_are_left_out():
    text = """g (float[N,3] x) => (float[N,3] y, float s, float[M] m) {
      y = Neg (x) s = ReduceSum <keepdims=0> (x) a = Constant <value_ints=[0]> () m = Unsqueeze (s, a) }"""
    assert list(Runner(model(text), samples()).run(samples())) == ["y"]


def test_progress_is_the_share_of_samples_that_were_run(monkeypatch):
    monkeypatch.setattr(predictions, "MOST_ROWS", 4)
    shares = []
    Runner(model(COPY), samples()).run(samples(), lambda what, share: shares.append(share))
    assert shares == [0.4, 0.8, 1]


def test_first_output_of_floats_is_the_one_that_counts():
    outputs = {"label": np.zeros(2, np.int64), "y": np.zeros((2, 3)), "z": np.zeros((2, 3))}
    assert choose_output(outputs) == "y"
    assert choose_output(outputs, "z") == "z"


@pytest.mark.parametrize(
    ("outputs", "name", "words"),
    [
        ({"y": np.zeros(2)}, "q", r"no output 'q' .* there are: 'y'"),
        ({"label": np.zeros(2, np.int64)}, "label", r"no output 'label' .* there are: none"),
        ({"label": np.zeros(2, np.int64)}, None, "no output with floating-point numbers"),
    ],
)
def test_output_that_is_not_there_is_refused(outputs, name, words):
    with pytest.raises(UsageError, match=words):
        choose_output(outputs, name)


def test_prediction_takes_the_output_that_was_named():
    two = "g (float[N,3] x) => (float[N,3] y, float[N,3] z) { y = Identity (x) z = Neg (x) }"
    first, second = (predict(model(two), samples(), output=name) for name in "yz")
    assert first.predicted.tolist() == [2] * 10
    assert second.predicted.tolist() == [0] * 10


def test_task_that_was_named_is_the_one_predicted_for():
    labelled = ArraySamples({"x": ROWS}, ROWS + 1)
    assert predict(model(COPY), labelled, task=Task.VALUES).targets.tolist() == (ROWS + 1).tolist()


def test_logits_become_probabilities_of_the_classes():
    said = interpret(np.array([[0.0, np.log(3.0)]]), np.array([1]))
    assert (said.form, said.scores.tolist()) == (Form.LOGITS, [pytest.approx([0.25, 0.75])])


def test_labels_of_many_numbers_that_are_not_one_hot_are_values():
    said = interpret(np.array([[1.0, 2], [3, 4]]), np.array([[1, 1], [0, 1]]))
    assert (said.task, said.form, said.targets.tolist()) == (Task.VALUES, None, [[1, 1], [0, 1]])


def test_one_score_for_labels_beyond_two_classes_is_a_value():
    assert interpret(np.array([[1.0], [2.0]]), np.array([0, 7])).task is Task.VALUES
    assert interpret(np.array([[1.0], [2.0]]), np.array([0.5, 1])).task is Task.VALUES
