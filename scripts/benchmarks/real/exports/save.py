"""Write a PyTorch module as ONNX, by the exporter that most files in use were written with: needs torch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

OPSET = 17


def save(
    network: nn.Module, inputs: Mapping[str, torch.Tensor], outputs: Sequence[str], out: Path, axes: Sequence[str] = ()
) -> None:
    """Write `network` with a free batch, and further free `axes` of all inputs and outputs behind it."""
    free = dict(enumerate(("batch", *axes)))
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            tuple(inputs.values()),
            str(out),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=dict.fromkeys((*inputs, *outputs), free),
            opset_version=OPSET,
            dynamo=False,
        )
