"""A model ready to run for its numbers to be compared with those of another, on any processor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import onnx

from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import Model
from paoding_onnx.model.session import Session, WideSession


def exact(model: Model, watch: Sequence[str] = ()) -> Session:
    """A session of the model as it is; one that adds products of 8 bits without overflow where the model has some.

    `watch` as for `Session`. Where onnxruntime cannot do that for a model, sums are as the processor takes them.

    Raises:
        ModelError: if onnxruntime does not load the model.
    """
    if any(tensor.data_type == onnx.TensorProto.INT8 for tensor in model.proto.graph.initializer):
        with suppress(ModelError):
            return WideSession(model, watch=watch)
    return Session(model, watch=watch)
