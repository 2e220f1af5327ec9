"""Judging a model on labelled samples: tasks found from the output, measures, comparison with the original."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation import latency
from paoding_onnx.evaluation.dataset import ArraySamples
from paoding_onnx.evaluation.evaluate import EvaluateOptions, accuracy_of, evaluate
from paoding_onnx.evaluation.load import read_labelled
from paoding_onnx.evaluation.predictions import Task, interpret
from paoding_onnx.model.load import load
from tests.models import model, parse, save

COPY = "g (float[N,3] x) => (float[N,3] y) { y = Identity (x) }"
FIXED = "g (float[4,3] x) => (float[4,3] y) { y = Identity (x) }"
ONE = "g (float[N,1] x) => (float[N,1] y) { y = Identity (x) }"
NEGATED = "g (float[N,3] x) => (float[N,3] y) { y = Neg (x) }"
QUICK = EvaluateOptions(processors=0)


def samples(scores, labels):
    """Samples on which a model that copies its input gives these scores."""
    return ArraySamples({"x": np.array(scores, np.float32)}, np.array(labels))


@pytest.fixture
def three():
    """Nine samples of three classes, of which seven have the highest score at their label."""
    scores = 4 * np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1, 2]] - 1
    return samples(scores, [0, 1, 2, 0, 1, 2, 0, 2, 1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "measures"),
    [
        ("fraud_mlp", {"auroc": 0.957, "average_precision": 0.886, "f1": 0.881}),
        ("brain_cnn", {"accuracy": 0.863}),
        ("mnist_cnn", {"accuracy": 0.994}),
        ("cifar10_cnn", {"accuracy": 0.778}),
    ],
)
def test_measures_of_the_shipped_models_are_those_of_their_page(name, measures):
    found = evaluate(f"models/{name}.onnx", f"models/{name}_test.npz", options=QUICK).measures
    assert {key: round(found[key], 3) for key in measures} == measures


@pytest.mark.slow
def test_accuracy_is_that_of_the_measures():
    subject = load("models/brain_cnn.onnx")
    labelled = read_labelled("models/brain_cnn_test.npz", subject)
    assert (
        accuracy_of(subject, labelled) == evaluate(subject, labelled, options=QUICK).measures["accuracy"] == 259 / 300
    )


def test_classes_have_their_measures_and_a_table(three):
    found = evaluate(model(COPY), three, options=QUICK)
    assert (found.task, found.n_samples, found.resources) == ("classes", 9, None)
    assert list(found.measures) == ["accuracy", "auroc", "average_precision", "f1", "log_loss"]
    assert found.measures["accuracy"] == pytest.approx(7 / 9)
    assert [row.recall for row in found.classes] == pytest.approx([1, 2 / 3, 2 / 3])


def test_top_two_is_measured_where_there_are_more_classes(three):
    options = EvaluateOptions(top=2, processors=0)
    assert "top_2_accuracy" not in evaluate(model(COPY), three, options=QUICK).measures
    data = samples([[3, 2, 1], [3, 2, 1], [3, 2, 1]], [0, 1, 2])
    assert evaluate(model(COPY), data, options=options).measures["top_2_accuracy"] == pytest.approx(2 / 3)


def test_binary_models_have_a_table_of_both_classes():
    found = evaluate(model(ONE), samples([[0.2], [0.9], [0.6]], [0, 1, 0]), options=QUICK)
    assert [(row.name, row.samples, row.recall) for row in found.classes] == [("0", 2, 0.5), ("1", 1, 1)]


def test_scores_that_are_no_probabilities_have_no_log_loss():
    found = evaluate(model(COPY), samples([[0.9, 0.8, 0], [0.5, 0.6, 0]], [0, 1]), options=QUICK)
    assert "log_loss" not in found.measures


def test_labels_that_are_no_classes_make_a_task_of_values():
    found = evaluate(model(COPY), samples([[1, 2, 3], [4, 5, 6]], [[1, 2, 3.5], [4, 5, 7]]), options=QUICK)
    assert found.task == "values"
    assert found.measures["mean_squared_error"] == pytest.approx(1.25 / 6)
    assert found.classes == ()
    assert interpret(np.array([[1.0], [2.0]]), np.array([0.5, 7])).task is Task.VALUES


def test_output_is_chosen_by_name_and_refused_if_it_is_not_there(three):
    two = "g (float[N,3] x) => (float[N,3] y, float[N,3] z) { y = Identity (x) z = Neg (x) }"
    first, second = (evaluate(model(two), three, options=EvaluateOptions(output=name, processors=0)) for name in "yz")
    assert first.measures["accuracy"] > 0.7 > second.measures["accuracy"]
    with pytest.raises(UsageError, match=r"no output 'q' .* there are: 'y', 'z'"):
        evaluate(model(two), three, options=EvaluateOptions(output="q", processors=0))


def test_labels_that_a_model_says_itself_are_no_scores(three):
    text = "g (float[N,3] x) => (int64[N] label, float[N,3] y) { label = ArgMax <axis=1,keepdims=0> (x) y = Neg (x) }"
    assert evaluate(model(text), three, options=QUICK).measures["accuracy"] == 0
    only = "g (float[N,3] x) => (int64[N] label) { label = ArgMax <axis=1,keepdims=0> (x) }"
    with pytest.raises(UsageError, match="no output with floating-point numbers"):
        evaluate(model(only), three, options=QUICK)


def test_fixed_batches_are_filled_up(three):
    found = [evaluate(model(text), three, options=QUICK).measures for text in (COPY, FIXED)]
    assert found[0] == found[1]


def test_progress_ends_at_one(three):
    shares = []
    evaluate(
        model(COPY), three, against=model(NEGATED), options=QUICK, progress=lambda what, share: shares.append(share)
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_model_that_does_not_run_on_the_samples_is_a_model_error():
    with pytest.raises(ModelError, match="does not run"):
        evaluate(model(COPY), ArraySamples({"x": np.zeros((2, 4), np.float32)}, np.zeros(2)), options=QUICK)


def test_part_of_the_samples_is_judged(three):
    assert evaluate(model(COPY), three, options=EvaluateOptions(n_samples=4, processors=0)).n_samples == 4


def test_values_have_no_accuracy():
    with pytest.raises(UsageError, match="values, not classes"):
        accuracy_of(model(COPY), samples([[1, 2, 3]], [[1, 2, 3.5]]))


@pytest.mark.parametrize("wrong", [{"task": "guess"}, {"top": 0}, {"n_samples": -1}, {"processors": -1}, {"seed": -1}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError):
        EvaluateOptions(**wrong)


def test_result_cannot_be_changed(three):
    found = evaluate(model(COPY), three, options=QUICK)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.task = "values"
    with pytest.raises(TypeError):
        found.measures["accuracy"] = 1


def test_comparison_counts_agreement_and_the_change(three):
    other = evaluate(model(NEGATED), three, against=model(COPY), options=QUICK).comparison
    assert other.measures["accuracy"] == pytest.approx(7 / 9)
    assert other.agreement.value == 0
    assert other.agreement.high == pytest.approx(0.299, abs=0.001)
    assert [d.measure for d in other.differences] == ["accuracy"]
    assert other.differences[0].interval.value == pytest.approx(-7 / 9)
    assert other.p_value == pytest.approx(2 / 2**7)


def test_model_beside_itself_changes_nothing(three):
    other = evaluate(model(COPY), three, against=model(COPY), options=QUICK).comparison
    assert (other.agreement.value, other.p_value, other.differences[0].interval.value) == (1, 1, 0)


def test_comparison_of_values_measures_how_far_outputs_moved():
    data = samples([[1, 2, 3], [4, 5, 6]], [[1, 2, 3.5], [4, 5, 7]])
    other = evaluate(model(NEGATED), data, against=model(COPY), options=QUICK).comparison
    assert other.agreement is None
    assert other.output_error == pytest.approx(2)
    assert math.isnan(other.p_value)
    assert other.differences[0].interval.low > 0


def test_comparison_with_a_model_of_another_task_is_refused(three):
    other = "g (float[N,3] x) => (float[N,4] y) <float[3,4] w> { y = MatMul (x, w) }"
    with pytest.raises(UsageError, match="say different things"):
        evaluate(model(COPY), three, against=model(other), options=QUICK)


@pytest.mark.slow
def test_files_are_measured(three, tmp_path, monkeypatch):
    monkeypatch.setattr(latency, "SECONDS", 0.01)
    path = save(parse(COPY), tmp_path / "m.onnx")
    found = evaluate(path, three, against=path)
    for resources in (found.resources, found.comparison.resources):
        assert resources.milliseconds > 0
        assert (resources.rows, resources.file_bytes) == (1, path.stat().st_size)
        assert resources.runs >= 5
        assert resources.processors in (0, 1)
