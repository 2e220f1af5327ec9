"""Whether a simplified model computes what it did before, and one whose choices are closed what it does when open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.exact import exact
from paoding_onnx.model.input_sizes import Feeding
from paoding_onnx.model.load import Model
from paoding_onnx.model.node_index import makers
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.model.subgraphs import captures, every_node
from paoding_onnx.shapes.choices import Choice, branches_of, forced, undrawn
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.proof_sizes import other_sizes
from paoding_onnx.shapes.steps import body_of
from paoding_onnx.verification.draws import drawn, draws_of
from paoding_onnx.verification.masked import seeded
from paoding_onnx.verification.verdict import CLOSED, SIMPLIFIED, Verdict

TOLERANCE = 1e-5
"""Relative difference of outputs that rounding may make."""
_MOST_VALUES = 8


def check_simplified(
    original: Model, simplified: Model, trace: Trace, choices: Sequence[Choice] = ()
) -> Iterator[Verdict]:
    """A proof that both compute the same, if they are not the very same; `trace` is that of `simplified`.

    They run at the sizes at which the model was observed and at others, as in `equivalence.check_surgery`, and with all
    values of integers that choices compare them with. A model in which `choices` are open may take fewer sizes, as both
    branches have to take them; otherwise it must take all. Choices that are drawn must fall as they do by themselves,
    and compute the same whichever way they fall.
    """
    if simplified is not original:
        sized = simplified if choices else original
        pair = _Pair(original, simplified, tuple(choices))
        yield _compared(SIMPLIFIED, _what(original, simplified), pair, _feedings(sized, trace), trace)


def check_closed(closed: Model, opened: Model, trace: Trace, choices: Sequence[Choice] = ()) -> Iterator[Verdict]:
    """The same for a file with choices and the model in which they are open, which all other proofs are about."""
    if opened is not closed:
        pair = _Pair(closed, opened, tuple(choices))
        yield _compared(CLOSED, "each choice takes its own branch", pair, _feedings(opened, trace), trace)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two models of which the second one has choices open."""

    before: Model
    after: Model
    choices: tuple[Choice, ...]

    def versions(self) -> Iterator[tuple[Model, Model]]:
        """Both as they are, and where choices are drawn both as they are if all of them fall one way, and the other."""
        yield self.before, undrawn(self.after, self.choices)
        drawn = tuple(choice for choice in self.choices if choice.drawn)
        for said in (True, False) if drawn else ():
            yield forced(self.before, drawn, said=said), forced(self.after, drawn, said=said)


def _feedings(model: Model, trace: Trace) -> Iterator[Feeding]:
    """The sizes at which a model was observed, and others that it takes."""
    sizes = sizes_of(trace.graph)
    yield sizes.traced
    if sizes.measured != sizes.traced:
        yield sizes.measured
    yield from other_sizes(model, trace.graph)


def _compared(name: str, said: str, pair: _Pair, feedings: Iterator[Feeding], trace: Trace) -> Verdict:
    sessions = [[exact(seeded(model)) for model in version] for version in pair.versions()]
    n_runs, worst = 0, 0.0
    for feeds in (feeds for feeding in feedings for feeds in _inputs(pair.before, feeding, trace)):
        for before, after in sessions:
            try:
                wanted = before.run(feeds)
            except ModelError:  # numbers that this model does not take
                continue
            got, n_runs = after.run(feeds), n_runs + 1
            if any(not _is_equal(value, got[name]) for name, value in wanted.items()):
                worst = max(worst, output_difference(wanted, got))
    seen = f"largest difference {worst:.1e} in {n_runs} runs, at most {TOLERANCE:.0e} allowed"
    return Verdict(name, n_runs > 0 and worst <= TOLERANCE, f"{said}; {seen}")


def _inputs(model: Model, feeding: Feeding, trace: Trace) -> Iterator[Mapping[str, Array]]:
    """What to feed a model at these sizes."""
    draws = draws_of(trace)
    for draw in draws if feeding == sizes_of(trace.graph).traced else draws[:1]:
        yield drawn(model, feeding, draw)
    feeds, values = drawn(model, feeding, draws[0]), compared_values(model)
    for name, value in ((name, value) for name, array in feeds.items() if _decides(array) for value in values):
        yield {**feeds, name: np.full_like(feeds[name], value)}


def compared_values(model: Model) -> tuple[int, ...]:
    """Integers that the choices of a file are made by, such as a rate at which sound was sampled; some of them."""
    made, stored = makers(model.proto.graph.node), constants(model)
    waiting = [node.input[0] for node in model.proto.graph.node if branches_of(node)]
    seen: set[str] = set()
    found: dict[int, None] = {}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in stored:
            is_number = stored[name].size == 1 and stored[name].dtype.kind in "iub"
            found |= {int(stored[name].reshape(-1)[0]): None} if is_number else {}
        elif name in made:
            node = model.proto.graph.node[made[name]]
            waiting += sorted({*node.input, *captures(node)} - {""})
    return tuple(islice(found, _MOST_VALUES))


def _decides(array: Array) -> bool:
    """Whether an input may be what a choice is made by: one whole number, or yes or no."""
    return array.size == 1 and array.dtype.kind in "iub"


def _is_equal(before: Array, after: Array) -> bool:
    """Whether two outputs are the same, places without a number included."""
    return np.array_equal(before, after, equal_nan=before.dtype.kind == "f")


def _what(original: Model, simplified: Model) -> str:
    """What was simplified, in words."""
    n_choices = [
        sum(bool(branches_of(node)) for node in every_node(model.proto.graph)) for model in (original, simplified)
    ]
    has_bodies = any(body_of(node, original.proto) for node in original.proto.graph.node)
    opened = ["choices taken apart"] if n_choices[0] != n_choices[1] else []
    opened += ["bodies made plain"] if has_bodies and simplified.proto is not original.proto else []
    kept = original.weights.keys() & simplified.weights.keys()
    count = sum(simplified.weights[name] is not original.weights[name] for name in kept)
    flushed = [f"{count} constant{'s' * (count > 1)} with denormal numbers"] if count else []
    return " and ".join(opened + flushed)
