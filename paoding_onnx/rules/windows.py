"""Windows that slide over the last axes of input 0: the axes they leave, and their arithmetic in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules.equation import Axis, Operand, axis, joined

_SIDES = {"SAME_UPPER": 0, "SAME_LOWER": 1, "VALID": 0}
"""Ways to pad without a number, and which end gets less where it does not come out even (ONNX Conv-22)."""


@dataclass(frozen=True, slots=True)
class Window:
    """The axes that a window slides over, in the input and in the output, and sizes of some of their factors.

    A window that moves in steps of one keeps positions in order: it mixes along the axis (not even that if its size is
    one), and what it has no output for stands at both ends. Any other window pins its axis.
    """

    source: Operand
    target: Operand
    sizes: Mapping[str, int]


def window(node: Node, kernel: Sequence[int]) -> Window:
    """The window of size `kernel` that a node with the attribute `strides` slides over the last axes of input 0."""
    strides = node.integers("strides") or (1,) * len(kernel)
    source: list[Axis] = []
    target: list[Axis] = []
    sizes: dict[str, int] = {}
    pairs = zip(node.shape(0)[2:], node.output_shape()[2:], kernel, strides, strict=True)
    for k, (before, after, width, stride) in enumerate(pairs):
        end = (before - after) // 2
        if stride != 1 or end < 0 or (before - after) % 2:
            source.append(axis(f"s{k}"))
            target.append(axis(f"t{k}"))
            continue
        kept = axis(f"S{k}") if width == 1 else axis(f"S{k}").mixed()
        source.append(joined([axis(f"b{k}"), kept, axis(f"e{k}")]) if end else kept)
        target.append(kept)
        sizes |= {f"b{k}": end, f"e{k}": end} if end else {}
    return Window(tuple(source), tuple(target), sizes)


def spelled_out(node: Node) -> Mapping[str, list[int] | int | None]:
    """Attributes under which the node computes the same and says so in numbers; `None` for one to drop.

    It pads by numbers in place of `auto_pad`, and rounds down in place of up where that makes no difference.
    """
    word = node.text("auto_pad", "")
    if word in _SIDES:
        return {"auto_pad": None, "pads": _pads(node, word)}
    return {"ceil_mode": 0} if node.integer("ceil_mode", 0) and _stays_inside(node) else {}


@dataclass(frozen=True, slots=True)
class Taps:
    """What the windows of a convolution read: for each place of its kernel one piece of the source, padded by `pads`.

    `pads` has one entry for each axis at its begin, then one at its end; pieces go from `starts` up to `ends`, in
    `steps`, and have the sizes of the output.
    """

    pads: tuple[int, ...]
    steps: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]
    ends: tuple[tuple[int, ...], ...]


def taps(node: Node) -> Taps | None:
    """The pieces that the windows of a Conv read, in the order of its kernel; `None` for other operators."""
    if node.operator != "Conv":
        return None
    kernel, counts = node.shape(1)[2:], node.output_shape()[2:]
    steps = node.integers("strides") or (1,) * len(kernel)
    apart = node.integers("dilations") or (1,) * len(kernel)
    word, ndim = node.text("auto_pad", ""), len(kernel)
    begins = (_pads(node, word) if word in _SIDES else node.integers("pads") or (0,) * ndim)[:ndim]
    ends = [max(r - side - b, 0) for r, side, b in zip(_reach(node), node.shape(0)[2:], begins, strict=True)]
    starts = tuple(tuple(place * by for place, by in zip(places, apart, strict=True)) for places in np.ndindex(*kernel))
    lengths = [(count - 1) * step + 1 for count, step in zip(counts, steps, strict=True)]
    upto = tuple(tuple(start + size for start, size in zip(one, lengths, strict=True)) for one in starts)
    return Taps((*begins, *ends), tuple(steps), starts, upto)


def is_padded_unevenly(node: Node) -> bool:
    """Whether a node says that more is padded on one side than on the other, as TensorFlow's "same" does.

    Source: ONNX Conv-22, attributes `auto_pad` and `pads`; ONNX Pad-25, input `pads`.
    """
    pads = node.integers("pads") or (node.entries(1) if node.operator == "Pad" else None) or ()
    half = len(pads) // 2
    return node.text("auto_pad", "") in _SIDES.keys() - {"VALID"} or pads[:half] != pads[half:]


Numbers = int | Sequence[int]


def cropped(attributes: Mapping[str, Numbers], kernel: Sequence[int]) -> Mapping[str, list[int] | None]:
    """Attributes under which a transposed convolution crops what its pads say; `None` for one to drop.

    If it states the shape of its output too, ONNX ConvTranspose-11 ignores the pads and crops both ends alike, which is
    wrong wherever they differ. The attribute `output_padding` says the same without that.
    """
    names = ("output_shape", "pads", "strides", "dilations")
    if any(name not in attributes for name in names):
        return {}
    sides, pads, strides, dilations = (_listed(attributes[name]) for name in names)
    ends = zip(sides, pads[: len(kernel)], pads[len(kernel) :], kernel, dilations, strides, strict=True)
    rest = [
        (side + begin + end - (width - 1) * dilation - 1) % stride for side, begin, end, width, dilation, stride in ends
    ]
    return {"output_shape": None, "output_padding": rest}


def _listed(numbers: Numbers) -> list[int]:
    return [numbers] if isinstance(numbers, int) else list(numbers)


def _ends(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many windows there are along each axis, and the size of the axis that they slide over.

    A ConvTranspose slides over its output, one window for each position of its input.
    """
    source, target = node.shape(0)[2:], node.output_shape()[2:]
    return (source, target) if node.operator == "ConvTranspose" else (target, source)


def _reach(node: Node) -> list[int]:
    """How many positions of each axis the windows reach, padding included."""
    steps, _ = _ends(node)
    kernel = node.integers("kernel_shape") or node.shape(1)[2:]
    strides = node.integers("strides") or (1,) * len(steps)
    dilations = node.integers("dilations") or (1,) * len(steps)
    sizes = zip(steps, kernel, strides, dilations, strict=True)
    return [(step - 1) * stride + (width - 1) * dilation + 1 for step, width, stride, dilation in sizes]


def _pads(node: Node, word: str) -> list[int]:
    """What is padded: begins, then ends."""
    pairs = zip(_reach(node), _ends(node)[1], strict=True)
    totals = [0 if word == "VALID" else max(reach - side, 0) for reach, side in pairs]
    begins = [(total + _SIDES[word]) // 2 for total in totals]
    return [*begins, *(total - begin for total, begin in zip(totals, begins, strict=True))]


def _stays_inside(node: Node) -> bool:
    """Whether no window hangs over the end, so that rounding the output's size up changed nothing."""
    _, sides = _ends(node)
    pads = node.integers("pads") or (0,) * (2 * len(sides))
    ends = zip(_reach(node), sides, pads[: len(sides)], pads[len(sides) :], strict=True)
    return all(reach <= side + begin + end for reach, side, begin, end in ends)
