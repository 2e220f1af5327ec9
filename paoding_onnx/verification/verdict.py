"""What a proof says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """One proof: what was asked, whether it holds, and what was seen."""

    name: str
    passed: bool
    detail: str
