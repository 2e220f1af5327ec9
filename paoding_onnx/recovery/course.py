"""How much of a network is trained, for how many steps, and on how many inputs: what fits the effort and memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph, needed
from paoding_onnx.recovery.lesson import Effort, Lesson
from paoding_onnx.recovery.points import points_of, shared_points
from paoding_onnx.recovery.tail import Place, place_at, starts
from paoding_onnx.recovery.work import Work, work_of
from paoding_onnx.shapes.observe import observe_on

ROWS, FEWEST_ROWS = 32, 8
"""Inputs of a step, run together where memory and the model allow; fewer have no statistics of their own."""
MOST_INPUTS = 8192
FEWEST_TO_ASK = 256
"""So many inputs are asked for even where the steps call for fewer."""
PER_STEP = 27
"""Inputs to draw for each step: every one is seen two or three times."""
ENOUGH = (0.8, 0.4, 0.2)
"""Shares of the steps that will do, the first one that any part of the network allows."""
HELD = 8
"""A reverse pass holds about this many times what one run computes."""
MOVED = 6
"""Numbers that are held for every weight that is trained: itself, gradients, averages of them."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where training begins, how many steps it goes, and on how many inputs.

    `rows` of them run together in a step, `rows_to_ask` through the whole networks.
    """

    place: Place
    steps: int
    n_inputs: int
    rows: int
    rows_to_ask: int

    @property
    def batches_a_step(self) -> int:
        """How many runs a step consists of."""
        return max(ROWS // self.rows, 1)


def course_of(lesson: Lesson, effort: Effort, memory: int) -> Course:
    """The course for a lesson: as much of the network as can be trained for all steps, else for fewer.

    Raises:
        ModelError: if nothing can be trained, with what the effort and `memory` bytes allow.
    """
    fixed = _fixed(lesson)
    count = fixed or 2
    first = range(min(count, lesson.samples.n_samples))
    feed = {name: lesson.samples.rows(name, first) for name in lesson.samples.names}
    graph = observe_on(lesson.smaller, feed).outer
    work, original = (work_of(one, count) for one in (graph, observe_on(lesson.original, feed).outer))
    wanted = _n_inputs(effort, original.run_of_one + work.run_of_one)
    ask = fixed or max(min(ROWS, int(memory // 4 // max(4 * original.numbers.sum(), 1))), 1)
    n_samples = lesson.samples.n_samples + (0 if lesson.beside is None else lesson.beside.n_samples)
    for place, steps in _places(lesson, graph, work, effort):
        fit = _fit(place, work, memory)
        rows = fixed or min(ROWS, n_samples // 2, fit)
        if 0 < rows <= fit:
            return Course(place, steps, min(wanted, _kept(place, memory)), rows, ask)
    raise ModelError("no part of it can be trained alone with as much work and memory as the effort allows")


def _n_inputs(effort: Effort, work_of_one: float) -> int:
    """How many inputs the steps call for, and the effort allows, as both networks run once on each.

    That may be as much work as the steps are, on top of it.
    """
    wanted = max(min(PER_STEP * max(effort.steps, effort.most), MOST_INPUTS), FEWEST_TO_ASK)
    return int(min(wanted, effort.work / max(work_of_one, 1)))


def _places(lesson: Lesson, graph: Graph, work: Work, effort: Effort) -> Iterator[tuple[Place, int]]:
    """Places where training can begin, the best first, each with the steps that the effort allows there.

    A place is good for having all steps that were asked for; more of them are gone where they are cheap.
    """
    rows = _fixed(lesson) or ROWS
    n_samples = max(ROWS // rows, 1) * rows
    behind = needed(graph.nodes, graph.outputs)
    found = []
    for start in starts(lesson.trace, lesson.plan, graph):
        a_step = work.step([place for place in behind if place >= start], n_samples, n_samples // rows)
        found.append((start, min(max(effort.steps, effort.most), int(effort.work // max(a_step, 1)))))
    tried = set()
    for share in ENOUGH:
        for start, steps in found:
            if steps >= share * effort.steps and start not in tried:
                tried.add(start)
                if (place := _placed(lesson, graph, start)) is not None:
                    yield place, steps


def _placed(lesson: Lesson, graph: Graph, start: int) -> Place | None:
    """The network divided at a node; `None` if no output comes after it, or what it reads is not one entry a sample."""
    count = _fixed(lesson) or 2
    points = shared_points(points_of(graph, start), lesson.trace.graph)
    points = (name for name in points if _has_rows(graph, name, count))
    made = {tensor.name for node in graph.nodes[start:] for tensor in node.outputs if tensor is not None}
    outputs = [name for name in graph.outputs if name in made]
    if not outputs:
        return None
    place = place_at(lesson.smaller, graph, start, (*outputs, *points))
    return place if all(_has_rows(graph, name, count) for name in place.boundary) else None


def _has_rows(graph: Graph, name: str, count: int) -> bool:
    """Whether a tensor holds one entry for each sample, as far as its shape says."""
    return (graph.tensors[name].shape or ())[:1] == (count,)


def _fixed(lesson: Lesson) -> int:
    """How many samples the smaller model takes at a time; 0 where that is open."""
    sizes = [spec.dims[0] for spec in lesson.smaller.inputs if spec.dims]
    return max((size for size in sizes if isinstance(size, int)), default=0)


def _fit(place: Place, work: Work, memory: int) -> int:
    """How many inputs can run together in a step."""
    moved = MOVED * 4 * float(work.weights[place.tail].sum())
    return int(max(memory - moved, 0) // 2 // max(HELD * place.bytes_of_one, 1))


def _kept(place: Place, memory: int) -> int:
    """Of how many inputs all that is kept fits into memory: the inputs themselves, and 16 bits of all other numbers."""
    inputs, others = (
        _numbers_of_one(place, names) for names in (place.graph.inputs, (*place.boundary, *place.targets))
    )
    return memory // 2 // max(4 * inputs + 2 * others, 1)


def _numbers_of_one(place: Place, names: Sequence[str]) -> int:
    """How many numbers tensors hold for one sample."""
    return sum(math.prod((place.graph.tensors[name].shape or (1,))[1:]) for name in names)
