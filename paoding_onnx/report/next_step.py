"""The verdict on a pruned model in three words, and the command that a user should run next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.evaluation.outlook import Outlook, judge
from paoding_onnx.options import Options
from paoding_onnx.report.command import command_of, named

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
DROP = 0.01
"""So much accuracy may go where it is measured."""


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
    original, small = named(source or Path("model.onnx")), named(output or Path("small.onnx"))
    small = small if small != original else f"small-{original}"
    is_least = (options.depth or 0) <= 1 and not options.target
    if (outlook is Outlook.BAD and not is_least) or (outlook is not Outlook.GOOD and options.eval is not None):
        return Next("prune less", f"{command_of(_less(options), Path(original), Path(small))} --force")
    if options.vocabulary is not None:
        why = "give your samples the new ids and measure it on them"
        return Next(why, shlex.join(["paoding_onnx", "evaluate", small, "--data", "samples_of_new_ids.npz"]))
    data = "samples.npz" if options.eval is None else "other_samples.npz"
    why = "measure it on labelled samples" if options.eval is None else "measure it on other samples before you ship"
    command = ["paoding_onnx", "evaluate", small, "--data", data, "--against", original, "--max-drop", f"{DROP:.0%}"]
    return Next(why, shlex.join(command))


def _less(options: Options) -> Options:
    """The same with a smaller target, or with what is to be kept where that can be told."""
    if options.eval is not None and not options.depth:
        return replace(options, keep_answers=None, keep_accuracy=DROP)
    fewer = None if options.depth is None else max(int(LESS * options.depth), min(options.depth, 1))
    return replace(options, keep_answers=None, target=float(f"{LESS * options.target:.2g}"), depth=fewer)
