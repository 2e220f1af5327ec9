"""The result of a run: the sizes of the files, the proofs on the one that was written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.context import Run
from paoding_onnx.errors import CheckError
from paoding_onnx.model.load import load
from paoding_onnx.model.save import write_model
from paoding_onnx.options import Options
from paoding_onnx.pipeline import shrink as shrink_module
from paoding_onnx.pipeline.prove import prove
from paoding_onnx.pipeline.shrink import shrink
from paoding_onnx.pipeline.values import Job
from tests.models import parse, save
from tests.pruning import MLP, skip_latency


@pytest.fixture
def job(tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    source = load(save(parse(MLP), tmp_path / "m.onnx"))
    return Job(source, None, tmp_path / "small.onnx", Options(method="magnitude"), Run())


def test_result_has_the_sizes_of_both_files(job, tmp_path):
    shrunk = shrink(job)
    result = prove(job, shrunk, write_model(shrunk.fitted.model, tmp_path / "small.onnx"))
    assert result.sizes.before.file_bytes == (tmp_path / "m.onnx").stat().st_size
    assert result.sizes.after.file_bytes == (tmp_path / "small.onnx").stat().st_size
    assert (result.sizes.before.parameters, result.sizes.after.parameters) == (400, 154)
    assert result.sizes.prunable_parameters == 400 - 4  # all but the last bias
    assert [proof.passed for proof in result.proofs] == [True] * 6


def test_file_of_another_model_fails_its_proof(job, tmp_path):
    shrunk = shrink(job)
    files = write_model(job.original, tmp_path / "small.onnx")
    with pytest.raises(CheckError, match=r"the pruned model failed its proof, nothing was written\. file as proven"):
        prove(job, shrunk, files)


def test_wrong_cut_goes_no_further(job, tmp_path, monkeypatch):
    monkeypatch.setattr(shrink_module, "cut", lambda subject, *_: subject)
    shrunk = shrink(job)
    files = write_model(shrunk.fitted.model, tmp_path / "small.onnx")
    with pytest.raises(CheckError, match="the pruned model failed its proof, nothing was written"):
        prove(job, shrunk, files)


def test_progress_goes_on_to_the_end(job, tmp_path):
    said = []
    told = replace(job, run=Run(progress=lambda what, share: said.append((what, share))))
    shrunk = shrink(job)
    prove(told, shrunk, write_model(shrunk.fitted.model, tmp_path / "small.onnx"))
    assert said == [("proving the file", 0.85), ("measuring", 0.9)]
