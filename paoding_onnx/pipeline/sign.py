"""What a pruned file tells about itself: from which original it was made, how, and by which versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.model.load import Model
from paoding_onnx.model.provenance import FORMAT, Record, signed, versions
from paoding_onnx.model.save import sha256
from paoding_onnx.options import Options
from paoding_onnx.pipeline.values import Job, Shrunk

UNTOLD = frozenset({"seed", "memory", "threads", "eval", "latency", "provenance", "fail_if", "cache", "verbose"})
"""Options that do not decide what comes out, and the seed, which is always told."""


def sign(job: Job, shrunk: Shrunk, how: Mapping[str, object]) -> Shrunk:
    """The smaller model with the record of its making in its metadata; without any where that is not wanted.

    `how` tells what decided which units went.
    """
    record = _record(job, shrunk, how) if job.options.provenance else None
    return replace(shrunk, fitted=replace(shrunk.fitted, model=signed(shrunk.fitted.model, record)))


def _record(job: Job, shrunk: Shrunk, how: Mapping[str, object]) -> Record:
    whole = job.cost_before or shrunk.before
    return {
        "format": FORMAT,
        "versions": versions(),
        "original": hashes_of(job.original),
        "options": how,
        "seed": job.options.seed,
        "parameters": {"before": whole.parameters, "after": shrunk.after.parameters},
    }


def hashes_of(model: Model) -> dict[str, object]:
    """The hash of a model's file, and those of the files beside it that hold its weights."""
    hashes = [sha256(file) for file in model.files]
    beside = hashes[1:]
    return {"sha256": hashes[0] if hashes else None} | ({"data": beside} if beside else {})


def told_options(options: Options) -> dict[str, object]:
    """The options that differ from the defaults; of files their names alone.

    >>> told_options(Options(target=0.3, exclude=("head*",), calibration=Path("mine/images")))
    {'target': 0.3, 'exclude': ['head*'], 'calibration': 'images'}
    """
    usual = Options()
    return {
        field.name: _plain(value)
        for field in fields(Options)
        if field.name not in UNTOLD and (value := getattr(options, field.name)) != getattr(usual, field.name)
    }


def _plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, KeptIds):
        return value.source
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    is_value = hasattr(value, "__dataclass_fields__")
    return {k: _plain(v) for k, v in asdict(value).items() if v is not None} if is_value else value  # type: ignore[call-overload]
