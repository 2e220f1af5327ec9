"""Profiles that are kept: with them a run does what it does without, and what does not fit the model is measured."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from paoding_onnx.api import prune, sensitivity
from paoding_onnx.context import Run
from paoding_onnx.options import Options
from paoding_onnx.selection import select
from paoding_onnx.selection.cache import Entry
from paoding_onnx.selection.kept_profile import entry_of, profile_of
from paoding_onnx.selection.select import study_units
from tests.models import model
from tests.pruning import CNN, MLP, traced_model
from tests.reconstruction.fitted import NORMED

every_text = pytest.mark.parametrize("text", [MLP, NORMED, CNN], ids=["rows", "normalised", "images"])


def studied(text, **options):
    """A model, its trace and its profile."""
    subject = model(text)
    trace = traced_model(subject)
    return subject, trace, study_units(subject, trace, Options(**options), Run())


@pytest.fixture
def unmeasured(monkeypatch):
    """Nothing can be measured any more."""

    def refuse(*_args, **_options):
        raise AssertionError("measured again")

    def forbid():
        monkeypatch.setattr(select, "measure_profile", refuse)
        monkeypatch.setattr(select, "made_samples", refuse)

    return forbid


@every_text
def test_a_profile_comes_back_as_it_was(text):
    subject, trace, profile = studied(text)
    entry = entry_of(profile, with_samples=True)
    found = profile_of(entry, subject, trace, None)
    again = entry_of(found, with_samples=True)
    assert again.description == entry.description
    assert all(np.array_equal(again.arrays[name], array, equal_nan=True) for name, array in entry.arrays.items())
    assert found.sensitivities == profile.sensitivities
    assert found.basis.layers.keys() == profile.basis.layers.keys()


def test_samples_of_the_user_are_not_kept():
    subject, trace, profile = studied(MLP)
    entry = entry_of(profile, with_samples=False)
    assert not any(array.shape[1:] == (8,) for array in entry.arrays.values())
    assert profile_of(entry, subject, trace, profile.basis.samples).basis.samples == profile.basis.samples
    assert profile_of(entry, subject, trace, None) is None


def test_a_profile_of_another_model_is_none():
    subject, _, profile = studied(MLP)
    other = traced_model(model(CNN))
    assert profile_of(entry_of(profile, with_samples=True), subject, other, None) is None


def changes():
    """Ways in which a description may be wrong, by name."""

    def of(key, value):
        return lambda told: told.update({key: value})

    yield from ((f"{key} is {value!r}", of(key, value)) for key in _KEYS for value in (None, 3, "a", [3], [[1, 2, 3]]))
    yield from ((f"no {key}", lambda told, key=key: told.pop(key)) for key in _KEYS)
    yield "units twice", lambda told: told["orders"][0].__setitem__(1, told["orders"][1][1])
    yield "count is text", lambda told: told["units"][0].__setitem__(2, "many")
    yield "covariance of a mean", lambda told: told["units"][0].__setitem__(4, told["units"][0][3])
    yield "counts fall", lambda told: told["sensitivities"][0].__setitem__(1, told["sensitivities"][0][1][::-1])
    yield "a group is missing", lambda told: told["sensitivities"].pop()
    yield "another input", lambda told: told["samples"]["batches"][0].update({"z": "0"})


_KEYS = ("samples", "units", "normalization", "orders", "sensitivities")
CHANGES = dict(changes())


@pytest.fixture(scope="module")
def whole():
    """A model, its trace, and an entry with its profile."""
    subject, trace, profile = studied(MLP)
    return subject, trace, entry_of(profile, with_samples=True)


@pytest.mark.parametrize("name", CHANGES)
def test_a_description_that_does_not_fit_is_no_profile(name, whole):
    subject, trace, entry = whole
    told = copy.deepcopy(dict(entry.description))
    CHANGES[name](told)
    assert profile_of(Entry(entry.arrays, told), subject, trace, None) is None


def test_an_array_that_is_missing_or_of_another_type_is_no_profile(whole):
    subject, trace, entry = whole
    for name, array in entry.arrays.items():
        others = {**entry.arrays, name: array.astype(np.int8 if array.dtype.kind == "f" else np.float32)}
        without = {key: value for key, value in entry.arrays.items() if key != name}
        assert profile_of(Entry(others, entry.description), subject, trace, None) is None
        assert profile_of(Entry(without, entry.description), subject, trace, None) is None


@pytest.mark.slow
@every_text
def test_with_a_cache_the_same_bytes_come_out(text, tmp_path, unmeasured):
    options = Options(target=0.4, provenance=True)
    without = prune(model(text), tmp_path / "a.onnx", options)
    options = replace(options, cache=tmp_path / "cache")
    prune(model(text), tmp_path / "b.onnx", options)
    unmeasured()
    found = prune(model(text), tmp_path / "c.onnx", options)
    contents = {(tmp_path / name).read_bytes() for name in ("a.onnx", "b.onnx", "c.onnx")}
    assert len(contents) == 1
    assert found.run.recovery.sensitivities == without.run.recovery.sensitivities


@pytest.mark.slow
def test_another_target_measures_nothing(tmp_path, unmeasured):
    prune(model(MLP), options=Options(target=0.5, cache=tmp_path))
    unmeasured()
    prune(model(MLP), options=Options(target=0.3, cache=tmp_path))
    assert sensitivity(model(MLP), Options(cache=tmp_path))


def test_a_damaged_entry_is_made_again(tmp_path):
    first = sensitivity(model(MLP), Options(cache=tmp_path))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:100])
    assert sensitivity(model(MLP), Options(cache=tmp_path)) == first
    assert path.stat().st_size > 100


@pytest.mark.slow
def test_with_samples_of_the_user_these_are_read_and_nothing_is_measured(tmp_path, unmeasured):
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32))
    options = Options(calibration=tmp_path / "x.npz", cache=tmp_path / "cache")
    first = prune(model(MLP), options=options)
    unmeasured()
    second = prune(model(MLP), options=replace(options, target=0.5))
    assert first.plan.removed.tolist() == second.plan.removed.tolist()
