"""Synthetic samples out of the cache are those that would have been made, or they are made again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx import Options, load, prune
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.selection import kept_samples as subject
from paoding_onnx.selection.cache import Entry
from paoding_onnx.selection.kept_samples import entry_of_samples, kept_samples, samples_of
from paoding_onnx.shapes.study import study
from scripts import ROOT

MODEL = ROOT / "models" / "fraud_mlp.onnx"


@pytest.fixture
def made(monkeypatch):
    """How often samples were made."""
    calls, really = [], subject.made_samples
    monkeypatch.setattr(subject, "made_samples", lambda *words: calls.append(words) or really(*words))
    return calls


def _same(one, other):
    assert (one.description, one.is_synthetic, one.is_bare) == (other.description, other.is_synthetic, other.is_bare)
    assert len(one.batches) == len(other.batches)
    for first, second in zip(one.batches, other.batches, strict=True):
        assert first.keys() == second.keys()
        assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_samples_are_made_once_for_each_request(tmp_path, made):
    model, options = load(MODEL), Options(cache=tmp_path)
    graph, request = study(model).graph, Request(8, 3)
    first = kept_samples(model, graph, request, options)
    _same(kept_samples(model, graph, request, options), first)
    _same(kept_samples(model, graph, request, replace(options, target=0.1)), first)
    assert len(made) == 1
    kept_samples(model, graph, replace(request, seed=4), options)
    kept_samples(model, graph, replace(request, n_samples=9), options)
    kept_samples(model, graph, request, replace(options, input_kind="noise"))
    assert len(made) == 4


def test_without_a_cache_nothing_is_kept(tmp_path, made, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = load(MODEL)
    for _ in range(2):
        kept_samples(model, study(model).graph, Request(8, 3), Options())
    assert len(made) == 2
    assert not list(tmp_path.iterdir())


def test_an_entry_that_does_not_fit_is_no_samples():
    model = load(MODEL)
    (name,) = (spec.name for spec in model.inputs)
    feed = {name: np.zeros((2, 4), np.float32)}
    kept = entry_of_samples(Samples((feed,) * 2, "zeros", is_bare=True, strays=((feed,), (feed,) * 3)))
    found = samples_of(kept, model)
    assert found is not None
    assert (len(found.batches), found.description, found.is_bare) == (2, "zeros", True)
    assert [len(feeds) for feeds in found.strays] == [1, 3]
    arrays, told = dict(kept.arrays), dict(kept.description)
    for others, description in (
        ({}, told),
        ({f"0 {name}": arrays[f"0 {name}"]}, told),
        ({**arrays, f"9 {name}": arrays[f"0 {name}"]}, told),
        ({**arrays, f"x {name}": arrays[f"0 {name}"]}, told),
        ({**arrays, "0 other": arrays[f"0 {name}"]}, told),
        ({key: array.astype(np.float64) for key, array in arrays.items()}, told),
        (arrays, {**told, "batches": [10**9]}),
        (arrays, {**told, "batches": [2, -1]}),
        (arrays, {**told, "batches": ["2"]}),
        (arrays, {**told, "batches": 2}),
        (arrays, {}),
    ):
        assert samples_of(Entry(others, description), model) is None


@pytest.mark.parametrize("method", ["magnitude", "random"])
def test_a_method_that_looks_at_no_inputs_compares_on_kept_ones(method, tmp_path, made):
    options = Options(target=0.4, method=method, latency=False)
    without = prune(MODEL, tmp_path / "a.onnx", options)
    options = replace(options, cache=tmp_path / "cache")
    prune(MODEL, tmp_path / "b.onnx", options)
    found = prune(MODEL, tmp_path / "c.onnx", options)
    assert len(made) == 2
    assert len({(tmp_path / name).read_bytes() for name in ("a.onnx", "b.onnx", "c.onnx")}) == 1
    assert found.measured == without.measured
