"""What a model file takes, measured in a process of its own."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.latency import Timed, measure
from tests.models import parse, save

pytestmark = pytest.mark.slow

SMALL = "g (float[1,8] x) => (float[1,8] y) <float[8,8] w> { y = MatMul (x, w) }"
LARGE = "g (float[1,8] x) => (float[1,8] y) <float[8,2000000] w> { h = MatMul (x, w) y = ReduceMean <axes=[1]> (h) }"
FEEDS = {"x": np.ones((1, 8), np.float32)}


def timed(text, path):
    """A model file to measure."""
    save(parse(text), path)
    return Timed(path, FEEDS, path.stat().st_size)


def test_models_are_timed_in_turns(tmp_path):
    found = measure([timed(SMALL, tmp_path / "a.onnx"), timed(SMALL, tmp_path / "b.onnx")], seconds=0.02)
    assert found[0].runs == found[1].runs >= 5
    assert 0.1 < found[0].milliseconds / found[1].milliseconds < 10


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say what memory a process used")
def test_peak_memory_grows_with_the_weights(tmp_path):
    small, large = measure([timed(SMALL, tmp_path / "a.onnx"), timed(LARGE, tmp_path / "b.onnx")], seconds=0.01)
    assert small.peak_bytes < 64_000_000 < large.peak_bytes < 400_000_000


def test_model_that_does_not_run_alone_is_a_model_error(tmp_path):
    wrong = Timed(timed(SMALL, tmp_path / "a.onnx").path, {"x": np.ones((1, 9), np.float32)}, 0)
    with pytest.raises(ModelError, match=r"not timed in a process of its own: .*does not run"):
        measure([wrong])
