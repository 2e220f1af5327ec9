"""Faults where choices are taken apart and put together: the wrong branch, nodes in the wrong place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from unittest.mock import patch

import onnx

from paoding_onnx.shapes import branches, choices

Plant = Callable[[], AbstractContextManager[object]]
Branches = Mapping[bool, onnx.GraphProto]


def choice_faults() -> Iterator[tuple[str, Plant]]:
    """Every fault, with what plants it."""
    yield "choices: branches exchanged", lambda: patch.object(choices, "_SLOTS", {True: 2, False: 1})
    yield "choices: the other branch for good", lambda: patch.object(branches, "branches_of", _exchanged)
    yield "choices: the other branch when opened", lambda: patch.object(choices, "branches_of", _exchanged)
    yield "choices: a node left outside", lambda: patch.object(choices, "_serving", _fewer)
    yield "choices: a node too many inside", lambda: patch.object(choices, "_serving", _more)
    yield "choices: a branch left empty", lambda: patch.object(choices, "_serving", lambda *_: set())


def _exchanged(node: onnx.NodeProto, right: Callable[[onnx.NodeProto], Branches] = choices.branches_of) -> Branches:
    found = right(node)
    return {said: found[not said] for said in found}


def _fewer(*given: object, right: Callable[..., set[int]] = choices._serving) -> set[int]:
    found = right(*given)
    return found - {min(found, default=-1)}


def _more(
    nodes: Sequence[onnx.NodeProto], *given: object, right: Callable[..., set[int]] = choices._serving
) -> set[int]:
    found = right(nodes, *given)
    others = [place for place in range(len(nodes)) if place not in found and place not in given[0]]  # type: ignore[operator]
    return found | set(others[:1])
