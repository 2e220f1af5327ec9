"""The command line that repeats a pruning run, from its options alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from paoding_onnx.calibration.known_inputs import input_texts
from paoding_onnx.calibration.preprocess import preprocess_texts
from paoding_onnx.options import Options

ALWAYS = ("target",)
"""Named even where they are what is taken by default: they say what was asked for."""
SPELLED = {"device": "for"}
"""Options that have another name on the command line, as theirs is no name in Python."""
SILENT = ("preprocess", "input_shapes", "input_values", "verbose")
"""Spelled otherwise, or of no effect on the result."""


def command_of(options: Options, source: Path | None, target: Path | None) -> str:
    """The command that does what `options` say.

    Files are named as `named` does.

    >>> command_of(Options(target=0.3, exclude=("head*",)), Path("m.onnx"), Path("/home/me/small.onnx"))
    "paoding_onnx prune m.onnx -o small.onnx --target 0.3 --exclude 'head*'"
    """
    output = ["--dry-run"] if target is None else ["-o", named(target)]
    return shlex.join(["paoding_onnx", "prune", named(source or Path("model.onnx")), *output, *_flags(options)])


def pieces(command: str) -> list[str]:
    """The command in pieces between which a line may end: a flag stays with its value.

    >>> pieces("paoding_onnx prune m.onnx --target 0.5 --exclude 'a b'")
    ['paoding_onnx', 'prune', 'm.onnx', '--target 0.5', "--exclude 'a b'"]
    """
    found: list[str] = []
    for word in shlex.split(command):
        is_value = bool(found) and found[-1].startswith("-") and " " not in found[-1] and not word.startswith("-")
        found.append(f"{found.pop()} {shlex.quote(word)}" if is_value else shlex.quote(word))
    return found


def _flags(options: Options) -> Iterator[str]:
    usual = Options()
    found = ("target", "step") if options.keeps else ()
    for field in (field for field in fields(Options) if field.name not in found):
        value = getattr(options, field.name)
        if field.name not in SILENT and (field.name in ALWAYS or value != getattr(usual, field.name)):
            yield from _flag(field.name, value)
    yield from _flag("preprocess", preprocess_texts(options.preprocess))
    yield from _shapes(options.input_shapes)
    yield from _flag("input", input_texts(options.input_values))


def _shapes(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    for name, shape in shapes.items():
        yield from _flag("input_shape", f"{name}:{','.join(map(str, shape))}")


def _flag(name: str, value: object) -> Iterator[str]:
    """An option as the command line takes it: alone if it is true, once for each of several values."""
    flag = f"--{SPELLED.get(name, name).replace('_', '-')}"
    if isinstance(value, bool):
        yield flag if value else f"--no-{flag.removeprefix('--')}"
        return
    for one in value if isinstance(value, tuple) else (value,):
        text = named(one) if isinstance(one, Path) else str(one)
        yield from (f"{flag}={text}",) if text.startswith("-") else (flag, text)


def named(path: Path) -> str:
    """How a command names a file: without the way from the root, which says more about a machine than a model."""
    return path.name if path.is_absolute() else str(path)
