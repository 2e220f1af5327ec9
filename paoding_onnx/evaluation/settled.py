"""Whether few inputs are enough: what is ruined on these is ruined, beyond what chance could do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.evaluation.outlook import ORDER, SAME, TYPICAL, Outlook, judge

CHANCE = 0.01
"""How likely it may be that few inputs say so of a model that more of them would not call ruined."""
CLEAR = 10.0
"""Channels that moved by so many times the second limit are beyond it, whatever few inputs say of their variance."""
_FEWEST = 4
_BY_VALUES = (Kind.VALUES, Kind.EMBEDDING)
"""Of one score the variance is that of a single channel, which few inputs do not tell."""


def is_settled(measured: Measured) -> bool:
    """Whether more inputs would change nothing: the model is ruined, surely so.

    That it is *not* ruined few inputs never settle.
    """
    if measured.n_inputs < _FEWEST or judge(measured).outlook is not Outlook.BAD:
        return False
    told = [change for change in measured.changes if change.kind not in (Kind.WHOLE_NUMBERS, Kind.STATE)]
    return any(any(_signs(change, measured.n_inputs)) for change in told)


def _signs(change: OutputChange, n_inputs: int) -> Iterator[bool]:
    """Whether each measure of an output is surely beyond the second limit."""
    if change.same is not None:
        yield chance_of(round(change.same * n_inputs), n_inputs, SAME[1]) < CHANCE
    if change.order is not None and n_inputs > _FEWEST:
        sure = 2.33 / math.sqrt(n_inputs - 3)  # 99 % of a normal distribution lie below 2.33
        yield math.atanh(min(change.order, 1 - CHANCE)) + sure < math.atanh(ORDER[1])
    if change.kind in _BY_VALUES:
        yield change.typical > CLEAR * TYPICAL[1]


def chance_of(most: int, count: int, share: float) -> float:
    """How likely at most `most` of `count` inputs get an answer that `share` of all get.

    >>> round(chance_of(1, 4, 0.9), 4)
    0.0037
    """
    return sum(math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(most + 1))
