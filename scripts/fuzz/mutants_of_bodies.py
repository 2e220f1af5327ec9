"""Faults where bodies are made easy to look into, read and cut: states mixed up, steps taken for one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from unittest.mock import patch

import onnx

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules import bodies as rules
from paoding_onnx.rules.bodies import State, Wiring
from paoding_onnx.shapes import bodies, lifting, taps
from paoding_onnx.surgery import cut

Plant = Callable[[], AbstractContextManager[object]]


def body_faults() -> Iterator[tuple[str, Plant]]:
    """Every fault, with what plants it."""
    yield "bodies: states exchanged in rules", lambda: patch.object(rules, "wiring", _exchanged)
    yield "bodies: states exchanged in graphs", lambda: patch.object(bodies, "wiring", _exchanged)
    yield "bodies: steps along another axis", lambda: patch.object(rules, "wiring", _across)
    yield "bodies: a state taken for unchanged", lambda: patch.object(lifting, "_is_unchanged", _always)
    yield "bodies: steps alike", lambda: patch.object(taps, "handed_names", lambda *_: ())
    yield "bodies: sizes left as they were", lambda: patch.object(cut, "_infos_in_bodies", lambda _: ())
    yield "bodies: names not told apart", lambda: patch.object(lifting._Lift, "_name_apart", lambda *_: None)
    yield "bodies: constants left inside", lambda: patch.object(lifting._Lift, "_lift_constants", lambda *_: None)


def _exchanged(node: Node, right: Callable[[Node], Wiring] = rules.wiring) -> Wiring:
    """The first state is handed on as the last one."""
    found = right(node)
    first, last = (found.states[k] for k in (0, -1)) if found.states else (State(0, 0, 0, 0),) * 2
    states = (replace(first, made=last.made), *found.states[1:-1], replace(last, made=first.made))
    return replace(found, states=states[-len(found.states) :] if found.states else ())


def _across(node: Node, right: Callable[[Node], Wiring] = rules.wiring) -> Wiring:
    """What is sliced is sliced along the axis behind."""
    found = right(node)
    sliced = [tuple(replace(one, axis=one.axis + 1) for one in side) for side in (found.read, found.written)]
    return replace(found, read=sliced[0], written=sliced[1])


def _always(body: onnx.GraphProto, state: State) -> bool:
    """A state of floats is taken for unchanged."""
    return body.input[state.handed].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
