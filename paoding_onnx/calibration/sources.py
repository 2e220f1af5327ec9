"""What an input may be filled with: sources of synthetic rows, each for one guess of what the model was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from paoding_onnx.calibration import normalization, sounds, spectrograms, tabular, tokens
from paoding_onnx.calibration.augment import augmented
from paoding_onnx.calibration.bands import bands_axis, is_transformed
from paoding_onnx.calibration.first_layer import Columns, first_columns, first_filters, first_weights
from paoding_onnx.calibration.images import families as image_families
from paoding_onnx.calibration.images.frame import Floats, Frame
from paoding_onnx.calibration.images.spectra import waves
from paoding_onnx.calibration.input_kinds import InputRole, Kind
from paoding_onnx.calibration.levels import moments
from paoding_onnx.calibration.normalization import description_of
from paoding_onnx.calibration.preprocess import ORDERS, Preprocess, check_channels, native
from paoding_onnx.calibration.rows import end_to_end, put_in_order
from paoding_onnx.calibration.samples import InputOptions
from paoding_onnx.calibration.scaling_evidence import fitting, weighed
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import repeated
from paoding_onnx.model.nodes import Array
from paoding_onnx.shapes.dummy_inputs import random_content

_LONG = 400
"""Signals from this length on are sound."""
_LEAST = 0.05
"""Scalings that are less likely than this, beside the likeliest, are not tried."""
NEARLY = 0.2
"""Guesses that are so likely, beside the likeliest, are not to be ruled out."""
_TELLING_ROWS = 8
"""Rows of each family that tell how a guess scales them."""
_PROBED = 64
"""Small images that tell what the first filters would make of a scaling."""
_FAINT = 1e-6
_ALL_SIZES, _SIZES = "noise of all sizes", (-1.5, 1.5)
"""The powers of ten by which rows of noise are multiplied where nothing tells the unit of a spectrogram."""
_MAGNITUDES = 0.5
"""How likely spectrograms of a plain Fourier transform are no logarithms, beside standardized ones."""
_AS_READ = "of the mean and deviation that its first nodes take out of each column"
Draw = Callable[[np.random.Generator, int], Array]
"""Makes so many rows."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess of what a model was trained on: `finish` turns drawn rows into what the input takes.

    `own` tells it apart from other guesses of what `kind` says. `weight` is how likely it is before the model has been
    run.
    """

    own: str
    finish: Callable[[Array], Array]
    weight: float = 1.0
    kind: str = ""

    @property
    def description(self) -> str:
        """All of it in words.

        >>> Guess("in [0, 1]", lambda rows: rows, kind="images, 3 x 8 x 8").description
        'images, 3 x 8 x 8, in [0, 1]'
        """
        return ", ".join(word for word in (self.kind, self.own) if word)


@dataclass(frozen=True, slots=True)
class Source:
    """Synthetic rows for one input: `families` by name, and what may be done to them, the likeliest guess first.

    `augment` makes as many new finished rows from finished rows, if there is a way.
    """

    families: Mapping[str, Draw]
    guesses: tuple[Guess, ...]
    augment: Callable[[np.random.Generator, Array], Array] | None = None


def source_of(role: InputRole, graph: Graph, options: InputOptions, *, is_plain: bool = False) -> Source:
    """Where rows for an input come from; with `is_plain` images are less various, and cost less."""
    as_drawn = (Guess("", lambda rows: rows),)
    if role.kind is Kind.IMAGES:
        frame = replace(role.frame, is_plain=is_plain)
        families = {name: _images(make, frame) for name, make in image_families.suited_to(frame).items()}
        probed = _PROBED // 4 if is_plain else _PROBED
        return Source(families, _scalings(role, graph, options, probed), _augmentation(role))
    if role.kind is Kind.TABLE and len(role.shape) == 2:
        rows = tabular.families(role.shape[1], first_weights(graph, role.spec.name))
        return Source(rows, (_of_table(role, graph, options),))
    if role.kind is Kind.TOKENS:
        if len(role.shape) != 2:
            return Source({f"random tokens out of {role.vocabulary}": _drawing(role, _tokens)}, as_drawn)
        made = tokens.families(role.vocabulary, is_alone=len(graph.inputs) == 1)
        return Source({name: _rows_of_tokens(role, family) for name, family in made.items()}, as_drawn)
    if role.kind is Kind.AUDIO:
        return Source(_sounds(role), as_drawn)
    if role.kind is Kind.SPECTROGRAM:
        found = _spectrograms(role, first_columns(graph, role.spec.name))
        if not is_guess(role, graph, options):
            return found
        return replace(found, families={**found.families, _ALL_SIZES: _noise_of_all_sizes(role)})
    columns = first_columns(graph, role.spec.name) if role.kind is Kind.NOISE else None
    as_read = as_drawn if columns is None else (Guess(_AS_READ, _in_columns(role, columns)),)
    return Source({"normal noise": _drawing(role, _noise)}, as_read)


def _noise_of_all_sizes(role: InputRole) -> Draw:
    """Normal numbers, in rows of which some are many times as large as others."""

    def draw(rng: np.random.Generator, count: int) -> Array:
        sizes = 10 ** rng.uniform(*_SIZES, (count, *[1] * (len(role.shape) - 1)))
        return np.asarray(rng.standard_normal((count, *role.shape[1:])) * sizes, np.float32)

    return draw


def is_guess(role: InputRole, graph: Graph, options: InputOptions) -> bool:
    """Whether neither the user nor the file says in what range the numbers of an input lie, nor its kind."""
    if role.kind not in (Kind.TABLE, Kind.SPECTROGRAM, Kind.NOISE) or options.preprocess.is_scaled:
        return False
    return role.spec.dtype is not None and role.spec.dtype.kind == "f" and first_columns(graph, role.spec.name) is None


def nearest(source: Source, like: Array) -> Source:
    """The source with that guess alone whose rows are most like the real ones, by mean and deviation."""
    if len(source.guesses) < 2 or like.dtype.kind != "f":
        return source
    rng = np.random.default_rng(0)
    rows = np.concatenate([draw(rng, _TELLING_ROWS) for draw in source.families.values()])
    mean, deviation = (float(part.item()) for part in moments(like))
    deviation += _FAINT

    def apart(made: Floats) -> float:
        return abs(float(made.mean()) - mean) / deviation + abs(float(np.log((made.std() + _FAINT) / deviation)))

    best = min(source.guesses, key=lambda guess: apart(np.asarray(guess.finish(rows), np.float64)))
    return replace(source, guesses=(best,))


def mixed(source: Source, shares: Floats, count: int, rng: np.random.Generator) -> Array:
    """`count` rows as drawn, in random order, of which each family makes its share; equal ones if no family has any."""
    parts_of = shares if np.sum(shares) > 0 else np.ones(len(source.families))
    stops = np.round(np.cumsum([0.0, *parts_of]) / np.sum(parts_of) * count).astype(int)
    parts = (
        draw(rng, stop - start)
        for draw, (start, stop) in zip(source.families.values(), pairwise(stops), strict=True)
        if stop > start
    )
    rows = end_to_end(parts, count)
    put_in_order(rows, rng.permutation(count))
    return rows


def beside(role: InputRole, main: InputRole, rows: Array, rng: np.random.Generator) -> Array:
    """Contents of an input that goes along with `rows` of the main one; a mask leaves the filling of tokens out."""
    if role.kind is Kind.ONES and main.kind is Kind.TOKENS and role.shape_of(len(rows)) == rows.shape:
        return tokens.mask_of(rows, main.vocabulary).astype(role.spec.dtype)
    return companion(role, len(rows), rng)


def companion(role: InputRole, count: int, rng: np.random.Generator) -> Array:
    """Contents for `count` samples of an input that goes along with the main one: a mask, a state, places.

    Of contents that were given, samples get rows at random.
    """
    dtype, shape = role.spec.dtype, role.shape_of(count)
    if role.content is not None:
        content = role.content
        if role.batch_axis is not None:
            rows = rng.integers(0, content.shape[role.batch_axis], count)
            content = np.take(content, rows, role.batch_axis)
        return repeated(content, shape)
    if role.kind is Kind.ONES:
        return np.ones(shape, dtype)
    if role.kind is Kind.ZEROS:
        return np.zeros(shape, dtype)
    if role.kind is Kind.POSITIONS and shape:
        return np.broadcast_to(np.arange(shape[-1]), shape).astype(dtype)
    if role.kind is Kind.TOKENS:
        return _tokens(role, rng, count)
    return random_content(role.spec, shape, rng)


def _scalings(role: InputRole, graph: Graph, options: InputOptions, probed: int) -> tuple[Guess, ...]:
    """How images in [0, 1] may be scaled, as so many that are `probed` suggest."""
    n_channels = role.frame.n_channels
    settings = options.preprocess
    check_channels(settings, n_channels)
    is_float = role.spec.dtype is None or role.spec.dtype.kind == "f"
    if settings.is_scaled or not is_float:
        chosen = settings if settings.is_scaled else native(role.spec.dtype)
        return (_scaling(role, replace(chosen, order=settings.order), 1.0),)
    probe = image_families.leaves(np.random.default_rng(0), probed, Frame(32, 32, n_channels))
    filters = fitting(first_filters(graph, role.spec.name), probe)
    is_tensorflow = role.channels != 1 or (filters is not None and filters.is_uneven)
    usual = normalization.usual(n_channels, min(role.frame.height, role.frame.width), is_tensorflow=is_tensorflow)
    weights = weighed(filters, usual, probe)
    least = _LEAST * max(weights.values())
    likely = {scaling: weight for scaling, weight in weights.items() if weight >= least}
    ordered = (replace(scaling, order=max(scaling.order, settings.order, key=ORDERS.index)) for scaling in likely)
    return tuple(_scaling(role, *pair) for pair in zip(ordered, likely.values(), strict=True))


def _scaling(role: InputRole, scaling: Preprocess, weight: float) -> Guess:
    size = " x ".join(str(size) for size in role.shape[1:])
    step = -1 if scaling.order == "bgr" else 1

    def finish(rows: Array) -> Array:
        return laid_out(role, scaling.apply_to_unit(np.asarray(rows, np.float32)[..., ::step]))

    return Guess(description_of(scaling), finish, weight, kind=f"images, {size}")


def _images(make: image_families.Family, frame: Frame) -> Draw:
    return lambda rng, count: make(rng, count, frame)


def _augmentation(role: InputRole) -> Callable[[np.random.Generator, Array], Array]:
    return lambda rng, rows: laid_out(role, augmented(rng, np.moveaxis(rows, role.channels, -1).astype(np.float32)))


def laid_out(role: InputRole, rows: Floats) -> Array:
    """Images with their channels where the input has them, in its type."""
    dtype = role.spec.dtype or np.dtype(np.float32)
    if dtype.kind in "iu":
        limits = np.iinfo(str(dtype))
        rows = np.clip(np.round(rows), limits.min, limits.max)
    return np.ascontiguousarray(np.moveaxis(rows, -1, role.channels), dtype)


def _of_table(role: InputRole, graph: Graph, options: InputOptions) -> Guess:
    """How rows of a table, which are drawn standardized, are scaled: as the user says, else as the file does."""
    kind = f"rows of {role.shape[1]} numbers"
    columns = None if options.preprocess.range is not None else first_columns(graph, role.spec.name)
    if columns is None:
        return Guess("", _as_told(role, options), kind=kind)
    return Guess(_AS_READ, _in_columns(role, columns), kind=kind)


def _in_columns(role: InputRole, columns: Columns) -> Callable[[Array], Array]:
    """What gives the last axis of standardized rows the means and deviations that the model takes out."""

    def finish(rows: Array) -> Array:
        return np.asarray(rows.astype(np.float64) * columns.deviation + columns.mean, role.spec.dtype)

    return finish


def _as_told(role: InputRole, options: InputOptions) -> Callable[[Array], Array]:
    """What turns rows, which are drawn standardized, into those of the range that the user gave."""
    ends = options.preprocess.range

    def finish(rows: Array) -> Array:
        values = rows.astype(np.float32)
        return (values if ends is None else np.clip(values, *ends)).astype(role.spec.dtype)

    return finish


def _drawing(role: InputRole, content: Callable[[InputRole, np.random.Generator, int], Array]) -> Draw:
    return lambda rng, count: content(role, rng, count)


def _rows_of_tokens(role: InputRole, family: tokens.Family) -> Draw:
    dtype = role.spec.dtype or np.dtype(np.int64)
    return lambda rng, count: np.asarray(family(rng, count, role.shape[1]), dtype)


def _tokens(role: InputRole, rng: np.random.Generator, count: int) -> Array:
    return rng.integers(0, role.vocabulary, (count, *role.shape[1:])).astype(role.spec.dtype)


def _sounds(role: InputRole) -> Mapping[str, Draw]:
    """Sound along the longest axis; short signals are noise that falls with frequency."""
    sides = role.shape[1:]
    axis = int(np.argmax(sides))
    others = [size for k, size in enumerate(sides) if k != axis]

    def of(family: sounds.Family) -> Draw:
        def draw(rng: np.random.Generator, count: int) -> Array:
            rows = family(rng, count * int(np.prod(others)), sides[axis]).reshape(count, *others, sides[axis])
            return np.ascontiguousarray(np.moveaxis(rows, -1, axis + 1), role.spec.dtype)

        return draw

    short: Mapping[str, sounds.Family] = {"1/f noise": lambda rng, count, length: waves(rng, count, length, 0.7)}
    return {name: of(family) for name, family in (sounds.families() if sides[axis] >= _LONG else short).items()}


def _spectrograms(role: InputRole, columns: Columns | None) -> Source:
    """Spectrograms along the last two axes, or before a last one of one channel.

    Their unit is the one that `columns` tell, if the model takes these out.
    """
    bands, first = bands_axis(role.spec, role.shape)
    sides = role.shape[first : first + 2]
    made = spectrograms.families(sides[bands], sides[1 - bands])

    def of(family: spectrograms.Family) -> Draw:
        def draw(rng: np.random.Generator, count: int) -> Array:
            rows = family(rng, count * int(np.prod(role.shape[1:first])))
            return np.reshape(rows if bands == 0 else rows.swapaxes(1, 2), (count, *role.shape[1:]))

        return draw

    def in_units(mean: float, deviation: float) -> Callable[[Array], Array]:
        return lambda rows: (rows.astype(np.float32) * deviation + mean).astype(role.spec.dtype)

    if columns is not None:
        told = Guess(_AS_READ, _in_columns(role, columns))
        return Source({name: of(family) for name, family in made.items()}, (told,))
    units = [
        Guess(unit, in_units(*numbers), weight=1 / (k + 1))
        for k, (unit, numbers) in enumerate(spectrograms.UNITS.items())
    ]
    if is_transformed(sides[bands]):
        units.append(Guess("magnitudes", _as_magnitudes, _MAGNITUDES))
    return Source({name: of(family) for name, family in made.items()}, tuple(units))


def _as_magnitudes(rows: Array) -> Array:
    return spectrograms.magnitudes(np.asarray(rows, np.float32))


def _noise(role: InputRole, rng: np.random.Generator, count: int) -> Array:
    return random_content(role.spec, (count, *role.shape[1:]), rng)
