"""A model attacked on labelled samples: robust samples counted right, batches, bounds, refusals."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation.dataset import ArraySamples
from paoding_onnx.evaluation.evaluate import EvaluateOptions
from paoding_onnx.robustness.attacks import Attack
from paoding_onnx.robustness.evaluate import attack
from tests.models import model

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


def test_result_cannot_be_changed():
    found = attack(model(LINE), samples())
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.flat = 1


def test_the_options_of_judging_hold_for_attacks():
    found = attack(model(LINE), samples(), options=EvaluateOptions(n_samples=3))
    assert found.samples == 3
