"""A sweep: what was done before is kept, what is missing is done, and the tables and the page are written anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from paoding_onnx.errors import PaodingError
from paoding_onnx.evaluation.latency import compare_latency, seconds_for
from paoding_onnx.evaluation.measured import Latency
from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.model.load import load
from paoding_onnx.model.stage import stage
from paoding_onnx.report.files import json_text
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.sweep.grid import Task
from paoding_onnx.sweep.page import page
from paoding_onnx.sweep.table import Row, best_of, csv_text, row_of, write_parquet
from paoding_onnx.sweep.work import Done, parcel_of, run_parcel

FINAL = (0, 1, 2, 4, 6)
"""Exit statuses of runs that would end in the same way again."""
_LOST = 70
"""The status of a run that no worker could end, as of any fault of ours."""
Progress = Callable[[str, float], None]


def sweep(tasks: Sequence[Task], folder: Path, executor: Executor, progress: Progress) -> tuple[Row, ...]:
    """Do all runs, and write what came of them into `folder`: models, ``results.csv`` and ``index.html``.

    Runs whose key stands in the folder already are not done again. A run that fails is a row with its status. Latency
    is measured in the end, one model after the other.

    Raises:
        OutputError: if the folder cannot be written.
    """
    found = {task.key: done for task in tasks if (done := _kept(task, folder)) is not None}
    _tell(progress, found, tasks)
    for task, done in _done([task for task in tasks if task.key not in found], executor):
        found[task.key] = done
        _keep(task, done, folder)
        _tell(progress, found, tasks)
        _write(_rows(tasks, found), folder)
    found |= dict(_time(tasks, found, folder, progress))
    rows = _rows(tasks, found)
    _write(rows, folder)
    return rows


def _done(tasks: Sequence[Task], executor: Executor) -> Iterator[tuple[Task, Done]]:
    """All runs, as they end. Of those that measure the same one goes ahead, and the others are given what it found."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.shared, []).append(task)
    ahead = [group.pop(0) for group in sorted(groups.values(), key=lambda group: len(group) == 1)]
    waiting = {executor.submit(run_parcel, parcel_of(task)): task for task in ahead}
    while waiting:
        ended = wait(waiting, return_when=FIRST_COMPLETED).done
        for future in [one for one in waiting if one in ended]:
            task, done = waiting.pop(future), _outcome(future)
            for other in groups.pop(task.shared, ()):
                waiting[executor.submit(run_parcel, parcel_of(other, done.measured))] = other
            yield task, replace(done, measured={})


def _outcome(future: Future[Done]) -> Done:
    """How a run ended; one whose worker was lost again and again has failed like any other."""
    error = future.exception()
    return future.result() if error is None else Done(_LOST, f"{type(error).__name__}: {error}", 0.0)


def _place(task: Task, folder: Path, suffix: str) -> Path:
    return folder / task.source.name / f"{task.name}{suffix}"


def _kept(task: Task, folder: Path) -> Done | None:
    """What an earlier sweep found, if it depended on the same and would end in the same way."""
    try:
        record = json.loads(_place(task, folder, ".json").read_text("utf-8"))
        latency = record["latency"] and (float(record["latency"][0]), float(record["latency"][1]))
        done = Done(record["status"], record["message"], record["seconds"], record["document"], latency=latency)
        is_same = record["key"] == task.key and done.status in FINAL
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return done if is_same and (done.status != 0 or _place(task, folder, ".onnx").is_file()) else None


def _keep(task: Task, done: Done, folder: Path) -> None:
    """Write what a run made, the record of it last."""
    record = {name: getattr(done, name) for name in ("status", "message", "seconds", "latency", "document")}
    record_place = _place(task, folder, ".json")
    places = {name: record_place.with_name(name) for name in done.files}
    record_place.parent.mkdir(parents=True, exist_ok=True)
    with stage() as held:
        for name, content in done.files.items():
            held.place(places[name]).write_bytes(content)
        held.place(record_place).write_text(json_text({"key": task.key, **record}), "utf-8")
        held.commit(*places.values(), record_place)


def _rows(tasks: Sequence[Task], found: Mapping[str, Done]) -> tuple[Row, ...]:
    """The rows of all runs that ended, in the order of the grid, the best of each model marked."""
    rows = [
        row_of(task, found[task.key], f"{task.source.name}/{task.name}.onnx") for task in tasks if task.key in found
    ]
    marked: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row.model):
        of_model = list(group)
        best = best_of(of_model)
        marked += [replace(row, best=row.key in best) for row in of_model]
    return tuple(marked)


def _time(
    tasks: Sequence[Task], found: Mapping[str, Done], folder: Path, progress: Progress
) -> Iterator[tuple[str, Done]]:
    """By key, the runs with milliseconds before and after, which are measured while nothing else is done."""
    waiting = [task for task in tasks if found[task.key].status == 0 and found[task.key].latency is None]
    for number, task in enumerate(waiting):
        progress(f"measuring latency, {number + 1} of {len(waiting)}", 0.95 + 0.05 * number / len(waiting))
        done = found[task.key]
        latency = _latency(task, done, folder)
        if latency is not None:
            timed = replace(done, files={}, latency=(latency.before, latency.after))
            _keep(task, timed, folder)
            yield task.key, timed


def _latency(task: Task, done: Done, folder: Path) -> Latency | None:
    """How long runs of both models take on this machine, at the sizes at which costs were told.

    A run is timed for as long as by `prune` alone.
    """
    original = task.source.files[0]
    shapes = {name: tuple(shape) for name, shape in done.document["input_sizes"]["measured"].items()}
    try:
        feeds = random_feeds(load(original).inputs, Feeding(shapes), np.random.default_rng(0))
    except PaodingError:
        return None
    return compare_latency(original, _place(task, folder, ".onnx"), feeds, seconds=seconds_for(done.seconds))


def _write(rows: Sequence[Row], folder: Path) -> None:
    """The tables and the page."""
    places = [folder / "results.csv", folder / "index.html"]
    folder.mkdir(parents=True, exist_ok=True)
    with stage() as held:
        held.place(places[0]).write_text(csv_text(rows), "utf-8")
        held.place(places[1]).write_text(page(rows), "utf-8")
        if write_parquet(rows, held.place(folder / "results.parquet")):
            places.append(folder / "results.parquet")
        held.commit(*places)


def _tell(progress: Progress, found: Mapping[str, Done], tasks: Sequence[Task]) -> None:
    failed = sum(done.status != 0 for done in found.values())
    progress(f"{len(found)} of {len(tasks)} runs, {failed} failed", 0.95 * len(found) / max(len(tasks), 1))
