"""READ real inputs for a model: arrays in .npz and .npy files, or a folder of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration import sources
from paoding_onnx.calibration.arrays import arrays_of_inputs, read_arrays, scale_of
from paoding_onnx.calibration.image_files import ENDINGS, decode, image_files, require_pillow, scaled
from paoding_onnx.calibration.input_kinds import InputRole, Kind, batch_for, main_input, roles_of
from paoding_onnx.calibration.preprocess import Preprocess, check_channels, preprocessed
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.errors import UsageError
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.shapes.observe import runnable_shapes

HELD_BACK = 5
"""One of so many samples is held back, to compare models on."""
FEWEST_HELD = 8


def load_samples(path: Path, model: Model, graph: Graph, request: Request) -> Samples:
    """At most as many inputs as requested, fitted to layout and type of the model's inputs.

    They come from a .npz or .npy file or a folder of images. A .npz file holds arrays by input name, or one array, or
    one called x (divided by `scale`, if there is one). Every fifth sample is left for `load_held_back`.

    Raises:
        UsageError: if the file cannot be read, or what it holds does not fit the model.
    """
    limit = request.n_samples
    roles, main, arrays = _fitted(path, model, graph, request, limit + limit // (HELD_BACK - 1) + 1)
    chosen = ~_is_held(_count(arrays), roles[main].step)
    return _samples(roles, main, _at_most(arrays, chosen, limit), graph, path)


def load_held_back(path: Path, model: Model, graph: Graph, request: Request) -> Samples | None:
    """At most as many inputs as requested of those that `load_samples` leaves; `None` if it leaves none.

    Raises:
        UsageError: if the file cannot be read, or what it holds does not fit the model.
    """
    roles, main, arrays = _fitted(path, model, graph, request, request.n_samples * HELD_BACK)
    chosen = _is_held(_count(arrays), roles[main].step)
    arrays = _at_most(arrays, chosen, request.n_samples)
    return _samples(roles, main, arrays, graph, path) if chosen.any() else None


def _fitted(
    path: Path, model: Model, graph: Graph, request: Request, most: int
) -> tuple[tuple[InputRole, ...], int, dict[str, Array]]:
    """The roles of the inputs, the number of the main one, and what the file holds for each; at most so many images."""
    specs, shapes, settings = model.inputs, runnable_shapes(graph), request.inputs.preprocess
    main = main_input(specs, shapes)
    roles = roles_of(specs, graph, shapes, request.inputs, batch=batch_for(graph))
    if path.is_dir():
        arrays = {specs[main].name: _images(path, _image_role(roles[main], path), settings, most)}
    else:
        arrays = _arrays(path, roles, main, settings)
        ids = request.inputs.kept_ids
        arrays |= {} if ids is None else {n: ids.renumbered(arrays[n], str(path)) for n in ids.inputs if n in arrays}
    lengths = {len(value) for value in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise UsageError(f"{path} must hold at least one sample, and as many for every input, not {sorted(lengths)}")
    return roles, main, arrays


def _count(arrays: Mapping[str, Array]) -> int:
    return len(next(iter(arrays.values())))


def _at_most(arrays: Mapping[str, Array], chosen: NDArray[np.bool_], limit: int) -> dict[str, Array]:
    """The first `limit` of the chosen samples."""
    places = np.flatnonzero(chosen)[:limit]
    return {name: value[places] for name, value in arrays.items()}


def _is_held(count: int, step: int) -> NDArray[np.bool_]:
    """Which samples are held back: every fifth, unless these are too few to compare on or to run at once."""
    found = np.equal(np.arange(count) % HELD_BACK, HELD_BACK - 1)
    return found if found.sum() >= max(FEWEST_HELD, step) else np.zeros(count, np.bool_)


def _image_role(role: InputRole, path: Path) -> InputRole:
    if role.kind is not Kind.IMAGES:
        raise UsageError(f"{path} is a folder of images, but input {role.spec.name!r} {role.shape} reads none")
    return role


def _images(folder: Path, role: InputRole, settings: Preprocess, limit: int) -> Array:
    """At most `limit` of the images in `folder`, evenly spaced, in the size and the numbers that the input reads."""
    require_pillow()
    files = image_files(folder)
    if not files:
        raise UsageError(f"{folder} holds no images ({', '.join(sorted(ENDINGS))})")
    chosen = files[:: max(1, len(files) // limit)][:limit]
    check_channels(settings, role.frame.n_channels)
    raw = np.stack([decode(file, role.frame, settings) for file in chosen])
    return sources.laid_out(role, scaled(raw, settings, role.spec.dtype))


def _arrays(path: Path, roles: tuple[InputRole, ...], main: int, settings: Preprocess) -> dict[str, Array]:
    """Arrays by input name, fitted to the inputs; the main one preprocessed."""
    held, names, first = read_arrays(path), [role.spec.name for role in roles], roles[main].spec.name
    found = arrays_of_inputs(path, held, names, first)
    scale = scale_of(path, held, names)
    for name, value in found.items():
        if value.dtype.kind not in "fiub":
            raise UsageError(f"{path} holds no numbers for input {name!r}, but {value.dtype}")
    found = {role.spec.name: _laid_out(found[role.spec.name], role, path) for role in roles if role.spec.name in found}
    if first in found:
        is_image = roles[main].kind is Kind.IMAGES
        found[first] = preprocessed(
            found[first], settings, scale, channel_axis=roles[main].channels if is_image else -1
        )
    return {role.spec.name: _typed(found[role.spec.name], role, path) for role in roles if role.spec.name in found}


def _typed(value: Array, role: InputRole, path: Path) -> Array:
    typed = np.ascontiguousarray(value, role.spec.dtype)
    if typed.dtype.kind == "f" and not np.isfinite(typed).all():
        raise UsageError(f"{path} holds numbers for input {role.spec.name!r} that are not finite")
    return typed


def _laid_out(value: Array, role: InputRole, path: Path) -> Array:
    """The array with channels of images where the input wants them; refused if it does not fit the input."""
    if role.kind is Kind.IMAGES:
        value = _as_images(value, role)
    if not _fits(value.shape, role):
        wanted = tuple(dim if isinstance(dim, int) else dim or "?" for dim in role.dims)
        raise UsageError(f"{path} holds {value.shape} for input {role.spec.name!r}, which wants {wanted}")
    return value


def _as_images(value: Array, role: InputRole) -> Array:
    n_channels = role.frame.n_channels
    if value.ndim == 3 and n_channels == 1:
        value = np.expand_dims(value, role.channels)
    if value.ndim == 4 and value.shape[role.channels] != n_channels and value.shape[4 - role.channels] == n_channels:
        return np.moveaxis(value, 4 - role.channels, role.channels)
    return value


def _fits(shape: tuple[int, ...], role: InputRole) -> bool:
    dims = role.dims
    return len(shape) == len(dims) and all(
        axis == 0 or not isinstance(dim, int) or dim == size
        for axis, (dim, size) in enumerate(zip(dims, shape, strict=True))
    )


def _samples(roles: tuple[InputRole, ...], main: int, arrays: Mapping[str, Array], graph: Graph, path: Path) -> Samples:
    """Batches of the arrays; inputs that they leave out are filled with what suits them."""
    batch = roles[main].batch
    if roles[main].step == 1:  # of samples that are larger than those the model was looked at with fewer
        batch = min(batch, batch_for(graph, {name: (1, *value.shape[1:]) for name, value in arrays.items()}))
    n_samples = len(next(iter(arrays.values())))
    n_used = n_samples // roles[main].step * roles[main].step
    if not n_used:
        raise UsageError(f"{path} holds {n_samples} samples, but the model takes {batch} at once")
    rng = np.random.default_rng(0)
    batches = []
    for start in range(0, n_used, batch):
        stop = min(start + batch, n_used)
        is_bare = {role.spec.name: role.is_bare for role in roles}
        feed = {name: value[start] if is_bare[name] else value[start:stop] for name, value in arrays.items()}
        rest = (role for role in roles if role.spec.name not in feed)
        batches.append(feed | {role.spec.name: sources.companion(role, stop - start, rng) for role in rest})
    said = f"{n_used} samples from {path.name}"
    return Samples(tuple(batches), said, is_synthetic=False, is_bare=roles[main].is_bare)
