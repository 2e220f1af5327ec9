"""One model through one tool, in a process of its own with limits, as one row. Knows no framework."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx

from scripts.benchmarks.coverage.measure import OK, PRUNE
from scripts.benchmarks.processes import Done, Limits, run

WITH_ONNXSIM, WITH_TORCH_PRUNING = (f"scripts.benchmarks.peers.with_{tool}" for tool in ("onnxsim", "torch_pruning"))
"""Programs of this folder, which are run where the other tools are."""
OURS = "paoding_onnx"
TOOLS = (OURS, "onnxsim", "onnxsim_helped", "torch_pruning")
_STAGES = ("loading", "building the model", "building the pruner", "pruning", "running the result")
"""What these programs say that they are doing; libraries print more between."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one tool made of one model; `None` where there is no figure.

    `parameters` and `left` are numbers of elements. `macs_left` and `proven` are told by paoding_onnx only. `seconds`
    are CPU seconds of what the tool does with a loaded model, for paoding_onnx those of its whole command;
    `process_seconds` are those of the whole process for every tool.
    """

    model: str
    tool: str
    status: str
    parameters: int | None
    left: int | None
    macs_left: float | None
    proven: bool | None
    seconds: float | None
    process_seconds: float
    version: str
    date: str

    @property
    def share(self) -> float | None:
        """Share of the parameters left, in [0, 1]; of runs that succeeded."""
        if self.status != OK or self.left is None or self.parameters is None:
            return None
        return self.left / self.parameters


def model_name(path: Path) -> str:
    """What torchvision calls the model of a file.

    >>> model_name(Path("zoo/tv_resnet18.torchscript.onnx"))
    'resnet18'
    """
    return path.name.removeprefix("tv_").removesuffix(".torchscript.onnx")


def measure(path: Path, tool: str, python: str, limits: Limits) -> Row:
    """The row of one file and one tool, run by the interpreter `python`."""
    done = run(*_words(path.resolve(), tool), python=python, limits=limits, threads=1)
    told = _told(done, tool)
    return Row(
        model=model_name(path),
        tool=tool,
        status=_status(done, told, tool),
        parameters=told.get("before"),
        left=told.get("after"),
        macs_left=told.get("macs_left"),
        proven=told.get("proven"),
        seconds=round(told.get("seconds", done.cpu_seconds), 2) if told else None,
        process_seconds=round(done.cpu_seconds, 2),
        version=told.get("version", ""),
        date=datetime.now(UTC).date().isoformat(),
    )


def _words(path: Path, tool: str) -> Sequence[str]:
    """The module to run, and what it is told."""
    if tool == OURS:
        return (OURS, "prune", str(path), *PRUNE)
    if tool == "torch_pruning":
        return (WITH_TORCH_PRUNING, model_name(path), "--size", str(_size(path)))
    return (WITH_ONNXSIM, str(path), *(("--helped",) if tool == "onnxsim_helped" else ()))


def _size(path: Path) -> int:
    """Width of the images that a model was exported for."""
    graph = onnx.load(path, load_external_data=False).graph
    return graph.input[0].type.tensor_type.shape.dim[-1].dim_value


def _told(done: Done, tool: str) -> Mapping[str, Any]:
    """What a process that came to its end printed, under the same names for every tool."""
    if done.code != 0:
        return {}
    if tool != OURS:
        return json.loads(done.out.splitlines()[-1])
    document = json.loads(done.out)
    before, after = document["sizes"]["before"], document["sizes"]["after"]
    return {
        "before": before["parameters"],
        "after": after["parameters"],
        "macs_left": after["macs"] / before["macs"],
        "proven": all(proof["passed"] for proof in document["proofs"]),
        "version": f"{version(OURS)} (onnx {version('onnx')}, onnxruntime {version('onnxruntime')})",
    }


def _status(done: Done, told: Mapping[str, Any], tool: str) -> str:
    """What went wrong, on one line, or "ok"."""
    if told:
        return OK if told["after"] < told["before"] else "nothing removed"
    stages = [line for line in done.out.splitlines() if line in _STAGES]
    return done.message if tool == OURS else f"{done.message} while {(stages or ['starting'])[-1]}"
