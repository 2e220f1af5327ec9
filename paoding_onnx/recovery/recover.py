"""The smaller model taught by the original: where to begin, on how many inputs, and whether it helped."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from paoding_onnx.context import Deployment, Run
from paoding_onnx.errors import ModelError
from paoding_onnx.recovery.batch_axis import is_independent, opened
from paoding_onnx.recovery.course import FEWEST_ROWS, Course, course_of
from paoding_onnx.recovery.descent import Batch, Differentiable, DivergedError, Schedule, Singles, Weights, descend
from paoding_onnx.recovery.interrupts import noted
from paoding_onnx.recovery.lesson import Effort, Lesson, Recovered, Taught
from paoding_onnx.recovery.pool import pool_of, require_rows
from paoding_onnx.recovery.relative import Relative, sizes_of
from paoding_onnx.recovery.student import Network, Student, enrol
from paoding_onnx.recovery.together import Losses, Together
from paoding_onnx.surgery.cut import reweigh

LEAST_GAIN = 0.05
"""Share of the loss on inputs held back that has to go."""
ENOUGH = 100
"""Where synthetic inputs stand beside so many real ones, every second step goes by real ones; by more of more."""
LOOK = 3
"""After one of so many parts of the steps the loss is looked at."""
SLOWER, TRIES = 5, 3
"""If it is higher than before, the steps that are left begin anew at one of so many parts of the rate; beginnings."""
HOPELESS = 1.5
"""The last of these beginnings may go on unless the loss is so many times what it was."""
PREPARED = 0.3
"""Share of the work that is done when learning begins."""

EngineOf = Callable[[Network, Deployment], Differentiable]


def recover(lesson: Lesson, effort: Effort, run: Run, engine_of: EngineOf) -> Recovered:
    """The smaller model after the original has taught it; the same lesson and seed give the same model.

    `engine_of` makes the engine that computes gradients, given a network and on what it runs.

    Raises:
        ModelError: if it cannot be taught, or is no nearer to the original afterwards.
    """
    given, lesson = lesson, _for_any_number(lesson)
    course = course_of(lesson, effort, run.memory)
    place, rows = course.place, course.rows
    if rows < FEWEST_ROWS:  # too few to have statistics
        lesson = replace(lesson, uses_batch=False)
    rng = np.random.default_rng([run.seed, place.start])
    students = _students(lesson, course, rng, run.part(0.0, PREPARED))
    student, share = students[0], _share(lesson)
    network = student.network
    engine = Relative(engine_of(network, run.deployment), sizes_of(network.trained, network.weights))
    joined = Together(engine.told(network.weights), students, (share, 1 - share)[: len(students)])
    schedule = Schedule(course.steps, effort.rate)
    tell = _Teller(run.part(PREPARED, 1 - PREPARED), course.steps)
    with noted(is_wanted=effort.keeps_best) as is_asked:
        pace = (schedule, course.batches_a_step)
        found, before = _learned(joined, engine, pace, rng, tell, is_asked)
    after = joined.held_back(engine.loss, found)
    off = [joined.off(engine.answers, weights) for weights in (joined.weights, found)]
    _require_help(before, after, off, is_real=not lesson.samples.is_synthetic)
    values = network.recording.values
    decided = {name: value.astype(values[name].dtype) for name, value in engine.whole(found).items()}
    own = student.statistics(decided, run)
    decided |= student.stored(own)
    node = place.graph.nodes[place.start]
    n_parameters = sum(value.size for value in found.values())
    first = node.name or node.first_output.name
    losses = (before.whole, after.whole)
    taught = Taught(tell.done, joined.count, *losses, first, n_parameters, planned=course.steps)
    return Recovered(reweigh(given.smaller, decided), decided, taught, own)


def _students(lesson: Lesson, course: Course, rng: np.random.Generator, run: Run) -> tuple[Student, ...]:
    """The smaller network with all that it needs to learn: once, or once for each kind of input, the real ones first.

    Statistics of the inputs are each kind's own.
    """
    if lesson.beside is None:
        return (enrol(lesson, course, pool_of(lesson.samples, course.n_inputs, course.rows, rng), run),)
    others = replace(lesson, samples=lesson.beside)
    n_real = int(course.n_inputs * _share(lesson))
    first = pool_of(lesson.samples, n_real, course.rows, rng, is_part=True)
    second = pool_of(others.samples, course.n_inputs - n_real, course.rows, rng, is_part=True)
    real = enrol(lesson, course, first, run.part(0.0, 0.5))
    return real, enrol(others, course, second, run.part(0.5, 0.5), real.network.terms)


def _share(lesson: Lesson) -> float:
    """The share of the steps that goes by the samples of the lesson, and not by those beside them."""
    count = lesson.samples.n_samples
    return 1.0 if lesson.beside is None else count / (count + ENOUGH)


def _learned(
    students: Together,
    engine: Differentiable,
    pace: tuple[Schedule, int],
    rng: np.random.Generator,
    tell: _Teller,
    is_asked: Callable[[], bool],
) -> tuple[dict[str, Singles], Losses]:
    """The weights that were learned, and the losses on inputs held back before; `pace` has the batches a step.

    Learning ends early if that `is_asked` for.

    Raises:
        ModelError: if the loss only rises.
    """
    schedule, n_batches = pace
    weights = students.weights
    before = students.held_back(engine.loss, weights)

    def batches(_step: int) -> Sequence[Batch]:
        return [students.drawn(rng) for _ in range(n_batches)]

    for limit in (*(1.0,) * (TRIES - 1), HOPELESS):
        n_steps = schedule.steps // LOOK

        def look(step: int, here: Weights, *, when: int = n_steps, most: float = limit * before.whole) -> bool:
            if step == when and (now := students.held_back(engine.loss, here).whole) > most:
                raise DivergedError(f"the loss on inputs held back rose from {before.whole:.3g} to {now:.3g}")
            return is_asked()

        try:
            found = descend(weights, engine, batches, schedule, tell, look)
            break
        except DivergedError:
            schedule = Schedule(pace[0].steps - tell.done, schedule.rate / SLOWER)
            if limit == HOPELESS or schedule.steps < LOOK:
                raise
            tell.again()
    return found, before


def _require_help(before: Losses, after: Losses, off: Sequence[float], *, is_real: bool) -> None:
    """Refuse what did not help clearly: where there is little to gain on these inputs, others may lose.

    Outputs have to come no farther from the original's. Of real inputs there are few to tell by: the loss on them, in
    which all outputs and inner tensors count, will do as well.

    Raises:
        ModelError: with what was measured.
    """
    old, new = before.whole, after.whole
    if not new <= (1 - LEAST_GAIN) * old:
        raise ModelError(f"the loss on inputs held back went from {old:.3g} to {new:.3g}, which is no clear gain")
    if not (off[1] <= off[0] or (is_real and after.first <= before.first)):
        raise ModelError(f"outputs for inputs held back were off by {off[0]:.3g} before, and by {off[1]:.3g} after")


def _for_any_number(lesson: Lesson) -> Lesson:
    """The lesson with models that take any number of samples at a time, if they can be had."""
    require_rows(lesson.samples)
    original, smaller = opened(lesson.original), opened(lesson.smaller)
    if smaller is lesson.smaller or is_independent(lesson.smaller, smaller, lesson.samples.batches):
        return replace(lesson, original=original, smaller=smaller)
    return lesson


class _Teller:
    """Tells how far learning has come, what the loss is, and how long it takes yet."""

    def __init__(self, run: Run, steps: int) -> None:
        self._run, self._steps, self._start = run, steps, time.monotonic()
        self._loss = 0.0
        self._before = 0
        self.done = 0

    def again(self) -> None:
        """The next step is number 0 of a new beginning."""
        self._before = self.done

    def __call__(self, step: int, loss: float) -> None:
        """Step number `step` is done."""
        self.done = self._before + step + 1
        self._loss = loss if step == 0 else self._loss + 0.1 * (loss - self._loss)
        left = (time.monotonic() - self._start) / self.done * (self._steps - self.done)
        said = (
            f"learning from the original: step {self.done} of {self._steps}, loss {self._loss:.3f}, {left:.0f} s left"
        )
        self._run.tell(said, self.done / self._steps)
