"""Exact gradients: every registered operator's against finite differences, or a refusal that names it."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.predictions import Task
from paoding_onnx.gradients.freeze import freeze, record
from paoding_onnx.gradients.reverse import nodes_without_gradient, reverse_pass
from paoding_onnx.model.load import lift
from paoding_onnx.model.session import Session
from paoding_onnx.robustness.gradients import Gradient
from paoding_onnx.robustness.losses import Loss, LossPoint
from tests.models import parse
from tests.rules.contract import CONTRACT
from tests.rules.contract_others import OTHERS
from tests.slopes import in_double, in_single, slope, studied

CASES = [case for case in (*CONTRACT, *OTHERS) if "com.microsoft" not in case.text]
TOLERANCE = 1e-3
"""Of the gradient's length: how far the slope along a random direction may be off."""
REFUSED = {"MaxRoiPool", "ReduceLogSum", "STFT", "SimplifiedLayerNormalization"}
FLAT = frozenset("""
And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil ConvInteger DequantizeLinear
Equal Floor Greater GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual MatMulInteger Not OneHot Or QLinearConv
QLinearMatMul QuantizeLinear Round Sign TopK Xor
""".split())  # fmt: skip  # noqa: SIM905
"""Step functions: every slope is zero."""
WRONG = ("Det: ", "DynamicQuantizeLinear: ", 'SpaceToDepth: c = SpaceToDepth <blocksize=2, mode="CRD">')
"""The reverse pass of these leaves something out; see `test_gradient_that_finite_differences_contradict_is_noticed`."""
SINGLE = {
    "AffineGrid: ": 5e-4,
    "DequantizeLinear: ": 1e-6,
    "GatherElements <axis=2>": 1e-2,
    "Gelu: ": 1e-2,
    "GlobalLpPool: ": 1e-2,
    "GroupNormalization: ": 1e-2,
    "MaxPool <kernel_shape=[3,1]": 1e-3,
    "MeanVarianceNormalization: ": 1e-3,
    "NonMaxSuppression: ": 1e-3,
    "QLinearConv: ": 1e-6,
    "QLinearMatMul: ": 1e-6,
}
"""Cases that onnx's reference evaluator does not compute in double precision: steps in float32 that serve."""
ROWS = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
LOGITS = Loss(Task.CLASSES, from_logits=True)


def gradient_of(subject, seed):
    """The gradient of the sum of y, weighted by `seed`, by x."""
    _, backward, name = reverse_pass(subject, "x", "y")
    session = Session(lift(backward))
    found = session.run({"x": subject.feeds["x"], name: seed[..., None].astype(np.float32)})
    return found[session.output_names[-1]].reshape(subject.feeds["x"].shape).astype(np.float64)


def case_of(case):
    """The case's model on seeded inputs; its Relu, which has kinks, replaced by a smooth function."""
    rng = np.random.default_rng(0)
    x = 0.5 * rng.standard_normal((2, 3, 8, 8)).astype(np.float32)
    proto = parse(case.text.replace("r = Relu (h)", "r = Tanh (h)"), opset=case.opset, ir=case.ir)
    subject = record(lift(proto), {"x": x})
    return subject, x, rng.standard_normal(subject.values["y"].shape)


def function_of(case, subject):
    """The case as a function of x, and the step of finite differences that serves its precision."""
    steps = [step for words, step in SINGLE.items() if words in case.label]
    return (in_single(subject, "x", "y"), steps[0]) if steps else (in_double(subject, "x", "y"), 1e-6)


SMOOTH = [case for case in CASES if case.operator not in REFUSED and not case.label.startswith(WRONG)]


@pytest.mark.slow
@pytest.mark.parametrize("case", SMOOTH, ids=lambda case: case.label)
def test_gradient_is_the_slope_along_any_direction(case):
    subject, x, seed = case_of(case)
    found = gradient_of(subject, seed)
    function, step = function_of(case, subject)
    assert found.any() or case.operator in FLAT
    for way in np.random.default_rng(1).standard_normal((2, *x.shape)):
        measured = slope(function, x, way, seed, step)
        assert abs((found * way).sum() - measured) <= TOLERANCE * np.linalg.norm(found)


@pytest.mark.parametrize("case", [c for c in CASES if c.operator in REFUSED], ids=lambda case: case.label)
def test_operator_without_a_gradient_is_refused_by_name(case):
    subject, _, seed = case_of(case)
    with pytest.raises(ModelError, match=rf"no exact gradient: {case.operator} '.*'.*--black-box estimates it"):
        gradient_of(subject, seed)


@pytest.mark.parametrize("case", [c for c in CASES if c.label.startswith(WRONG)], ids=lambda case: case.label)
def test_gradient_that_finite_differences_contradict_is_noticed(case):
    proto = parse(case.text, opset=case.opset, ir=case.ir)
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    subject = record(lift(proto), {"x": x})
    labels = subject.values["y"].reshape(2, -1).argmin(axis=1)
    assert Gradient(subject, "x", LossPoint("y", LOGITS)).disagreement(x, labels, 1.0) > 0.1


def assert_slope(text, shape):
    """The gradient of `y` by `x` is what finite differences say along some way."""
    subject = studied(text, np.random.default_rng(0).standard_normal(shape).astype(np.float32))
    seed = np.random.default_rng(1).standard_normal(subject.values["y"].shape)
    way = np.random.default_rng(2).standard_normal(shape)
    measured = slope(in_double(subject, "x", "y"), subject.feeds["x"], way, seed, 1e-3)
    assert (gradient_of(subject, seed) * way).sum() == pytest.approx(measured, rel=1e-4)


def test_every_registered_operator_is_tried():
    assert {case.operator for case in CASES} >= {*REFUSED, *FLAT}
    assert all(any(case.label.startswith(wrong) for case in CASES) for wrong in WRONG)
    assert len({case.operator for case in CASES}) > 150


@pytest.mark.parametrize(
    "body",
    [
        "<strides=[2,2], pads=[0,0,1,1]> (x, k)",
        "<strides=[2,2], pads=[1,1,1,1]> (x, k)",
        "<strides=[2,2], pads=[1,0,0,1]> (x, k)",
        "<strides=[3,2], pads=[0,1,2,1], dilations=[1,2]> (x, k)",
        '<strides=[2,2], auto_pad="SAME_UPPER"> (x, k)',
        '<strides=[2,2], auto_pad="SAME_LOWER"> (x, k)',
        '<strides=[2,3], auto_pad="VALID"> (x, k)',
        "<strides=[3,3]> (x, k)",
    ],
)
def test_convolutions_that_pad_their_ends_differently_have_the_right_gradient(body):
    assert_slope(f"g (float[2,3,9,8] x) => (float[b,c,h,w] y) <float[4,3,3,3] k> {{ y = Conv {body} }}", (2, 3, 9, 8))


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("word", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_transposed_convolutions_that_pad_by_a_word_have_the_right_gradient(word, stride):
    text = f"""g (float[2,3,5,4] x) => (float[b,c,h,w] y) <float[3,4,3,3] k>
    {{ y = ConvTranspose <strides=[{stride},{stride}], auto_pad="{word}"> (x, k) }}"""
    assert_slope(text, (2, 3, 5, 4))


@pytest.mark.parametrize(("size", "is_refused"), [(8, False), (9, True)])
def test_sizes_rounded_up_are_refused_where_windows_hang_over(size, is_refused):
    text = f"""g (float[1,2,{size},{size}] x) => (float[b,c,h,w] y)
    {{ y = AveragePool <kernel_shape=[2,2], strides=[2,2], ceil_mode=1> (x) }}"""
    subject = studied(text, np.ones((1, 2, size, size), np.float32))
    seed = np.ones(subject.values["y"].shape)
    if is_refused:
        with pytest.raises(ModelError, match="no exact gradient: AveragePool"):
            gradient_of(subject, seed)
    else:
        np.testing.assert_allclose(gradient_of(subject, seed), 0.25)


def test_transposed_convolutions_of_the_model_itself_keep_their_attributes():
    text = """g (float[1,2,4,4] x) => (float[b,c,h,w] y) <float[2,3,3,3] k>
    { y = ConvTranspose <strides=[2,2], dilations=[1,1], pads=[1,0,0,1], output_shape=[8,8]> (x, k) }"""
    subject = studied(text, np.random.default_rng(0).standard_normal((1, 2, 4, 4)).astype(np.float32))
    forward, backward, _ = reverse_pass(subject, "x", "y")
    own = next(node for node in backward.graph.node if "y" in node.output)
    assert {a.name for a in own.attribute} == {a.name for a in forward.graph.node[0].attribute}


def test_steps_are_looked_up_and_have_the_right_gradient():
    text = """g (float[2,7,4] x) => (float[2,a,b] y) <int64[2] start={6,0}, int64[2] end={-99,9}, int64[2] axes={1,2},
    int64[2] steps={-2,3}> { y = Slice (x, start, end, axes, steps) }"""
    x = np.random.default_rng(0).standard_normal((2, 7, 4)).astype(np.float32)
    subject = studied(text, x)
    seed = np.random.default_rng(1).standard_normal(subject.values["y"].shape)
    wanted = np.zeros(x.shape)
    wanted[:, 6::-2, ::3] = seed
    np.testing.assert_allclose(gradient_of(subject, seed), wanted, rtol=1e-6)


def test_old_opsets_are_converted():
    subject = studied("g (float[N,3] x) => (float[N,3] y) { y = Softmax <axis=1> (x) }", ROWS, opset=9, ir=4)
    seed = np.ones((4, 3))
    np.testing.assert_allclose(gradient_of(subject, seed), 0, atol=1e-6)


def test_output_that_does_not_depend_on_the_input_is_refused():
    text = "g (float[N,3] x) => (float[a,b] y) <float[4,2] w> { s = Shape (x) y = Identity (w) }"
    with pytest.raises(ModelError, match="does not depend on the input 'x'"):
        reverse_pass(studied(text, ROWS), "x", "y")


def test_nodes_without_a_gradient_are_listed_with_reasons():
    text = "g (float[N,3] x) => (float[N,1] y) { e = Exp (x) y = ReduceLogSum <axes=[1]> (e) }"
    found = list(nodes_without_gradient(freeze(studied(text, ROWS), "y")))
    assert [(one.operator, one.node) for one in found] == [("ReduceLogSum", "y")]
    assert "no reverse rule" in found[0].reason
