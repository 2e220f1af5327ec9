"""A model is read only where what comes of it can be written."""

from __future__ import annotations

import pytest

from paoding_onnx.errors import OutputError, UsageError
from paoding_onnx.pipeline.read import read, read_beside
from tests.models import model, parse, save
from tests.pruning import MLP


def test_model_is_read_from_its_file_or_taken_as_it_is(tmp_path):
    subject = model(MLP)
    assert read(subject) is subject
    assert read(save(parse(MLP), tmp_path / "m.onnx")).files == (tmp_path / "m.onnx",)


def test_files_that_have_to_stay_are_found_before_the_model_is_read(tmp_path):
    (tmp_path / "taken.onnx").write_text("something")
    with pytest.raises(OutputError, match=r"taken\.onnx"):
        read_beside(tmp_path / "not there.onnx", tmp_path / "taken.onnx", (), (), force=False)
    with pytest.raises((OutputError, UsageError), match=r"taken\.onnx"):
        read_beside(tmp_path / "m.onnx", tmp_path / "taken.onnx", (), (tmp_path / "taken.onnx",), force=True)


def test_model_comes_back_where_nothing_is_in_the_way(tmp_path):
    path = save(parse(MLP), tmp_path / "m.onnx")
    assert read_beside(path, tmp_path / "small.onnx", (tmp_path / "plan.json",), (), force=False).files == (path,)
