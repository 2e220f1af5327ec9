"""The equivalence proof: a pruned model computes what the original does without the removed units, whatever it is fed.

All inputs must agree, at every size tried, in every tensor that a contracting node computes and in the outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from paoding_onnx.dependency.trace import Mask, Trace, left_of
from paoding_onnx.errors import ModelError
from paoding_onnx.model.exact import exact
from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, Part
from paoding_onnx.model.part import part_of
from paoding_onnx.model.scratch import scratch_folder
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.proof_sizes import other_sizes
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan
from paoding_onnx.verification.decisions import Decision, decisions_of, is_alike, outcomes, own_name, steered
from paoding_onnx.verification.draws import ELSEWHERE, Draw, drawn, draws_of
from paoding_onnx.verification.masked import is_drawing, mask, seeded
from paoding_onnx.verification.noise import NUDGES, less_noisy, nudged
from paoding_onnx.verification.rounding import TOLERANCE, excess
from paoding_onnx.verification.shelf import Shelf, Waiting
from paoding_onnx.verification.verdict import SURGERY, Verdict

Feeds = Mapping[str, Array]
_Ready = Callable[..., Session]
"""Makes a model ready to run: all of it, or as much as the tensors take that it is asked for."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two models that must agree, ready to run; `noisy` is the masked one with other rounding, several.

    `names` are the tensors that are compared, `shrunk` says what stays of their axes that lose positions.

    A session is made when needed; anew each time for models that draw random numbers, as it goes on from what it drew,
    and then of no more than the tensors that are asked for.
    """

    model: Model
    trace: Trace
    names: frozenset[str]
    shrunk: Mapping[str, tuple[tuple[int, Mask], ...]]
    decisions: tuple[Decision, ...]
    draws: tuple[Draw, ...]
    masked: _Ready
    candidate: _Ready
    noisy: Sequence[_Ready]
    guided: _Ready


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
    ready = _made_anew if is_drawing(masked) else _made_once

    def led(made: Model) -> tuple[Model, Sequence[str]]:
        """A model that goes on from decisions it is told, with what it would have decided."""
        return steered(made, decisions), (*names, *own)

    def rough(number: int) -> _Ready:
        """The masked model with other rounding."""
        return ready(lambda: led(nudged(masked, trace, number)))

    return _Pair(
        model=model,
        trace=trace,
        names=frozenset(names),
        shrunk={name: trace.shrunk_axes(name, plan.removed) for name in (*names, *trace.graph.outputs)},
        decisions=decisions,
        draws=draws_of(trace),
        masked=ready(lambda: (masked, names)),
        candidate=ready(lambda: (candidate, names)),
        noisy=tuple(map(rough, range(len(NUDGES)))),
        guided=ready(lambda: led(candidate)),
    )


def _made_once(subject: Callable[[], tuple[Model, Sequence[str]]]) -> _Ready:
    """One session of a model with more outputs, whatever is asked for."""

    @cache
    def session() -> Session:
        model, watched = subject()
        return exact(model, watch=watched)

    return lambda _=None: session()


def _made_anew(subject: Callable[[], tuple[Model, Sequence[str]]]) -> _Ready:
    """A new session each time, of the part of the model that is asked for."""

    def session(only: Collection[str] | None = None) -> Session:
        model, watched = subject()
        return exact(model, watch=watched) if only is None else exact(part_of(model, only))

    return session


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
    for draw in pair.draws if is_traced else pair.draws[:1]:
        answer = _compared_on(pair, drawn(pair.model, feeding, draw), lambda: drawn(pair.model, feeding, ELSEWHERE))
        if answer is not None:
            yield answer


def _compared_on(pair: _Pair, feeds: Feeds, others: Callable[[], Feeds]) -> _Answer | None:
    """Both models on the same inputs; `None` if the masked original does not take them. `others` are as many."""
    found = _differences(pair, feeds, others)
    if found is None:
        return None
    worst, where = max(((off, name) for name, off in found.items()), default=(0.0, pair.masked().output_names[0]))
    return _Answer(worst, where, len(found))


def _differences(pair: _Pair, feeds: Feeds, others: Callable[[], Feeds]) -> dict[str, float] | None:
    """How far the two models are apart in each tensor, in units of what is allowed.

    `None` if the masked original does not take the inputs.
    """
    with scratch_folder() as folder:
        shelf = Shelf(folder)
        try:
            wanted = shelf.put(pair.masked().run(feeds).items())
        except ModelError:
            return None
        return _off(pair, feeds, others, wanted, shelf)


def _off(pair: _Pair, feeds: Feeds, others: Callable[[], Feeds], wanted: Waiting, shelf: Shelf) -> dict[str, float]:
    """How far the candidate is from what is `wanted`, tensor by tensor; what is looked at again waits on the shelf."""
    got: Feeds = pair.candidate().run(feeds)
    found = _excess(pair, wanted, got, ())
    suspects = _too_far(found)
    chosen = outcomes(pair.decisions, wanted)
    wanted = wanted.only(suspects)
    if suspects and chosen:
        told = _told(pair, chosen, {name: got[name] for name in chosen}, others)
        got = shelf.put((name, got[name]) for name in suspects)
        if led := _led(pair, feeds, told, chosen):
            got = _run(pair.guided, {**feeds, **led}, suspects)
            found |= _excess(pair, wanted, got, ())
    got = shelf.put((name, got[name]) for name in _too_far(found))
    noise: list[Feeds] = []
    while (left := _too_far(found)) and len(noise) < len(NUDGES):
        noisy = _run(pair.noisy[len(noise)], {**feeds, **chosen}, left)
        times = NUDGES[len(noise)]
        noise.append(shelf.put((name, less_noisy(wanted[name], value, times)) for name, value in noisy.items()))
        del noisy  # before the next run
        found |= _excess(pair, wanted.only(left), got, noise)
    return found


def _run(ready: _Ready, feeds: Feeds, only: Collection[str]) -> Feeds:
    """What a model computes of some tensors."""
    return ready(only).run(feeds, only=only)


def _too_far(found: Mapping[str, float]) -> frozenset[str]:
    """Names of the tensors in which there is too much of a difference."""
    return frozenset(name for name, off in found.items() if off > 1)


def _led(pair: _Pair, feeds: Feeds, told: Feeds, chosen: Feeds) -> Feeds:
    """What is `told`, for the candidate to go on from; nothing if it would decide otherwise by itself.

    What it would decide is looked at with all decisions before it already told: what is found in another list differs.
    """
    led = _run(pair.guided, {**feeds, **told}, {own_name(name) for name in told})
    left = {t.name: decision for decision in pair.decisions for t in decision.outputs if t.name in told}
    rough: dict[str, list[Array]] = {name: [] for name in left}
    for number in range(len(NUDGES)):
        noisy = _run(pair.noisy[number], {**feeds, **chosen}, {own_name(name) for name in left})
        for name in left:
            rough[name].append(_kept(pair, name, noisy[own_name(name)]))
        own = {name: led[own_name(name)] for name in left}
        left = {name: one for name, one in left.items() if not is_alike(told[name], own[name], rough[name], one)}
        if not left:
            return told
    return {}


def _told(pair: _Pair, chosen: Feeds, got: Feeds, others: Callable[[], Feeds]) -> Feeds:
    """What the candidate is to go on from: the decisions of the masked original, on the positions that are kept.

    Where other inputs lead to the same, nothing was decided, as with a size: there it goes on from its own.
    """
    try:
        elsewhere = _run(pair.masked, others(), chosen.keys())
    except ModelError:
        elsewhere = {}
    return {
        name: got[name] if name in elsewhere and np.array_equal(value, elsewhere[name]) else _kept(pair, name, value)
        for name, value in chosen.items()
    }


def _excess(pair: _Pair, wanted: Feeds, got: Feeds, noise: Sequence[Feeds]) -> dict[str, float]:
    """How far two runs differ in each of the tensors `wanted`, in units of what is allowed."""
    found: dict[str, float] = {}
    for name, value in wanted.items():
        floor = 0.0 if name in pair.names else 1.0
        kept = left_of(value, pair.shrunk.get(name, ()))
        rough = [_kept(pair, name, run[name]) for run in noise if name in run]
        if kept is not None:  # else it is compared at the sizes that were traced, and by what is computed from it
            found[name] = excess(kept, got[name], floor=floor, noise=rough)
    return found


def _kept(pair: _Pair, name: str, value: Array) -> Array:
    kept = left_of(value, pair.shrunk.get(name, ()))
    return value if kept is None else kept


def _compared(trace: Trace, decisions: tuple[Decision, ...]) -> tuple[str, ...]:
    """Tensors of floats, or of integers that stand for them, that contracting nodes compute; and about decisions.

    Of those in a body, what comes out of it.
    """
    names: dict[str, None] = dict.fromkeys(trace.graph.watched)
    for bound in trace.bound_nodes:
        is_left = bound.node.part is Part.EXIT or bound.rule.contracts is not None
        for tensor in bound.node.outputs if is_left and not bound.node.within else ():
            if tensor is not None and tensor.dtype is not None and tensor.dtype.kind in "fiu":
                names[tensor.name] = None
    for decision in decisions:
        names |= dict.fromkeys((*decision.inputs, *(tensor.name for tensor in decision.outputs)))
    return tuple(name for name in names if name not in trace.graph.inputs)
