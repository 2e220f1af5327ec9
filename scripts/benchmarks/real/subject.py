"""What a model of the benchmark is: where its file comes from, what it is asked, and what its answers are worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
N_CALIBRATION = 128
"""Real inputs that a pruning may be given, at the most."""


class UnavailableError(Exception):
    """A package, a data set or an interpreter that a subject needs is not there; the message says which."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are found and kept: `cache` holds packages, models and sets, nothing of it is committed.

    Attributes:
        torch_python: an interpreter with torch, for exports.
        pictures: folder of JPEG pictures called `n01440764_tench.JPEG` and so on, one of each ImageNet class.
        scans: folder of `brain_mri_test_224.npz` and `brain_mri_train_128.npz`.
        more: folder of further ONNX files.
    """

    cache: Path
    torch_python: Path | None = None
    pictures: Path | None = None
    scans: Path | None = None
    more: Path | None = None


@dataclass(frozen=True, slots=True)
class RealSet:
    """Real inputs by name, rows on the first axis: unlabelled ones to calibrate with, others to judge with.

    Attributes:
        constants: inputs that are the same for every row.
        truth: a right answer for each row of `test`, or `None` where the answers of the original count.
    """

    calibration: Mapping[str, Array]
    test: Mapping[str, Array]
    constants: Mapping[str, Array] = field(default_factory=dict)
    truth: Array | None = None


Answers = Sequence[Any]
"""One answer for each row."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A model with its task.

    Attributes:
        metric: what `score` measures, in words.
        model: the ONNX file, made or extracted into the cache. Raises `UnavailableError`.
        real_set: its real inputs. Raises `UnavailableError`.
        answers: of a batch, from the outputs of the model and its inputs.
        score: in points of 100, of answers against those that are wanted.
        batch: rows that the model is given at a time; 1 if its file allows no more.
    """

    name: str
    metric: str
    model: Callable[[Place], Path]
    real_set: Callable[[Place], RealSet]
    answers: Callable[[Sequence[Array], Mapping[str, Array]], Answers]
    score: Callable[[Answers, Answers], float]
    batch: int = 1


def halves(n_rows: int, seed: int = 0) -> tuple[Array, Array]:
    """Indices of rows to calibrate with, at most 128, and of the other half, to judge with; both in order.

    >>> [part.tolist() for part in halves(5)]
    [[2, 4], [0, 1, 3]]
    """
    order = np.random.default_rng(seed).permutation(n_rows)
    middle = n_rows // 2
    return np.sort(order[:middle][:N_CALIBRATION]), np.sort(order[middle:])


def split(inputs: Mapping[str, Array], truth: Array | None = None, **constants: Array) -> RealSet:
    """A real set of rows, half of which judge."""
    first, second = halves(len(next(iter(inputs.values()))))
    return RealSet(
        {name: rows[first] for name, rows in inputs.items()},
        {name: rows[second] for name, rows in inputs.items()},
        constants,
        None if truth is None else truth[second],
    )
