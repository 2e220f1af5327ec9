"""Axes of several factors: which one shrinks where several could. Rules never choose; this is the place that does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.dependency.trace import Choice
from paoding_onnx.dependency.union_find import Ids, Partition
from paoding_onnx.model.nodes import Node
from paoding_onnx.names import Prefer
from paoding_onnx.rules.binding import BoundNode
from paoding_onnx.rules.equation import is_fixed
from paoding_onnx.rules.why import Hold, Why


@dataclass(frozen=True, slots=True)
class Cause:
    """Why positions may not go: at which node, in words, and what kind of reason that is.

    For a graph input or output `tensor` has its name, and operator and node are empty.
    """

    operator: str
    node: str
    reason: str
    hold: Hold = Hold.OPERATOR
    tensor: str = ""

    @classmethod
    def at(cls, node: Node, why: Why) -> Cause:
        """The cause that lies at a node."""
        return cls(node.operator, node.name, why.words, why.hold)


ENOUGH_POSITIONS = 8
"""With fewer places in a group than this, small shares of them cannot be removed."""


@dataclass(frozen=True, slots=True)
class Composite:
    """Positions of a segment made of several factors; `index[k]` says which index of factor k each position has."""

    node_index: int
    ids: Ids
    names: tuple[str, ...]
    factors: tuple[Ids, ...]
    index: tuple[Ids, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """The positions on axes of constants of floats: their `ids`, how many numbers each has, how long their axis is."""

    ids: Ids
    numbers: NDArray[np.float64]
    lengths: Ids


@dataclass(slots=True)
class Work:
    """What `couple` builds up; lives only while it runs."""

    partition: Partition
    reasons: dict[Cause, int] = field(default_factory=dict)

    def pin(self, ids: Ids, cause: Cause) -> None:
        """Say that positions may not go, and why."""
        self.partition.pin(ids, self.reasons.setdefault(cause, len(self.reasons)))


def settle(
    composites: Sequence[Composite],
    bound_nodes: Sequence[BoundNode],
    prefer: Callable[[Node], Prefer],
    work: Work,
    stored: Stored,
) -> list[Choice]:
    """Let every composite axis follow its one factor that may shrink, choosing where there are several."""
    choices: list[Choice] = []
    waiting = list(composites)
    while waiting:
        causes = work.partition.causes()
        still = [composite for composite in waiting if not _follow(composite, causes, work)]
        if len(still) == len(waiting) and not _spread(still, causes, work):
            tied = next(((c, k) for c in still if (k := _tied_to(c, work)) is not None), None)
            if tied is not None:
                _pin_others(*tied, bound_nodes[tied[0].node_index].node, work)
            else:
                bound = bound_nodes[still[0].node_index]
                choices.append(_choose(still[0], bound, prefer(bound.node), work, stored))
        waiting = still
    return choices


def _follow(composite: Composite, causes: Ids, work: Work) -> bool:
    """Whether at most one factor may still shrink; if so the positions are united with its indices."""
    pinned = [causes[work.partition.roots(ids)] >= 0 for ids in composite.factors]
    free = [k for k, mask in enumerate(pinned) if not mask.all()]
    if len(free) > 1:
        return False
    kept = free[0] if free else _telling(composite, causes, work)
    work.partition.unite(composite.ids, composite.factors[kept][composite.index[kept]])
    return True


def _telling(composite: Composite, causes: Ids, work: Work) -> int:
    """Of factors none of which may shrink one that the operator would let go, and that was pinned first: by an end."""
    first = [int(causes[work.partition.roots(ids)].min(initial=len(work.reasons))) for ids in composite.factors]
    could_shrink = [k for k, name in enumerate(composite.names) if not is_fixed(name)]
    return min(could_shrink, key=first.__getitem__, default=0)


def _spread(composites: Sequence[Composite], causes: Ids, work: Work) -> bool:
    """Pin every index that a pinned position of an undecided axis has; whether anything new was pinned."""
    is_new = False
    for composite in composites:
        cause = causes[work.partition.roots(composite.ids)]
        for ids, index in zip(composite.factors, composite.index, strict=True):
            targets = ids[index]
            fresh = (cause >= 0) & (causes[work.partition.roots(targets)] < 0)
            for number in np.unique(cause[fresh]):
                work.partition.pin(targets[fresh & (cause == number)], int(number))
                is_new = True
    return is_new


def _tied_to(composite: Composite, work: Work) -> int | None:
    """The factor that an axis follows already, as its positions are united with those of one, elsewhere flattened."""
    roots = work.partition.roots(composite.ids)
    for k, index in enumerate(composite.index):
        first = np.zeros(composite.factors[k].size, np.int64)
        first[index[::-1]] = roots[::-1]
        if first.size == np.unique(first).size < roots.size and np.array_equal(first[index], roots):
            return k
    return None


def _choose(composite: Composite, bound: BoundNode, prefer: Prefer, work: Work, stored: Stored) -> Choice:
    """Pin all factors but one of those that may shrink."""
    causes = work.partition.causes()
    counts = []
    for ids in composite.factors:
        roots = work.partition.roots(ids)
        counts.append(np.unique(roots[causes[roots] < 0]).size)
    free = [k for k, count in enumerate(counts) if count]
    is_weighty = bound.rule.contracts is not None and counts[free[-1]] >= ENOUGH_POSITIONS
    auto = free[-1] if is_weighty else int(np.argmax(counts))
    if prefer is Prefer.AUTO and _is_heavier(composite, free[0], work, stored):
        auto = free[0]
    kept = {Prefer.AUTO: auto, Prefer.BLOCKS: free[0], Prefer.POSITIONS: free[-1]}[prefer]
    _pin_others(composite, kept, bound.node, work)
    others = tuple(name for k, name in enumerate(composite.names) if k != kept)
    chosen = Prefer.BLOCKS if kept == free[0] else Prefer.POSITIONS
    return Choice(bound.node.name, composite.names[kept], others, _sizes(composite), chosen)


def _is_heavier(composite: Composite, k: int, work: Work, stored: Stored) -> bool:
    """Whether a factor has more numbers of its own, such as a table of biases for each head, than the whole axis."""
    roots = work.partition.roots(stored.ids)
    own = (stored.lengths == composite.factors[k].size) & np.isin(roots, work.partition.roots(composite.factors[k]))
    whole = np.isin(roots, work.partition.roots(composite.ids))
    return bool(stored.numbers[own].sum() > stored.numbers[whole].sum())


def _pin_others(composite: Composite, kept: int, node: Node, work: Work) -> None:
    sizes = " x ".join(map(str, _sizes(composite)))
    cause = Cause.at(node, Why(f"its axis of {sizes} shrinks along another factor", Hold.ELSEWHERE))
    for k, ids in enumerate(composite.factors):
        if k != kept:
            work.pin(ids, cause)


def _sizes(composite: Composite) -> tuple[int, ...]:
    return tuple(ids.size for ids in composite.factors)
