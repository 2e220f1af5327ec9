"""REPAIR: the twin of a unit that goes takes over its outgoing weights, in every consumer."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.reader import constants
from paoding_onnx.repair import absorb
from paoding_onnx.samplers import Candidate
from tests.models import model
from tests.pruning import contents
from tests.pruning import is_unchanged
from tests.pruning import whole_view

MLP = "g (float[N,3] x) => (float[N,2] y) <float[3,4] a, float[4,2] b> {{ p = MatMul (x, a) y = {consumer} }}"


def absorbed(subject, *merges):
    """Constants after `(unit, twin, coefficient)`, taken in order, of the model's first group."""
    view = whole_view(subject)
    return absorb(view, view.trace.groups[0], [Candidate(unit, 0.0, twin, c) for unit, twin, c in merges])


def test_twin_takes_over_the_weights_of_a_matmul():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    wanted = constants(subject)["b"].copy()
    wanted[2] += np.float32(0.5) * wanted[1]
    assert np.array_equal(absorbed(subject, (1, 2, 0.5))["b"], wanted)


@pytest.mark.parametrize("flag", [0, 1])
def test_twin_takes_over_the_weights_of_a_gemm(flag):
    text = MLP.format(consumer=f"Gemm <transB={flag}> (p, b)")
    subject = model(text if not flag else text.replace("float[4,2] b", "float[2,4] b"))
    wanted = constants(subject)["b"].T.copy() if flag else constants(subject)["b"].copy()
    wanted[0] += np.float32(-2.0) * wanted[3]
    found = absorbed(subject, (3, 0, -2.0))["b"]
    assert np.array_equal(found.T if flag else found, wanted)


def test_twin_that_goes_later_hands_on_what_it_took_over():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    b = constants(subject)["b"]
    found = absorbed(subject, (0, 1, 2.0), (1, 2, 3.0))["b"]
    np.testing.assert_allclose(found[2], b[2] + 3 * (b[1] + 2 * b[0]), rtol=1e-6)


def test_order_matters():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    b = constants(subject)["b"]
    found = absorbed(subject, (1, 2, 3.0), (0, 1, 2.0))["b"]
    np.testing.assert_allclose(found[2], b[2] + 3 * b[1], rtol=1e-6)


def test_weights_behind_a_flatten_are_taken_over_position_by_position():
    subject = model("""g (float[N,3,2,2] x) => (float[N,2] y) <float[4,3,1,1] a, float[16,2] b> {
      p = Conv (x, a) q = Flatten (p) y = MatMul (q, b)
    }""")
    wanted = constants(subject)["b"].copy()
    wanted[8:12] += wanted[0:4]
    assert np.array_equal(absorbed(subject, (0, 2, 1.0))["b"], wanted)


def test_kernels_are_taken_over_whole():
    subject = model("""g (float[N,3,4,4] x) => (float[N,2,2,2] y) <float[4,3,1,1] a, float[2,4,3,3] b> {
      p = Conv (x, a) y = Conv (p, b)
    }""")
    wanted = constants(subject)["b"].copy()
    wanted[:, 3] += wanted[:, 1]
    assert np.array_equal(absorbed(subject, (1, 3, 1.0))["b"], wanted)


def test_every_consumer_takes_over():
    subject = model("""g (float[N,3] x) => (float[N,2] y, float[N,5] z) <float[3,4] a, float[4,2] b, float[5,4] c> {
      p = MatMul (x, a) r = Relu (p) y = MatMul (r, b) z = Gemm <transB=1> (r, c)
    }""")
    before, after = constants(subject), absorbed(subject, (0, 1, 1.0))
    assert np.array_equal(after["b"][1], before["b"][1] + before["b"][0])
    assert np.array_equal(after["c"][:, 1], before["c"][:, 1] + before["c"][:, 0])


def test_only_consumers_change():
    assert set(absorbed(model(MLP.format(consumer="MatMul (p, b)")), (0, 1, 1.0))) == {"b"}


@pytest.mark.parametrize("merge", [(0, None, 1.0), (0, 1, 0.0)], ids=["no twin", "no coefficient"])
def test_unit_without_a_part_to_hand_over_changes_nothing(merge):
    assert not absorbed(model(MLP.format(consumer="MatMul (p, b)")), merge)


def test_result_is_read_only():
    found = absorbed(model(MLP.format(consumer="MatMul (p, b)")), (0, 1, 1.0))
    with pytest.raises(ValueError, match="read-only"):
        found["b"][0] = 0
    with pytest.raises(TypeError):
        found["c"] = found["b"]


def test_input_model_is_not_changed():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    proto, before = subject.proto.SerializeToString(), contents(subject)
    absorbed(subject, (0, 1, 1.0))
    assert is_unchanged(subject, proto, before)


def test_contents_of_earlier_steps_are_built_upon():
    subject = model(MLP.format(consumer="MatMul (p, b)"))
    view = whole_view(subject)
    earlier = {"b": np.ones((4, 2), np.float32)}
    step = type(view)(view.trace, view.removed, earlier)
    found = absorb(step, view.trace.groups[0], [Candidate(0, 0.0, 1, 1.0)])
    assert found["b"].tolist() == [[1, 1], [2, 2], [1, 1], [1, 1]]
    assert earlier["b"].tolist() == [[1, 1]] * 4
