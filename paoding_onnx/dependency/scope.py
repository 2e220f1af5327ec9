"""What may be pruned at all, as the user says: patterns of names, exact units only, choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from paoding_onnx.dependency.composite_axes import Prefer
from paoding_onnx.dependency.coupling import Coupling, couple
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph, Node


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


def coupled(graph: Graph, scope: Scope) -> Coupling:
    """What must go together in `graph`, within a scope.

    Raises:
        UsageError: if a pattern matches nothing.
    """
    _check_patterns(graph, scope.exclude, "--exclude")
    _check_patterns(graph, scope.only, "--only")
    coupling = couple(graph, lambda node: matches(node, scope.exclude), lambda node: _preferred(node, scope.choose))
    nodes = {choice.node for choice in coupling.choices}
    for pattern, _ in scope.choose:
        if not any(fnmatchcase(name, pattern) for name in nodes) and pattern != ANYWHERE:
            raise UsageError(f"--choose {pattern!r} matches no node that leaves a choice; `inspect` lists those")
    return coupling


def _preferred(node: Node, choose: Sequence[tuple[str, Prefer]]) -> Prefer:
    """What the last pattern says that matches."""
    return next((what for pattern, what in reversed(choose) if fnmatchcase(node.name, pattern)), Prefer.AUTO)


def _check_patterns(graph: Graph, patterns: Sequence[str], option: str) -> None:
    for pattern in patterns:
        if not any(matches(node, (pattern,)) for node in graph.nodes):
            raise UsageError(f"{option} {pattern!r} matches no node or initializer; `inspect` lists the names")


def matches(node: Node, patterns: Sequence[str]) -> bool:
    """Whether a node's name, or that of an output or constant of it, matches one of some globs."""
    constants = [t.name for t in node.inputs if t is not None and t.is_constant]
    names = [node.name, *constants, *(t.name for t in node.outputs if t is not None)]
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)
