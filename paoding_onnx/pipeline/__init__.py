"""The way from a model to a proven smaller one: the stages of the flow, called one after the other.

It must not know how a stage works, nor read arguments, nor write what a user reads.
"""

from __future__ import annotations
