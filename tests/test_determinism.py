"""The same command gives the same bytes, in this process and in others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paoding_onnx.cli import main
from tests.models import parse, save
from tests.pruning import CNN, files, skip_latency

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.recovery]


@pytest.fixture(autouse=True)
def source(tmp_path, monkeypatch):
    skip_latency(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return save(parse(CNN), Path("m.onnx"))


def arguments(folder: str, *more: str) -> list[str]:
    Path(folder).mkdir()
    named = [f"{folder}/{name}" for name in ("small.onnx", "plan.json", "report.json")]
    return ["prune", "m.onnx", "-o", named[0], "--plan", named[1], "--report", named[2], "-q", *more]


def written(folder: str) -> dict[str, object]:
    """Content of all files; of the report without what is measured by the clock."""
    found = files(Path(folder))
    report = json.loads(found.pop("report.json"))
    del report["measured"]["latency"], report["measured"]["latency_ratio"], report["seconds"], report["next"]["command"]
    return {**found, "report": json.dumps(report)}


@pytest.mark.parametrize("method", ["paoding", "magnitude", "random"])
def test_same_command_twice_writes_the_same_bytes(method):
    assert main(arguments("first", "--method", method)) == main(arguments("second", "--method", method)) == 0
    assert written("first") == written("second")


def test_another_process_with_other_hashes_writes_the_same_bytes():
    assert main(arguments("here")) == 0
    command = [sys.executable, "-m", "paoding_onnx", *arguments("there")]
    subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)}, check=True, capture_output=True
    )
    assert written("here") == written("there")


def test_other_seed_writes_other_bytes():
    for seed in ("1", "2"):
        assert main(arguments(seed, "--method", "random", "--seed", seed)) == 0
    assert written("1")["small.onnx"] != written("2")["small.onnx"]
