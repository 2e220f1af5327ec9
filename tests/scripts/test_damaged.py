"""A short part of the campaigns on damaged and hostile files and on kills; the long ones are started by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.fuzz import damage, damaged_run, hostile, kills
from scripts.fuzz.damaged import campaign
from tests.models import parse
from tests.pruning import CNN, MLP

FILES = {"CNN": parse(CNN).SerializeToString(), "MLP": parse(MLP).SerializeToString()}


def test_same_seed_damages_alike():
    first, second = (damage.damage(FILES["CNN"], 7) for _ in range(2))
    assert first == second
    assert first[1] != FILES["CNN"]


@pytest.mark.parametrize("kind", damage.DAMAGES, ids=lambda kind: kind.__name__)
def test_damage_leaves_a_file_that_differs(kind):
    spoilt = [kind(FILES["MLP"], np.random.default_rng(seed)) for seed in range(10)]
    assert sum(content != FILES["MLP"] for content in spoilt) >= 9


def test_traceback_would_be_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(damaged_run, "main", lambda _: 1 / 0)
    found = damaged_run.judge(tmp_path, FILES["MLP"])
    assert {one.what for one in found} == {"status not caught"}


def test_changed_input_and_escapes_would_be_noticed(tmp_path, monkeypatch):
    def spoil(argv):
        (tmp_path / "m.onnx").write_bytes(b"spoilt")
        damaged_run.sys.stdout.write("\x1b[31m")
        return 0

    monkeypatch.setattr(damaged_run, "main", spoil)
    found = {one.what for one in damaged_run.judge(tmp_path, FILES["MLP"])}
    assert {"input changed", "escapes printed", "status 0 with the files []"} <= found


@pytest.mark.slow
def test_damaged_files_end_in_one_line():
    results = campaign(FILES, range(25), whole_every=0)
    assert {seed: found for seed, found in results.items() if found} == {}


@pytest.mark.slow
def test_hostile_file_ends_in_one_line():
    outcome = hostile.run("functions that call each other twice")
    assert (outcome.status, outcome.findings) == (3, ())


@pytest.mark.slow
def test_killed_run_leaves_nothing_mixed(tmp_path):
    assert list(kills.kill_one(kills.scene(tmp_path), 0)) == []
