"""Sizes to prove a cut at: none that anything was measured at, all open axes different."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice

from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Feeding, InputSizes, Relation
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import TensorSpec
from paoding_onnx.shapes.observe import has_open_axes, runs, sizes_of
from paoding_onnx.shapes.size_search import batch_of, feeding_of, free_sizes, scaled
from paoding_onnx.shapes.trials import trials

_SMALL = ((0.5, 2.5, 0.75, 1.75), (2.5, 3.5, 4.5, 5.5), (5.0, 4.0, 6.0, 7.0), (3.0,), (5.0,), (1.0,))
"""By what free sizes are multiplied for three samples."""
_RAGGED = ((1.27, 0.79, 1.43, 0.61), (0.33, 0.61, 0.45, 0.83), (0.12, 0.17, 0.21, 0.27))
"""By what they are multiplied to get odd sizes, and fewer than a cap."""
_IN_USE = (1.0, 0.5, 0.25)
"""By what the sizes in use are multiplied where a model does not take them."""
MOST_NUMBERS = 1 << 27
"""Numbers of all tensors of a run, half a gigabyte: sizes that lead to more give way to smaller ones in use."""
_STEPS = 5
"""New steps where there is no past."""


class _Kind(StrEnum):
    """What an open axis counts."""

    PIXELS = "pixels"
    FRAMES = "frames"
    TOKENS = "tokens"
    SOUND = "sound"
    PAST = "past"


_USUAL = {
    _Kind.PIXELS: (224, 320, 256),
    _Kind.FRAMES: (16,),
    _Kind.TOKENS: (600, 500),
    _Kind.SOUND: (16000,),
    _Kind.PAST: (7,),
}


def other_sizes(model: Model, graph: Graph) -> Iterator[Feeding]:
    """More sizes that the model takes, none of which it was observed at: small, large, ragged; none for fixed axes."""
    sizes = sizes_of(graph)
    if not has_open_axes(model):
        return
    with trials(model) as tries:
        for candidates in proving(model.inputs, sizes):
            likely = [feeding for feeding in candidates[:-1] if _numbers(graph, feeding) <= MOST_NUMBERS]
            taken = (one for one in (*likely, *candidates[-1:]) if runs(tries, model, one) is not None)
            yield from islice(taken, 1)


def _numbers(graph: Graph, feeding: Feeding) -> float:
    """About how many numbers a run holds, if they grow as those of the inputs do."""
    traced = sizes_of(graph).traced
    growth = sum(map(math.prod, feeding.shapes.values())) / max(sum(map(math.prod, traced.shapes.values())), 1)
    return growth * sum(math.prod(t.shape or ()) for t in graph.tensors.values() if not t.is_constant)


def proving(specs: Sequence[TensorSpec], sizes: InputSizes) -> tuple[tuple[Feeding, ...], ...]:
    """Sizes of several kinds, for each from the most telling to the most modest: one that runs is enough.

    Three samples; one sample of a size as in use, such as a second of sound; two of odd and small sizes; none of the
    past.
    """
    relation = sizes.relation
    base, batch = free_sizes(relation, sizes.measured), batch_of(relation, sizes.measured)
    chosen: list[tuple[int, list[Mapping[str, int]]]] = [(batch + 2, [scaled(base, factors) for factors in _SMALL])]
    if base:
        kinds = {key: _kind(specs, relation, key) for key in base}
        chosen.append((batch, [_in_use(kinds, share) for share in _IN_USE]))
        chosen.append((batch + 1, [_odd(scaled(base, factors)) for factors in _RAGGED]))
        if _Kind.PAST in kinds.values():
            chosen.append((batch + 1, [{key: 0 if kinds[key] is _Kind.PAST else _STEPS for key in base}]))
    seen = [sizes.measured, sizes.traced]
    found = []
    for count, candidates in chosen:
        feedings = [feeding_of(specs, relation, count, one, sizes.measured) for one in candidates]
        found.append(tuple(feeding for feeding in feedings if feeding not in seen))
    return tuple(found)


def _odd(sizes: Mapping[str, int]) -> dict[str, int]:
    return {key: size | 1 for key, size in sizes.items()}


def _in_use(kinds: Mapping[str, _Kind], share: float) -> dict[str, int]:
    """A size as in use for each kind of axis; several axes of one kind get different ones."""
    counts: dict[_Kind, int] = {}
    found = {}
    for key, kind in kinds.items():
        usual = _USUAL[kind]
        found[key] = max(int(usual[counts.get(kind, 0) % len(usual)] * share), 1)
        counts[kind] = counts.get(kind, 0) + 1
    return found


def _kind(specs: Sequence[TensorSpec], relation: Relation, key: str) -> _Kind:
    """What an open axis counts, to judge by the first input that has it."""
    name, axis = next(place for place, own in relation.keys.items() if own == key)
    spec = next(spec for spec in specs if spec.name == name)
    ndim = len(spec.dims)
    if spec.dtype is None or spec.dtype.kind != "f":
        return _Kind.TOKENS
    is_past = ndim == 4 and axis == 2 and all(isinstance(spec.dims[k], int) for k in (1, 3))
    if is_past or any(key in parts for parts in relation.sums.values()):
        return _Kind.PAST if is_past else _Kind.TOKENS
    if ndim >= 4:
        return _Kind.FRAMES if ndim == 5 and axis == 2 else _Kind.PIXELS
    if sum(place[0] == name and place[1] > 0 for place in relation.keys) > 1:
        return _Kind.PIXELS  # one image without a batch axis
    is_row = axis == ndim - 1 and all(dim == 1 for dim in spec.dims[1:axis])
    return _Kind.SOUND if is_row else _Kind.TOKENS
