"""One model through one tool, in a process of its own with limits, as one row. Knows no framework."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import onnx

from scripts.benchmarks.coverage.measure import OK, PRUNE

HERE = Path(__file__).parent
OURS = "paoding_onnx"
TOOLS = (OURS, "onnxsim", "onnxsim_helped", "torch_pruning")
_STAGES = ("loading", "building the model", "building the pruner", "pruning", "running the result")
"""What the programs beside this one say that they are doing; libraries print more between."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use: CPU seconds, and bytes of address space."""

    cpu_seconds: int
    memory_bytes: int


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


@dataclass(frozen=True, slots=True)
class _Done:
    """A process that ended: `code` is negative for a signal."""

    code: int
    out: str
    err: str
    cpu_seconds: float


def model_name(path: Path) -> str:
    """What torchvision calls the model of a file.

    >>> model_name(Path("zoo/tv_resnet18.torchscript.onnx"))
    'resnet18'
    """
    return path.name.removeprefix("tv_").removesuffix(".torchscript.onnx")


def measure(path: Path, tool: str, python: str, limits: Limits) -> Row:
    """The row of one file and one tool, run by the interpreter `python`."""
    done = _run([python, *_words(path, tool)], limits)
    told = _told(done, tool)
    status = _status(done, told, tool)
    return Row(
        model=model_name(path),
        tool=tool,
        status=status,
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
    """What the interpreter is to run."""
    if tool == OURS:
        return ("-m", "paoding_onnx", "prune", str(path), *PRUNE)
    if tool == "torch_pruning":
        return (str(HERE / "with_torch_pruning.py"), model_name(path), str(_size(path)))
    helped = ("--helped",) if tool == "onnxsim_helped" else ()
    return (str(HERE / "with_onnxsim.py"), str(path), *helped)


def _size(path: Path) -> int:
    """Width of the images that a model was exported for."""
    graph = onnx.load(path, load_external_data=False).graph
    return graph.input[0].type.tensor_type.shape.dim[-1].dim_value


def _run(words: Sequence[str], limits: Limits) -> _Done:
    """Run a command to its end, or to that of its CPU time."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            words,
            stdout=out,
            stderr=err,
            cwd=HERE.parent.parent,  # `-m paoding_onnx` is the package beside this script, not an installed one
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        # Set from outside, at once: code between fork and exec is not safe beside threads.
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 10))
        resource.prlimit(process.pid, resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # keeps Popen from waiting for it again
        return _Done(process.returncode, _text(out), _text(err), usage.ru_utime + usage.ru_stime)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _told(done: _Done, tool: str) -> Mapping[str, object]:
    """What a process that came to its end printed, under the same names for every tool."""
    if done.code != 0:
        return {}
    if tool != OURS:
        return json.loads(done.out.splitlines()[-1])
    document = json.loads(done.out)
    before, after = document["before"], document["after"]
    return {
        "before": before["parameters"],
        "after": after["parameters"],
        "macs_left": after["macs"] / before["macs"],
        "proven": all(check["passed"] for check in document["checks"]),
        "version": f"{version(OURS)} (onnx {version('onnx')}, onnxruntime {version('onnxruntime')})",
    }


def _status(done: _Done, told: Mapping[str, object], tool: str) -> str:
    """What went wrong, on one line, or "ok"."""
    if told:
        return OK if told["after"] < told["before"] else "nothing removed"
    stages = [line for line in done.out.splitlines() if line in _STAGES]
    stage = "" if tool == OURS else f" while {(stages or ['starting'])[-1]}"
    if -done.code in (signal.SIGXCPU, signal.SIGKILL):
        return f"out of CPU time{stage}" if -done.code == signal.SIGXCPU else f"killed{stage}"
    lines = [line for line in done.err.splitlines() if line.strip()] or [f"exit status {done.code}, no message"]
    return f"{_short(lines[-1])}{stage}"


def _short(line: str) -> str:
    """A message of bounded length that may stand in a Markdown table."""
    words = line.replace("|", "/").strip()
    return words if len(words) <= 200 else words[:200] + " ..."
