"""Attacks: steps within the range, losses from logits or probabilities, robust samples counted right, refusals."""

from __future__ import annotations

import builtins
import dataclasses
import math

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation.dataset import ArraySamples, Range
from paoding_onnx.evaluation.evaluate import EvaluateOptions
from paoding_onnx.evaluation.predictions import Form, Task
from paoding_onnx.gradients.freeze import record
from paoding_onnx.robustness.attacks import Attack, Walk, estimate, fgsm, pgd
from paoding_onnx.robustness.evaluate import attack
from paoding_onnx.robustness.losses import Loss, loss_point
from tests.models import model

UNIT = Range(np.array(0.0), np.array(1.0))
LINE = """g (float[N,2] x) => (float[N,2] y) <float[2,2] w={1,-1,0,0}, float[2] b={-0.5,0.5}>
{ z = MatMul (x, w) y = Add (z, b) }"""
"""Class 0 where the first value is above a half; the second value does not matter."""
SIGMOID = """g (float[N,2] x) => (float[N,1] y) <float[2,1] w={8,0}, float[1] b={-4}>
{ z = MatMul (x, w) l = Add (z, b) y = Sigmoid (l) }"""
"""Positive where the first value is above a half."""
UNTRAINED = "g (float[N,2] x) => (float[N,1] y) <float[2,1] w={0.001,0.002}> { z = MatMul (x, w) y = Sigmoid (z) }"
QUANTIZED = """g (float[N,2] x) => (float[N,2] y)
<float[2,2] w={1,-1,0,0}, float[2] b={-0.5,0.5}, float s={0.05}, uint8 o={0}>
{ q = QuantizeLinear (x, s, o) d = DequantizeLinear (q, s, o) z = MatMul (d, w) y = Add (z, b) }"""
XS = [[0.9, 0.1], [0.55, 0.9], [0.45, 0.2], [0.2, 0.5], [0.52, 0.3], [0.1, 0.1]]


def samples(labels=(0, 0, 1, 1, 0, 0), x=XS):
    """Six samples in [0, 1]; the last one is wrong."""
    return ArraySamples({"x": np.array(x, np.float32)}, np.array(labels))


def survivals(found):
    """Epsilon, robust samples, and right ones after the attack."""
    return [(s.epsilon, s.robust, round(s.adversarial_accuracy * found.samples)) for s in found.survivals]


@pytest.mark.parametrize("kind", ["fgsm", "pgd"])
def test_samples_are_robust_as_far_as_they_are_from_the_border(kind):
    how = Attack(epsilons=(0.01, 0.03, 0.06, 0.4), method=kind)
    found = attack(model(LINE), samples(), how)
    assert (found.samples, found.correct, found.accuracy) == (6, 5, 5 / 6)
    assert survivals(found) == [(0.01, 5, 5), (0.03, 4, 4), (0.06, 2, 2), (0.4, 0, 0)]
    assert (found.is_exact, found.flat) == (True, 0)


def test_binary_models_are_attacked_towards_the_other_class():
    labels = (1, 1, 0, 0, 1, 1)
    found = attack(model(SIGMOID), samples(labels), Attack(epsilons=(0.01, 0.03, 0.06, 0.4)))
    assert survivals(found) == [(0.01, 5, 5), (0.03, 4, 4), (0.06, 2, 2), (0.4, 0, 0)]


def test_an_untrained_binary_model_is_not_robust():
    found = attack(model(UNTRAINED), samples((1, 0, 1, 0, 1, 0)), Attack(epsilons=(0.3,)))
    assert found.correct == 3
    assert found.survivals[0].robust <= found.correct


def test_a_constant_binary_model_proves_nothing():
    constant = "g (float[N,2] x) => (float[N,1] y) <float[2,1] w={0,0}> { z = MatMul (x, w) y = Sigmoid (z) }"
    with pytest.raises(ModelError, match="no slope at any of the samples"):
        attack(model(constant), samples((1, 0, 1, 0, 1, 0)))


def test_epsilon_is_a_share_of_the_range():
    scaled = [[255 * a, 255 * b] for a, b in XS]
    text = LINE.replace("w={1,-1,0,0}", "w={0.00392156862,-0.00392156862,0,0}")
    found = attack(model(text), samples(x=scaled), Attack(epsilons=(0.03,), value_range=(0, 255)))
    assert survivals(found) == [(0.03, 4, 4)]
    assert (found.lowest, found.highest) == (0, 255)


def test_bytes_are_attacked_between_black_and_white():
    data = ArraySamples({"x": (255 * np.array(XS)).astype(np.uint8)}, np.array((0, 0, 1, 1, 0, 0)), scale=255)
    found = attack(model(LINE), data, Attack(epsilons=(0.03,)))
    assert (found.lowest, found.highest, found.survivals[0].robust) == (0, 1, 4)


def test_black_box_estimates_find_the_same_and_are_marked():
    found = attack(model(LINE), samples(), Attack(epsilons=(0.03, 0.06), black_box=True))
    assert survivals(found) == [(0.03, 4, 4), (0.06, 2, 2)]
    assert not found.is_exact
    assert math.isnan(found.disagreement)


def test_quantized_models_have_no_slope_but_a_black_box_estimate():
    with pytest.raises(ModelError, match=r"is it quantized.*--black-box"):
        attack(model(QUANTIZED), samples())
    wide = ArraySamples({"x": np.array(XS, np.float32)}, np.array((0, 0, 1, 1, 0, 0)))
    found = attack(model(QUANTIZED), wide, Attack(epsilons=(0.4,), black_box=True, value_range=(0, 10)))
    assert found.survivals[0].robust < found.correct


def test_operator_without_a_gradient_is_refused_unless_estimated():
    text = """g (float[N,2] x) => (float[N,2] y) <float[2,2] w={1,-1,0,0}, int64[1] n={0}>
    { e = Exp (x) s = ReduceLogSum <axes=[1]> (e) t = Sub (x, s) y = MatMul (t, w) }"""
    with pytest.raises(ModelError, match="no exact gradient: ReduceLogSum"):
        attack(model(text), samples())
    assert attack(model(text), samples(), Attack(black_box=True)).samples == 6


def test_fixed_batches_and_odd_numbers_of_samples_are_attacked():
    fixed = LINE.replace("[N,2]", "[4,2]")
    how = Attack(epsilons=(0.03,))
    assert survivals(attack(model(fixed), samples(), how)) == survivals(attack(model(LINE), samples(), how))


def test_model_that_takes_one_row_at_a_time_is_attacked():
    text = LINE.replace("{ z =", "{ s = Constant <value_ints=[1,2]> () x1 = Reshape (x, s) z =").replace(
        "(x, w)", "(x1, w)"
    )
    assert survivals(attack(model(text), samples(), Attack(epsilons=(0.03,)))) == [(0.03, 4, 4)]


def test_same_seed_same_result():
    text = LINE.replace("w={1,-1,0,0}", "w={1,-1,2,-3}")
    runs = [attack(model(text), samples(), Attack(method="pgd", seed=seed)) for seed in (3, 3)]
    assert runs[0] == runs[1]


def test_progress_ends_at_one():
    shares = []
    attack(model(LINE), samples(), progress=lambda what, share: shares.append(share))
    assert shares[-1] == 1


@pytest.mark.parametrize(
    ("text", "data", "words"),
    [
        ("g (int64[N,2] x) => (float[N,2] y) { y = Cast <to=1> (x) }", samples(x=[[1, 2]] * 6), "floating-point"),
        ("g (float[N,2] x) => (float[N,2] y) { y = Identity (x) }", samples(labels=[[0.5, 2]] * 6), "not values"),
        (LINE, samples(x=[[1.0, 1.0]] * 6), None),
    ],
)
def test_what_cannot_be_attacked_is_refused(text, data, words):
    if words is None:
        with pytest.raises(UsageError, match="lie outside the range"):
            attack(model(text), data, Attack(value_range=(0, 0.5)))
        return
    with pytest.raises(UsageError, match=words):
        attack(model(text), data)


def test_data_without_a_range_need_one():
    with pytest.raises(UsageError, match="--range LOW,HIGH"):
        attack(model(LINE), samples(x=[[3.0, 3.0]] * 6))


@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilons": ()},
        {"epsilons": (0.0,)},
        {"epsilons": (2.0,)},
        {"epsilons": (math.nan,)},
        {"method": "guess"},
        {"steps": 0},
        {"queries": 0},
        {"seed": -1},
        {"value_range": (1, 0)},
        {"value_range": (0, math.inf)},
    ],
)
def test_attacks_out_of_range_are_refused(wrong):
    with pytest.raises(UsageError):
        Attack(**wrong)


def test_result_cannot_be_changed():
    found = attack(model(LINE), samples())
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.flat = 1


def test_without_onnx_ad_the_way_to_it_is_named(monkeypatch):
    original = builtins.__import__

    def refuse(name, *rest):
        if name.startswith("paoding_onnx.robustness.gradients"):
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match=r"pip install 'paoding_onnx\[robustness\]'"):
        attack(model(LINE), samples())
    assert attack(model(LINE), samples(), Attack(black_box=True)).samples == 6


def test_one_step_stays_within_the_range():
    x = np.array([[0.02, 0.5, 0.99]], np.float32)
    moved = fgsm(x, np.array([[-3.0, 0.0, 1e-9]]), 0.05, UNIT)
    np.testing.assert_allclose(moved, [[0, 0.5, 1]])
    assert moved.dtype == np.float32


def test_channels_move_by_their_own_ranges():
    bounds = Range(np.array([[[-2.0]], [[0.0]]]), np.array([[[2.0]], [[1.0]]]))
    moved = fgsm(np.zeros((1, 2, 1, 1)), np.ones((1, 2, 1, 1)), 0.1, bounds)
    np.testing.assert_allclose(moved.reshape(-1), [0.4, 0.1])


def test_several_steps_stay_within_epsilon_and_stop_at_success():
    x = np.full((2, 1), 0.5, np.float32)
    found = pgd(
        x,
        np.zeros(2, np.int64),
        lambda inputs, labels: np.ones(inputs.shape),
        lambda inputs, labels: inputs[:, 0] < 0.54,
        Walk(0.1, UNIT, 20, (0,)),
    )
    assert (np.abs(found - x) <= 0.1 + 1e-6).all()
    assert (found[:, 0] >= 0.54).all()
    assert (found[:, 0] < 0.6).all()


def test_many_values_are_estimated_from_random_directions():
    weights = np.random.default_rng(5).standard_normal(400)
    direction = estimate(lambda x, labels: x @ weights, bounds=UNIT, queries=200, rng=np.random.default_rng(0))
    found = direction(np.zeros((1, 400)), np.zeros(1, np.int64))[0]
    assert np.corrcoef(found, weights)[0, 1] > 0.4


LABELS = np.array([0, 2, 1])
SCORES = np.random.default_rng(0).standard_normal((3, 3))


@pytest.mark.parametrize(
    ("loss", "scores", "labels"),
    [
        (Loss(Task.CLASSES, from_logits=True), SCORES, LABELS),
        (Loss(Task.CLASSES, from_logits=False), np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True), LABELS),
        (Loss(Task.BINARY, from_logits=True), SCORES[:, :1], np.array([0, 1, 1])),
        (Loss(Task.BINARY, from_logits=False), 1 / (1 + np.exp(-SCORES[:, :1])), np.array([0, 1, 1])),
    ],
)
def test_derivative_of_the_loss_is_its_slope(loss, scores, labels):
    direction, size = loss.derivative(scores, labels)
    assert np.abs(direction).max(axis=1) == pytest.approx(1)
    for column in range(scores.shape[1]):
        way = 1e-6 * (np.arange(scores.shape[1]) == column)
        measured = (loss.values(scores + way, labels) - loss.values(scores - way, labels)) / 2e-6
        wanted = direction[:, column] * size
        if loss == Loss(Task.CLASSES, from_logits=False):  # from probabilities, values are normalised first
            wanted = wanted + 1
        np.testing.assert_allclose(measured, wanted, rtol=1e-5)


def test_losses_are_scikit_learns():
    loss = Loss(Task.CLASSES, from_logits=True)
    assert loss.values(np.array([[1.0, 2, 3]]), np.array([0])) == pytest.approx(2.407605964444380)
    assert Loss(Task.BINARY, from_logits=True).values(np.array([[2.0]]), np.array([0])) == pytest.approx(2.126928)


@pytest.mark.parametrize(
    ("text", "task", "form", "tensor"),
    [
        ("z = Neg (x) y = Softmax (z)", Task.CLASSES, Form.PROBABILITIES, "z"),
        (
            "z = Neg (x) e = Exp (z) s = ReduceSum <keepdims=1> (e, a) y = Div (e, s)",
            Task.CLASSES,
            Form.PROBABILITIES,
            "z",
        ),
        ("z = Neg (x) s = Softmax (z) y = Identity (s)", Task.CLASSES, Form.PROBABILITIES, "z"),
        ("z = Neg (x) y = Sigmoid (z)", Task.CLASSES, Form.SCORES, "z"),
        ("y = Neg (x)", Task.CLASSES, Form.LOGITS, "y"),
        ("z = Abs (x) s = ReduceSum (z, a) y = Div (z, s)", Task.CLASSES, Form.PROBABILITIES, "y"),
    ],
)
def test_loss_is_computed_at_the_logits_wherever_they_are(text, task, form, tensor):
    subject = record(
        model(f"g (float[N,3] x) => (float[N,3] y) <int64[1] a={{1}}> {{ {text} }}"),
        {"x": SCORES.astype(np.float32)},
    )
    point = loss_point(subject, "y", task, form)
    assert point.tensor == tensor
    assert point.loss.from_logits == (tensor != "y" or form is not Form.PROBABILITIES)


def test_the_options_of_judging_hold_for_attacks():
    found = attack(model(LINE), samples(), options=EvaluateOptions(n_samples=3))
    assert found.samples == 3
