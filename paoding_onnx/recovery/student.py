"""The smaller network made ready to learn: its tail, and of all inputs what the tail reads and should compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.context import Run
from paoding_onnx.errors import ModelError
from paoding_onnx.gradients.freeze import Recording, record
from paoding_onnx.model.compare import distance
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.recovery.course import Course
from paoding_onnx.recovery.descent import Singles, Weights
from paoding_onnx.recovery.lesson import Lesson
from paoding_onnx.recovery.lessons import Kept, Watched, first_of, keep
from paoding_onnx.recovery.objective import Term, output_terms, point_term
from paoding_onnx.recovery.own_statistics import Observed, Original, of_original, statistics_on, to_store
from paoding_onnx.recovery.pool import Inputs, Pool
from paoding_onnx.recovery.tail import Place
from paoding_onnx.recovery.together import Answers, Loss
from paoding_onnx.recovery.trained import Normalization, Trained, trained_of
from paoding_onnx.surgery.cut import reweigh

MOST_FOR_STATISTICS = 512
POINTS, FAR_POINTS = 10.0, 1.0
"""Share of all comparison points together in the loss; the lower one where inputs are not of the level of real ones."""
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Network:
    """A network at one shape of its inputs, what of it is trained, and what is asked of it.

    With `uses_batch`, its normalizations go by the mean and variance of the batch.
    """

    recording: Recording
    trained: Trained
    terms: tuple[Term, ...]
    uses_batch: bool

    @property
    def weights(self) -> dict[str, Singles]:
        """What is trained, as it is in the file."""
        return {name: np.asarray(self.recording.values[name], np.float32) for name in self.trained.names}


@dataclass(frozen=True, slots=True)
class Student:
    """A network that learns: the `tail` alone, what it reads (`features`), and what is wanted of it, for all inputs.

    Inputs come `rows` at a time; the first `n_held` are held back. `answered` are the outputs.
    `head_statistics` are those of the normalizations before the tail.
    """

    tail: Model
    network: Network
    features: Mapping[str, Kept]
    wanted: Mapping[str, Kept]
    answered: tuple[str, ...]
    rows: int
    count: int
    n_held: int
    original: Original
    head: tuple[Normalization, ...]
    head_statistics: Mapping[str, Array]

    def drawn(self, rng: np.random.Generator) -> dict[str, Array]:
        """What a step reads: inputs drawn at random from those that are not held back."""
        return self._batch(rng.integers(self.n_held, self.count, self.rows))

    def held_back(self, loss: Loss, weights: Weights) -> float:
        """The mean of `loss` on the inputs that are held back."""
        return float(np.mean([loss(weights, self._batch(part)) for part in self._held_parts()]))

    def off(self, answers: Answers, weights: Weights) -> float:
        """How far outputs are from the original's on the inputs that are held back, by the measures of outputs."""
        names = self.answered
        wanted = {name: [self.wanted[name].rows(part) for part in self._held_parts()] for name in names}
        found = [answers(weights, self._batch(part)) for part in self._held_parts()]
        return distance(wanted, {name: [one[name] for one in found] for name in names})

    def _held_parts(self) -> list[Rows]:
        return [np.arange(start, start + self.rows) for start in range(0, self.n_held, self.rows)]

    def statistics(self, decided: Mapping[str, Array], run: Run) -> dict[str, Array]:
        """The statistics of all normalizations on the inputs, with the weights that were `decided` in place."""
        tail = self.network.trained.normalizations if self.network.uses_batch else ()
        feeds = [
            _typed({name: kept.rows(slice(k, k + self.rows)) for name, kept in self.features.items()}, self.graph)
            for k in range(0, min(self.count, MOST_FOR_STATISTICS), self.rows)
        ]
        found = statistics_on(Observed(self.tail, self.graph, tail, decided), feeds, run)
        return {**self.head_statistics, **found}

    def stored(self, own: Mapping[str, Array]) -> dict[str, Array]:
        """What all normalizations have to store for real data, given their statistics on the inputs."""
        tail = self.network.trained.normalizations if self.network.uses_batch else ()
        return dict(to_store((*self.head, *tail), own, self.original))

    @property
    def graph(self) -> Graph:
        """The tail's."""
        return self.network.recording.graph

    def _batch(self, chosen: Rows) -> dict[str, Array]:
        found = {name: kept.rows(chosen) for name, kept in self.features.items()}
        for term in self.network.terms:
            found |= term.feeds(self.wanted[term.tensor].rows(chosen))
        return found


def enrol(lesson: Lesson, course: Course, given: Pool, run: Run, terms: tuple[Term, ...] = ()) -> Student:
    """The smaller network with all that it needs to learn on the inputs that are `given`.

    What is asked of it are `terms`, or what the original says to these inputs.

    Raises:
        ModelError: if a part of a network does not run alone, or inputs share what it computes.
    """
    place, rows, pool = course.place, course.rows, given.inputs
    feeds = given.feeds(rows, MOST_FOR_STATISTICS)
    statistics: dict[str, Array] = {}
    if lesson.uses_batch:
        normalizations = trained_of(lesson.trace.graph).normalizations
        statistics = statistics_on(Observed(lesson.original, lesson.trace.graph, normalizations), feeds, run)
    original = of_original(lesson.trace, lesson.plan, statistics)
    head = tuple(one for one in _known(trained_of(place.graph), original) if _is_before(one, place))
    own = statistics_on(Observed(place.model, place.graph, head), feeds, run)
    features = _features(place, pool, course.rows_to_ask, own, run.part(0.0, 0.3))
    teacher = reweigh(lesson.original, statistics)
    wanted = _wanted(lesson, teacher, place, pool, run.part(0.3, 0.7), course.rows_to_ask)
    fixed = first_of(place.model, pool, rows, place.fixed) if place.fixed else {}
    tail = place.tail_model(fixed)
    first = {name: kept.rows(slice(0, rows)) for name, kept in features.items()}
    recording = record(tail, _typed(first, place.graph))
    trained = trained_of(recording.graph).within(constants(lesson.smaller).keys())
    normalizations = tuple(_known(trained, original))
    trained = replace(trained, normalizations=normalizations)
    if not trained.layers:
        raise ModelError("no layer has weights of its own that could be trained")
    is_far = lesson.samples.is_synthetic and not original.stored
    terms = terms or tuple(_terms(recording, place, wanted, FAR_POINTS if is_far else POINTS))
    network = Network(recording, trained, terms, bool(normalizations))
    outputs = tuple(dict.fromkeys(term.tensor for term in terms if term.tensor in place.graph.outputs))
    return Student(tail, network, features, wanted, outputs, rows, given.count, given.n_held, original, head, own)


def _known(trained: Trained, original: Original) -> Iterator[Normalization]:
    """The normalizations of which it is known what the original's do on the inputs."""
    return (one for one in trained.normalizations if one.bound.node.first_output.name in original.stored)


def _is_before(one: Normalization, place: Place) -> bool:
    tail = {t.name for number in place.tail for t in place.graph.nodes[number].outputs if t is not None}
    return one.bound.node.first_output.name not in tail


def _features(place: Place, pool: Inputs, rows: int, own: Mapping[str, Array], run: Run) -> dict[str, Kept]:
    """What the tail reads, for all inputs."""
    head = place.head_model(own)
    computed = tuple(name for name in place.boundary if name not in place.graph.inputs)
    found: dict[str, Kept] = {}
    if head is not None and computed:
        fed = {info.name for info in head.proto.graph.input}
        inputs = {name: value for name, value in pool.items() if name in fed}
        tell = _teller(run, "keeping what the tail reads")
        found |= keep(Watched(head, computed), inputs, rows, tell, run.deployment)
    for name in place.boundary:
        if name in place.graph.inputs:
            values = pool[name][:]
            found[name] = Kept(len(values), values)
            found[name].put(0, values)
    return found


def _wanted(lesson: Lesson, teacher: Model, place: Place, pool: Inputs, run: Run, rows: int) -> dict[str, Kept]:
    """What the original, as `teacher`, has at the targets, of what stays, for all inputs."""

    def part(name: str, array: Array) -> Array:
        found = lesson.trace.kept_part(name, array, lesson.plan.removed)
        if found is None:
            raise ModelError(f"it cannot be told which parts of {name!r} stay at shape {array.shape}")
        return found

    watched = Watched(teacher, place.targets, part)
    return keep(watched, pool, rows, _teller(run, "asking the original"), run.deployment)


def _teller(run: Run, what: str) -> Callable[[float], None]:
    def tell(share: float) -> None:
        run.tell(what, share)

    return tell


def _terms(recording: Recording, place: Place, wanted: Mapping[str, Kept], points: float) -> Iterator[Term]:
    outputs = [name for name in place.targets if name in place.graph.outputs]
    names = [name for name in place.targets if name not in outputs]
    names = [name for name in names if wanted[name].shape == recording.values[name].shape[1:]]
    for name in outputs:
        yield from output_terms(name, wanted[name].rows(slice(0, MOST_FOR_STATISTICS)))
    for name in names:
        yield point_term(name, wanted[name].mean_square, points / len(names))


def _typed(feed: Mapping[str, Array], graph: Graph) -> dict[str, Array]:
    """A feed in the types that a network takes."""
    return {name: value.astype(graph.tensors[name].dtype or value.dtype, copy=False) for name, value in feed.items()}
