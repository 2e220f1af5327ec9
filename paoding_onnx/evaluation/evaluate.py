"""How good a model is on labelled samples, alone or beside the one it was made from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.known_inputs import InputValue, KnownInputs, given_of
from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess
from paoding_onnx.context import Progress, logged, silent
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.compare import Difference, agreement, differences, require_alike
from paoding_onnx.evaluation.dataset import Labelled, evenly
from paoding_onnx.evaluation.latency import Resources, Timed, measure
from paoding_onnx.evaluation.load import read_labelled
from paoding_onnx.evaluation.metrics import ClassScore, Interval, class_scores, mcnemar
from paoding_onnx.evaluation.predictions import Predictions, Runner, Task, choose_output, interpret, predict
from paoding_onnx.evaluation.task_metrics import measures_of
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model, load


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """How to evaluate.

    >>> EvaluateOptions(task="binary").top
    5

    Attributes:
        task: ``classes``, ``binary`` or ``values``; `None` finds it from the output and the labels.
        output: the output to evaluate; `None` takes the first of floating-point numbers.
        top: a prediction of classes also counts if the label is among this many highest scores.
        n_samples: evaluate on this many samples, evenly spaced; 0 for all.
        preprocess: what is done to raw values before the model reads them.
        processors: how many processors the measurement of latency is bound to; 0 leaves it and the memory out.
        seed: for the intervals that are drawn at random.
        input_values: what inputs hold for which the data have no array, by name; see `paoding_onnx.Options`.

    Raises:
        UsageError: if a value is out of its range.
    """

    task: str | None = None
    output: str | None = None
    top: int = 5
    n_samples: int = 0
    preprocess: Preprocess = AS_IT_IS
    processors: int = 1
    seed: int = 0
    input_values: Mapping[str, InputValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every value once, here."""
        if self.task is not None and self.task not in set(Task):
            raise UsageError(f"task {self.task!r} is none of {', '.join(Task)}")
        if self.top < 1 or min(self.n_samples, self.processors, self.seed) < 0:
            raise UsageError("top must be at least 1; n_samples, processors and seed must not be negative")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The original on the same samples.

    `agreement` is the share of samples for which both say the same class, `None` for values; these have
    `output_error`, the root mean square difference of both outputs over that of the original's. `p_value` is McNemar's,
    NaN for values.
    """

    measures: Mapping[str, float]
    agreement: Interval | None
    output_error: float | None
    differences: tuple[Difference, ...]
    p_value: float
    resources: Resources | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` found: the `measures` of the task by name, the main one first, and the table of classes."""

    task: str
    n_samples: int
    measures: Mapping[str, float]
    classes: tuple[ClassScore, ...]
    resources: Resources | None
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class _Ran:
    """One model's predictions, and what it takes to time it; `None` where there is no file."""

    predictions: Predictions
    timed: Timed | None


def evaluate(
    model: Path | str | Model,
    data: Path | str | Labelled,
    *,
    against: Path | str | Model | None = None,
    options: EvaluateOptions | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Accuracy and similar measures of `model` on the labelled samples in `data` (see `paoding_onnx.evaluation.load`).

    >>> options = EvaluateOptions(processors=0)
    >>> found = evaluate("models/fraud_mlp.onnx", "models/fraud_mlp_test.npz", options=options)
    >>> found.task, round(found.measures["auroc"], 3)
    ('binary', 0.957)

    Args:
        model: the model, or the path of its file; latency and memory are measured for files alone.
        data: an npz file, a folder of images per class, or samples.
        against: the model it was made from, to be compared with on the same samples.
        options: how to evaluate.
        progress: called with what is being done and the share of all work done.

    Raises:
        UsageError: if the data cannot be read, or labels, output and task do not fit each other.
        ModelError: if a model cannot be read or does not run on the samples.
    """
    options, progress = options or EvaluateOptions(), logged(progress)
    subject = loaded(model)
    labelled = chosen_samples(data, subject, options)
    models = [subject] if against is None else [subject, loaded(against)]
    jobs = [_part(progress, k / len(models), 1 / len(models)) for k in range(len(models))]
    ran = [_ran(one, labelled, options, part) for one, part in zip(models, jobs, strict=True)]
    return _evaluation(ran, labelled, options)


def accuracy_of(model: Model | Path | str, labelled: Labelled) -> float:
    """Share of the samples whose label `model` predicts, for models of classes and of one score.

    >>> accuracy_of("models/fraud_mlp.onnx", read_labelled("models/fraud_mlp_test.npz", load("models/fraud_mlp.onnx")))
    0.98

    Raises:
        UsageError: if the labels are not classes of the output.
        ModelError: if the model does not run on the samples.
    """
    said = predict(loaded(model), labelled)
    if said.task is Task.VALUES:
        raise UsageError("the labels are values, not classes: there is no accuracy to measure")
    return float(np.mean(said.correct))


def _evaluation(ran: Sequence[_Ran], labelled: Labelled, options: EvaluateOptions) -> Evaluation:
    """What the runs of the model, and of the original if there is one, say about the model."""
    resources = _measured(ran, options)
    said = ran[0].predictions
    return Evaluation(
        task=str(said.task),
        n_samples=len(labelled.labels),
        measures=MappingProxyType(measures_of(said, options.top)),
        classes=_table(said, labelled.class_names),
        resources=resources[0],
        comparison=None if len(ran) == 1 else _compare(ran[1].predictions, said, options, resources[1]),
    )


def _ran(model: Model, labelled: Labelled, options: EvaluateOptions, progress: Progress) -> _Ran:
    runner = Runner(model, labelled)
    outputs = runner.run(labelled, progress)
    output = outputs[choose_output(outputs, options.output)]
    said = interpret(output, labelled.labels, None if options.task is None else Task(options.task))
    first = runner.feeds(labelled, np.zeros(1, np.intp))
    return _Ran(said, Timed(model.files[0], first, model.n_bytes) if model.files else None)


def _measured(ran: Sequence[_Ran], options: EvaluateOptions) -> tuple[Resources | None, ...]:
    """What each of the models takes, if it was asked for and all of them are files."""
    timed = [one.timed for one in ran if one.timed is not None]
    if not options.processors or len(timed) < len(ran):
        return (None,) * len(ran)
    return measure(timed, processors=options.processors)


def _table(said: Predictions, names: tuple[str, ...]) -> tuple[ClassScore, ...]:
    if said.task is Task.VALUES:
        return ()
    scores = said.scores if said.task is Task.CLASSES else np.hstack([1 - said.scores, said.scores])
    return class_scores(scores, said.predicted, said.labels, names)


def _compare(old: Predictions, new: Predictions, options: EvaluateOptions, resources: Resources | None) -> Comparison:
    require_alike(old, new)
    is_values = new.task is Task.VALUES
    return Comparison(
        agreement=None if is_values else agreement(old.predicted, new.predicted),
        output_error=output_difference({"": old.scores}, {"": new.scores}) if is_values else None,
        measures=MappingProxyType(measures_of(old, options.top)),
        differences=differences(old, new, options.seed),
        p_value=math.nan if is_values else mcnemar(old.correct, new.correct),
        resources=resources,
    )


def chosen_samples(data: Path | str | Labelled, model: Model, options: EvaluateOptions) -> Labelled:
    """The labelled samples that `options` ask for, read from `data` if that is a path."""
    if isinstance(data, Path | str):
        given = given_of(model, KnownInputs(values=options.input_values))
        data = read_labelled(data, model, options.preprocess, given.contents)
    return evenly(data, options.n_samples) if options.n_samples else data


def loaded(model: Path | str | Model) -> Model:
    """The model, read from its file if a path is given."""
    return model if isinstance(model, Model) else load(model)


def _part(progress: Progress, start: float, share: float) -> Progress:
    """Progress of one of several jobs, as part of the whole."""
    return lambda what, done: progress(what, start + share * done)
