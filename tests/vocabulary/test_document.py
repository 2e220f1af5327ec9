"""A plan says which ids a vocabulary keeps; what fits no model is refused."""

from __future__ import annotations

import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.vocabulary.document import shortened_by
from tests.models import model
from tests.tokens import TIED


def test_plan_without_a_vocabulary_is_about_the_whole_one():
    assert shortened_by({"axes": []}, model(TIED)) is None
    assert shortened_by(None, model(TIED)) is None


def test_plan_keeps_ids():
    found = shortened_by({"vocabulary": {"size": 12, "kept": [1, 4]}}, model(TIED))
    assert found is not None
    assert found.ids.kept == (1, 4)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([1, 4], "has no size, and no list"),
        ({"size": 12}, "has no size, and no list"),
        ({"size": 12, "kept": [12]}, "has no size, and no list"),
        ({"size": 12, "kept": [4, 1]}, "not in order, or twice"),
        ({"size": 12, "kept": [1, 1]}, "not in order, or twice"),
        ({"size": 11, "kept": [1]}, "it is about 11 ids, and the model has 12"),
    ],
)
def test_plan_that_cannot_be_meant_is_refused(said, why):
    with pytest.raises(UsageError, match=why):
        shortened_by({"vocabulary": said}, model(TIED))
