"""Models that were exported for a fixed number of samples, made to take any: many do, whatever their file says."""

from __future__ import annotations

from collections.abc import Mapping
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


def require_independent(model: Model, opened_model: Model, batches: tuple[Mapping[str, Array], ...]) -> None:
    """Refuse a model that computes other things when it is given more samples than its file says.

    Raises:
        ModelError: if it does not run on two batches at once, or not as on one after the other.
    """
    if opened_model is model:
        return
    alone = [Session(model).run(feed) for feed in batches[:2]]
    at_once = {name: np.concatenate([feed[name] for feed in batches[:2]]) for name in batches[0]}
    try:
        together = Session(opened_model).run(at_once)
    except ModelError as error:
        raise ModelError(f"it takes no more samples at a time than its file says: {error}") from error
    whole = {name: np.concatenate([found[name] for found in alone]) for name in alone[0] if alone[0][name].ndim}
    if whole.keys() != together.keys() or not output_difference(whole, together) <= SAME:
        raise ModelError("it computes other things when it is given more samples at a time than its file says")
