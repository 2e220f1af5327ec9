"""A model ready to run as quickly as it can be."""

from __future__ import annotations

from collections.abc import Sequence

from paoding_onnx.errors import ModelError
from paoding_onnx.model.load import Model
from paoding_onnx.model.session import Session


def quick(model: Model, watch: Sequence[str] = ()) -> Session:
    """A session that onnxruntime optimised, or one of the model as it is where its optimiser does not take that.

    `watch` as for `Session`.

    Raises:
        ModelError: if onnxruntime does not load the model.
    """
    try:
        return Session(model, watch=watch, optimise=True)
    except ModelError:
        return Session(model, watch=watch)
