"""What pruning did to a model's outputs, measured on inputs that nothing was fitted on."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise

import numpy as np

from paoding_onnx.calibration.samples import InputOptions, Request, Samples
from paoding_onnx.errors import ModelError
from paoding_onnx.evaluation.answers import OutputChange, changes
from paoding_onnx.evaluation.carried import states_of
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.evaluation.outlook import FEW as FEW_ANSWERS
from paoding_onnx.evaluation.settled import is_settled
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session

More = Callable[[Session | None], Samples]
"""Makes more samples, by what a model predicts for them: it may be given that, ready to run."""
LOW_MEMORY_BYTES = 1 << 28
"""Models with more bytes of weights than this are run without a copy or faster layout of them, to save memory."""

MOST = 64
"""Inputs on which outputs before and after are compared, if there is time."""


@dataclass(frozen=True, slots=True)
class Spend:
    """How much to spend on comparing: multiply-adds, on at least so many inputs."""

    macs: int
    fewest: int


QUICK, THOROUGH = Spend(3 * 10**10, 8), Spend(4 * 10**11, FEW_ANSWERS)
"""About half a second, or some, on two cores; enough inputs to tell a ruined model, or to speak for a good one."""
FEW = 4
"""Inputs for a first look: on so few a ruined model shows."""
ENOUGH = "; so few settle it"
"""Said of the inputs where the first look was the last."""
Runs = Sequence[Mapping[str, Array]]
"""The outputs of a model for every batch."""
FRESH_SEED = 10**6
"""Added to the user's seed, so that the inputs are others than those that layers were reconstructed on."""
OTHERS = 5 * 10**5
"""Added to that for what is looked at after a first look."""


def request_for(macs: int, seed: int, inputs: InputOptions, *, spend: Spend) -> Request:
    """Fresh synthetic inputs to compare on: as many as `spend` allows where one run takes `macs`.

    >>> request_for(10**9, 0, InputOptions(), spend=QUICK).n_samples
    10
    """
    n_runs = spend.macs // max(macs, 1)
    count = min(MOST, n_runs // 3)
    return Request(max(count, spend.fewest), FRESH_SEED + seed, inputs, max(n_runs - 2 * max(count, QUICK.fewest), 0))


def compare(original: Model, pruned: Model, samples: Samples) -> Measured:
    """How the outputs for `samples` changed; latency is left open."""
    return _measured(samples, _Both.of(original, pruned).run(samples), states_of(original))


def compare_by_few(original: Model, pruned: Model, few: Samples, more: More) -> Measured:
    """How the outputs changed for `few` samples if these settle it, else for these and `more` together.

    What makes more is given the original ready to run, if it is.
    """
    both, states, few = _Both.of(original, pruned), states_of(original), replace(few, strays=())
    try:
        first = both.run(few)
    except ModelError:  # they were made without a run, and are none for it
        samples = more(both.first)
        return _measured(samples, both.run(samples), states)
    found = _measured(few, first, states)
    if is_settled(found):
        return replace(found, inputs=f"{found.inputs}{ENOUGH}")
    rest = more(both.first)
    second = both.run(rest)
    before, after = ([*one, *other] for one, other in zip(first, second, strict=True))
    return _measured(replace(rest, batches=(*few.batches, *rest.batches)), (before, after), states)


@dataclass(frozen=True, slots=True)
class _Both:
    """Two models to run on the same samples."""

    models: tuple[Model, Model]
    sessions: tuple[Session, Session] | None

    @classmethod
    def of(cls, original: Model, pruned: Model) -> _Both:
        """The models as onnxruntime optimises them, if it does."""
        try:
            return cls((original, pruned), _optimised(original, pruned))
        except ModelError:  # of onnxruntime's optimiser: the models themselves are known to run
            return cls((original, pruned), None)

    @property
    def first(self) -> Session | None:
        """The first model, optimised and ready to run."""
        return None if self.sessions is None else self.sessions[0]

    def run(self, samples: Samples) -> tuple[Runs, Runs]:
        """The outputs of each for all samples, strays last.

        Raises:
            ModelError: if one does not run on them, not even as it is.
        """
        if self.sessions is not None:
            with suppress(ModelError):
                before, after = (_runs(session, samples) for session in self.sessions)
                return before, after
        before, after = (_runs(Session(model), samples) for model in self.models)
        return before, after


def _measured(samples: Samples, runs: tuple[Runs, Runs], states: Container[str]) -> Measured:
    """How outputs changed from the first model's `runs` to the second's; those on strays are the last."""
    n_known, (before, after) = len(samples.batches), runs
    strays = [len(feeds) for feeds in samples.strays]
    before, after, *noise = before[:n_known], after[:n_known], before[n_known:], after[n_known:]
    wanted, got, apart = _paired(before, after)
    changed = changes(wanted, got, states, by_token=_by_token(samples.batches[0], before[0]) if before else ())
    classes = [change.same for change in changed if change.kind is Kind.CLASSES]
    return Measured(
        latency=None,
        output_error=output_difference(wanted, got) if wanted else math.inf,
        agreement=classes[0] if classes else None,
        inputs=samples.description,
        n_inputs=samples.n_samples,
        is_synthetic=samples.is_synthetic,
        changes=changed,
        astray=tuple(_astray((before, after), noise, strays, states)),
        apart=apart,
    )


def _by_token(feed: Mapping[str, Array], outputs: Mapping[str, Array]) -> frozenset[str]:
    """Outputs with a row for each of the tokens that were fed."""
    tokens = {content.shape for content in feed.values() if content.ndim == 2 and content.dtype.kind in "iu"}
    return frozenset(name for name, made in outputs.items() if made.ndim == 3 and made.shape[:2] in tokens)


def _astray(
    known: Sequence[Runs], noise: Sequence[Runs], sizes: Sequence[int], states: Container[str]
) -> Iterator[OutputChange]:
    """How outputs changed where runs on noise, so many of each size, stand beside as many on the known inputs."""
    for start, stop in pairwise(accumulate(sizes, initial=0)):
        pairs = zip(known, noise, strict=True)
        before, after = ([*runs[: stop - start], *more[start:stop]] for runs, more in pairs)
        wanted, got, _ = _paired(before, after)
        yield from changes(wanted, got, states)


def _runs(session: Session, samples: Samples) -> Runs:
    return [session.run(feed) for feed in chain(samples.batches, *samples.strays)]


def _paired(before: Runs, after: Runs) -> tuple[dict[str, Array], dict[str, Array], tuple[str, ...]]:
    """Outputs of both models for the same inputs, one after the other, and names of those whose sizes differ at times.

    An output whose size depends on what it holds is compared where both have as much.
    """
    wanted, got, apart = {}, {}, []
    for name in before[0]:
        pairs = [(old[name], new[name]) for old, new in zip(before, after, strict=True) if name in old and name in new]
        alike = [(old, new) for old, new in pairs if old.shape == new.shape]
        first = alike[0][0].shape[1:] if alike else ()
        alike = [(old, new) for old, new in alike if old.shape[1:] == first]
        if len(pairs) < len(before) or any(old.shape != new.shape for old, new in pairs):
            apart.append(name)
        if alike:
            wanted[name], got[name] = (_joined([pair[side] for pair in alike]) for side in (0, 1))
    return wanted, got, tuple(apart)


def _joined(parts: Sequence[Array]) -> Array:
    return np.concatenate(parts) if parts[0].ndim else np.stack(parts)


def _optimised(original: Model, pruned: Model) -> tuple[Session, Session]:
    """Both models, optimised by onnxruntime alike: fully, or if they are large as far as that takes no second copy.

    Raises:
        ModelError: if it does not take them so.
    """
    is_large = sum(array.nbytes for array in original.weights.values()) > LOW_MEMORY_BYTES
    before, after = (Session(model, optimise=True, low_memory=is_large) for model in (original, pruned))
    return before, after
