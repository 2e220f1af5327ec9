"""The equivalence proof: a pruned model computes what the original does without the removed units, whatever it is fed.

All inputs must agree, at every size tried, in every tensor that a contracting node computes and in the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.data_dependence import data_dependent_tensors
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.proof_sizes import other_sizes
from paoding_onnx.surgery.cut import cut, reweigh
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.decisions import Decision, decisions_of, is_alike, outcomes, own_name, steered
from paoding_onnx.verification.masked import mask, seeded
from paoding_onnx.verification.rounding import TOLERANCE, excess
from paoding_onnx.verification.verdict import SURGERY, Verdict

LEVEL, LEVELS = 0.0, (0.7, -0.7)
"""What is added to normal floats, one draw each; two of them for a model with gates: one that the sign of a mean opens
is met open and closed."""
_NUDGE = 1.2e-7
"""By what share weights are changed at random, to see what rounding does: the spacing of float32."""

_N_SIGNS = 65521
"""How many random signs there are, used over and over: a prime, so that no axis has them in step."""

Runs = Callable[[], Session]
Feeds = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two models that must agree, ready to run; `noisy` is the masked one with other rounding, made when needed."""

    model: Model
    trace: Trace
    plan: Plan
    names: tuple[str, ...]
    decisions: tuple[Decision, ...]
    has_gates: bool
    masked: Session
    candidate: Session
    noisy: Runs
    guided: Runs


@dataclass(frozen=True, slots=True)
class _Answer:
    """The largest difference in units of what is allowed, and in which of how many tensors it is."""

    worst: float
    where: str
    count: int


def check_surgery(
    model: Model, trace: Trace, plan: Plan, pruned: Model | None = None, *, original: Model | None = None
) -> Verdict:
    """Whether cutting the planned units out equals the original in which they do nothing.

    `pruned` is what `cut` made of this plan, before any weight is fitted; made here if not given. `original` is what
    `model` was before constants were folded, if any were.
    """
    if not plan.removed.any():
        return Verdict(SURGERY, True, "no unit was removed: nothing to compare")
    try:
        pair = _pair(model, trace, plan, pruned or cut(model, trace, plan), original or model)
        answers = [(feeding, answer) for feeding in _feedings(model, trace) for answer in _answers(pair, feeding)]
    except ModelError as error:
        return Verdict(SURGERY, False, str(error))
    if not answers:
        return Verdict(SURGERY, False, "the masked original runs on none of the inputs drawn: nothing to compare with")
    feeding, worst = max(answers, key=lambda pair: pair[1].worst)
    seen = f"largest difference {worst.worst * TOLERANCE:.1e} in {worst.count} tensors (at {worst.where!r})"
    said = f"{seen}, at most {TOLERANCE:.0e} allowed"
    if worst.worst > 1:
        return Verdict(SURGERY, False, f"{said}; at {feeding}")
    return Verdict(SURGERY, True, f"{said}; {_at_sizes(trace, len({str(feeding) for feeding, _ in answers}))}")


def _pair(model: Model, trace: Trace, plan: Plan, pruned: Model, original: Model) -> _Pair:
    decisions = decisions_of(trace)
    names = _compared(trace, decisions)
    masked = seeded(mask(original, trace, plan))
    candidate = seeded(pruned)
    own = [own_name(tensor.name) for decision in decisions for tensor in decision.outputs]
    return _Pair(
        model=model,
        trace=trace,
        plan=plan,
        names=names,
        decisions=decisions,
        has_gates=bool(decisions) or _has_gates(trace),
        masked=Session(masked, watch=names),
        candidate=Session(candidate, watch=names),
        noisy=cache(lambda: Session(steered(_nudged(masked, trace), decisions), watch=[*names, *own])),
        guided=cache(lambda: Session(steered(candidate, decisions), watch=[*names, *own])),
    )


def _feedings(model: Model, trace: Trace) -> Iterator[Feeding]:
    """Sizes to compare at: those that equations were read at, those measured, and others if the model takes them."""
    sizes = sizes_of(trace.graph)
    yield sizes.traced
    if sizes.measured != sizes.traced:
        yield sizes.measured
    yield from other_sizes(model, trace.graph)


def _at_sizes(trace: Trace, count: int) -> str:
    """At how many sizes outputs were compared, and which open axes took one size alone."""
    sizes = sizes_of(trace.graph)
    alone = [(name, axis, sizes.traced.shapes[name][axis]) for name, axis in sorted(sizes.only)]
    only = ", ".join(f"{name} axis {axis} (size {size})" for name, axis, size in alone)
    compared = f"compared at {count} {'size' if count == 1 else 'sizes'} of the inputs"
    return f"{compared}; open, but no other size ran: {only}" if only else compared


def _answers(pair: _Pair, feeding: Feeding) -> Iterator[_Answer]:
    """One answer for each draw that the masked original takes; what it does not take may be up to chance."""
    is_traced = feeding == sizes_of(pair.trace.graph).traced
    levels = LEVELS if pair.has_gates else (LEVEL,)
    for seed, level in enumerate(levels if is_traced else levels[:1]):
        answer = _compared_on(pair, _drawn(pair, feeding, seed, level), lambda: _drawn(pair, feeding, len(LEVELS), 0.0))
        if answer is not None:
            yield answer


def _drawn(pair: _Pair, feeding: Feeding, seed: int, level: float) -> Feeds:
    drawn = random_feeds(pair.model.inputs, feeding, np.random.default_rng(seed + 1))
    return {name: _shifted(array, level) for name, array in drawn.items()}


def _shifted(array: Array, level: float) -> Array:
    if array.dtype.kind != "f":
        return array
    return np.asarray(array.astype(np.float64) + level, array.dtype)


def _compared_on(pair: _Pair, feeds: Feeds, others: Callable[[], Feeds]) -> _Answer | None:
    """Both models on the same inputs; `None` if the masked original does not take them. `others` has as many entries.

    Both run equally often: a node that draws at random goes on from what it drew before.
    """
    try:
        wanted = pair.masked.run(feeds)
    except ModelError:
        with suppress(ModelError):
            pair.candidate.run(feeds)
        return None
    got = pair.candidate.run(feeds)
    answer = _worst(pair, wanted, got, {})
    chosen = outcomes(pair.decisions, wanted)
    if answer.worst > 1 and chosen:
        told, rough = _told(pair, chosen, got, others()), pair.noisy().run({**feeds, **chosen})
        if all(is_alike(value, got[name], _kept(pair, name, rough[own_name(name)])) for name, value in told.items()):
            got = {**got, **pair.guided().run({**feeds, **told})}
            answer = _worst(pair, wanted, got, {})
    return answer if answer.worst <= 1 else _worst(pair, wanted, got, pair.noisy().run({**feeds, **chosen}))


def _told(pair: _Pair, chosen: Feeds, got: Feeds, others: Feeds) -> Feeds:
    """What the candidate is to go on from: the decisions of the masked original, on the positions that are kept.

    Where other inputs lead to the same, nothing was decided, as with a size: there it goes on from its own.
    """
    with suppress(ModelError):
        pair.candidate.run(others)
    try:
        elsewhere = pair.masked.run(others)
    except ModelError:
        elsewhere = {}
    return {
        name: got[name] if name in elsewhere and np.array_equal(value, elsewhere[name]) else _kept(pair, name, value)
        for name, value in chosen.items()
    }


def _worst(pair: _Pair, wanted: Mapping[str, Array], got: Mapping[str, Array], noise: Mapping[str, Array]) -> _Answer:
    """The tensor in which two runs differ most."""
    found = [(0.0, next(iter(wanted)))]
    for name, value in wanted.items():
        floor = 0.0 if name in pair.names else 1.0
        kept = pair.trace.kept_part(name, value, pair.plan.removed)
        rough = None if name not in noise else pair.trace.kept_part(name, noise[name], pair.plan.removed)
        if kept is not None:  # else it is compared at the sizes that were traced, and by what is computed from it
            found.append((excess(kept, got[name], floor=floor, noise=rough), name))
    worst, where = max(found)
    return _Answer(worst, where, len(found) - 1)


def _kept(pair: _Pair, name: str, value: Array) -> Array:
    kept = pair.trace.kept_part(name, value, pair.plan.removed)
    return value if kept is None else kept


def _has_gates(trace: Trace) -> bool:
    """Whether anything that a model compares, or a branch that it enters, depends on what it is fed."""
    fed = data_dependent_tensors(trace.graph)
    for node in trace.graph.nodes:
        made = [tensor for tensor in node.outputs if tensor is not None and tensor.name in fed]
        if made and (node.captures or any(tensor.dtype == np.bool_ for tensor in made)):
            return True
    return False


def _compared(trace: Trace, decisions: tuple[Decision, ...]) -> tuple[str, ...]:
    """Tensors of floats, or of integers that stand for them, that contracting nodes compute; and about decisions."""
    names: dict[str, None] = {}
    for bound in trace.bound_nodes:
        for tensor in bound.node.outputs if bound.rule.contracts is not None else ():
            if tensor is not None and tensor.dtype is not None and tensor.dtype.kind in "fiu":
                names[tensor.name] = None
    for decision in decisions:
        names |= dict.fromkeys((*decision.inputs, *(tensor.name for tensor in decision.outputs)))
    return tuple(name for name in names if name not in trace.graph.inputs)


def _nudged(model: Model, trace: Trace) -> Model:
    """The model with weights that differ by what rounding would make of them."""
    signs = np.random.default_rng(0).choice(np.array([1 - _NUDGE, 1 + _NUDGE], np.float32), _N_SIGNS)
    nudged: dict[str, Array] = {}
    known = constants(model)
    for bound in trace.bound_nodes:
        for tensor in bound.node.inputs if bound.rule.contracts is not None else ():
            value = None if tensor is None else known.get(tensor.name)
            if tensor is not None and value is not None and value.dtype == np.float32 and tensor.name not in nudged:
                nudged[tensor.name] = np.asarray(np.multiply(value, np.resize(signs, value.shape), dtype=np.float32))
    return reweigh(model, nudged)
