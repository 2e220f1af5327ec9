"""SAVE: a value of the library becomes the file that its name asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from paoding_onnx.calibration.samples import Samples
from paoding_onnx.errors import UsageError
from paoding_onnx.model.load import Model
from paoding_onnx.model.save import save_model, write_arrays, write_text
from paoding_onnx.model.stage import stage
from paoding_onnx.model.targets import check_targets
from paoding_onnx.report.files import PAGE_SUFFIXES, report_text
from paoding_onnx.result import Pruned
from paoding_onnx.timing.table import LatencyTable, table_text


def save(value: Model | Pruned | Samples | LatencyTable, path: Path | str, *, force: bool = False) -> None:
    """Write a value to `path`, whole or not at all: what the name of the file asks for.

    A model is written as it is. The result of `prune` is written as a model if the name ends in .onnx, as a page if it
    ends in .html, as a report if it ends in .json. Inputs are written to an .npz file, a latency table
    to a .json file.

    >>> from paoding_onnx.model.load import load
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(load("models/fraud_mlp.onnx"), f"{folder}/copy.onnx")
    ...     load(f"{folder}/copy.onnx").n_bytes
    26261

    Raises:
        UsageError: if the model was read from there, or the value is not written to files of that name.
        OutputError: if the file exists and `force` is not given, or cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if isinstance(value, Pruned) and suffix == ".onnx":
        value = replace(value.model, files=value.original.files)
    if isinstance(value, Model):
        save_model(value, path, force=force)
        return
    known = _suffixes(value)
    if suffix not in known:
        raise UsageError(f"{path} does not end in {' or '.join(known)}")
    check_targets([path], value.original.files if isinstance(value, Pruned) else (), force=force)
    with stage() as held:
        if isinstance(value, Pruned):
            write_text(report_text(value, path), held.place(path))
        elif isinstance(value, LatencyTable):
            write_text(table_text(value), held.place(path))
        else:
            write_arrays(value.arrays, held.place(path))
        held.commit(path)


def _suffixes(value: Pruned | Samples | LatencyTable) -> tuple[str, ...]:
    """The endings of files that a value is written to."""
    if isinstance(value, Pruned):
        return (*PAGE_SUFFIXES, ".json")
    return (".json",) if isinstance(value, LatencyTable) else (".npz",)
