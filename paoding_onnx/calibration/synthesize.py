"""MAKE inputs for a model that comes without data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from paoding_onnx.calibration import filter, sources
from paoding_onnx.calibration.file_hints import options_said
from paoding_onnx.calibration.images.frame import Floats
from paoding_onnx.calibration.input_kinds import InputRole, batch_for, main_input, roles_of
from paoding_onnx.calibration.levels import levelled
from paoding_onnx.calibration.rows import end_to_end, put_in_order
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.input_sizes import Shapes
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session

_MORE = 2
"""Candidates for each sample to be returned."""
_GENERATIONS = 2
"""How often augmented copies of the better half of the candidates takes the place of the other half."""
_FEWEST = 16
"""A family is weighed by at least this many rows."""
_ALL = 1 << 62
"""More than would ever be run."""
PART_NUMBERS = 1 << 24
"""Rows are looked for in parts of about so many numbers, so that few candidates are held at a time."""
MOST_TO_CHOOSE = 1 << 28
"""Numbers of the candidates together up to which some are chosen: to draw more of large images takes minutes."""
_NOTHING = 1e-3
_PRIOR = 0.05
"""What a guess is worth whatever the model predicts: low values differ by chance."""
_OF_LIKE_SIZE, _FEW_ROWS = 4.0, 4
"""Guesses are mixed if their numbers differ by no more than this factor, which so many rows tell."""
_LARGE_BYTES = 256 << 20
_STRAYS, _STRAY_SIZES = 16, (0.1, 1.0, 10.0)
"""So many samples of noise of each size, as shares of that of what the input is guessed to hold."""


def make_samples(
    model: Model, graph: Graph, request: Request, *, shapes: Shapes, session: Session | None = None
) -> Samples:
    """About as many inputs as `request` asks for, chosen by the model's own predictions if it is a classifier.

    `graph` is the model as `paoding_onnx.shapes.observe` measured it, `shapes` the input shapes it ran at. Open batch
    axes get batches of at most 32, other open axes the sizes in `shapes`. Same model and request, same bytes. `session`
    is the model ready to run, optimised by onnxruntime, if it is at hand.

    Raises:
        ModelError: if an input is not a tensor of numbers.
        UsageError: if the options do not fit the model.
    """
    n_samples, options = request.n_samples, options_said(model, request.inputs)
    rng = np.random.default_rng(request.seed)
    if session is None:
        is_large = sum(w.nbytes for w in model.weights.values()) > _LARGE_BYTES
        session = Session(model, optimise=True, low_memory=is_large)
    specs = model.inputs
    main = main_input(specs, shapes)
    measured = (shapes[specs[main].name] or (1,))[0]
    for batch in (min(batch_for(graph, shapes), n_samples), measured):
        roles = roles_of(specs, graph, shapes, options, batch=batch)
        predictor = Predictor(session, roles[main], (*roles[:main], *roles[main + 1 :]))
        if predictor.runs(rng):
            break
    runs = _Runs(_ALL if request.most_runs is None else request.most_runs)
    source, like = sources.source_of(roles[main], graph, options), (request.like or {}).get(specs[main].name)
    if like is not None:
        source = sources.nearest(source, like)
    chosen = _chosen(predictor, source, n_samples, runs, rng)
    rows = chosen.rows if like is None else levelled(chosen.rows, like, roles[main])
    made = Samples(tuple(predictor.feeds(rows, rng)), chosen.description, is_bare=predictor.main.is_bare)
    if like is not None:
        return made
    count, even = whole(min(_STRAYS, n_samples), roles[main].step), np.ones(len(source.families), np.float32)
    strays = [guess.finish(sources.mixed(source, even, count, rng)) for guess in chosen.doubts]
    strays += noise_about(rows, count, rng) if sources.is_guess(roles[main], graph, options) else []
    return replace(made, strays=tuple(tuple(predictor.feeds(stray, rng)) for stray in strays))


def noise_about(rows: Array, count: int, rng: np.random.Generator) -> list[Array]:
    """Noise that is smaller than the rows, about as large, and larger."""
    size = float(np.sqrt(np.mean(np.square(rows, dtype=np.float64))))
    noise = (rng.standard_normal((count, *rows.shape[1:]), np.float32) * factor for factor in _STRAY_SIZES)
    return [(of * np.float32(size)).astype(rows.dtype) for of in noise]


@dataclass(frozen=True, slots=True)
class Predictor:
    """A model, what its main input holds, and what goes along with it."""

    session: Session
    main: InputRole
    others: tuple[InputRole, ...]

    def feeds(self, rows: Array, rng: np.random.Generator) -> Iterator[Mapping[str, Array]]:
        """Complete feeds in which the main input holds `rows`, batch by batch."""
        return feeds_of(rows, self.main, self.others, rng)

    def runs(self, rng: np.random.Generator) -> bool:
        """Whether the model runs on a batch of this size."""
        try:
            self.session.run(next(iter(self.feeds(sources.companion(self.main, self.main.batch, rng), rng))))
        except ModelError:
            return False
        return True

    def predictions(self, rows: Array, rng: np.random.Generator) -> Floats | None:
        """What the model predicts for rows of its main input; `None` if it is not a classifier."""
        parts: list[Floats] = []
        for feed in self.feeds(rows, rng):
            outputs = self.session.run(feed)
            kept = {name: value for name, value in outputs.items() if value.shape != feed[self.main.spec.name].shape}
            found = filter.predictions(kept, 1 if self.main.is_bare else len(feed[self.main.spec.name]))
            if found is None or any(found.shape[1:] != part.shape[1:] for part in parts):
                return None  # no classes, or as many numbers as the content of the input asks for
            parts.append(found)
        return np.concatenate(parts)


def feeds_of(
    rows: Array, main: InputRole, others: Iterable[InputRole], rng: np.random.Generator
) -> Iterator[Mapping[str, Array]]:
    """Complete feeds in which the main input holds `rows`, batch by batch."""
    for start in range(0, len(rows), main.batch):
        part = rows[start : start + main.batch]
        companions = {role.spec.name: sources.beside(role, main, part, rng) for role in others}
        yield {main.spec.name: part[0] if main.is_bare else part} | companions


@dataclass(slots=True)
class _Runs:
    """How many more samples the model may be run on."""

    left: int

    def spend(self, count: int) -> bool:
        """Whether it may be run on `count` samples, which then are spent."""
        is_enough = count <= self.left
        self.left -= count if is_enough else 0
        return is_enough


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Rows of the main input, and what they are; `doubts` are guesses that are likely too and none of the rows' own."""

    rows: Array
    description: str
    doubts: tuple[sources.Guess, ...]


def _chosen(
    predictor: Predictor, source: sources.Source, n_samples: int, runs: _Runs, rng: np.random.Generator
) -> _Chosen:
    """Rows of the main input."""
    step = predictor.main.step
    n_samples = whole(n_samples, step)
    values = _values(predictor, source, n_samples // (2 * len(source.guesses)), runs, rng)
    scores = np.array([guess.weight for guess in source.guesses]) * (values.mean(1) + _PRIOR)
    shares = likely(scores, _sizes(source)) if len(scores) > 1 else np.ones(1)
    n_numbers = _MORE * n_samples * int(np.prod(predictor.main.shape_of(1)))
    may_choose = n_numbers <= MOST_TO_CHOOSE and runs.spend(_MORE * n_samples)
    n_generations = sum(runs.spend(n_samples) for _ in range(_GENERATIONS if source.augment and may_choose else 0))
    stops = np.round(np.cumsum([0.0, *shares]) * n_samples / step).astype(int) * step
    wishes = (
        _Wish(source, guess, of, may_choose, n_generations) for guess, of in zip(source.guesses, values, strict=True)
    )
    pairs = zip(wishes, pairwise(stops.tolist()), strict=True)
    parts = (part for wish, (start, stop) in pairs for part in _parts(predictor, wish, stop - start, rng))
    were_chosen: list[bool] = []
    rows = end_to_end((_noted(part, were_chosen) for part in parts), int(stops[-1]))
    if np.count_nonzero(shares) > 1:
        put_in_order(rows, rng.permutation(len(rows)))
    tried = sorted(np.flatnonzero(shares), key=lambda k: -shares[k])
    best, *others = (source.guesses[k] for k in tried)
    guessed = " or ".join([best.description, *(guess.own for guess in others)])
    description = ", ".join(word for word in (guessed, *source.families) if word)
    said = ", chosen by the predictions for them" if all(were_chosen) else ""
    doubts = [k for k in np.flatnonzero(scores >= sources.NEARLY * scores.max()) if not shares[k]]
    return _Chosen(rows, description + said, tuple(source.guesses[k] for k in doubts))


def _noted(part: tuple[Array, bool], were_chosen: list[bool]) -> Array:
    """The rows of a part; whether they were chosen is put down."""
    rows, is_chosen = part
    were_chosen.append(is_chosen)
    return rows


def likely(scores: Floats, sizes: Floats) -> Floats:
    """How much of the rows each guess gets: all go to the best one, unless others are about as likely.

    Only guesses of about the size of the best one: rows of numbers a hundred times as large would decide every fit.
    """
    apart = np.abs(np.log(sizes / sizes[np.argmax(scores)]))
    kept = np.where((scores >= sources.NEARLY * scores.max()) & (apart <= np.log(_OF_LIKE_SIZE)), scores, 0.0)
    return np.asarray(kept / kept.sum())


def _sizes(source: sources.Source) -> Floats:
    """How large the numbers are that each guess makes of the same few rows: their root mean square."""
    return sizes_under(source, next(iter(source.families.values()))(np.random.default_rng(0), _FEW_ROWS))


def sizes_under(source: sources.Source, rows: Array) -> Floats:
    """How large the numbers are that each guess makes of rows as they were drawn: their root mean square."""
    made = (np.asarray(guess.finish(rows), np.float64) for guess in source.guesses)
    return np.array([np.sqrt(np.mean(np.square(one))) + np.finfo(np.float32).tiny for one in made])


def _parts(predictor: Predictor, wish: _Wish, n_samples: int, rng: np.random.Generator) -> Iterator[tuple[Array, bool]]:
    """Rows in parts of which each is small enough, and whether the model's predictions chose them."""
    n_parts = -(-n_samples * int(np.prod(predictor.main.shape_of(1))) // PART_NUMBERS)
    each = whole(-(-n_samples // max(n_parts, 1)), predictor.main.step)
    for start in range(0, n_samples, max(each, 1)):
        yield _part(predictor, wish, min(each, n_samples - start), rng)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What rows are wanted: of which families in which shares, and how hard to look for those that suit the model."""

    source: sources.Source
    guess: sources.Guess
    shares: Floats
    may_choose: bool
    n_generations: int


def _part(predictor: Predictor, wish: _Wish, n_samples: int, rng: np.random.Generator) -> tuple[Array, bool]:
    """Some of the rows, and whether the model's predictions chose them."""
    n_drawn = whole(_MORE * n_samples, predictor.main.step) if wish.may_choose else n_samples
    rows = wish.guess.finish(sources.mixed(wish.source, wish.shares, n_drawn, rng))
    found = predictor.predictions(rows, rng) if wish.may_choose else None
    if found is None:
        return rows[:n_samples], False
    for _ in range(wish.n_generations):
        rows, found = _grown(predictor, wish.source, rows, found, rng)
    return rows[filter.choose(found, n_samples, rng)], True


def _grown(
    predictor: Predictor, source: sources.Source, rows: Array, found: Floats, rng: np.random.Generator
) -> tuple[Array, Floats]:
    """Candidates and what is predicted for them, with augmented copies of the best ones in place of the others."""
    kept = filter.choose(found, whole(len(rows) // 2, predictor.main.step), rng)
    rows, found = rows[kept], found[kept]
    children = source.augment(rng, rows) if source.augment is not None else rows
    expected = predictor.predictions(children, rng)
    if expected is None:
        return rows, found
    return np.concatenate([rows, children]), np.concatenate([found, expected])


def whole(count: int, step: int) -> int:
    """`count`, rounded up to a multiple of `step`."""
    return -(-count // step) * step


def _values(predictor: Predictor, source: sources.Source, count: int, runs: _Runs, rng: np.random.Generator) -> Floats:
    """How much each family tells about the model under each guess, `(n_guesses, n_families)`; ones if it is not told.

    All guesses are weighed by the same rows.
    """
    each = whole(max(count // len(source.families), _FEWEST), predictor.main.step)
    values = np.ones((len(source.guesses), len(source.families)), np.float32)
    if not runs.spend(each * values.size):
        return values
    for k, draw in enumerate(source.families.values()):
        rows = draw(rng, each)
        for j, guess in enumerate(source.guesses):
            found = predictor.predictions(guess.finish(rows), rng)
            if found is None:
                return np.ones_like(values)
            values[j, k] = filter.value(found)
    return values if values.max() > _NOTHING else np.ones_like(values)
