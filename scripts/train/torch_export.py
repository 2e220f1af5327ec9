"""Both of PyTorch's ONNX exporters; knows no particular application."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.onnx import TrainingMode

TORCHSCRIPT_OPSET = 17
DYNAMO_OPSET = 18
NAMES = ("image", "logits")
"""Of the input and the output."""


def export_torchscript(
    network: nn.Module,
    path: Path,
    *,
    input_shape: tuple[int, ...],
    names: tuple[str, str] = NAMES,
    is_merged: bool = True,
) -> None:
    """Write the network with the older, TorchScript-based exporter, with any batch size.

    `is_merged` lets it merge each BatchNormalization into the convolution before it.
    """
    _export(
        network.eval(),
        torch.zeros(1, *input_shape),
        path,
        names,
        dynamo=False,
        opset_version=TORCHSCRIPT_OPSET,
        dynamic_axes={name: {0: "batch"} for name in names},
        # the network is in evaluation mode either way; what is preserved is that, without the exporter's merging
        training=TrainingMode.EVAL if is_merged else TrainingMode.PRESERVE,
        do_constant_folding=is_merged,
    )


def export_dynamo(network: nn.Module, path: Path, *, input_shape: tuple[int, ...]) -> None:
    """Write the network with the newer, torch.export-based exporter, as one file with any batch size."""
    more = {"dynamic_shapes": ({0: torch.export.Dim("batch")},), "external_data": False}
    # torch.export takes a batch of one for a fixed size
    _export(network, torch.zeros(2, *input_shape), path, NAMES, dynamo=True, opset_version=DYNAMO_OPSET, **more)


def _export(network: nn.Module, x: torch.Tensor, path: Path, names: tuple[str, str], **more: object) -> None:
    torch.onnx.export(network, (x,), path, input_names=[names[0]], output_names=[names[1]], **more)
