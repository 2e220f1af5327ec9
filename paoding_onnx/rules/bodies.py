"""Nodes with bodies: Loop and Scan, what goes into each step and what comes out of it; an If that stays shut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from paoding_onnx.model.nodes import Node, Part, Tensor
from paoding_onnx.rules.equation import Equation, Operand, axes, axis
from paoding_onnx.rules.rule import Rule, axis_index, fixed, register
from paoding_onnx.rules.why import Hold, Why

_EACH_STEP = Why("has one entry for each step", Hold.POSITIONS)
BODY = "body"
"""The attribute that holds what is computed at each step (ONNX Loop-25, Scan-25)."""
_LOOP, _SCAN = "Loop", "Scan"
_CONTROLS = 2
"""ONNX Loop-25: how many steps there are at most, and whether to begin; a body is handed its number and the latter."""
_SCAN_SINCE = 9
"""ONNX Scan-8 has an axis of samples besides."""


@dataclass(frozen=True, slots=True)
class State:
    """What is handed on from step to step: the numbers it has outside before, in the body, and outside after."""

    start: int
    handed: int
    made: int
    end: int


@dataclass(frozen=True, slots=True)
class Sliced:
    """What steps read or write one entry of along `axis`: the number outside of the body, and inside."""

    outer: int
    inner: int
    axis: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the inputs and outputs of a node that repeats a body have to do with those of the body.

    `controls` decide about the number of steps: so many first inputs, so many of what a body is handed, and whether the
    first thing that a body makes is one.
    """

    states: tuple[State, ...]
    read: tuple[Sliced, ...]
    written: tuple[Sliced, ...]
    controls: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """An output of the entry or the exit of a body, by its number, and the numbers of the inputs that it is made of."""

    sources: tuple[int, ...]
    output: int


_EMPTY_LIST, _APPEND, _JOIN = "SequenceEmpty", "SequenceInsert", "ConcatFromSequence"


def starts_list(operator: str) -> bool:
    """Whether an operator makes a list that nothing is in yet (ONNX SequenceEmpty-11)."""
    return operator == _EMPTY_LIST


def appends(node: Node) -> bool:
    """Whether a node puts its second input behind all that is in a list, its first (ONNX SequenceInsert-11)."""
    return node.operator == _APPEND and len([tensor for tensor in node.inputs if tensor is not None]) == 2


def stacks(node: Node) -> int | None:
    """The new axis along which a node lays what is in a list (ONNX ConcatFromSequence-11); `None` if it does not."""
    return node.integer("axis", 0) if node.operator == _JOIN and node.integer("new_axis", 0) else None


def repeats(operator: str, domain: str, version: int) -> bool:
    """Whether an operator computes a body again and again, in a form that is understood."""
    return domain == "" and (operator == _LOOP or (operator == _SCAN and version >= _SCAN_SINCE))


def wiring(node: Node) -> Wiring:
    """How the body of a node that repeats one is wired."""
    if node.operator == _LOOP:
        n_states = len(node.inputs) - _CONTROLS
        states = (State(_CONTROLS + k, _CONTROLS + k, 1 + k, k) for k in range(n_states))
        written = (Sliced(k, 1 + k, 0) for k in range(n_states, len(node.outputs)))
        return Wiring(tuple(states), (), tuple(written), _CONTROLS)
    n_states = len(node.inputs) - node.integer("num_scan_inputs", 1)
    n_read, n_written = len(node.inputs) - n_states, len(node.outputs) - n_states
    read_along = node.integers("scan_input_axes") or (0,) * n_read
    written_along = node.integers("scan_output_axes") or (0,) * n_written
    return Wiring(
        tuple(State(k, k, k, k) for k in range(n_states)),
        tuple(Sliced(n_states + k, n_states + k, along) for k, along in enumerate(read_along)),
        tuple(Sliced(n_states + k, n_states + k, along) for k, along in enumerate(written_along)),
    )


def ways(node: Node, whole: Node) -> Iterator[Way]:
    """How each output of the entry or the exit of a body comes about, in turn; `whole` is the node itself."""
    wires = wiring(whole)
    if node.part is Part.ENTRY:
        yield from (Way(tuple(range(wires.controls)), k) for k in range(wires.controls))
        yield from (Way((state.start,), state.handed) for state in wires.states)
        yield from (Way((one.outer,), one.inner) for one in wires.read)
        return
    first = len(whole.inputs)
    again = len(node.inputs) - len(wires.states)
    for k, state in enumerate(wires.states):
        yield Way((first + state.made, again + k), state.end)
    yield from (Way((first + one.inner,), one.outer) for one in wires.written)


def deciding(node: Node, whole: Node) -> tuple[Tensor | None, ...]:
    """What the entry or the exit of a body reads that decides how many steps there are."""
    controls = wiring(whole).controls
    made = node.inputs[len(whole.inputs) :][: min(controls, 1)] if node.part is Part.EXIT else ()
    return (*node.inputs[:controls], *made)


def most_steps(operator: str) -> int | None:
    """The input that says how many steps are taken at most, of an operator whose states may change their sizes."""
    return 0 if operator == _LOOP else None


def n_states(n_inputs: int) -> int:
    """How many states an operator with that input has, of so many inputs."""
    return n_inputs - _CONTROLS


def longer_output(operator: str) -> Iterator[str]:
    """Attributes with an entry for each output that steps write, 0 by default: one more takes one more of each."""
    if operator == _SCAN:
        yield from ("scan_output_axes", "scan_output_directions")


@register(_LOOP, _SCAN, read=25)
def repeated(node: Node) -> Rule:
    """ONNX Loop-25, Scan-25: states keep their axes from step to step, what is sliced has one axis more outside."""
    if node.whole is None:
        return fixed(node, Why("its body could not be looked into", Hold.BODY))
    wires = wiring(node.whole)
    return _entry(node, wires) if node.part is Part.ENTRY else _exit(node, node.whole, wires)


@register("If", read=25)
def chosen(node: Node) -> Rule:
    """ONNX If-25, where it was not opened: its branches do not run side by side, or make tensors of different sizes."""
    return fixed(node, Why("computes one of two branches that could not be taken apart", Hold.BRANCHES))


def _entry(node: Node, wires: Wiring) -> Rule:
    """Inputs of the node to what its body is handed."""
    left: list[Operand | None] = [None] * len(node.inputs)
    right = [axes(f"c{k}x", len(node.output_shape(k))) for k in range(len(node.outputs))]
    for state in wires.states:
        left[state.start], right[state.handed] = _own(state, node.inputs[state.start], node.outputs[state.handed])
    for k, one in enumerate(wires.read):
        right[one.inner] = axes(f"R{k}x", len(node.output_shape(one.inner)))
        left[one.outer] = _with_steps(right[one.inner], one)
    return Rule(Equation.of(left, right), why=_EACH_STEP)


def _exit(node: Node, whole: Node, wires: Wiring) -> Rule:
    """What the body makes, and is handed at the next step, to outputs of the node; its own inputs come first."""
    first = len(whole.inputs)
    left: list[Operand | None] = [None] * len(node.inputs)
    right: list[Operand | None] = [None] * len(node.outputs)
    n_made = len(node.inputs) - first - len(wires.states)
    for k, state in enumerate(wires.states):
        made, again = first + state.made, first + n_made + k
        left[made], left[again], right[state.end] = _own(
            state, node.inputs[made], node.inputs[again], node.outputs[state.end]
        )
    for k, one in enumerate(wires.written):
        inner = axes(f"W{k}x", len(node.shape(first + one.inner)))
        left[first + one.inner] = inner
        right[one.outer] = _with_steps(inner, one)
    return Rule(Equation.of(left, right), why=_EACH_STEP)


def _own(state: State, *met: Tensor | None) -> list[Operand]:
    """The axes of a state wherever it is met: alike, but for those that change their size from step to step."""
    shapes = [() if tensor is None or tensor.shape is None else tensor.shape for tensor in met]
    if len({len(shape) for shape in shapes}) > 1:
        return [axes(f"s{state.end}p{place}x", len(shape)) for place, shape in enumerate(shapes)]
    alike = axes(f"S{state.end}x", len(shapes[0]))
    return [
        tuple(
            one if len(set(sizes)) == 1 else axis(f"s{state.end}x{number}of{shape[number]}")
            for number, (one, sizes) in enumerate(zip(alike, zip(*shapes, strict=True), strict=True))
        )
        for shape in shapes
    ]


def _with_steps(inner: Operand, one: Sliced) -> Operand:
    """The axes of what is sliced, as they are outside of the body."""
    along = axis_index(one.axis, len(inner) + 1)
    return (*inner[:along], axis("t"), *inner[along:])
