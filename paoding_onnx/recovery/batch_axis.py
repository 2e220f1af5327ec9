"""Models that were exported for a fixed number of samples, made to take any: many do, whatever their file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx

from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session

SAME = 1e-3
"""How far outputs may be from those of the samples alone."""
_OPEN = "n_samples"


def opened(model: Model) -> Model:
    """The model with the first axis of all inputs and outputs open; as it is, if those of the inputs are."""
    if not any(spec.dims and isinstance(spec.dims[0], int) for spec in model.inputs):
        return model
    proto = onnx.ModelProto()
    proto.CopyFrom(model.proto)
    stored = {tensor.name for tensor in proto.graph.initializer}
    for info in (*proto.graph.input, *proto.graph.output):
        dims = info.type.tensor_type.shape.dim
        if info.name not in stored and dims:
            dims[0].dim_param = _OPEN
    del proto.graph.value_info[:]
    return replace(model, proto=proto)


def is_independent(model: Model, opened_model: Model, batches: Sequence[Mapping[str, Array]]) -> bool:
    """Whether a model runs on two batches at once as on one after the other."""
    alone = [Session(model).run(feed) for feed in batches[:2]]
    at_once = {name: np.concatenate([feed[name] for feed in batches[:2]]) for name in batches[0]}
    try:
        together = Session(opened_model).run(at_once)
    except ModelError:
        return False
    whole = {name: np.concatenate([found[name] for found in alone]) for name in alone[0] if alone[0][name].ndim}
    return whole.keys() == together.keys() and output_difference(whole, together) <= SAME
