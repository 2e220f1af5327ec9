"""MAKE inputs for a model that comes without data."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from paoding_onnx.errors import ModelError
from paoding_onnx.graph import Array
from paoding_onnx.graph import Graph
from paoding_onnx.inputs import choosing
from paoding_onnx.inputs import contents
from paoding_onnx.inputs.colours import Floats
from paoding_onnx.inputs.open_axes import Shapes
from paoding_onnx.inputs.roles import Role
from paoding_onnx.inputs.roles import main_input
from paoding_onnx.inputs.roles import roles_of
from paoding_onnx.inputs.samples import InputOptions
from paoding_onnx.inputs.samples import Samples
from paoding_onnx.loader import Model
from paoding_onnx.loader import input_specs
from paoding_onnx.session import Session

BATCH = 32
_MORE = 3
"""Candidates for each sample to be returned."""
_LARGE_BYTES = 256 << 20


def make_samples(
    model: Model,
    graph: Graph,
    n_samples: int,
    seed: int,
    options: InputOptions = InputOptions(),  # noqa: B008 (frozen)
    *,
    shapes: Shapes,
) -> Samples:
    """About `n_samples` inputs for a model without data, chosen by its own predictions if it is a classifier.

    `graph` is the model as `paoding_onnx.shapes.observe` measured it, `shapes` the input shapes it ran at. Open batch
    axes get batches of about 32, other open axes the sizes in `shapes`. Same model, options and seed, same bytes.

    Raises:
        ModelError: if an input is no tensor of numbers.
        UsageError: if the options do not fit the model.
    """
    rng = np.random.default_rng(seed)
    session = Session(model, optimise=True, lean=sum(w.nbytes for w in model.weights.values()) > _LARGE_BYTES)
    specs = input_specs(model)
    main = main_input(specs, shapes)
    measured = (shapes[specs[main].name] or (1,))[0]
    for batch in (min(BATCH, n_samples), measured):
        roles = roles_of(specs, graph, shapes, kind=options.kind, batch=batch)
        runner = Runner(session, roles[main], (*roles[:main], *roles[main + 1 :]))
        if runner.runs(rng):
            break
    rows, words = _chosen(runner, contents.sources(roles[main], graph, options), n_samples, rng)
    return Samples(tuple(runner.feeds(rows, rng)), words)


@dataclass(frozen=True, slots=True)
class Runner:
    """A model, what its main input holds, and what goes along with it."""

    session: Session
    main: Role
    others: tuple[Role, ...]

    def feeds(self, rows: Array, rng: np.random.Generator) -> Iterator[Mapping[str, Array]]:
        """Complete feeds in which the main input holds `rows`, batch by batch."""
        for start in range(0, len(rows), self.main.batch):
            part = rows[start : start + self.main.batch]
            companions = {role.spec.name: contents.companion(role, len(part), rng) for role in self.others}
            yield {self.main.spec.name: part} | companions

    def runs(self, rng: np.random.Generator) -> bool:
        """Whether the model runs on a batch of this size."""
        try:
            self.session.run(next(iter(self.feeds(contents.companion(self.main, self.main.batch, rng), rng))))
        except ModelError:
            return False
        return True

    def beliefs(self, rows: Array, rng: np.random.Generator) -> Floats | None:
        """What the model predicts for rows of its main input; `None` if it is no classifier."""
        parts = []
        for feed in self.feeds(rows, rng):
            found = choosing.beliefs(self.session.run(feed), len(feed[self.main.spec.name]))
            if found is None:
                return None
            parts.append(found)
        return np.concatenate(parts)


def _chosen(
    runner: Runner, sources: tuple[contents.Source, ...], n_samples: int, rng: np.random.Generator
) -> tuple[Array, str]:
    """Rows of the main input, and what they are."""
    batch = runner.main.batch
    n_samples = -(-n_samples // batch) * batch
    scores = []
    for source in sources if len(sources) > 1 else ():
        probe = np.random.default_rng(int(rng.integers(1 << 32)))
        found = runner.beliefs(source.draw(probe, max(batch, n_samples // 4 // batch * batch)), probe)
        scores.append(choosing.information(found) if found is not None else 0.0)
    source = sources[int(np.argmax(scores))] if scores else sources[0]
    rows = source.draw(rng, _MORE * n_samples)
    found = runner.beliefs(rows, rng)
    if found is None:
        return rows[:n_samples], source.words
    return rows[choosing.choose(found, n_samples, rng)], f"{source.words}, chosen by the predictions for them"
