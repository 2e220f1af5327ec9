"""Models and real sets of subjects, kept in the cache between runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from scripts.benchmarks.real.subject import Place, RealSet, Subject

CONSTANT, TRUTH = "constant/", "truth"


def model_of(subject: Subject, place: Place) -> Path:
    """The ONNX file of a subject in the cache.

    Raises:
        UnavailableError: if it cannot be had.
    """
    kept = place.cache / "models" / f"{subject.name}.onnx"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(subject.model(place), kept)
    return kept


def calibration_file(subject: Subject, place: Place) -> Path:
    """Where its unlabelled inputs are kept, as `--calibration` reads them."""
    return place.cache / "data" / f"{subject.name}_calibration.npz"


def set_of(subject: Subject, place: Place) -> RealSet:
    """Its real set, made once.

    Raises:
        UnavailableError: if it cannot be made.
    """
    test, calibration = place.cache / "data" / f"{subject.name}.npz", calibration_file(subject, place)
    if not test.exists() or not calibration.exists():
        test.parent.mkdir(parents=True, exist_ok=True)
        _write(subject.real_set(place), test, calibration)
    return _read(test, calibration)


def _write(real: RealSet, test: Path, calibration: Path) -> None:
    truth = {} if real.truth is None else {TRUTH: real.truth}
    constants = {CONSTANT + name: value for name, value in real.constants.items()}
    np.savez(calibration, **real.calibration)  # type: ignore[arg-type]
    np.savez(test, **real.test, **truth, **constants)  # type: ignore[arg-type]


def _read(test: Path, calibration: Path) -> RealSet:
    with np.load(test) as file, np.load(calibration) as unlabelled:
        held = dict(file.items())
        constants = {name.removeprefix(CONSTANT): held.pop(name) for name in list(held) if name.startswith(CONSTANT)}
        truth = held.pop(TRUTH, None)
        return RealSet(dict(unlabelled.items()), held, constants, truth)
