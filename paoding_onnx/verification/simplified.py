"""Whether a simplified model, its choices simplified and its denormal weights zero, computes what it did before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.proof_sizes import other_sizes
from paoding_onnx.verification.draws import drawn, draws_of
from paoding_onnx.verification.masked import seeded
from paoding_onnx.verification.verdict import SIMPLIFIED, Verdict

TOLERANCE = 1e-5
"""Relative difference of outputs that rounding may make."""


def check_simplified(original: Model, simplified: Model, trace: Trace) -> Iterator[Verdict]:
    """A proof that both compute the same, if they are not the very same; `trace` is that of `simplified`.

    They run at the sizes at which the model was observed and at others, as in `equivalence.check_surgery`.
    """
    if simplified is original:
        return
    sizes = sizes_of(trace.graph)
    before, after = (Session(seeded(model)) for model in (original, simplified))
    n_runs, worst = 0, 0.0
    others = other_sizes(original, trace.graph)
    for feeding in (sizes.traced, *([] if sizes.measured == sizes.traced else [sizes.measured]), *others):
        for draw in draws_of(trace)[: None if feeding == sizes.traced else 1]:
            feeds = drawn(original, feeding, draw)
            try:
                wanted = before.run(feeds)
            except ModelError:  # numbers that this model does not take
                continue
            got, n_runs = after.run(feeds), n_runs + 1
            if any(not _is_equal(value, got[name]) for name, value in wanted.items()):
                worst = max(worst, output_difference(wanted, got))
    seen = f"largest difference {worst:.1e} in {n_runs} runs, at most {TOLERANCE:.0e} allowed"
    yield Verdict(SIMPLIFIED, n_runs > 0 and worst <= TOLERANCE, f"{_what(original, simplified)}; {seen}")


def _is_equal(before: Array, after: Array) -> bool:
    """Whether two outputs are the same, places without a number included."""
    return np.array_equal(before, after, equal_nan=before.dtype.kind == "f")


def _what(original: Model, simplified: Model) -> str:
    """What was simplified, in words."""
    opened = ["choices that always fall alike"] if simplified.proto is not original.proto else []
    kept = original.weights.keys() & simplified.weights.keys()
    count = sum(simplified.weights[name] is not original.weights[name] for name in kept)
    flushed = [f"{count} constant{'s' * (count > 1)} with denormal numbers"] if count else []
    return " and ".join(opened + flushed)
