"""What a recorded plan says of the vocabulary, and the model that it is about."""

from __future__ import annotations

from collections.abc import Mapping

from paoding_onnx.errors import UsageError
from paoding_onnx.model.input_sizes import Given
from paoding_onnx.model.load import Model
from paoding_onnx.shapes.observe import NOTHING_GIVEN
from paoding_onnx.vocabulary.shorten import Shortened, lookups_of, shorten

ENTRY = "vocabulary"


def shortened_by(document: object, model: Model, given: Given = NOTHING_GIVEN) -> Shortened | None:
    """The model with the vocabulary that a plan keeps; `None` if it is about the whole one.

    Raises:
        ModelError: if the model cannot be run.
        UsageError: if the plan does not say what is kept, or does not fit the model.
    """
    said = document.get(ENTRY) if isinstance(document, Mapping) else None
    if said is None:
        return None
    size, kept = (said.get("size"), said.get("kept")) if isinstance(said, Mapping) else (None, None)
    listed = kept if isinstance(kept, list) else []
    if type(size) is not int or not listed or not all(type(one) is int and 0 <= one < size for one in listed):
        raise UsageError("the plan's entry 'vocabulary' has no size, and no list of ids below it")
    if listed != sorted(set(listed)):
        raise UsageError("the plan's entry 'vocabulary' lists ids that are not in order, or twice")
    lookups = lookups_of(model, given)
    if lookups.size != size:
        raise UsageError(f"the plan does not fit the model: it is about {size} ids, and the model has {lookups.size}")
    return shorten(model, lookups, listed)
