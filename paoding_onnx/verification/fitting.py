"""Fitted weights help: with them a pruned model is no farther from the original than with those that were cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.verification.verdict import FITTED, Verdict

MOST_BATCHES, MOST_ROWS = 1, 32
"""On how much of the samples fitted weights are judged."""
SLACK_FACTOR, SLACK = 1.5, 0.1
"""How much farther the outputs may be with fitted weights: inputs are few, and a small error is small either way."""


def check_fitting(original: Model, plain: Model, fitted: Model, batches: Sequence[Mapping[str, Array]]) -> Verdict:
    """Whether the outputs of `fitted` are as near to the original's as those of the cut model `plain`, or nearer."""
    try:
        before, after = (_error(original, model, batches) for model in (plain, fitted))
    except ModelError as error:
        return Verdict(FITTED, False, str(error))
    said = f"relative output error {before:.3g} with the weights it was cut with, {after:.3g} with the fitted ones"
    return Verdict(FITTED, math.isfinite(after) and after <= SLACK_FACTOR * before + SLACK, said)


def _error(original: Model, model: Model, batches: Sequence[Mapping[str, Array]]) -> float:
    first, second = Session(original), Session(model)
    errors = [output_difference(first.run(feed), second.run(feed)) for feed in batches[:MOST_BATCHES]]
    return max(errors, default=0.0)
