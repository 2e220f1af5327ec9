"""Kills at random moments: what a killed run leaves is old or new, never a mixture, and goes with the next run.

    python -m scripts.fuzz.kills [--count 60] [--seed 0]

Each run prunes a model with its weights in a second file, over an older result, and is killed by SIGKILL, SIGTERM,
SIGINT or SIGHUP. Polite signals must leave nothing at all; after SIGKILL the next run must clean up.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

from scripts import ROOT

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STATUSES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}
START = 0.3
"""Seconds that Python takes to start: before, it ends by itself and in its own words."""
_FILES = ("out.onnx", "out.onnx.data", "plan.json")
_PRUNE = ("prune", "m.onnx", "-o", "out.onnx", "--plan", "plan.json", "--force", "--method", "magnitude", "--target")

State = dict[str, bytes]
"""Files by name."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A folder with a model and an older result, and what that becomes in a run that is left alone."""

    folder: Path
    old: State
    new: State
    seconds: float


def main() -> int:
    """Kill so many runs; 1 if something was left that must not be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", metavar="N", type=int, default=60, help="runs to kill (default 60)")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="seed of the first one (default 0)")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        stage = scene(Path(folder))
        found = [
            (seed, fault)
            for seed in range(arguments.seed, arguments.seed + arguments.count)
            for fault in kill_one(stage, seed)
        ]
    for seed, fault in found:
        print(f"{seed}: {fault}")
    print(f"{arguments.count} runs of {stage.seconds:.1f} s killed, {len(found)} faults")
    return 1 if found else 0


def scene(folder: Path) -> Scene:
    """A scene in `folder`."""
    (folder / "scratch").mkdir()
    small = onnx.load(ROOT / "models" / "fraud_mlp.onnx")
    onnx.save(small, folder / "m.onnx", save_as_external_data=True, location="m.bin", size_threshold=0)
    old, start = {name: f"older {name}".encode() for name in _FILES}, time.monotonic()
    _run(folder, "0.5").communicate()
    return Scene(folder, old, _state(folder), time.monotonic() - start)


def kill_one(stage: Scene, seed: int) -> Iterator[str]:
    """What is wrong after a run that was killed at a random moment."""
    rng = np.random.default_rng(seed)
    number = SIGNALS[seed % len(SIGNALS)]
    for name, content in stage.old.items():
        (stage.folder / name).write_bytes(content)
    process = _run(stage.folder, "0.5")
    # half of them in the last tenth, where files get their names
    share = rng.uniform(0.9, 1.05) if rng.random() < 0.5 else rng.uniform(0.0, 1.0)
    time.sleep(max(START, share * stage.seconds))
    process.send_signal(number)
    _, err = process.communicate()
    if number in STATUSES:
        yield from _after_a_polite_signal(stage, process.returncode, STATUSES[number], err)
        return
    time.sleep(0.7)  # until the process that it watched has ended too
    state = _state(stage.folder)
    if "out.onnx" in state and not _is_one_of(state, stage, ("out.onnx", "out.onnx.data")):
        yield "mixed: a model stands beside the weights of another one"
    _run(stage.folder, "0.5", "--exclude", "none").communicate()  # ends early, in a word about the pattern
    state = _state(stage.folder)
    if not _is_one_of(state, stage, _FILES):
        yield f"mixed after the next run: {sorted(state)}"
    if leftovers := _leftovers(stage.folder):
        yield f"left after the next run: {leftovers}"


def _after_a_polite_signal(stage: Scene, status: int, wanted: int, err: bytes) -> Iterator[str]:
    is_done = status == 0
    if status not in (0, wanted):
        yield f"status {status} in place of {wanted}"
    if err not in (b"", b"paoding_onnx: interrupted, nothing was written\n"):
        yield f"said {err[-200:]!r}"
    if _state(stage.folder) != (stage.new if is_done else stage.old):
        yield f"status {status}, but files are {'not the new' if is_done else 'not the old'} ones"
    if leftovers := _leftovers(stage.folder):
        yield f"left: {leftovers}"


def _is_one_of(state: State, stage: Scene, names: tuple[str, ...]) -> bool:
    found = {name: state.get(name) for name in names}
    return found in ({name: stage.old.get(name) for name in names}, {name: stage.new.get(name) for name in names})


def _state(folder: Path) -> State:
    return {name: (folder / name).read_bytes() for name in _FILES if (folder / name).exists()}


def _leftovers(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(".paoding_onnx-*"))


def _run(folder: Path, target: str, *more: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "scratch")}
    argv = [sys.executable, "-m", "paoding_onnx", *_PRUNE, target, "-q", *more]
    return subprocess.Popen(argv, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


if __name__ == "__main__":
    sys.exit(main())
