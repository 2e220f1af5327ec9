"""The model to work on, read only once it is clear that what comes of it can be written."""

from __future__ import annotations

from pathlib import Path

from paoding_onnx.model.load import Model, load
from paoding_onnx.model.save import needs_data_file
from paoding_onnx.model.targets import check_targets, data_path


def read(model: Model | Path | str) -> Model:
    """A model by its file, or as it is.

    Raises:
        ModelError: if it cannot be read.
    """
    return model if isinstance(model, Model) else load(model)


def read_beside(
    model: Model | Path | str,
    output: Path | None,
    documents: tuple[Path, ...],
    others: tuple[Path, ...],
    *,
    force: bool,
) -> Model:
    """The model; refuses, before anything is read if it can, to write where something is that has to stay.

    `others` are the files and folders that are read beside the model.

    Raises:
        ModelError: if it cannot be read.
        OutputError: if something is there that has to stay.
    """
    outputs = [] if output is None else [output]
    files = model.files if isinstance(model, Model) else (Path(model),)
    check_targets((*outputs, *documents), files, force=force, others=others)
    original = read(model)
    if output is not None and needs_data_file(original):
        outputs.append(data_path(output))
    check_targets((*outputs, *documents), original.files, force=force, others=others)
    return original
