"""What may be pruned at all, as the user says: patterns of names, exact units only, choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from paoding_onnx.model.nodes import Node
from paoding_onnx.names import Prefer


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be pruned at all; all patterns are globs.

    Attributes:
        exclude: nodes with a matching name, output or initializer keep their whole size.
        only: if given, only units made at a matching node may go.
        exact_only: units that operators mix (under a LayerNormalization, say) stay.
        choose: nodes, and which factor shrinks where such a node leaves a choice; the last that matches counts.
    """

    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    exact_only: bool = False
    choose: tuple[tuple[str, Prefer], ...] = ()


EVERYTHING = Scope()
ANYWHERE = "*"
"""The pattern that may match nothing."""


def matches(node: Node, patterns: Sequence[str]) -> bool:
    """Whether a node's name, or that of an output or constant of it, matches one of some globs."""
    constants = [t.name for t in node.inputs if t is not None and t.is_constant]
    names = [node.name, *constants, *(t.name for t in node.outputs if t is not None)]
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)
