"""The smaller model taught by the original: where to begin, on how many inputs, and whether it helped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph
from paoding_onnx.recovery.batch_axis import is_independent, opened
from paoding_onnx.recovery.descent import Differentiable, Schedule, descend
from paoding_onnx.recovery.lesson import Effort, Lesson, Recovered, Taught
from paoding_onnx.recovery.points import points_of, shared_points
from paoding_onnx.recovery.pool import pool_of, require_rows
from paoding_onnx.recovery.student import Network, enrol
from paoding_onnx.recovery.tail import Place, place_at, starts
from paoding_onnx.shapes.observe import observe_on, runnable_shapes
from paoding_onnx.surgery.cut import reweigh

ROWS, FEWEST_ROWS = 64, 8
"""Inputs of a step, run together where memory and the model allow; fewer have no statistics of their own."""
FEWEST_INPUTS, MOST_INPUTS = 64, 8192
PER_STEP = 24
"""Inputs to draw for each step: every one is seen about three times."""
REVERSE = 3
"""A step costs about this many runs."""
HELD = 8
"""A reverse pass holds about this many times what one run computes."""
PREPARED = 0.3
"""Share of the work that is done when learning begins."""

EngineOf = Callable[[Network, int], Differentiable]


def recover(lesson: Lesson, effort: Effort, run: Run, engine_of: EngineOf) -> Recovered:
    """The smaller model after the original has taught it; the same lesson and seed give the same model.

    `engine_of` makes the engine that computes gradients, given a network and how many threads it may use.

    Raises:
        ModelError: if it cannot be taught, or is no nearer to the original afterwards.
    """
    given, lesson = lesson, _for_any_number(lesson)
    place = _place(lesson, effort)
    rows = _rows(lesson, place, run)
    if rows < FEWEST_ROWS:  # too few to have statistics
        lesson = replace(lesson, uses_batch=False)
    rng = np.random.default_rng([run.seed, place.start])
    pool = pool_of(lesson.samples, _n_inputs(lesson, place, effort, run), rng)
    count = len(next(iter(pool.values()))) // rows * rows
    if count < max(FEWEST_INPUTS, 2 * rows):
        raise ModelError(f"{count} inputs are too few to learn from")
    pool = {name: value[:count] for name, value in pool.items()}
    student = enrol(lesson, place, pool, rows, run.part(0.0, PREPARED))
    engine = engine_of(student.network, run.threads)
    weights = student.network.weights
    before = student.held_back(engine.loss, weights)
    tell = _Teller(run.part(PREPARED, 1 - PREPARED), effort.steps)
    n_batches = max(ROWS // rows, 1)
    schedule = Schedule(effort.steps, effort.rate if lesson.uses_batch is given.uses_batch else effort.low_rate)
    found = descend(weights, engine, lambda _: [student.drawn(rng) for _ in range(n_batches)], schedule, tell)
    after = student.held_back(engine.loss, found)
    if not after < before:
        raise ModelError(f"the loss on inputs held back went from {before:.3g} to {after:.3g}")
    values = student.network.recording.values
    decided = {name: value.astype(values[name].dtype) for name, value in found.items()}
    own = student.statistics(decided, run)
    decided |= student.stored(own)
    node = place.graph.nodes[place.start]
    n_parameters = sum(value.size for value in found.values())
    taught = Taught(effort.steps, count, before, after, node.name or node.first_output.name, n_parameters)
    return Recovered(reweigh(given.smaller, decided), decided, taught, own)


def _for_any_number(lesson: Lesson) -> Lesson:
    """The lesson with models that take any number of samples at a time, if they can be had."""
    require_rows(lesson.samples)
    original, smaller = opened(lesson.original), opened(lesson.smaller)
    if smaller is lesson.smaller or is_independent(lesson.smaller, smaller, lesson.samples.batches):
        return replace(lesson, original=original, smaller=smaller)
    return lesson


def _place(lesson: Lesson, effort: Effort) -> Place:
    """The network divided at the best place where training can begin that the effort allows."""
    count = _fixed(lesson) or 2
    graph = observe_on(lesson.smaller, {name: value[:count] for name, value in lesson.samples.arrays.items()})
    for start in starts(lesson.trace, lesson.plan, graph):
        points = shared_points(points_of(graph, start), lesson.trace.graph)
        points = (name for name in points if _has_rows(graph, name, count))
        place = place_at(lesson.smaller, graph, start, (*graph.outputs, *points))
        if not all(_has_rows(graph, name, count) for name in place.boundary):
            continue
        if REVERSE * place.macs_of_one * ROWS * effort.steps <= effort.macs:
            return place
    raise ModelError("no part of it can be trained alone with as many multiply-adds as the effort allows")


def _has_rows(graph: Graph, name: str, count: int) -> bool:
    """Whether a tensor holds one entry for each sample, as far as its shape says."""
    return (graph.tensors[name].shape or ())[:1] == (count,)


def _fixed(lesson: Lesson) -> int:
    """How many samples the smaller model takes at a time; 0 where that is open."""
    sizes = [spec.dims[0] for spec in lesson.smaller.inputs if spec.dims]
    return max((size for size in sizes if isinstance(size, int)), default=0)


def _rows(lesson: Lesson, place: Place, run: Run) -> int:
    """How many inputs run together."""
    fit = run.memory // 2 // max(HELD * place.bytes_of_one, 1)
    rows = _fixed(lesson) or min(ROWS, fit, lesson.samples.n_samples // 2)
    if not 0 < rows <= fit:
        raise ModelError("what the part to train computes for one sample does not fit into memory")
    return rows


def _n_inputs(lesson: Lesson, place: Place, effort: Effort, run: Run) -> int:
    """How many inputs to learn from, within bounds of memory and time."""
    names = (*place.graph.inputs, *place.boundary, *place.targets)
    shapes = [place.graph.tensors[name].shape or (1,) for name in names]
    bytes_of_one = 4 * sum(math.prod(shape[1:]) for shape in shapes)
    batch = max(min((shape[0] for shape in runnable_shapes(lesson.trace.graph).values() if shape), default=1), 1)
    macs = max(cost(lesson.trace, nothing(lesson.trace)).macs // batch, 1)
    wanted = max(min(PER_STEP * effort.steps, MOST_INPUTS), FEWEST_INPUTS)
    return int(min(wanted, run.memory // 2 // max(bytes_of_one, 1), effort.macs // macs))


class _Teller:
    """Tells how far learning has come, what the loss is, and how long it takes yet."""

    def __init__(self, run: Run, steps: int) -> None:
        self._run, self._steps, self._start = run, steps, time.monotonic()
        self._loss = 0.0

    def __call__(self, step: int, loss: float) -> None:
        """Step number `step` is done."""
        self._loss = loss if step == 0 else self._loss + 0.1 * (loss - self._loss)
        left = (time.monotonic() - self._start) / (step + 1) * (self._steps - step - 1)
        said = f"learning from the original: step {step + 1} of {self._steps}, loss {self._loss:.3f}, {left:.0f} s left"
        self._run.tell(said, (step + 1) / self._steps)
