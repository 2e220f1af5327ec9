"""Models with open axes to ONNX files, each with a JSON file beside it that says where it must be right."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from scripts.zoo.entry import SEED, Entry
from scripts.zoo.open_axes.feeds import feed
from scripts.zoo.open_axes.model import Input, OpenModel, feed_at
from scripts.zoo.torch_export import OPSETS, ExportError, calibrate, randomise

EXPORTERS = {"old": "torchscript", "new": "dynamo"}
"""How files by the two exporters are called."""


class Positional(nn.Module):
    """A module with inputs that are told apart by their places alone."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *given: Tensor) -> Any:  # noqa: ANN401, whatever the module gives
        """What the module makes of its inputs."""
        return self.module(*given)


def entries(name: str, model: OpenModel) -> tuple[Entry, ...]:
    """The files of one model, one for each of its exporters."""
    return tuple(_entry(name, model, exporter) for exporter in model.exporters.split())


def _entry(name: str, model: OpenModel, exporter: str) -> Entry:
    full = f"{name}.{EXPORTERS[exporter]}"

    def write(path: Path, _: bool) -> str:
        return _write(path, model, exporter)

    return Entry(full, write)


def _write(path: Path, model: OpenModel, exporter: str) -> str:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)  # one fused operator that no exporter knows
    torch.manual_seed(SEED)
    module = Positional(model.make().eval()).eval()
    arguments = tuple(torch.from_numpy(a) for a in feed(_feeds(model, model.traced), SEED).values())
    randomise(module)
    calibrate(module, arguments)
    with torch.no_grad():
        {"old": _export_old, "new": _export_new}[exporter](module, arguments, model, path)
    described = _described(model, exporter)
    _require_sizes(path, described)
    path.with_suffix(".json").write_text(json.dumps(described, indent=1) + "\n")
    n_parameters = sum(parameter.numel() for parameter in module.parameters())
    return f"{n_parameters / 1e6:.2f} M parameters, {', '.join(model.traced)} open"


def _feeds(model: OpenModel, size: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    return {given.name: feed_at(given, size) for given in model.inputs}


def _described(model: OpenModel, exporter: str) -> dict[str, Any]:
    """What the JSON file holds."""
    return {
        "exporter": EXPORTERS[exporter],
        "compare": model.compare,
        "inputs": {given.name: {"shape": list(given.shape), "fill": given.fill} for given in model.inputs},
        "traced": dict(model.traced),
        "sizes": [dict(size) for size in model.sizes],
        "feeds": [_feeds(model, size) for size in model.sizes],
    }


def _open_axes(given: Input) -> dict[int, str]:
    return {place: axis.replace("+", "_") for place, axis in enumerate(given.shape) if isinstance(axis, str)}


def _export_old(module: nn.Module, arguments: tuple[Tensor, ...], model: OpenModel, path: Path) -> None:
    """At the first opset that has all operators."""
    axes = {given.name: _open_axes(given) for given in model.inputs if _open_axes(given)}
    names = [given.name for given in model.inputs]
    chosen = {"dynamo": False, "input_names": names, "output_names": list(model.outputs) or None, "dynamic_axes": axes}
    for opset in OPSETS:
        try:
            torch.onnx.export(module, arguments, str(path), opset_version=opset, **chosen)
        except torch.onnx.errors.UnsupportedOperatorError:
            if opset == OPSETS[-1]:
                raise
        else:
            return


def _export_new(module: nn.Module, arguments: tuple[Tensor, ...], model: OpenModel, path: Path) -> None:
    """The exporter may still fix an open axis where the module computes with its size; `_require_sizes` tells."""
    shapes = tuple(dict.fromkeys(_open_axes(given), torch.export.Dim.AUTO) or None for given in model.inputs)
    names = [given.name for given in model.inputs]
    chosen = {"dynamo": True, "external_data": False, "verbose": False, "dynamic_shapes": (shapes,)}
    chosen |= {"input_names": names, "output_names": list(model.outputs) or None}
    torch.onnx.export(module, arguments, path, **chosen)


def _require_sizes(path: Path, described: Mapping[str, Any]) -> None:
    """Refuse a file that is no model at its own sizes.

    Raises:
        ExportError: naming the size and what onnxruntime says, or the output that is not finite.
    """
    given = {graph_input.name for graph_input in onnx.load(path).graph.input}
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    for number, (size, feeds) in enumerate(zip(described["sizes"], described["feeds"], strict=True)):
        arrays = {name: value for name, value in feed(feeds, number).items() if name in given}
        try:
            found = session.run(None, arrays)
        except Exception as error:  # onnxruntime's errors share no other parent
            said = " ".join(str(error).split())[-220:]
            raise ExportError(f"the file itself does not run at {size}: {said}") from error
        if not all(np.isfinite(value).all() for value in found):
            raise ExportError(f"an output is not finite at {size}")
