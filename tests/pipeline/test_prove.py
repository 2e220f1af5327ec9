"""The result of a run: the sizes of the files, the proofs on the one that was written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.context import Run
from paoding_onnx.errors import CheckError
from paoding_onnx.evaluation import settled
from paoding_onnx.evaluation.fidelity import ENOUGH, FEW, MOST, QUICK, THOROUGH, Spend
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.outlook import FEW as FEW_ANSWERS
from paoding_onnx.evaluation.outlook import Judgement, Outlook
from paoding_onnx.model.load import load
from paoding_onnx.model.save import write_model
from paoding_onnx.options import Options
from paoding_onnx.pipeline import prove as prove_module
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


def proven(job, tmp_path):
    shrunk = shrink(job)
    return prove(job, shrunk, write_model(shrunk.fitted.model, tmp_path / "small.onnx")).measured


def test_by_magnitude_a_ruined_model_is_told_by_few_inputs(job, tmp_path, monkeypatch):
    monkeypatch.setattr(settled, "judge", lambda _: Judgement(Outlook.BAD))
    monkeypatch.setattr(settled, "chance_of", lambda *_: 0.0)
    monkeypatch.setattr(settled, "CLEAR", 0.0)
    monkeypatch.setattr(settled, "_BY_VALUES", tuple(Kind))
    made = []
    monkeypatch.setattr(prove_module, "kept_samples", lambda *_: made.append(1))
    found = proven(job, tmp_path)
    assert (found.n_inputs, made) == (FEW, [])
    assert found.inputs.endswith(ENOUGH)


@pytest.mark.parametrize("method", ["magnitude", "reconstruction"])
def test_model_that_may_be_fine_is_judged_by_all_inputs_of_its_method(method, job, tmp_path, monkeypatch):
    monkeypatch.setattr(settled, "judge", lambda _: Judgement(Outlook.GOOD))
    assert proven(replace(job, options=Options(method=method, target=0.2)), tmp_path).n_inputs == MOST


def test_large_model_is_run_for_nothing_but_the_comparison(job, tmp_path, monkeypatch):
    monkeypatch.setattr(settled, "judge", lambda _: Judgement(Outlook.GOOD))
    monkeypatch.setattr(prove_module, "QUICK", Spend(0, 8))
    made = []
    monkeypatch.setattr(prove_module, "kept_samples", lambda *_: made.append(1))
    assert (proven(job, tmp_path).n_inputs, made) == (8, [])


@pytest.mark.parametrize("spend", [QUICK, THOROUGH])
def test_model_that_takes_all_the_time_is_compared_on_some_inputs_nevertheless(spend, job, tmp_path, monkeypatch):
    monkeypatch.setattr(settled, "judge", lambda _: Judgement(Outlook.GOOD))
    method, name = ("magnitude", "QUICK") if spend is QUICK else ("reconstruction", "THOROUGH")
    monkeypatch.setattr(prove_module, name, replace(spend, macs=0))
    assert proven(replace(job, options=Options(method=method, target=0.2)), tmp_path).n_inputs == spend.fewest


def test_method_that_fits_is_compared_on_enough_inputs_to_speak_for_it():
    assert THOROUGH.fewest >= FEW_ANSWERS
