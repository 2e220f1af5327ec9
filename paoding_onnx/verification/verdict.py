"""What a proof says, and what the proofs are called."""

from __future__ import annotations

from dataclasses import dataclass

SURGERY, PLAN, VALID = "surgery exact", "as planned", "valid ONNX"
SIMPLIFIED, CLOSED = "simplified exactly", "choices put together"
VOCABULARY, DEPTH = "vocabulary cut exactly", "branches removed exactly"
WRITTEN, FITTED = "file as proven", "fitted weights help"
INTERFACE, RUNS, COST = "interface unchanged", "runs in onnxruntime", "cost as predicted"
"""The names of the proofs: each is what holds if it passed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One proof: what was asked, whether it holds, and what was seen."""

    name: str
    passed: bool
    detail: str
