"""Sizes to try for the open axes of a model that nobody told us the sizes of. Runs nothing.

A model may take few sizes: multiples of 32, at least one window of sound, a mask as long as past and new steps
together. What is tried goes from what is most telling (all sizes differ) to what is most often taken (all are equal).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, cycle
from math import prod

from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_sizes import BATCH, Feeding, Fill, Given, Relation, Shapes
from paoding_onnx.model.nodes import TensorSpec

_USUAL = (64, 96, 224, 32)
_UNUSUAL = (128, 256, 16, 512, 160, 140, 8, 1)
_LONG = (1120, 16000)
"""For models with a single open size, such as the length of a sound."""
_STEPS = (64, 8)
"""Sizes to try where some make others."""
_MOST_ENTRIES = 1 << 24
"""An input of more entries is not tried."""
_MOST_FREE = 6
"""Sums are looked for among at most this many sizes."""
_SPREADS = ((1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0), (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0))
"""By what the free sizes are multiplied, so that all differ from each other and from what was measured."""
_SHRUNK = (0.5, 0.75, 0.6, 0.85, 0.7, 0.55, 0.8, 0.65)
"""The same where samples are large, so that those to compare them with are not larger yet; see `_smaller`."""
_LARGE, _LARGE_SIZE, _MULTIPLE = 1 << 17, 128, 32
"""Numbers of a large sample, none of whose free sizes is below the second; the third is what most networks divide."""
_MOST_FEW = 12
"""How often one size at a time is set to one or to none."""
_UNIFORM = (2.0, 3.0, 4.0)
"""By what all sizes are multiplied alike: whatever adds up goes on adding up."""


def measuring(specs: Sequence[TensorSpec], given: Given) -> Iterator[tuple[Relation, Feeding]]:
    """Sizes to measure a model at, one sample each: the likely ones first; what is `given` always wins.

    Beyond the first, none are tried at which an input would take long to make.

    Raises:
        UsageError: if `given` names no input, or contradicts an input's fixed sizes.
    """
    _check_given(specs, given.shapes)
    found = ((one, replace(feeding, contents=given.contents)) for one, feeding in _measuring(specs, given))
    first, *others = found
    yield first
    yield from (one for one in others if max(map(prod, one[1].shapes.values()), default=1) <= _MOST_ENTRIES)


def _measuring(specs: Sequence[TensorSpec], said: Given) -> Iterator[tuple[Relation, Feeding]]:
    named, given = relation_of(specs), said.shapes
    fills = (Fill.BITS, Fill.ONES, Fill.LENGTHS) if any(_holds_integers(spec) for spec in specs) else (Fill.BITS,)
    for fill in fills if said.likely else ():
        yield named, Feeding(_filled(specs, named, 1, _USUAL[0], {**said.likely, **given}), fill)
    for size in _USUAL:
        yield named, Feeding(_filled(specs, named, 1, size, given))
    if (states := with_states(specs, named)).keys != named.keys:
        for size in (*_USUAL, *_UNUSUAL):
            yield states, Feeding(_filled(specs, states, 1, size, given))
    for relation in _with_sums(specs):
        for size in _STEPS:
            yield relation, Feeding(_filled(specs, relation, 1, size, given))
    for fill in fills[1:]:
        for relation in (named, *_with_sums(specs)):
            yield relation, Feeding(_filled(specs, relation, 1, _STEPS[0], given), fill)
    for size in (*_UNUSUAL, *_LONG) if len(named.free) < 2 else _UNUSUAL:
        yield named, Feeding(_filled(specs, named, 1, size, given))
    lengths = relation_of(specs, has_batch=False)
    for size in (*_USUAL, *_UNUSUAL, *_LONG) if len(lengths.free) < 2 else (*_USUAL, *_UNUSUAL):
        yield lengths, Feeding(_filled(specs, lengths, 1, size, given))


def telling(specs: Sequence[TensorSpec], relation: Relation, measured: Feeding) -> Iterator[tuple[Relation, Feeding]]:
    """Sizes to read equations at: one more sample and other sizes than `measured`, all different, if it can be."""
    batch = batch_of(relation, measured)
    candidates = list(_spread(specs, relation, measured))
    few = [(one, {**sizes, key: least}) for one, sizes in candidates for key in sizes for least in (1, 0)]
    if relation.has_batch:  # some take more samples only with one new step, or without a past
        for one, sizes in (*candidates, *few[:_MOST_FEW]):
            yield one, feeding_of(specs, one, batch + 1, sizes, measured)
    for one, sizes in candidates:
        yield one, feeding_of(specs, one, batch, sizes, measured)
    if relation.has_batch:
        yield relation, feeding_of(specs, relation, batch + 1, free_sizes(relation, measured), measured)


def relation_of(specs: Sequence[TensorSpec], *, has_batch: bool = True) -> Relation:
    """Axes that share a symbol share a size; so do all open first axes."""
    keys: dict[tuple[str, int], str] = {}
    symbols: dict[str, str] = {}
    for spec in specs:
        for axis, dim in enumerate(spec.dims):
            if isinstance(dim, int):
                continue
            own = BATCH if axis == 0 and has_batch else dim or f"{spec.name}[{axis}]"
            keys[spec.name, axis] = own if dim is None else symbols.setdefault(dim, own)
    return Relation(keys)


def with_states(specs: Sequence[TensorSpec], relation: Relation) -> Relation:
    """The relation in which an input's only open axis, if it is an inner one without a name, counts samples.

    So the states of recurrent layers are laid out: layers, samples, hidden units.
    """
    has_batch = any(key == BATCH for key in relation.keys.values())
    states = {
        (spec.name, spec.dims.index(None))
        for spec in specs
        if has_batch and sum(not isinstance(dim, int) for dim in spec.dims) == 1 and None in spec.dims[1:-1]
    }
    return Relation(dict(relation.keys) | dict.fromkeys(states, BATCH), relation.sums)


def free_sizes(relation: Relation, feeding: Feeding) -> dict[str, int]:
    """The free sizes in a feeding."""
    found: dict[str, int] = {}
    for (name, axis), key in relation.keys.items():
        found.setdefault(key, feeding.shapes[name][axis])
    return {key: found[key] for key in relation.free}


def alike(specs: Sequence[TensorSpec], relation: Relation) -> Relation:
    """The relation with one size for inputs that are called alike but for numbers, or are of one kind with many axes.

    Exporters give each past key of a decoder a symbol of its own.
    """
    kinds: dict[str, str] = {}
    for spec in specs:
        sizes = [dim if isinstance(dim, int) else 0 for dim in spec.dims]
        kinds[spec.name] = f"{spec.dtype} {sizes}" if len(sizes) > 3 else re.sub(r"\d+", "#", spec.name)
    keys = {place: key if key == BATCH else f"axis {place[1]} of {kinds[place[0]]}" for place, key in
            relation.keys.items()}  # fmt: skip
    named: dict[str, str] = {}
    for place, key in keys.items():  # a symbol that several of these share is one size still
        named.setdefault(relation.keys[place], key)
    return Relation({place: named[relation.keys[place]] for place in keys})


def coarser(specs: Sequence[TensorSpec], relation: Relation) -> Relation:
    """The relation with one size for all open axes of one number in inputs of one rank (batch axes as they are)."""
    ranks = {spec.name: len(spec.dims) for spec in specs}
    keys = {place: key if key == BATCH else f"axis {place[1]} of {ranks[place[0]]}" for place, key in
            relation.keys.items()}  # fmt: skip
    return Relation(keys)


def _spread(
    specs: Sequence[TensorSpec], relation: Relation, measured: Feeding
) -> Iterator[tuple[Relation, Mapping[str, int]]]:
    relations = [relation] if relation.sums else [relation, alike(specs, relation), coarser(specs, relation)]
    is_large = max(map(prod, measured.shapes.values()), default=1) >= _LARGE
    for one in relations if relation.free else ():
        base = free_sizes(one, measured)
        if is_large and min(base.values()) >= _LARGE_SIZE:
            yield one, _smaller(base)
        for spread in _SPREADS:
            yield one, scaled(base, spread)
    base = free_sizes(relation, measured)
    for factor in _UNIFORM if relation.free else ():
        yield relation, scaled(base, (factor,))


def scaled(base: Mapping[str, int], factors: Sequence[float], *, least: int = 2) -> dict[str, int]:
    """Free sizes multiplied by factors, one after the other; `least` is the smallest that comes of it.

    >>> scaled({"h": 64, "w": 64}, (1.5, 2.0))
    {'h': 96, 'w': 128}
    """
    pairs = zip(base.items(), cycle(factors), strict=False)
    return {key: max(int(size * factor), least) for (key, size), factor in pairs}


def _smaller(base: Mapping[str, int]) -> dict[str, int]:
    """Smaller free sizes that networks of pictures take, no two of them the same, and none as it was.

    >>> _smaller({"h": 640, "w": 640}), _smaller({"h": 640, "w": 427})
    ({'h': 320, 'w': 480}, {'h': 320, 'w': 352})
    """
    found: dict[str, int] = {}
    for (key, size), factor in zip(base.items(), cycle(_SHRUNK), strict=False):
        taken = {*found.values(), *base.values()}
        sizes = sorted(range(_MULTIPLE, max(size, 2 * _MULTIPLE), _MULTIPLE), key=lambda one: abs(one - size * factor))
        found[key] = next((one for one in sizes if one not in taken), sizes[0])
    return found


def _with_sums(specs: Sequence[TensorSpec]) -> Iterator[Relation]:
    """Relations in which one size is the sum of two others, or of another one and 1."""
    named = relation_of(specs)
    for relation in (named, alike(specs, named), coarser(specs, named)):
        free = relation.free
        if not 1 < len(free) <= _MOST_FREE:
            continue
        for whole in reversed(free):  # masks come behind what they are for
            others = [key for key in free if key != whole]
            parts: list[tuple[str | int, ...]] = [*combinations(others, 2), *((key, 1) for key in others)]
            for summands in parts:
                yield Relation(relation.keys, {whole: summands})


def _filled(specs: Sequence[TensorSpec], relation: Relation, batch: int, size: int, given: Shapes) -> Shapes:
    """Shapes with this size along all free axes; `given` shapes win, and settle the sizes of other inputs too."""
    known: dict[str, int] = {}
    for (name, axis), key in relation.keys.items():
        if name in given:
            known.setdefault(key, given[name][axis])
    sizes = {key: known.get(key, size) for key in relation.free}
    shapes = relation.shapes({spec.name: spec.dims for spec in specs}, known.get(BATCH, batch), sizes)
    return {name: given.get(name, shape) for name, shape in shapes.items()}


def feeding_of(
    specs: Sequence[TensorSpec], relation: Relation, batch: int, sizes: Mapping[str, int], like: Feeding
) -> Feeding:
    """The feeding for these free sizes, filled like another one."""
    return replace(like, shapes=relation.shapes({spec.name: spec.dims for spec in specs}, batch, sizes))


def batch_of(relation: Relation, feeding: Feeding) -> int:
    """How many samples are in a feeding; 1 where no batch axis is open."""
    return next((feeding.shapes[name][axis] for (name, axis), key in relation.keys.items() if key == BATCH), 1)


def _holds_integers(spec: TensorSpec) -> bool:
    return spec.dtype is not None and spec.dtype.kind in "iu"


def _check_given(specs: Sequence[TensorSpec], given: Shapes) -> None:
    dims = {spec.name: spec.dims for spec in specs}
    for name, shape in given.items():
        if name not in dims:
            raise UsageError(f"no input is named {name!r}; the model has {', '.join(map(repr, dims)) or 'none'}")
        fits = len(shape) == len(dims[name]) and all(
            not isinstance(dim, int) or dim == size for dim, size in zip(dims[name], shape, strict=True)
        )
        if not fits:
            raise UsageError(f"input {name!r} has shape {dims[name]}, which {shape} does not fit")
