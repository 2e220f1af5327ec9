"""A folder of public architectures with random weights, as exporters write them. Nothing is downloaded.

    python -m scripts.zoo OUT [--only GLOB] [--keras | --open-axes] [--big]

Needs torch, torchvision, timm, transformers and onnxscript; with --keras instead tensorflow and tf2onnx; with
--open-axes also onnxruntime, and each model gets a JSON file that says at which sizes it must be right. Each model is
made in a process of its own; files that exist are left alone.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.metadata import distributions
from pathlib import Path

from scripts.zoo.entry import VERSIONS, Entry, TooBigError

FAMILIES = (
    "structures",
    "small_models",
    "recurrent_models",
    "transformers_models",
    "timm_models",
    "torchvision_models",
)
FRAMEWORKS = ("torch", "torchvision", "timm", "transformers", "tensorflow_cpu", "keras", "tf2onnx", "onnxscript")
SECONDS = 900
"""Time limit of one export."""


def main() -> None:
    """Export what is missing; print a line for each model, and the failures again at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="OUT", type=Path)
    parser.add_argument("--only", metavar="GLOB", action="append", default=[], help="names to make, without .onnx")
    parser.add_argument("--keras", action="store_true", help="the Keras models instead of the PyTorch models")
    parser.add_argument("--open-axes", action="store_true", help="the models for scripts.benchmarks.open_axes instead")
    parser.add_argument("--big", action="store_true", help="also models of more than 400 MB")
    parser.add_argument("--list", action="store_true", help="print the names and make nothing")
    arguments = parser.parse_args()
    try:
        wanted = [e for e in _catalogue(_modules(arguments)) if _matches(e.name, arguments.only)]
    except ModuleNotFoundError as error:
        parser.error(f"{error}, which is needed to make the models")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.list:
        print("\n".join(entry.name for entry in wanted))
        return
    _note_versions(arguments.folder / VERSIONS)
    failures = [line for entry in wanted if (line := _make(entry, arguments.folder, big=arguments.big))]
    print(f"{len(wanted) - len(failures)} of {len(wanted)} made or there already")
    print("\n".join(failures))


def _modules(arguments: argparse.Namespace) -> tuple[str, ...]:
    if arguments.open_axes:
        return ("open_axes.catalogue",)
    return ("keras_models",) if arguments.keras else FAMILIES


def _catalogue(modules: Sequence[str]) -> list[Entry]:
    return [entry for name in modules for entry in importlib.import_module(f"scripts.zoo.{name}").catalogue()]


def _note_versions(path: Path) -> None:
    """Add the versions of the frameworks of this environment to the file."""
    known = json.loads(path.read_text()) if path.exists() else {}
    installed = {d.name.lower(): d.version for d in distributions() if d.name.lower() in FRAMEWORKS}
    path.write_text(json.dumps(dict(sorted((known | installed).items())), indent=1) + "\n")


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _make(entry: Entry, folder: Path, *, big: bool) -> str:
    """Make one file in a process of its own; returns the line that says why it failed, or nothing."""
    target = folder / f"{entry.name}.onnx"
    if target.exists():
        return ""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        partial, log = Path(scratch) / target.name, Path(scratch) / "log"
        process = multiprocessing.get_context("fork").Process(target=_write, args=(entry, partial, log, big))
        process.start()
        process.join(SECONDS)
        if process.is_alive():
            process.kill()
        process.join()
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        if process.exitcode == 0 and partial.exists():
            for part in (*partial.parent.glob(f"{partial.name}.data"), *partial.parent.glob("*.json"), partial):
                part.rename(folder / part.name)
    seconds = time.perf_counter() - start
    said = _last_word(lines)
    if target.exists():
        print(f"{entry.name}: {said}, {target.stat().st_size / 1e6:.1f} MB in {seconds:.0f} s", flush=True)
        return ""
    cause = "time limit" if seconds > SECONDS else said
    print(f"{entry.name}: FAILED after {seconds:.0f} s (exit {process.exitcode}): {cause[:300]}", flush=True)
    return f"FAILED {entry.name}: {cause[:300]}"


def _last_word(lines: Sequence[str]) -> str:
    """The line that names an error if there is one (messages may go on after it), else the last line."""
    errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (errors or lines or ["no message"])[-1]


def _write(entry: Entry, path: Path, log: Path, big: bool) -> None:
    """Work of the child: everything it prints goes to the log, whose last line tells how it ended."""
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            said = entry.write(path, big)
        except TooBigError as error:
            sys.exit(str(error))
        sys.stdout.flush()
        sys.stderr.flush()
        file.write(f"{said}\n")


if __name__ == "__main__":
    main()
