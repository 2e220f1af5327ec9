"""PyTorch modules to ONNX files, by the old exporter or the new one, with weights that hide nothing."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.utils import _pytree

from scripts.zoo.entry import SEED, Entry, require_size

OPSETS = (17, 20)
"""Of the old exporter, the second one for models with operators that the first lacks; the new one chooses its own."""


LARGEST_FILE = 1_900_000_000
"""Bytes of weights above which they go to a file beside the model: protobuf ends at 2 GB."""


class ExportError(Exception):
    """A model that cannot be used for a test of numbers."""


@dataclass(frozen=True, slots=True)
class Built:
    """A module and the positional arguments to trace it with.

    `open_axes` names, for each argument, the axes whose size is left open in the file; without it all are fixed.
    """

    module: nn.Module
    arguments: tuple[Tensor, ...]
    open_axes: tuple[Mapping[int, str], ...] = ()


def entries(name: str, build: Callable[[], Built], *, dynamo: bool, torchscript: bool = True) -> tuple[Entry, ...]:
    """The files of one model: one by the old exporter if `torchscript`, and one by the new exporter if `dynamo`."""

    def write_old(path: Path, big: bool) -> str:
        return _write(path, build, big=big, dynamo=False)

    def write_new(path: Path, big: bool) -> str:
        return _write(path, build, big=big, dynamo=True)

    old, new = Entry(f"{name}.torchscript", write_old), Entry(f"{name}.dynamo", write_new)
    return (*((old,) if torchscript else ()), *((new,) if dynamo else ()))


def _write(path: Path, build: Callable[[], Built], *, big: bool, dynamo: bool) -> str:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)  # one fused operator that no exporter knows
    torch.manual_seed(SEED)
    built = build()
    module = built.module.eval()
    n_bytes = sum(p.numel() * p.element_size() for p in module.parameters())
    require_size(n_bytes, big=big)
    randomise(module)
    calibrate(module, built.arguments)
    largest = _largest_output(module, built.arguments)
    with torch.no_grad():
        if dynamo:
            _export_new(module, built, path)
        else:
            _export_old(module, built, path)
    if n_bytes > LARGEST_FILE:
        _move_weights(path)
    if len(onnx.load(path, load_external_data=False).graph.output) == 0:
        raise ExportError("the exported graph has no output")
    return f"{n_bytes / 4e6:.1f} M parameters, inputs {_text(built.arguments)}, largest output {largest:.2g}"


def _move_weights(path: Path) -> None:
    """All weights to one file, in place of the one file for each that the old exporter writes."""
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data")


def _export_new(module: nn.Module, built: Built, path: Path) -> None:
    """By the new exporter, which may still fix an open axis where the module computes with its size."""
    shapes = tuple(dict.fromkeys(axes, torch.export.Dim.AUTO) for axes in built.open_axes) or None
    chosen = {"dynamo": True, "external_data": False, "verbose": False, "dynamic_shapes": shapes}
    torch.onnx.export(module, built.arguments, path, **chosen)


def _export_old(module: nn.Module, built: Built, path: Path) -> None:
    """By the old exporter, at the first opset that has all operators."""
    names = [f"input_{number}" for number in range(len(built.open_axes))]
    chosen = {"dynamo": False, "input_names": names or None}
    chosen |= {"dynamic_axes": dict(zip(names, map(dict, built.open_axes), strict=True)) or None}
    for opset in OPSETS:
        try:
            torch.onnx.export(module, built.arguments, str(path), opset_version=opset, **chosen)
        except torch.onnx.errors.UnsupportedOperatorError:
            if opset == OPSETS[-1]:
                raise
        else:
            return


def randomise(module: nn.Module) -> None:
    """Replace, in place, every parameter that is one constant.

    A scale of one, a shift of zero or a layer scale of 1e-6 would let a slice at the wrong place pass unseen.
    """
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.is_floating_point() and parameter.numel() and parameter.min() == parameter.max():
                _fill(name, parameter)


def calibrate(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
    """Give BatchNormalization, in place, statistics near those of one run: values stay small however deep the model."""

    def observe(norm: nn.modules.batchnorm._BatchNorm, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].transpose(0, 1).flatten(1)
        spread = x.var(1, correction=0) + x.var(correction=0) / 10 + 1e-3
        norm.running_mean.copy_(x.mean(1) + torch.empty_like(spread).normal_(0, 0.2) * spread.sqrt())
        norm.running_var.copy_(spread * torch.empty_like(spread).uniform_(0.5, 1.5))

    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    hooks = [norm.register_forward_pre_hook(observe) for norm in norms]
    with torch.no_grad():
        module(*arguments)
    for hook in hooks:
        hook.remove()


def _fill(name: str, parameter: nn.Parameter) -> None:
    if name.endswith(("bias", "beta")):
        parameter.normal_(0, 0.1)
    elif parameter.squeeze().ndim <= 1:
        parameter.uniform_(0.5, 1.5)
    else:
        parameter.normal_(0, 0.02)


def _largest_output(module: nn.Module, arguments: tuple[Tensor, ...]) -> float:
    with torch.no_grad():
        leaves = [leaf for leaf in _pytree.tree_leaves(module(*arguments)) if isinstance(leaf, Tensor)]
    largest = max(float(leaf.abs().max()) for leaf in leaves)
    if not all(bool(leaf.isfinite().all()) for leaf in leaves) or largest == 0:
        raise ExportError(f"outputs are not finite or all zero with these random weights (largest {largest})")
    return largest


def image_module(make: Callable[[], nn.Module], sizes: tuple[int, ...]) -> Built:
    """The module with an image of the first size at which it runs.

    Raises:
        ExportError: if it runs at none.
    """
    module = make().eval()
    for size in sizes:
        image = torch.randn(1, 3, size, size)
        with torch.no_grad(), contextlib.suppress(RuntimeError, AssertionError, ValueError):
            module(image)
            return Built(module, (image,))
    raise ExportError(f"runs at none of the sizes {sizes}")


def _text(arguments: tuple[Tensor, ...]) -> str:
    return ", ".join("x".join(map(str, argument.shape)) for argument in arguments)
