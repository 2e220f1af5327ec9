"""A value is written as the file that its name asks for, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from paoding_onnx.api import prune, synthesize
from paoding_onnx.errors import UsageError
from paoding_onnx.model.load import load
from paoding_onnx.report.save import save as save_value
from tests.models import parse, save
from tests.pruning import CNN, by_units, moved, skip_latency

pytestmark = pytest.mark.slow


@pytest.fixture
def source(tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    return save(parse(CNN), tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("name", "start"), [("r.json", '{\n "format": "paoding_onnx report 1"'), ("r.html", "<!doctype html>")]
)
def test_result_is_saved_as_the_name_asks_for(source, name, start):
    save_value(prune(source), source.with_name(name))
    assert source.with_name(name).read_text().startswith(start)


def test_pruned_model_is_saved_from_the_result(source):
    result = prune(source)
    save_value(result, source.with_name("small.onnx"))
    assert moved(load(source.with_name("small.onnx")), result.model) == 0


@pytest.mark.parametrize("name", ["r.txt", "m.onnx"])
def test_result_is_not_saved_under_a_name_of_something_else(source, name):
    with pytest.raises(UsageError):
        save_value(prune(source), source.with_name(name), force=True)


def test_synthetic_inputs_are_saved_and_read_as_calibration_data(source):
    inputs = synthesize(source, n_samples=40)
    save_value(inputs, source.with_name("inputs.npz"))
    with np.load(source.with_name("inputs.npz")) as held:
        assert held["x"].shape == (40, 3, 8, 8)
    result = prune(source, options=by_units(calibration=source.with_name("inputs.npz")))
    assert result.run.recovery.inputs.startswith("32 samples from inputs.npz")
