"""The widths of a module's layers set to those of a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import torch
from torch import nn

from paoding_onnx.errors import UsageError

_Module = TypeVar("_Module", bound=nn.Module)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_KNOWN = (*_CONVOLUTIONS, *_TRANSPOSED, *_NORMS, nn.Linear, nn.LayerNorm, nn.PReLU)


def resize(module: _Module, state: Mapping[str, torch.Tensor]) -> _Module:
    """`module` itself, its layers as wide as `state` says, and with the weights in it.

    Convolutions, linear layers, batch and layer normalizations and PReLU can change their width; a layer without a bias
    gets one if `state` has it. What `forward` says about sizes, such as a `view(-1, 512)`, stays as it is.

    Args:
        module: a network of the original's architecture; it is changed in place.
        state: a whole checkpoint of it, cut; see `paoding_onnx.torch.state`.

    Raises:
        UsageError: if a parameter is missing or too much, or one of another kind of layer has another shape. Then
            nothing was changed.
    """
    homes = dict(_homes(module))
    biases = {key: homes[other] for key, other in _new_biases(homes, state)}
    if missing := homes.keys() - state.keys():
        raise UsageError(f"the checkpoint has no {min(missing)!r}, which the module has")
    if extra := state.keys() - homes.keys() - biases.keys():
        raise UsageError(f"the module has no {min(extra)!r}, which the checkpoint has")
    for key, (layer, name) in homes.items():
        _require_resizable(key, layer, getattr(layer, name), state[key])
    for layer in module.modules():
        _set_groups(layer, {name: state[key] for key, (owner, name) in homes.items() if owner is layer})
    for key, (layer, name) in homes.items():
        _set(layer, name, state[key])
    for key, (layer, _) in biases.items():
        layer.bias = nn.Parameter(state[key].clone())
    for layer in module.modules():
        _set_sizes(layer)
    return module


def _homes(module: nn.Module) -> Iterator[tuple[str, tuple[nn.Module, str]]]:
    """The layer of each entry of a checkpoint, and its name there."""
    for prefix, layer in module.named_modules(remove_duplicate=False):
        held = [*layer._parameters.items(), *layer._buffers.items()]
        for name, value in held:
            if value is not None and name not in layer._non_persistent_buffers_set:
                yield f"{prefix}.{name}".lstrip("."), (layer, name)


def _new_biases(
    homes: Mapping[str, tuple[nn.Module, str]], state: Mapping[str, torch.Tensor]
) -> Iterator[tuple[str, str]]:
    """Biases in a checkpoint of layers that have none, each with the weight of the layer."""
    for key in state.keys() - homes.keys():
        weight = f"{key.removesuffix('bias')}weight"
        if key.endswith("bias") and weight in homes and getattr(homes[weight][0], "bias", 0) is None:
            yield key, weight


def _require_resizable(key: str, layer: nn.Module, old: torch.Tensor, new: torch.Tensor) -> None:
    if old.shape != new.shape and not isinstance(layer, _KNOWN):
        raise UsageError(
            f"{key!r} has shape {tuple(old.shape)} and would become {tuple(new.shape)}, but {type(layer).__name__} "
            "cannot be resized here: build that layer with the new sizes first"
        )


def _set(layer: nn.Module, name: str, value: torch.Tensor) -> None:
    old = getattr(layer, name)
    new = value.detach().clone().to(old.device, old.dtype)
    if isinstance(old, nn.Parameter):
        setattr(layer, name, nn.Parameter(new, requires_grad=old.requires_grad))
    else:
        layer._buffers[name] = new


def _set_groups(layer: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Fewer groups, where whole ones went: then what each of them has is as before."""
    if not isinstance(layer, (*_CONVOLUTIONS, *_TRANSPOSED)) or layer.groups == 1:
        return
    old, new = layer.weight.shape, state["weight"].shape
    of_one = old[0] // layer.groups
    if new[1] == old[1] and new[0] % of_one == 0:
        layer.groups = new[0] // of_one


def _set_sizes(layer: nn.Module) -> None:
    """What a layer says of its sizes, as its weight has them."""
    if isinstance(layer, _CONVOLUTIONS):
        layer.out_channels, layer.in_channels = layer.weight.shape[0], layer.weight.shape[1] * layer.groups
    elif isinstance(layer, _TRANSPOSED):
        layer.in_channels, layer.out_channels = layer.weight.shape[0], layer.weight.shape[1] * layer.groups
    elif isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = layer.weight.shape
    elif isinstance(layer, _NORMS):
        held = layer.running_mean if layer.running_mean is not None else layer.weight
        layer.num_features = layer.num_features if held is None else held.shape[0]
    elif isinstance(layer, nn.LayerNorm) and layer.elementwise_affine:
        layer.normalized_shape = tuple(layer.weight.shape)
    elif isinstance(layer, nn.PReLU):
        layer.num_parameters = layer.weight.shape[0]
