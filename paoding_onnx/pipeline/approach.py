"""A target met by measuring: what is asked of a table is corrected until what comes of it is close to the target.

It must not know how candidates are made or timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from paoding_onnx.errors import TargetError

TRIALS = 6
"""Candidates that are made at most."""
GOOD, CLOSE = 0.02, 0.05
"""So near to the target no other candidate is tried; so near it counts as met."""
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Attempt(Generic[_Made]):
    """What was made when `share` was asked of the table, and how much it saved; `None` if that could not be told."""

    share: float
    saved: float | None
    made: _Made


def approach(
    target: float, most: float, make: Callable[[float], Attempt[_Made]], tell: Callable[[int], None]
) -> tuple[Attempt[_Made], ...]:
    """What was tried, the nearest to the target first; `make` makes what a share comes to, `most` is the largest one.

    The first share is the target itself. The others come from a straight line through what the nearest ones below and
    above it saved. `tell` is called with the number of each before it is made.

    Raises:
        TargetError: if nothing can be made.
    """
    tried: list[Attempt[_Made]] = []
    share = min(target, most)
    for number in range(TRIALS):
        tell(number)
        try:
            tried.append(make(share))
        except TargetError:
            if not tried:
                raise
            most = share  # rounding puts it out of reach: half of the way there
            share = (max(attempt.share for attempt in tried) + most) / 2
            continue
        saved = tried[-1].saved
        if saved is None or abs(saved - target) <= GOOD:
            break
        following = _following(target, most, tried)
        if any(abs(following - attempt.share) < 1e-3 for attempt in tried):
            break
        share = following
    return tuple(sorted(tried, key=lambda attempt: abs((attempt.saved or 0.0) - target)))


def _following(target: float, most: float, tried: Sequence[Attempt[_Made]]) -> float:
    """The share to ask for next."""
    known = sorted([(0.0, 0.0), *((a.saved, a.share) for a in tried if a.saved is not None)])
    below = max((pair for pair in known if pair[0] <= target), default=(0.0, 0.0))
    above = min((pair for pair in known if pair[0] > target), default=None)
    if above is None:
        saved, share = below
        return min(share * target / saved if saved > 0 else 2 * tried[-1].share, (share + most) / 2 + 1e-2, most)
    slope = (above[1] - below[1]) / (above[0] - below[0])
    return min(max(below[1] + slope * (target - below[0]), 1e-3), most)
