"""Shapes and shape arithmetic, measured: the model runs, and every tensor is looked at.

onnxruntime judges the result anyway, so its word on what shape a tensor has is taken from the start; no operator's
shape rule is written down a second time. A model with open axes runs twice: at the sizes at which costs are told, one
sample of the usual size, and at sizes at which equations are read, which all differ so that no axis looks like another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph, with_tensors
from paoding_onnx.model.input_sizes import BATCH, FIXED, Feeding, Given, InputSizes, Relation, Shape, Shapes
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, Origin, Tensor
from paoding_onnx.model.read import computed_names
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.bodies import read_deep
from paoding_onnx.shapes.data_dependence import data_dependent_tensors, tensors_sized_by_content
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observations import observed
from paoding_onnx.shapes.open_axes import mark_open
from paoding_onnx.shapes.size_search import measuring, telling
from paoding_onnx.shapes.taps import Tapped, runners, tapped
from paoding_onnx.shapes.trials import Trials, trials

Seen = Mapping[str, Tensor]
"""The tensors of one run."""
NOTHING_GIVEN = Given()


def observe(model: Model, given: Given = NOTHING_GIVEN, *, verbose: bool = False) -> Graph:
    """The model's graph with the shape of every tensor and the content of small ones, at sizes that are found out.

    Raises:
        UsageError: if shapes that are `given` do not fit the model.
        ModelError: if onnxruntime does not load the model, or runs it at none of the sizes tried.
    """
    if given.counts:
        with suppress(ModelError):
            return _observed(model, replace(given, contents={**given.counts, **given.contents}), verbose=verbose)
    return _observed(model, given, verbose=verbose)


def _observed(model: Model, given: Given, *, verbose: bool) -> Graph:
    watch = computed_names(model)
    if not has_open_axes(model):
        feeding = next(measuring(model.inputs, given))[1]
        (seen,) = _run_here(model, watch, [feeding], verbose=verbose)
        return _graph(model, InputSizes(feeding, feeding, {}, FIXED), (seen, seen), _inside(model, feeding))
    with trials(model, watch, verbose=verbose) as tries:
        relation, measured, first = _first_thatruns(tries, model, given)
        relation, traced, second = _most_telling(tries, model, relation, measured, first)
    only = frozenset(place for place in relation.keys if _size(measured, place) == _size(traced, place))
    sizes = InputSizes(measured, traced, {}, relation, only)
    return _graph(model, sizes, (first, second), _inside(model, measured, traced))


def observe_like(model: Model, sizes: InputSizes) -> Graph:
    """The graph of a model that takes the same sizes as one that was observed before.

    Raises:
        ModelError: if it does not run at them.
    """
    feedings = [sizes.measured, *([] if sizes.traced == sizes.measured else [sizes.traced])]
    first, *more = _run_here(model, computed_names(model), feedings)
    second = more[0] if more else first
    return _graph(model, sizes, (first, second), _inside(model, sizes.measured, sizes.traced))


def as_sized_in(graph: Graph, others: Shapes) -> Graph:
    """A graph whose costs are told at other shapes of tensors wherever the content of inputs decides about a size.

    Another model finds other things in the same input, and more or fewer of them.
    """
    sizes = sizes_of(graph)
    shapes = dict(sizes.shapes)
    for name in tensors_sized_by_content(graph) & others.keys() & shapes.keys():
        shapes[name] = _with_sizes(shapes[name], graph.tensors[name].open, others[name])
    return replace(graph, sizes=replace(sizes, shapes=MappingProxyType(shapes)))


def observe_on(model: Model, feeds: Mapping[str, Array]) -> Graph:
    """The graph of a model as it runs on these inputs.

    Raises:
        ModelError: if it does not.
    """
    (seen,) = _seen_on(model, computed_names(model), [feeds])
    feeding = Feeding({name: array.shape for name, array in feeds.items()})
    inside = _looked_into(model, lambda taps: _seen_on(taps.model, taps.watch, [feeds]))
    return _graph(model, InputSizes(feeding, feeding, {}, FIXED), (seen, seen), inside)


def sizes_of(graph: Graph) -> InputSizes:
    """The sizes at which `graph` was observed.

    Raises:
        ModelError: if it never was.
    """
    if graph.sizes is None:
        raise ModelError("the model was never run")
    return graph.sizes


def runnable_shapes(graph: Graph) -> Shapes:
    """Input shapes at which costs, times and outputs are measured: the model is known to run on them."""
    return sizes_of(graph).measured.shapes


def first_two(graph: Graph, feed: Mapping[str, Array]) -> dict[str, Array]:
    """A feed down to two samples along open axes that hold them: enough to tell their axis from one of size one."""
    keys = sizes_of(graph).relation.keys
    axes = {name: axis for (name, axis), key in keys.items() if key == BATCH or axis == 0}
    return {name: value.take((0, 1), axes[name]) if _is_more(value, axes.get(name)) else value
            for name, value in feed.items()}  # fmt: skip


def _is_more(value: Array, axis: int | None) -> bool:
    """Whether there are more than two along an axis."""
    return axis is not None and value.shape[axis] > 2


def _run_here(model: Model, watch: Sequence[str], feedings: Sequence[Feeding], *, verbose: bool = False) -> list[Seen]:
    """What is seen of a run at each of these sizes in this process: the model is known to take them.

    Raises:
        ModelError: if it does not run.
    """
    feeds = [random_feeds(model.inputs, feeding, np.random.default_rng(0)) for feeding in feedings]
    return _seen_on(model, watch, feeds, verbose=verbose)


def _seen_on(
    model: Model, watch: Sequence[str], feeds: Sequence[Mapping[str, Array]], *, verbose: bool = False
) -> list[Seen]:
    session = Session(model, watch=watch, verbose=verbose)
    return [observed(session.run(one) | dict(one)) for one in feeds]


FEWEST_STEPS = 2
"""What one step hands on to the next shows in no fewer; of a body that runs less often nothing could be proven."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """What was seen of the tensors in bodies at the measured sizes and at those traced, and how often each body ran.

    Bodies that ran too seldom for a proof are not among those that ran.
    """

    first: Seen
    second: Seen
    steps: Mapping[str, int]


_NOTHING_INSIDE = _Inside({}, {}, {})


def _inside(model: Model, *feedings: Feeding) -> _Inside:
    """What is to be seen in the bodies of a model at sizes that it takes."""

    def run(taps: Tapped) -> list[Seen]:
        if not has_open_axes(model):
            return _run_here(taps.model, taps.watch, feedings[:1])
        with trials(taps.model, taps.watch) as tries:
            return [_tried(tries, model, feeding) for feeding in feedings]

    return _looked_into(model, run)


def _looked_into(model: Model, run: Callable[[Tapped], Sequence[Seen]]) -> _Inside:
    """What is seen in the bodies of a model; nothing of those that cannot be looked into."""
    taps = tapped(model)
    if taps is None:
        return _NOTHING_INSIDE
    whole = _seen_by(taps, run)
    if whole is not None:
        return whole
    found = _NOTHING_INSIDE
    for name in runners(model):
        taps = tapped(model, name)
        one = None if taps is None else _seen_by(taps, run)
        one = _seen_growing(model, name, run) if one is None else one
        if one is not None:
            found = _Inside({**found.first, **one.first}, {**found.second, **one.second}, {**found.steps, **one.steps})
    return found


def _seen_growing(model: Model, runner: str, run: Callable[[Tapped], Sequence[Seen]]) -> _Inside | None:
    """What is seen in a body in which tensors change their size from step to step; `None` if nothing is.

    Of what types they are a first step shows.
    """
    first = tapped(model, runner, once=True)
    seen = None if first is None else _seen_by(first, run, fewest=1)
    if seen is None:
        return None
    taps = tapped(model, runner, types={name: tensor.dtype for name, tensor in seen.first.items() if tensor.dtype})
    return None if taps is None else _seen_by(taps, run)


def _seen_by(taps: Tapped, run: Callable[[Tapped], Sequence[Seen]], *, fewest: int = FEWEST_STEPS) -> _Inside | None:
    """What taps show, of bodies that took so many steps at least; `None` if the model does not run with them.

    A tensor changes its size from step to step then, there are no steps at all, or what is tapped is no tensor.
    """
    try:
        runs = run(taps)
    except ModelError:
        return None
    again = {name for name, count in taps.counted(runs[-1]).items() if count >= fewest}
    steps = {name: count for name, count in taps.counted(runs[0]).items() if name in again}
    return _Inside(taps.seen(runs[0]), taps.seen(runs[-1]), steps)


def has_open_axes(model: Model) -> bool:
    """Whether an input may have more than one size."""
    return any(not isinstance(dim, int) for spec in model.inputs for dim in spec.dims)


def _first_thatruns(tries: Trials, model: Model, given: Given) -> tuple[Relation, Feeding, Seen]:
    failures: list[ModelError] = []
    tried: list[Feeding] = []
    for relation, feeding in measuring(model.inputs, given):
        if feeding in tried:
            continue
        tried.append(feeding)
        try:
            return relation, feeding, _tried(tries, model, feeding)
        except ModelError as error:
            failures.append(error)
    sizes = "; ".join(map(str, tried[:4])) + (f" and {len(tried) - 4} more" if len(tried) > 4 else "")
    hint = "" if len(given.shapes) == len(model.inputs) else "; give what it takes: --input NAME=1x3x224x224 or NAME=5"
    raise ModelError(f"{failures[0]} (tried {sizes}{hint})")


def _most_telling(
    tries: Trials, model: Model, relation: Relation, measured: Feeding, first: Seen
) -> tuple[Relation, Feeding, Seen]:
    for finer, feeding in telling(model.inputs, relation, measured):
        if (seen := runs(tries, model, feeding)) is not None:
            return finer, feeding, seen
    return relation, measured, first


def _tried(tries: Trials, model: Model, feeding: Feeding) -> Seen:
    return tries.run(random_feeds(model.inputs, feeding, np.random.default_rng(0)), str(feeding))


def runs(tries: Trials, model: Model, feeding: Feeding) -> Seen | None:
    """What is seen of a model at these sizes; `None` if it does not run."""
    try:
        return _tried(tries, model, feeding)
    except ModelError:
        return None


def _graph(model: Model, sizes: InputSizes, runs: tuple[Seen, Seen], inside: _Inside) -> Graph:
    """The graph as the second run shows it; what differs in the first one varies."""
    first, second = {**runs[0], **inside.first}, {**runs[1], **inside.second}
    sizes = replace(sizes, shapes=_shapes(first), steps=MappingProxyType(dict(inside.steps)))
    inputs = {spec.name for spec in model.inputs}
    measured = {name: replace(t, origin=Origin.INPUT) if name in inputs else t for name, t in second.items()}
    open_axes = {spec.name: _open(spec.dims, spec.name, sizes) for spec in model.inputs}
    graph = read_deep(model, measured, sizes)
    is_open = inside.steps or any(map(any, open_axes.values()))
    graph = with_tensors(graph, mark_open(graph, open_axes, first) if is_open else _closed(measured))
    data_dependent = graph.tensors.keys() & data_dependent_tensors(graph)
    return with_tensors(
        graph, {name: replace(graph.tensors[name], value=None, varies=None) for name in sorted(data_dependent)}
    )


def _with_sizes(own: Shape, is_open: tuple[bool, ...], other: Shape) -> Shape:
    """A shape with the sizes that its open axes have in another one; all, if it is not known which these are."""
    if len(own) != len(other):
        return own
    varies = is_open if len(is_open) == len(own) else (True,) * len(own)
    return tuple(b if open_ else a for a, b, open_ in zip(own, other, varies, strict=True))


def _closed(measured: Seen) -> dict[str, Tensor]:
    """The tensors of a model without open axes, in which no number varies."""
    small = ((tensor, tensor.value) for tensor in measured.values() if tensor.value is not None)
    return {tensor.name: replace(tensor, varies=np.zeros(value.shape, np.bool_)) for tensor, value in small}


def _open(dims: tuple[int | str | None, ...], name: str, sizes: InputSizes) -> tuple[bool, ...]:
    """Which axes of an input are open. One that takes a single sample, and was tried with more, counts as fixed."""
    shape = sizes.traced.shapes[name]
    return tuple(
        not isinstance(dim, int) and not ((name, axis) in sizes.only and shape[axis] == 1)
        for axis, dim in enumerate(dims)
    )


def _size(feeding: Feeding, place: tuple[str, int]) -> int:
    name, axis = place
    return feeding.shapes[name][axis]


def _shapes(seen: Seen) -> Shapes:
    return MappingProxyType({name: tensor.shape for name, tensor in seen.items() if tensor.shape is not None})
