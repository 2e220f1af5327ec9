"""Proofs that a pruned model is what it promises to be.

It passes verdicts; it must not repair or change what it looks at.
"""

from __future__ import annotations
