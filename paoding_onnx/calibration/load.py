"""READ real inputs for a model: arrays in .npz and .npy files, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from paoding_onnx.calibration import normalization, sources
from paoding_onnx.calibration.arrays import arrays_of_inputs, read_arrays, scale_of
from paoding_onnx.calibration.image_files import ENDINGS, decode, image_files, require_pillow
from paoding_onnx.calibration.input_kinds import InputRole, Kind, main_input, roles_of
from paoding_onnx.calibration.samples import InputOptions, Samples
from paoding_onnx.calibration.sources import laid_out
from paoding_onnx.calibration.synthesize import BATCH
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Array, Graph
from paoding_onnx.model.load import Model
from paoding_onnx.shapes.dummy_inputs import Shapes


def load_samples(
    path: Path, model: Model, graph: Graph, options: InputOptions, *, shapes: Shapes, limit: int
) -> Samples:
    """At most `limit` inputs from a .npz or .npy file or a folder of pictures, fitted to layout and type of the inputs.

    A .npz file holds arrays by input name, or one array, or one called x (divided by `scale`, if there is one).

    Raises:
        UsageError: if the file cannot be read, or what it holds does not fit the model.
    """
    specs = model.inputs
    main = main_input(specs, shapes)
    roles = roles_of(specs, graph, shapes, kind=options.kind, batch=BATCH)
    if path.is_dir():
        arrays = {specs[main].name: read_images(path, _image_role(roles[main], path), options, limit)}
    else:
        arrays = _arrays(path, roles, main, options)
    arrays = {name: value[:limit] for name, value in arrays.items()}
    lengths = {len(value) for value in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise UsageError(f"{path} must hold at least one sample, and as many for every input, not {sorted(lengths)}")
    return _samples(roles, main, arrays, path)


def _image_role(role: InputRole, path: Path) -> InputRole:
    if role.kind is not Kind.IMAGES:
        raise UsageError(f"{path} is a folder of pictures, but input {role.spec.name!r} {role.shape} reads none")
    return role


def _arrays(path: Path, roles: tuple[InputRole, ...], main: int, options: InputOptions) -> dict[str, Array]:
    """Arrays by input name, fitted to the inputs."""
    held, names, first = read_arrays(path), [role.spec.name for role in roles], roles[main].spec.name
    found = arrays_of_inputs(path, held, names, first)
    scale = scale_of(path, held, names)
    for name, value in found.items():
        if value.dtype.kind not in "fiub":
            raise UsageError(f"{path} holds no numbers for input {name!r}, but {value.dtype}")
    if scale is not None and first in found:
        found[first] = found[first].astype(np.float32) / np.float32(scale)
    return {
        role.spec.name: _fitted(found[role.spec.name], role, options, path) for role in roles if role.spec.name in found
    }


def _fitted(value: Array, role: InputRole, options: InputOptions, path: Path) -> Array:
    """The array in the layout and type of the input."""
    if role.kind is Kind.IMAGES:
        value = _as_images(value, role, options)
    if not _fits(value.shape, role):
        wanted = tuple(dim if isinstance(dim, int) else dim or "?" for dim in role.spec.dims)
        raise UsageError(f"{path} holds {value.shape} for input {role.spec.name!r}, which wants {wanted}")
    return np.ascontiguousarray(value, role.spec.dtype)


def _as_images(value: Array, role: InputRole, options: InputOptions) -> Array:
    """Pictures with their channels where the input wants them, scaled as the options say."""
    n_channels = role.frame.n_channels
    if value.ndim == 3 and n_channels == 1:
        value = np.expand_dims(value, role.channels)
    if value.ndim == 4 and value.shape[role.channels] != n_channels and value.shape[4 - role.channels] == n_channels:
        value = np.moveaxis(value, 4 - role.channels, role.channels)
    told = normalization.told(options, n_channels)
    if told is None or value.ndim != 4 or value.shape[role.channels] != n_channels:
        return value
    unit = value.astype(np.float32) / np.float32(255 if value.dtype == np.uint8 else 1)
    return np.moveaxis(told.apply(np.moveaxis(unit, role.channels, -1)), -1, role.channels)


def _fits(shape: tuple[int, ...], role: InputRole) -> bool:
    dims = role.spec.dims
    return len(shape) == len(dims) and all(
        axis == 0 or not isinstance(dim, int) or dim == size
        for axis, (dim, size) in enumerate(zip(dims, shape, strict=True))
    )


def _samples(roles: tuple[InputRole, ...], main: int, arrays: Mapping[str, Array], path: Path) -> Samples:
    """Batches of the arrays; inputs that they leave out are filled with what suits them."""
    batch = roles[main].batch
    n_samples = len(next(iter(arrays.values())))
    n_used = n_samples // roles[main].step * roles[main].step
    if not n_used:
        raise UsageError(f"{path} holds {n_samples} samples, but the model takes {batch} at once")
    rng = np.random.default_rng(0)
    batches = []
    for start in range(0, n_used, batch):
        stop = min(start + batch, n_used)
        feed = {name: value[start:stop] for name, value in arrays.items()}
        rest = (role for role in roles if role.spec.name not in feed)
        batches.append(feed | {role.spec.name: sources.companion(role, stop - start, rng) for role in rest})
    return Samples(tuple(batches), f"{n_used} samples from {path.name}", is_synthetic=False)


def read_images(folder: Path, role: InputRole, options: InputOptions, limit: int) -> Array:
    """At most `limit` of the pictures in `folder`, evenly spaced, shrunk to the input's size, scaled as options say.

    Raises:
        UsageError: if there are none, one cannot be read, or Pillow is not there.
    """
    require_pillow()
    files = image_files(folder)
    if not files:
        raise UsageError(f"{folder} holds no pictures ({', '.join(sorted(ENDINGS))})")
    chosen = files[:: max(1, len(files) // limit)][:limit]
    shares = np.stack([decode(file, role.frame) for file in chosen]).astype(np.float32) / np.float32(255)
    scaling = normalization.told(options, role.frame.n_channels) or normalization.native(role.spec.dtype)
    return laid_out(role, scaling.apply(shares))
