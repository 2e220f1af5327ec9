"""Whether a model with a smaller vocabulary computes on new ids what the original does on the old ones. Judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import relative_error
from paoding_onnx.model.exact import exact
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.proof_sizes import other_sizes
from paoding_onnx.verification.draws import Draw, drawn, draws_of
from paoding_onnx.verification.masked import seeded
from paoding_onnx.verification.simplified import TOLERANCE
from paoding_onnx.verification.verdict import INTERFACE, VOCABULARY, Verdict
from paoding_onnx.vocabulary.shorten import Shortened

_MORE_RUNS = 24
"""So many runs at most beside those that other proofs make, with ids that were not met yet."""


def check_vocabulary(original: Model, shortened: Shortened) -> Verdict:
    """Whether what was made of `original`, fed new ids, gives what it gives for the old ones, where outputs stay.

    They run at the sizes at which the original was observed and at others. Ids are dealt like cards, so that as many
    as can be are met. Beside that, all rows of tables are compared.
    """
    vocabulary = shortened.ids
    wrong, n_tables = _wrong_rows(original, shortened)
    before, after = (exact(seeded(model)) for model in (original, shortened.model))
    met = np.zeros(len(vocabulary.kept), np.bool_)
    n_runs, worst, where = 0, 0.0, ""
    for feeds in _feeds(original, shortened.trace, vocabulary):
        new = {name: feeds[name] for name in vocabulary.inputs}
        try:
            wanted = before.run({**feeds, **{name: _old(ids, vocabulary) for name, ids in new.items()}})
        except ModelError:  # sizes, or other numbers than ids, that the original does not take
            continue
        got, n_runs = after.run(feeds), n_runs + 1
        for ids in new.values():
            met[ids] = True
        for name, value in wanted.items():
            worst, where = max((worst, where), (_difference(_kept(name, value, vocabulary), got[name]), name))
    said = f"{met.size:,} of {vocabulary.size:,} ids kept, {np.count_nonzero(met):,} of them fed in {n_runs} runs"
    seen = f"largest difference {worst:.1e}{f' (of {where!r})' if worst else ''}, at most {TOLERANCE:.0e} allowed"
    rows = f"{wrong!r} has other rows" if wrong else f"all rows as they were in {n_tables} table{'s' * (n_tables != 1)}"
    detail = f"{said}; {seen}; {rows}; {vocabulary.change}"
    return Verdict(VOCABULARY, n_runs > 0 and worst <= TOLERANCE and not wrong, detail)


def _wrong_rows(original: Model, shortened: Shortened) -> tuple[str, int]:
    """A matrix whose rows, or columns, are not those of the ids that are kept, if any, and how many were compared."""
    before, after, count = constants(original), constants(shortened.model), 0
    for (use, axis), units in shortened.trace.units.items():
        is_there = use.node < 0 and use.tensor in before and use.tensor in after
        if is_there and (units >= 0).all() and shortened.trace.graph.tensors[use.tensor].is_constant:
            left = np.take(before[use.tensor], shortened.ids.kept, axis)
            if left.tobytes() != after[use.tensor].tobytes():
                return use.tensor, count
            count += 1
    return "", count


def with_change(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Proofs on a model with a smaller vocabulary: the one on the interface says that it is about that model's."""
    said = "but for what the smaller vocabulary changed"
    return tuple(replace(v, detail=f"{v.detail}, {said}") if v.name == INTERFACE and v.passed else v for v in verdicts)


def _feeds(model: Model, trace: Trace, vocabulary: KeptIds) -> Iterator[dict[str, Array]]:
    """What to feed the smaller model: what other proofs feed, with new ids; then more until all were met."""
    count = len(vocabulary.kept)
    cards, dealt = np.random.default_rng(0).permutation(count), 0
    for is_more, drawn_feeds in _drawn(model, trace):
        if is_more and dealt >= count:
            return
        feeds = dict(drawn_feeds)
        for name in vocabulary.inputs:
            places = (dealt + np.arange(feeds[name].size)) % count
            feeds[name] = cards[places].reshape(feeds[name].shape).astype(feeds[name].dtype)
            dealt += places.size
        yield feeds


def _drawn(model: Model, trace: Trace) -> Iterator[tuple[bool, Mapping[str, Array]]]:
    """Feeds at the sizes of other proofs, then more at the sizes that were traced, which are marked."""
    sizes, draws = sizes_of(trace.graph), draws_of(trace)
    yield from ((False, drawn(model, sizes.traced, draw)) for draw in draws)
    others = (sizes.measured,) if sizes.measured != sizes.traced else ()
    yield from ((False, drawn(model, feeding, draws[0])) for feeding in chain(others, other_sizes(model, trace.graph)))
    yield from ((True, drawn(model, sizes.traced, Draw(number))) for number in range(_MORE_RUNS))


def _old(ids: Array, vocabulary: KeptIds) -> Array:
    """What new ids were before."""
    return np.take(np.array(vocabulary.kept), ids.astype(np.int64)).astype(ids.dtype)


def _kept(name: str, value: Array, vocabulary: KeptIds) -> Array:
    """What is left of an output."""
    for own, axis in vocabulary.outputs:
        value = np.take(value, vocabulary.kept, axis) if own == name else value
    return value


def _difference(wanted: Array, got: Array) -> float:
    """How far two outputs are apart; places without a number may be equal."""
    is_same = np.array_equal(wanted, got, equal_nan=wanted.dtype.kind == "f")
    return 0.0 if is_same else relative_error(wanted, got)
