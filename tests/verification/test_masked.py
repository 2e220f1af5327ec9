"""MASK: the original at full size computes what the pruned model must, and no weight is touched for it."""

from __future__ import annotations

import pytest
from onnx import numpy_helper

from paoding_onnx.model.load import lift
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.masked import mask
from tests.models import model, parse, random_plan
from tests.pruning import (
    BRANCHES,
    CNN,
    MLP,
    SHARED,
    initializers,
    is_unchanged,
    moved,
    overrides,
    plan_of,
    traced_model,
)


def test_masked_model_computes_what_zeroed_weights_do():
    subject = model(MLP)
    trace = traced_model(subject)
    masked = mask(subject, trace, plan_of(trace, a=[0, 7], b=[11]))
    proto = parse(MLP)
    for tensor in proto.graph.initializer:
        value = numpy_helper.to_array(tensor).copy()
        value[{"b": [0, 7], "c": [11]}.get(tensor.name, [])] = 0  # rows of what consumes the units
        tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    assert moved(lift(proto), masked) < 1e-6


def test_mask_touches_no_weight():
    subject = model(CNN)
    trace = traced_model(subject)
    masked = mask(subject, trace, random_plan(trace))
    before, after = initializers(subject), initializers(masked)
    assert masked.weights is subject.weights
    assert all(after[name].SerializeToString() == before[name].SerializeToString() for name in before)
    assert all(name.startswith("paoding_onnx_mask_") for name in after.keys() - before.keys())


def test_pruned_model_computes_what_the_masked_one_does():
    subject = model(CNN)
    trace = traced_model(subject)
    plan = random_plan(trace, 5)
    assert moved(mask(subject, trace, plan), cut(subject, trace, plan)) < 1e-6


@pytest.mark.parametrize("text", [CNN, BRANCHES, SHARED], ids=["cnn", "branches", "shared"])
def test_input_model_is_not_changed(text):
    subject = model(text)
    proto, before = subject.proto.SerializeToString(), overrides(subject)
    trace = traced_model(subject)
    mask(subject, trace, random_plan(trace))
    assert is_unchanged(subject, proto, before)
