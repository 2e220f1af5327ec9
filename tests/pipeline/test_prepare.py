"""A model made ready: folded, traced, refused if there is nothing to prune."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.calibration.preprocess import Preprocess
from paoding_onnx.errors import ModelError, TargetError, UsageError
from paoding_onnx.options import Options
from paoding_onnx.pipeline.prepare import prepare, require_units
from paoding_onnx.shapes.observe import sizes_of
from tests.models import model
from tests.pruning import CNN, MLP


def test_prepared_model_is_traced_under_the_options():
    prepared = prepare(model(MLP), Options(exclude=("a",)))
    assert [group.name for group in prepared.trace.groups] == ["Gemm_3"]
    assert prepared.folded is prepared.original


def test_pattern_that_does_not_fit_the_model_is_refused():
    with pytest.raises(UsageError, match="--only 'nope' matches no node or initializer"):
        prepare(model(CNN), Options(only=("nope",)))


def test_model_without_inputs_is_refused():
    constant = model(
        "g () => (float[1,2] y) <float[1,4] c, float[4,3] a, float[3,2] b> { h = MatMul (c, a) y = MatMul (h, b) }"
    )
    with pytest.raises(ModelError, match="the model has no inputs"):
        prepare(constant, Options())


def test_model_without_units_is_named_with_its_reasons():
    bare = prepare(model("g (float[1,4] x) => (float[1,2] y) <float[4,2] a> { y = MatMul (x, a) }"), Options())
    with pytest.raises(TargetError, match=r"no prunable unit \(MatMul MatMul_0: graph input 'x'"):
        require_units(bare.trace)
    require_units(prepare(model(MLP), Options()).trace)


def test_units_in_a_loop_are_found_though_an_input_says_how_many_steps_it_makes():
    text = """g (float[N,4] x, int64 n) => (float[N,4] y) <float[4,8] a, float[8,4] b, bool go = {1}> {
      y = Loop (n, go, x) <body = step (int64 i, bool c, float[N,4] h) => (bool c, float[N,4] o) {
        p = MatMul (h, a) q = Tanh (p) o = MatMul (q, b)
      }>
    }"""
    assert prepare(model(text), Options()).trace.n_units == 8


OPEN = """g (float[n,3,h,w] x) => (float[n,4,i,j] y) <float[8,3,3,3] a, float[4,8,3,3] b> {
  p = Conv (x, a) q = Relu (p) y = Conv (q, b)
}"""


def test_model_is_looked_at_in_the_size_of_the_samples_that_are_given(tmp_path):
    np.savez(tmp_path / "samples.npz", x=np.zeros((6, 40, 56, 3), np.uint8))
    for options in (Options(calibration=tmp_path / "samples.npz"), Options(preprocess=Preprocess(size=(40, 56)))):
        found = sizes_of(prepare(model(OPEN), options).trace.graph)
        assert found.measured.shapes == {"x": (1, 3, 40, 56)}
    assert sizes_of(prepare(model(OPEN), Options()).trace.graph).measured.shapes == {"x": (1, 3, 64, 64)}
