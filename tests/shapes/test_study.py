"""A study leaves a model alone where there is nothing to open and nothing to fold."""

from __future__ import annotations

from paoding_onnx.shapes.observe import observe
from paoding_onnx.shapes.study import study
from tests.models import model
from tests.pruning import CNN


def test_plain_model_is_only_observed():
    subject = model(CNN)
    found = study(subject)
    assert (found.simplified, found.folded) == (subject, subject)
    assert found.graph.tensors.keys() == observe(subject).tensors.keys()
