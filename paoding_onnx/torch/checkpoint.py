"""A checkpoint of the original cut as the exported model was, or with the weights of the pruned file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from paoding_onnx.errors import UsageError
from paoding_onnx.model.load import Model, load
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.surgery.plan import entries_of, read_plan
from paoding_onnx.torch.matching import Floats, Match, Norm, Place, Use, matched, prefix

StateDict = Mapping[str, torch.Tensor]
Kept = dict[tuple[str, int], Array]
"""The positions that stay, by parameter and axis."""
_PARTS = ("weight", "bias", "running_mean", "running_var")
"""What a normalization holds."""
_SMALL = 1e-6
"""Factors of a folded normalization below this share of the largest one are not divided by."""


def state(
    plan: Mapping[str, object] | Path | str,
    state_dict: StateDict,
    *,
    original: Model | Path | str,
    pruned: Model | Path | str | None = None,
    exported: StateDict | None = None,
) -> dict[str, torch.Tensor]:
    """`state_dict`, cut as `plan` says; with `pruned` the weights are those of the pruned file, fitted ones too.

    Parameters are found in the file by what they hold, so names may have changed, matrices may have been transposed and
    normalizations folded into the weights before them. These stay normalizations here: what was fitted is told apart
    into a weight and a normalization that compute the same.

    Args:
        plan: what `prune --plan` wrote, or its content.
        state_dict: the checkpoint to cut.
        original: the exported file that was pruned.
        pruned: the pruned file; without it the weights are those of the checkpoint.
        exported: the checkpoint that `original` was exported from, if that is not `state_dict` itself: it may have been
            trained on since.

    Returns:
        A new dictionary with all entries of `state_dict`; tensors that lose nothing are shared.

    Raises:
        ModelError: if a file cannot be read.
        UsageError: if the plan does not fit, or a parameter that it cuts cannot be found in the checkpoint.
    """
    document = plan if isinstance(plan, Mapping) else read_plan(Path(plan))
    source = original if isinstance(original, Model) else load(original)
    known = exported or state_dict
    pairing = _paired(source, {key: _numbers(value) for key, value in _floats(known).items()})
    kept = _kept(pairing, document)
    cut = {key: _sliced(value, key, kept) for key, value in state_dict.items()}
    if pruned is not None:
        smaller = pruned if isinstance(pruned, Model) else load(pruned)
        sliced = {key: _numbers(_sliced(value, key, kept)) for key, value in _floats(known).items()}
        cut |= {key: _like(value, cut, key) for key, value in _fitted(pairing, smaller, sliced, kept)}
    return cut


@dataclass(frozen=True, slots=True)
class _Pairing:
    """An exported model, its nodes as uses of constants, and the parameter behind each place."""

    model: Model
    constants: Mapping[str, Array]
    parameters: Mapping[str, Array]
    uses: Sequence[Use]
    matches: Mapping[Place, Match]

    def norm_of(self, node: int) -> Norm | None:
        """The normalization that was folded into what a node reads."""
        norms = (match.norm for place, match in self.matches.items() if place.node == node)
        return next((norm for norm in norms if norm is not None), None)


def _paired(model: Model, parameters: Mapping[str, Array]) -> _Pairing:
    held = {name: value for name, value in constants(model).items() if value.dtype.kind == "f"}
    uses = [
        Use({operand: name for operand, name in enumerate(node.input) if name in held and held[name].ndim})
        for node in model.proto.graph.node
    ]
    return _Pairing(model, held, parameters, uses, matched(uses, held, parameters))


def _kept(pairing: _Pairing, document: Mapping[str, object]) -> Kept:
    """The positions that stay on each axis of a parameter that loses some."""
    found: Kept = {}
    for entry in entries_of(document):
        positions = np.array(entry["kept"], np.int64)
        for place in _places(pairing, entry):
            match = pairing.matches.get(place)
            if match is not None:
                _keep(found, (match.key, match.axes[_number(entry["axis"])]), positions, entry)
            elif pairing.norm_of(place.node) is None:
                raise UsageError(
                    f"no parameter of the checkpoint is what {entry['initializer']!r} holds: give the one that the "
                    "file was exported from as exported="
                )
    for match in pairing.matches.values():
        if match.norm is not None and (match.key, match.norm.axis) in found:
            own = (f"{prefix(match.key)}.bias", *(f"{match.norm.name}.{part}" for part in _PARTS))
            for key in own:
                if key in pairing.parameters:
                    found[key, 0] = found[match.key, match.norm.axis]
    return found


def _places(pairing: _Pairing, entry: Mapping[str, object]) -> list[Place]:
    """Where the model reads the constant that an entry of a plan is about."""
    name, wanted = entry["initializer"], entry.get("operand")
    found = [
        Place(node, operand)
        for node, use in enumerate(pairing.uses)
        for operand, constant in use.constants.items()
        if constant == name and wanted in (None, operand)
    ]
    named = [place for place in found if pairing.model.proto.graph.node[place.node].name == entry.get("node")]
    if not found:
        raise UsageError(f"the plan does not fit the file: it has no {name!r}")
    return named or found


def _keep(kept: Kept, where: tuple[str, int], positions: Array, entry: Mapping[str, object]) -> None:
    if where in kept and not np.array_equal(kept[where], positions):
        raise UsageError(f"{where[0]!r} is used in several places, of which {entry['initializer']!r} keeps others")
    kept[where] = positions


def _fitted(pairing: _Pairing, pruned: Model, sliced: Mapping[str, Array], kept: Kept) -> Iterator[tuple[str, Array]]:
    """The parameters that the pruned file holds, a folded normalization told apart from its weight."""
    nodes = {node.output[0]: node for node in pruned.proto.graph.node if node.output}
    held = constants(pruned)
    for index, (node, use) in enumerate(zip(pairing.model.proto.graph.node, pairing.uses, strict=True)):
        smaller = nodes.get(node.output[0]) if node.output else None
        if smaller is None:
            continue
        own = {operand: held[name] for operand, name in enumerate(smaller.input) if name in held}
        for operand, value in own.items():
            match = pairing.matches.get(Place(index, operand))
            if match is not None and match.norm is None:
                yield match.key, np.transpose(value, match.axes)
            elif match is not None:
                biases = [other for place, other in own.items() if place != operand and other.ndim == 1]
                yield from _told_apart(match, np.transpose(value, match.axes), biases, sliced, kept)
        yield from _added(pairing, index, use, own)


def _told_apart(
    match: Match, weight: Array, biases: Sequence[Array], sliced: Mapping[str, Array], kept: Kept
) -> Iterator[tuple[str, Array]]:
    """A weight and a normalization that compute together what a folded weight and its bias do."""
    norm = match.norm
    if norm is None or f"{norm.name}.weight" not in sliced or len(biases) != 1:
        raise UsageError(f"{match.key!r} was folded with a normalization that has no weight: nothing can hold its fit")
    stay = kept.get((match.key, norm.axis), slice(None))
    factor, deviation = norm.factor[stay], norm.deviation[stay]
    factor = np.where(np.abs(factor) < _SMALL * np.abs(factor).max(initial=0.0), 1.0, factor)
    shape = [-1 if axis == norm.axis else 1 for axis in range(weight.ndim)]
    mean = _double(sliced[f"{norm.name}.running_mean"])
    mean = mean - _double(sliced.get(f"{prefix(match.key)}.bias", np.zeros(())))
    yield match.key, _double(weight) / factor.reshape(shape)
    yield f"{norm.name}.weight", factor * deviation
    yield f"{norm.name}.bias", _double(biases[0]) + mean * factor
    for part in ("running_mean", "running_var"):
        yield f"{norm.name}.{part}", sliced[f"{norm.name}.{part}"]


def _added(pairing: _Pairing, index: int, use: Use, own: Mapping[int, Array]) -> Iterator[tuple[str, Array]]:
    """The bias that a layer got which had none."""
    weights = [match.key for place, match in pairing.matches.items() if place.node == index]
    for operand, value in own.items():
        if operand not in use.constants and value.ndim == 1 and value.dtype.kind == "f" and len(weights) == 1:
            yield f"{prefix(weights[0])}.bias", value


def _floats(state_dict: StateDict) -> dict[str, torch.Tensor]:
    return {key: value for key, value in state_dict.items() if value.is_floating_point()}


def _double(value: Array) -> Floats:
    return np.asarray(value, np.float64)


def _numbers(value: torch.Tensor) -> Array:
    plain = value.detach().cpu()
    return np.asarray((plain.float() if plain.dtype == torch.bfloat16 else plain).numpy())


def _number(axis: object) -> int:
    if type(axis) is not int:
        raise UsageError(f"the plan names an axis {axis!r}")
    return axis


def _sliced(value: torch.Tensor, key: str, kept: Kept) -> torch.Tensor:
    """A parameter at the positions that stay."""
    for axis in range(value.ndim):
        if (positions := kept.get((key, axis))) is not None:
            value = value.index_select(axis, torch.from_numpy(positions).to(value.device))
    return value


def _like(value: Array, cut: StateDict, key: str) -> torch.Tensor:
    """Numbers as a tensor of the type and on the device that the checkpoint has."""
    like = cut[key] if key in cut else next(iter(_floats(cut).values()))
    return torch.from_numpy(np.array(value)).to(like.device, like.dtype)
