"""The verdict on a pruned model in three words, and the command that a user should run next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.evaluation.outlook import Outlook, judge
from paoding_onnx.options import Options

VERDICTS: Mapping[Outlook, str] = MappingProxyType(
    {
        Outlook.GOOD: "use it",
        Outlook.TEST: "test first",
        Outlook.UNKNOWN: "test first",
        Outlook.BAD: "do not use",
    }
)
"""What to do with a model of which this is to be expected."""
LESS = 0.6
"""Of a target that was too much, this share is tried next."""


@dataclass(frozen=True, slots=True)
class Next:
    """What to do next, in words, and the command that does it."""

    why: str
    command: str


def verdict_in_words(measured: Measured) -> str:
    """What to do with the model, in three words or less."""
    return VERDICTS[judge(measured).outlook]


def next_step(measured: Measured, options: Options, source: Path | None, output: Path | None) -> Next:
    """The command that follows from the verdict, with names of files in place of those that are not known.

    `source` is the file of the original, `output` that of the smaller model.
    """
    outlook = judge(measured).outlook
    original, small = _named(source, "model.onnx"), _named(output, "small.onnx")
    small = small if small != original else f"small-{original}"
    if outlook is Outlook.BAD or (outlook is not Outlook.GOOD and options.eval is not None):
        return Next("prune less", _join("prune", original, "-o", small, *_less(options), "--force"))
    data = "samples.npz" if options.eval is None else "other_samples.npz"
    why = "measure it on labelled samples" if options.eval is None else "measure it on other samples before you ship"
    return Next(why, _join("evaluate", small, "--data", data, "--against", original, "--max-drop", "1%"))


def _less(options: Options) -> list[str]:
    """A smaller target, or what is to be kept where that can be told."""
    if options.eval is not None:
        return ["--keep-accuracy", "1%", "--eval", _named(options.eval, "samples.npz"), "--by", options.budget]
    return ["--target", f"{LESS * options.target:.2g}", "--by", options.budget]


def _join(*words: str) -> str:
    return shlex.join(["paoding_onnx", *words])


def _named(path: Path | None, otherwise: str) -> str:
    return otherwise if path is None else path.name if path.is_absolute() else str(path)
