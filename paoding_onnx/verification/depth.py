"""Whether a model without some residual branches computes what the original does with zeros in their place. Judges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from paoding_onnx.dependency.residuals import Residual
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.exact import exact
from paoding_onnx.model.load import Model
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.proof_sizes import other_sizes
from paoding_onnx.verification.draws import drawn, draws_of
from paoding_onnx.verification.masked import seeded, silenced
from paoding_onnx.verification.simplified import TOLERANCE
from paoding_onnx.verification.verdict import DEPTH, Verdict


def check_depth(original: Model, trace: Trace, residuals: Sequence[Residual], shallower: Model) -> Verdict:
    """Whether `shallower` is `original` with what the branches make times zero; `trace` is the original's.

    They run at the sizes at which the original was observed and at others.
    """
    masked = silenced(original, trace.graph, residuals)
    before, after = (exact(seeded(model)) for model in (masked, shallower))
    sizes, draws = sizes_of(trace.graph), draws_of(trace)
    others = (sizes.measured,) if sizes.measured != sizes.traced else ()
    usual = ((sizes.traced, draw) for draw in draws)
    more = ((feeding, draws[0]) for feeding in chain(others, other_sizes(original, trace.graph)))
    n_runs, worst = 0, 0.0
    for feeding, draw in chain(usual, more):
        feeds = drawn(original, feeding, draw)
        try:
            wanted = before.run(feeds)
        except ModelError:  # sizes that the original does not take with zeros there
            continue
        n_runs, worst = n_runs + 1, max(worst, output_difference(wanted, after.run(feeds)))
    seen = f"largest difference {worst:.1e} in {n_runs} runs, at most {TOLERANCE:.0e} allowed"
    said = f"{len(residuals)} residual {'branch' if len(residuals) == 1 else 'branches'} gone, as if times zero"
    return Verdict(DEPTH, n_runs > 0 and worst <= TOLERANCE, f"{said}; {seen}")
