"""A pruned file tells what it was made from, how and by what; and nothing where that is not wanted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import onnx
import pytest

from paoding_onnx.api import prune
from paoding_onnx.context import Run
from paoding_onnx.model.load import load
from paoding_onnx.model.provenance import KEY, provenance_of, versions
from paoding_onnx.options import Options
from paoding_onnx.pipeline.shrink import shrink
from paoding_onnx.pipeline.sign import hashes_of, sign, told_options
from paoding_onnx.pipeline.values import Job
from paoding_onnx.verification.check import check
from tests.models import model, parse, save
from tests.pruning import MLP, skip_latency


@pytest.fixture
def source(tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    return save(parse(MLP), tmp_path / "m.onnx")


def options(**given):
    return Options(method="magnitude", **given)


def test_record_tells_original_options_seed_versions_and_parameters(source):
    job = Job(load(source), None, None, options(exclude=("c*",), seed=3), Run())
    record = provenance_of(sign(job, shrink(job), told_options(job.options)).fitted.model)
    assert record["original"] == {"sha256": hashlib.sha256(source.read_bytes()).hexdigest()}
    assert record["options"] == {"method": "magnitude", "exclude": ["c*"]}
    assert (record["seed"], record["versions"]) == (3, versions())
    assert record["parameters"]["before"] == 400 > record["parameters"]["after"]


def test_options_that_do_not_decide_what_comes_out_are_not_told():
    assert told_options(Options(memory=1 << 30, threads=1, verbose=True, seed=5)) == {}


def test_files_of_weights_are_hashed_too(tmp_path):
    proto = parse(MLP)
    onnx.save(proto, tmp_path / "m.onnx", save_as_external_data=True, location="w", size_threshold=0)
    found = hashes_of(load(tmp_path / "m.onnx"))
    assert found["data"] == [hashlib.sha256((tmp_path / "w").read_bytes()).hexdigest()]


def test_model_without_a_file_has_no_hash():
    assert hashes_of(model(MLP)) == {"sha256": None}


@pytest.mark.slow
def test_file_is_proven_with_its_record_and_check_does_not_mind_it(source, tmp_path):
    result = prune(source, tmp_path / "a.onnx", options(), documents={"plan": tmp_path / "plan.json"})
    assert all(proof.passed for proof in result.proofs)
    assert all(proof.passed for proof in check(source, tmp_path / "a.onnx", plan=tmp_path / "plan.json").proofs)
    assert provenance_of(load(tmp_path / "a.onnx"))["parameters"]["after"] == result.sizes.after.parameters


@pytest.mark.slow
def test_pruning_again_keeps_the_history(source, tmp_path):
    prune(source, tmp_path / "a.onnx", options(target=0.3))
    prune(tmp_path / "a.onnx", tmp_path / "b.onnx", options(target=0.2))
    record = provenance_of(load(tmp_path / "b.onnx"))
    assert record["original"] == hashes_of(load(tmp_path / "a.onnx"))
    assert [entry["options"]["target"] for entry in record["earlier"]] == [0.3]


@pytest.mark.slow
def test_no_record_is_left_where_none_is_wanted(source, tmp_path):
    prune(source, tmp_path / "a.onnx", options(target=0.3))
    for name, given in (("m.onnx", options(provenance=False)), ("a.onnx", options(provenance=False, target=0.2))):
        prune(tmp_path / name, tmp_path / "b.onnx", given, force=True)
        assert KEY not in {entry.key for entry in onnx.load(tmp_path / "b.onnx").metadata_props}


@pytest.mark.slow
def test_record_says_nothing_that_changes_from_run_to_run(source, tmp_path):
    texts = []
    for name in ("a.onnx", "b.onnx"):
        prune(source, tmp_path / name, options())
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]
    assert str(tmp_path) not in json.dumps(provenance_of(load(tmp_path / "a.onnx")))


def test_signing_leaves_everything_else(source):
    job = Job(load(source), None, None, options(), Run())
    shrunk = shrink(job)
    done = sign(job, shrunk, {})
    assert replace(done, fitted=shrunk.fitted) == shrunk
    assert done.fitted.model.weights is shrunk.fitted.model.weights
