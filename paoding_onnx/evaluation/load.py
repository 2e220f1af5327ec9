"""Labelled samples from an npz file or a folder of images per class. Runs no model.

An npz file holds `x` (n, ...) in the layout of the model's input and `y` (n,), or (n, ...) for a regression; a number
`scale` in it divides `x`. A model with several inputs has one array for each, under the input's name, instead of `x`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from paoding_onnx.calibration.arrays import CLASSES, LABELS, arrays_of_inputs, read_arrays, scale_of
from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess
from paoding_onnx.errors import UsageError
from paoding_onnx.evaluation.dataset import ArraySamples, Labelled
from paoding_onnx.evaluation.image_folder import read_images
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array, TensorSpec

NOTHING: Mapping[str, Array] = MappingProxyType({})


def read_labelled(
    path: Path | str, model: Model, preprocess: Preprocess = AS_IT_IS, beside: Mapping[str, Array] = NOTHING
) -> Labelled:
    """The labelled samples in an npz file, or in a folder that holds a folder of images for each class.

    `beside` are contents of other inputs, by name, which go along with all samples.

    >>> from paoding_onnx.model.load import load
    >>> len(read_labelled("models/fraud_mlp_test.npz", load("models/fraud_mlp.onnx")).labels)
    500

    Raises:
        UsageError: if the file cannot be read, holds no samples, or does not fit the inputs of `model`.
    """
    path = Path(path)
    if path.is_dir():
        return read_images(path, model, preprocess, beside)
    return replace(_samples(path, read_arrays(path), model, preprocess, frozenset(beside)), beside=beside)


def _samples(
    path: Path, held: dict[str, Array], model: Model, preprocess: Preprocess, given: frozenset[str]
) -> ArraySamples:
    if LABELS not in held:
        raise UsageError(f"{path} holds no array {LABELS!r}, only {', '.join(map(repr, held)) or 'nothing'}")
    labels = held[LABELS]
    specs = [spec for spec in model.inputs if spec.name not in given]
    if not specs:
        raise UsageError("all inputs are given: there is none left for the samples")
    wanted = [spec.name for spec in specs]
    inputs = arrays_of_inputs(path, held, wanted, wanted[0])
    missing = [name for name in wanted if name not in inputs]
    if missing:
        raise UsageError(f"{path} holds nothing for input {missing[0]!r}; it has {', '.join(map(repr, held))}")
    for spec in specs:
        _check_array(path, spec, inputs[spec.name], labels)
    names = tuple(str(name) for name in held.get(CLASSES, ()))
    return ArraySamples(MappingProxyType(inputs), labels, scale_of(path, held, wanted), names, preprocess)


def _check_array(path: Path, spec: TensorSpec, array: Array, labels: Array) -> None:
    """Refuse samples that the input cannot read, or that are not one for each label."""
    if array.ndim == 0 or labels.ndim == 0 or len(array) != len(labels) or not len(labels):
        n_labels = len(labels) if labels.ndim else 0
        raise UsageError(f"{path} holds {len(array) if array.ndim else 0} samples for {spec.name!r}, {n_labels} labels")
    if array.dtype.kind not in "iufb" or labels.dtype.kind not in "iufb":
        raise UsageError(f"{path} holds samples or labels that are not numbers")
    if any(part.dtype.kind == "f" and not np.isfinite(part).all() for part in (array, labels)):
        raise UsageError(f"{path} holds samples or labels that are not finite")
    fits = len(array.shape) == len(spec.dims) and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(spec.dims[1:], array.shape[1:], strict=True)
    )
    if not fits:
        raise UsageError(f"samples of shape {array.shape} in {path} do not fit input {spec.name!r} {_dims(spec)}")


def _dims(spec: TensorSpec) -> str:
    return f"({', '.join('?' if dim is None else str(dim) for dim in spec.dims)})"
