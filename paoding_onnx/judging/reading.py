"""Labelled samples from an npz file or a folder of pictures per class. Runs no model.

An npz file holds `x` (n, ...) in the layout of the model's input and `y` (n,), or (n, ...) for a regression; a number
`scale` in it divides `x`. A model with several inputs has one array for each, under the input's name, instead of `x`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from paoding_onnx.errors import UsageError
from paoding_onnx.graph import Array
from paoding_onnx.judging.labelled import ArraySamples
from paoding_onnx.judging.labelled import Labelled
from paoding_onnx.judging.preprocess import AS_IT_IS
from paoding_onnx.judging.preprocess import Preprocess
from paoding_onnx.loader import InputSpec
from paoding_onnx.loader import Model
from paoding_onnx.loader import input_specs

ONLY_INPUT = "x"
"""Name in an npz file of what the only input reads."""
_LABELS, _SCALE, _NAMES = "y", "scale", "classes"


def read_labelled(path: Path | str, model: Model, preprocess: Preprocess = AS_IT_IS) -> Labelled:
    """The labelled samples in an npz file, or in a folder that holds a folder of pictures for each class.

    >>> from paoding_onnx.loader import load
    >>> len(read_labelled("models/fraud_mlp_test.npz", load("models/fraud_mlp.onnx")).labels)
    500

    Raises:
        UsageError: if the file cannot be read, holds no samples, or does not fit the inputs of `model`.
    """
    path = Path(path)
    if path.is_dir():
        return _pictures(path, model, preprocess)
    return _samples(path, _read_npz(path), model, preprocess)


def _pictures(path: Path, model: Model, preprocess: Preprocess) -> Labelled:
    try:
        from paoding_onnx.judging.folders import read_pictures
    except ImportError as error:
        raise UsageError("pictures need Pillow: pip install 'paoding_onnx[pictures]'") from error
    return read_pictures(path, model, preprocess)


def _read_npz(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                raise UsageError(f"{path} holds a single array; store x and y with np.savez")
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read labelled samples from {path}: {reason}") from error


def _samples(path: Path, arrays: dict[str, Array], model: Model, preprocess: Preprocess) -> ArraySamples:
    if _LABELS not in arrays:
        raise UsageError(f"{path} holds no array {_LABELS!r}, only {', '.join(map(repr, arrays)) or 'nothing'}")
    labels = arrays[_LABELS]
    specs = input_specs(model)
    wanted = [spec.name for spec in specs]
    inputs = {name: arrays[name] for name in wanted if name in arrays}
    if len(wanted) == 1 and ONLY_INPUT in arrays:
        inputs = {wanted[0]: arrays[ONLY_INPUT]}
    missing = [name for name in wanted if name not in inputs]
    if missing:
        raise UsageError(f"{path} holds nothing for input {missing[0]!r}; it has {', '.join(map(repr, arrays))}")
    for spec in specs:
        _check_array(path, spec, inputs[spec.name], labels)
    names = tuple(str(name) for name in arrays.get(_NAMES, ()))
    return ArraySamples(MappingProxyType(inputs), labels, _scale(path, arrays), names, preprocess)


def _scale(path: Path, arrays: Mapping[str, Array]) -> float | None:
    if _SCALE not in arrays:
        return None
    if arrays[_SCALE].size != 1 or arrays[_SCALE].dtype.kind not in "iuf" or not arrays[_SCALE].item() > 0:
        raise UsageError(f"{path} holds a {_SCALE!r} that is no number above zero")
    return float(arrays[_SCALE].item())


def _check_array(path: Path, spec: InputSpec, array: Array, labels: Array) -> None:
    """Refuse samples that the input cannot read, or that are not one for each label."""
    if array.ndim == 0 or labels.ndim == 0 or len(array) != len(labels) or not len(labels):
        n_labels = len(labels) if labels.ndim else 0
        raise UsageError(f"{path} holds {len(array) if array.ndim else 0} samples for {spec.name!r}, {n_labels} labels")
    if array.dtype.kind not in "iufb" or labels.dtype.kind not in "iufb":
        raise UsageError(f"{path} holds samples or labels that are no numbers")
    fits = len(array.shape) == len(spec.dims) and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(spec.dims[1:], array.shape[1:], strict=True)
    )
    if not fits:
        raise UsageError(f"samples of shape {array.shape} in {path} do not fit input {spec.name!r} {_dims(spec)}")


def _dims(spec: InputSpec) -> str:
    return f"({', '.join('?' if dim is None else str(dim) for dim in spec.dims)})"
