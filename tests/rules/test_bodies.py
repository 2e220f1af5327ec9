"""What rules say of nodes that repeat a body, and how they are wired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paoding_onnx.model.nodes import Part
from paoding_onnx.rules.bodies import Sliced, State, appends, repeats, stacks, starts_list, wiring
from tests.rules.nodes import node
from tests.rules.said import every, line, said_at

_OTHER = "computes one of two branches that could not be taken apart"
_SHUT = "its body could not be looked into"
LINES = [
    line("Loop i() i() 2x6 -> 2x6 5x2x6", ", , i2x0 i2x1 -> o0x0 o0x1, o1x0 o1x1 o1x2", why=_SHUT,
         shape="depends on data"),
    line("Scan 2x6 5x2x8 -> 2x6 5x2x3", "i0x0 i0x1, i1x0 i1x1 i1x2 -> o0x0 o0x1, o1x0 o1x1 o1x2", why=_SHUT,
         num_scan_inputs=1, shape="depends on data"),
    line("If () -> 2x6", " -> o0x0 o0x1", why=_OTHER, shape="depends on data"),
]  # fmt: skip
LOOP = node("Loop i() i() 2x6 -> 2x6 5x2x3")
SCAN = node("Scan 2x6 2x5x8 -> 2x6 2x3x5", num_scan_inputs=1, scan_input_axes=(1,), scan_output_axes=(-1,))
STEPS = "has one entry for each step"


def part(whole, line_of_part, which):
    """A part of a node: with the tensors in a line."""
    return replace(node(line_of_part), part=which, whole=whole, attributes=whole.attributes)


@every(LINES)
def test_rule_says_its_golden_line(golden):
    assert said_at(golden.node) == golden.says


@pytest.mark.parametrize(
    ("subject", "equation"),
    [
        (part(LOOP, "Loop i() i() 2x6 -> i() i() 2x6", Part.ENTRY), "_, _, S0x0 S0x1 -> , , S0x0 S0x1"),
        (
            part(LOOP, "Loop i() i() _ i() 2x6 2x3 2x6 -> 2x6 5x2x3", Part.EXIT),
            "_, _, _, _, S0x0 S0x1, W0x0 W0x1, S0x0 S0x1 -> S0x0 S0x1, t W0x0 W0x1",
        ),
        (part(SCAN, "Scan 2x6 2x5x8 -> 2x6 2x8", Part.ENTRY), "S0x0 S0x1, R0x0 t R0x1 -> S0x0 S0x1, R0x0 R0x1"),
        (
            part(SCAN, "Scan _ _ 2x6 2x3 2x6 -> 2x6 2x3x5", Part.EXIT),
            "_, _, S0x0 S0x1, W0x0 W0x1, S0x0 S0x1 -> S0x0 S0x1, W0x0 W0x1 t",
        ),
    ],
    ids=["into a loop", "out of a loop", "into a scan", "out of a scan"],
)
def test_parts_keep_the_axes_of_states_and_slice_the_others(subject, equation):
    said = said_at(subject)
    assert (said["equation"], said["why"]) == (equation, STEPS)


def test_wiring_of_a_loop():
    assert wiring(LOOP).states == (State(2, 2, 1, 0),)
    assert wiring(LOOP).written == (Sliced(1, 2, 0),)
    assert wiring(LOOP).controls == 2


def test_wiring_of_a_scan():
    found = wiring(SCAN)
    assert found.states == (State(0, 0, 0, 0),)
    assert (found.read, found.written) == ((Sliced(1, 1, 1),), (Sliced(1, 1, -1),))


def test_lists_are_told_apart():
    assert starts_list("SequenceEmpty")
    assert not starts_list("SequenceInsert")
    assert appends(node("SequenceInsert 2 2 -> 2"))
    assert not appends(node("SequenceInsert 2 2 i() -> 2"))
    assert stacks(node("ConcatFromSequence 2 -> 2", axis=1, new_axis=1)) == 1
    assert stacks(node("ConcatFromSequence 2 -> 2", axis=1)) is None


def test_old_scans_are_not_understood():
    assert repeats("Scan", "", 11)
    assert not repeats("Scan", "", 8)
    assert not repeats("Loop", "com.example", 1)
