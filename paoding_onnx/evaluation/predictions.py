"""What a model says about labelled samples: its outputs, in batches that fit the memory, and what they stand for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import Progress, silent
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.evaluation.dataset import Labelled
from paoding_onnx.evaluation.metrics import Floats, Labels
from paoding_onnx.model.compare import is_graded, sigmoid, softmax
from paoding_onnx.model.input_sizes import repeated
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, TensorSpec
from paoding_onnx.model.read import computed_names
from paoding_onnx.model.session import Session

MOST_ROWS = 256
"""More rows at once make nothing faster."""
BATCH_BYTES = 1 << 29
"""All tensors that a batch computes take at most this much, and at most a quarter of what is free."""
_SUM_TOLERANCE = 1e-3
_NO_TARGETS = np.zeros((0, 0))


class Task(StrEnum):
    """What a model is for, which decides how it is measured."""

    CLASSES = "classes"
    """One score for each class."""
    BINARY = "binary"
    """One score that says how likely the positive class is."""
    VALUES = "values"
    """Numbers that shall come close to other numbers."""


class Form(StrEnum):
    """What the scores of classes are."""

    PROBABILITIES = "probabilities"
    """They lie in [0, 1], and those of a sample add up to one."""
    LOGITS = "logits"
    """Softmax (of one score: the sigmoid) makes probabilities of them."""
    SCORES = "scores"
    """They lie in [0, 1] but do not add up to one: only their order counts."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """Outputs for labelled samples.

    `scores` is (n, n_classes), for a binary task (n, 1), probabilities wherever `form` allows it; (n, n_values) for
    values, which have `targets` of that shape in place of `labels` (n,). `predicted` is (n,), -1 where the model said
    no number.
    """

    task: Task
    form: Form | None
    scores: Floats
    labels: Labels
    predicted: Labels
    targets: Floats

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which samples got their label; of no use for values."""
        return np.asarray(self.predicted == self.labels)


class Runner:
    """A model ready to run on samples, as many at a time as its input takes and memory allows."""

    def __init__(self, model: Model, labelled: Labelled) -> None:
        self.specs = model.inputs
        fixed = {dim for spec in self.specs for dim in spec.dims[:1] if isinstance(dim, int)}
        self.fixed_rows = min(fixed) if fixed else None
        self.rows = self.fixed_rows or self._rows_that_fit(model, labelled)
        self.session = Session(model, optimise=True)

    def feeds(self, labelled: Labelled, rows: NDArray[np.intp]) -> dict[str, Array]:
        """These samples as the session takes them; the last one repeated where the model wants a fixed number."""
        padded = np.pad(rows, (0, max((self.fixed_rows or 0) - len(rows), 0)), mode="edge")
        content = labelled.read(padded)
        fitted = {spec.name: _for_rows(content[spec.name], spec, len(padded)) for spec in self.specs}
        return {s.name: np.ascontiguousarray(fitted[s.name].astype(s.dtype, copy=False)) for s in self.specs}

    def run(self, labelled: Labelled, progress: Progress = silent) -> dict[str, Array]:
        """The outputs that have a row for each sample, by name."""
        total = len(labelled.labels)
        parts: list[dict[str, Array]] = []
        for start in range(0, total, self.rows):
            rows = np.arange(start, min(start + self.rows, total))
            parts.append({name: a[: len(rows)] for name, a in self._run(labelled, rows).items() if a.ndim})
            progress("running the model", (start + len(rows)) / total)
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return {name: array for name, array in whole.items() if len(array) == total}

    def _run(self, labelled: Labelled, rows: NDArray[np.intp]) -> dict[str, Array]:
        """All outputs for these samples, halving them where the model does not take so many."""
        try:
            return self.session.run(self.feeds(labelled, rows))
        except ModelError:
            if len(rows) == 1 or self.fixed_rows is not None:
                raise
        halves = [self._run(labelled, half) for half in np.array_split(rows, 2)]
        return {name: np.concatenate([half[name] for half in halves]) for name in halves[0]}

    def _rows_that_fit(self, model: Model, labelled: Labelled) -> int:
        """Rows of a batch of which all computed tensors, at the sizes of the first sample, fit into the memory."""
        one = Session(model, watch=computed_names(model)).run(self.feeds(labelled, np.zeros(1, np.intp)))
        n_bytes = sum(array.nbytes for array in one.values())
        return int(min(max(min(BATCH_BYTES, _free_bytes() // 4) // max(n_bytes, 1), 1), MOST_ROWS))


def _for_rows(content: Array, spec: TensorSpec, n_rows: int) -> Array:
    """The content of an input, one for each sample where its first axis counts samples."""
    is_by_row = bool(spec.dims) and not isinstance(spec.dims[0], int)
    return repeated(content, (n_rows, *content.shape[1:])) if is_by_row and len(content) != n_rows else content


def predict(
    model: Model,
    labelled: Labelled,
    *,
    task: Task | None = None,
    output: str | None = None,
    progress: Progress = silent,
) -> Predictions:
    """What `model` says about the samples; `task` is found from the output and the labels where it is `None`.

    Raises:
        UsageError: if the output is not there, or labels do not fit it.
        ModelError: if the model does not run on the samples.
    """
    outputs = Runner(model, labelled).run(labelled, progress)
    return interpret(outputs[choose_output(outputs, output)], labelled.labels, task)


def choose_output(outputs: Mapping[str, Array], name: str | None = None) -> str:
    """The output of that name, or the first of floating-point numbers, else of integers of 8 bits that stand for them.

    Raises:
        UsageError: if there is none.
    """
    graded = [key for key, array in outputs.items() if is_graded(array.dtype)]
    graded.sort(key=lambda key: outputs[key].dtype.kind != "f")
    known = ", ".join(map(repr, graded)) or "none"
    if name is not None and name not in graded:
        raise UsageError(f"no output {name!r} with floating-point numbers for each sample; there are: {known}")
    if not graded:
        raise UsageError("the model has no output with floating-point numbers for each sample")
    return graded[0] if name is None else name


def interpret(output: Array, labels: Array, task: Task | None = None) -> Predictions:
    """What an output (n, ...) stands for, given the labels.

    >>> interpret(np.array([[0.2, 0.8]]), np.array([1])).task
    <Task.CLASSES: 'classes'>

    Raises:
        UsageError: if they do not fit each other or the task.
    """
    values = np.asarray(output, np.float64)
    columns = values.reshape(len(values), -1)
    found = task or _task(columns, labels)
    if found is Task.VALUES:
        if labels.size != values.size:
            raise UsageError(f"labels of shape {labels.shape} do not fit the output of shape {values.shape}")
        targets = np.asarray(labels, np.float64).reshape(columns.shape)
        nothing = np.full(len(values), -1)
        return Predictions(found, None, columns, nothing, nothing, targets)
    classes = _classes(columns, labels, found)
    return _binary(columns, classes) if found is Task.BINARY else _many(columns, classes)


def _task(columns: Floats, labels: Array) -> Task:
    """What the labels and the output are for."""
    if labels.ndim > 1 and labels.size != len(labels):
        is_one_hot = labels.shape == columns.shape and np.isin(labels, (0, 1)).all() and np.all(labels.sum(axis=1) == 1)
        return Task.CLASSES if is_one_hot and columns.shape[1] > 1 else Task.VALUES
    whole = bool(np.all(np.mod(labels, 1) == 0))
    if columns.shape[1] > 1:
        return Task.CLASSES
    return Task.BINARY if whole and np.isin(labels, (0, 1)).all() else Task.VALUES


def _classes(columns: Floats, labels: Array, task: Task) -> Labels:
    """The labels as class numbers (n,)."""
    flat = labels.argmax(axis=1) if labels.ndim == 2 and labels.shape[1] > 1 else labels.reshape(-1)
    n_classes = 2 if task is Task.BINARY else columns.shape[1]
    if len(flat) != len(columns) or (task is Task.BINARY) != (columns.shape[1] == 1):
        raise UsageError(
            f"labels of shape {labels.shape} and {columns.shape[1]} scores per sample do not fit task {task}"
        )
    whole = np.all(np.mod(flat, 1) == 0)
    if not whole or flat.min() < 0 or flat.max() >= n_classes:
        raise UsageError(
            f"labels from {flat.min()} to {flat.max()} are not classes 0 to {n_classes - 1} of the output; "
            "give the output with --output, or --task values"
        )
    return flat.astype(np.int64)


def _binary(columns: Floats, labels: Labels) -> Predictions:
    form = form_of_one(columns)
    scores = sigmoid(columns) if form is Form.LOGITS else columns
    return Predictions(Task.BINARY, form, scores, labels, classes_said(columns, form), _NO_TARGETS)


def _many(columns: Floats, labels: Labels) -> Predictions:
    form = _form(columns)
    scores = softmax(columns) if form is Form.LOGITS else columns
    return Predictions(Task.CLASSES, form, scores, labels, classes_said(columns, form), _NO_TARGETS)


def classes_said(columns: Floats, form: Form) -> Labels:
    """The class (n,) with the highest of the scores (n, n_classes); of one score 1 above the middle; -1 for no number.

    >>> classes_said(np.array([[0.2], [0.7], [np.nan]]), Form.PROBABILITIES).tolist()
    [0, 1, -1]
    """
    middle = 0.0 if form is Form.LOGITS else 0.5
    said = columns.argmax(axis=1) if columns.shape[1] > 1 else columns[:, 0] > middle
    return np.where(np.isnan(columns).any(axis=1), -1, said).astype(np.int64)


def form_of_one(columns: Floats) -> Form:
    """Whether a model's only scores (n, 1) are probabilities; else they are logits."""
    is_probability = bool(np.all((columns >= 0) & (columns <= 1) | np.isnan(columns)))
    return Form.PROBABILITIES if is_probability else Form.LOGITS


def _form(columns: Floats) -> Form:
    known = columns[~np.isnan(columns).any(axis=1)]
    if not np.all((known >= 0) & (known <= 1)):
        return Form.LOGITS
    return Form.PROBABILITIES if np.all(abs(known.sum(axis=1) - 1) < _SUM_TOLERANCE) else Form.SCORES


def _free_bytes() -> int:
    """Memory that is free now; where the system does not say, the most that a batch takes."""
    names = getattr(os, "sysconf_names", {})
    if "SC_AVPHYS_PAGES" not in names:
        return 4 * BATCH_BYTES
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
