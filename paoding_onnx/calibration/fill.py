"""Few real samples filled up with synthetic ones, on their level, which count for less."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.calibration.synthesize import make_samples
from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.shapes.observe import runnable_shapes

WORTH = 4.0
"""All synthetic samples together count as much as so many real ones."""
PARTS, SMALLEST = 8, 4
"""Real samples come in at least so many batches, as long as these hold so many samples."""
RUNS_OF_EACH = 4
"""Samples are as many as leave time for so many runs of the model on each, at the size of the real ones."""
_LESS = 0.999
"""No synthetic sample counts for more than this part of a real one."""
_GOLDEN = (5**0.5 - 1) / 2
Weighted = tuple[Mapping[str, Array], float]
"""A batch and how much each of its samples counts."""


def filled(real: Samples, model: Model, graph: Graph, request: Request) -> Samples:
    """The real samples and, if they are fewer than the request asks for, synthetic ones to make up for that.

    They have the sizes of the real ones and, where they are numbers and no integers, their mean and deviation. Where
    the model takes no synthetic ones of that kind, there are none.
    """
    if real.is_bare:
        return real
    feed = real.batches[0]
    wanted = request.n_samples
    if request.most_runs is not None:
        runs = int(request.most_runs // growth(feed, graph))
        request, wanted = replace(request, most_runs=runs), min(wanted, runs // RUNS_OF_EACH)
    lacking = wanted - real.n_samples
    if lacking <= 0:
        return real
    size = min(max(real.n_samples // PARTS, SMALLEST), len(next(iter(feed.values()))))
    own, others = with_more(rebatched(model, real, size), model, graph, replace(request, n_samples=lacking)).parted()
    if others is None:
        return real
    others = rebatched(model, others, size)
    weight = _weight(others.n_samples)
    pairs = _spread([(one, 1.0) for one in own.batches], [(one, weight) for one in others.batches])
    said = f"{real.description}, and {others.n_samples} synthetic ones that count as {WORTH:.0f} of them"
    return replace(real, batches=tuple(f for f, _ in pairs), weights=tuple(w for _, w in pairs), description=said)


def growth(feed: Mapping[str, Array], graph: Graph) -> float:
    """How many times as large as those that a model was measured with samples are."""
    known = runnable_shapes(graph)
    own, measured = (
        sum(math.prod(shape[1:]) for shape in shapes)
        for shapes in ([value.shape for value in feed.values()], [known[name] for name in feed])
    )
    return max(own / max(measured, 1), 1.0)


def with_more(samples: Samples, model: Model, graph: Graph, request: Request) -> Samples:
    """Real samples, which may have synthetic ones beside them, with so many more of these."""
    real, others = samples.parted()
    shapes = {name: value.shape for name, value in real.batches[0].items()}
    like = replace(request, like=real.arrays)
    try:
        made = make_samples(model, graph, like, shapes=_measured(graph, shapes))
    except ModelError:
        return samples
    others = made if others is None else replace(others, batches=(*others.batches, *made.batches))
    weight = _weight(others.n_samples)
    weights = (1.0,) * len(real.batches) + (weight,) * len(others.batches)
    return replace(samples, batches=(*real.batches, *others.batches), weights=weights)


def _weight(count: int) -> float:
    return min(WORTH / count, _LESS)


def _measured(graph: Graph, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes of a feed, with as many samples as the model was measured with."""
    known = runnable_shapes(graph)
    found = {}
    for name, shape in known.items():
        own = shapes.get(name, shape)
        found[name] = (*shape[:1], *own[1:]) if len(own) == len(shape) else shape
    return found


def rebatched(model: Model, samples: Samples, size: int) -> Samples:
    """The samples in batches of `size`, where all inputs have an entry for each of them and any number is taken."""
    feed = samples.batches[0]
    is_open = all(spec.dims and not isinstance(spec.dims[0], int) for spec in model.inputs)
    arrays = samples.arrays
    if samples.is_bare or not is_open or arrays.keys() != feed.keys():
        return samples
    starts = range(0, samples.n_samples, size)
    batches = tuple({name: value[k : k + size] for name, value in arrays.items()} for k in starts)
    return replace(samples, batches=batches)


def _spread(few: list[Weighted], others: list[Weighted]) -> list[Weighted]:
    """Both in one row, the few evenly among all, whichever step one goes through it in."""
    count = len(few) + len(others)
    places = np.argsort((np.arange(count) * _GOLDEN) % 1, kind="stable")[: len(few)]
    first, second = iter(few), iter(others)
    return [next(first) if number in places else next(second) for number in range(count)]
