"""The words that users may choose from. Imports nothing of the package."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Budget = Literal["units", "parameters", "bytes", "macs", "latency"]
"""What a target counts."""
COUNTED: tuple[Budget, ...] = ("units", "parameters", "bytes", "macs")
"""Those that follow from the model alone."""
BUDGETS: tuple[Budget, ...] = (*COUNTED, "latency")
Allocation = Literal["measured", "uniform"]
"""How the budget is spread over the groups."""
ALLOCATIONS: tuple[Allocation, ...] = ("measured", "uniform")
METHOD_NAMES = ("reconstruction", "paoding", "magnitude", "random")
"""How units are chosen."""
LOOKING_AT_INPUTS = ("reconstruction",)
"""Those for which inputs matter."""
KINDS = ("auto", "images", "table", "tokens", "audio", "spectrogram", "noise")
"""What the main input can be told to hold."""
Effort = Literal["fast", "normal", "high"]
"""How long the original may teach the smaller model: not at all, for some hundred steps, for a thousand."""
EFFORTS: tuple[Effort, ...] = ("fast", "normal", "high")
OnInterrupt = Literal["drop", "keep"]
"""What Ctrl-C does while the original teaches: it ends the run, or the learning alone."""
ON_INTERRUPT: tuple[OnInterrupt, ...] = ("drop", "keep")
TASKS = ("classes", "binary", "values")
"""What a model is for, which decides how it is measured."""
ATTACKS = ("fgsm", "pgd")
"""One step along the sign of the gradient, or several."""
DEVICES = (
    *("onnxruntime-x86", "onnxruntime-arm", "tensorrt", "openvino", "ncnn", "rknn", "hailo", "ethos-u", "coreml"),
)
"""What a model may be pruned for; `paoding_onnx.rules.devices` says what they like."""
PROVIDERS = ("cpu", "cuda", "openvino", "dml", "coreml")
"""On what a model is run where it is looked at for long; proofs are made on the first one."""
AUTO = 0
"""`round_to` that picks for each group a count its operators like."""


def percent(share: float) -> str:
    """A share in per cent; never 100 % where it is less.

    >>> percent(0.5), percent(0.9999)
    ('50.0%', '99.99%')
    """
    return f"{share:.1%}" if f"{share:.1%}" != "100.0%" or share == 1 else f"{100 * share:.8g}%"


class Prefer(StrEnum):
    """Which factor of an axis of several shrinks, where there is a choice."""

    AUTO = "auto"
    """The one with the most units; at a node with weights the minor one, if that has enough.

    Of the axes of a grouped convolution's weights two have positions and one has groups: half of the positions are
    three quarters of the weights, half of the groups are half of them.
    """
    BLOCKS = "blocks"
    """The major one: whole heads of an attention, whole groups of a convolution."""
    POSITIONS = "positions"
    """The minor one: the same positions in every head, the same channels of every group."""
