"""Read-only values: what a node answers about its attributes, operands and shapes, a tensor about its content."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from paoding_onnx.model.nodes import Node, Origin, Tensor
from tests.rules.nodes import node


def tensor(value, varies=None):
    array = np.array(value)
    return Tensor("t", Origin.COMPUTED, array.shape, array.dtype, array, None if varies is None else np.array(varies))


def test_a_node_between_other_tensors_is_the_same_otherwise():
    first, other = node("Add 2 2 -> 2"), tensor([1, 2])
    found = first.between((other, None), first.outputs, None)
    assert found == replace(first, inputs=(other, None), outputs=first.outputs, whole=None)


def test_entries_are_the_integers_a_tensor_holds():
    assert tensor([3, -1]).entries() == (3, -1)


def test_entry_that_varies_is_none():
    assert tensor([3, -1], [True, False]).entries() == (None, -1)


def test_floats_are_no_entries():
    assert tensor([3.0]).entries() is None


def test_unmeasured_content_has_no_entries():
    assert Tensor("t", Origin.COMPUTED, (2,)).entries() is None


def test_scalar_has_one_entry():
    assert tensor(5).entries() == (5,)


def test_missing_attribute_gives_the_default():
    subject = node("Conv 2x3x8 8x3x3 -> 2x8x6")
    assert (subject.integer("group", 1), subject.integers("pads"), subject.text("auto_pad", "NOTSET")) == (
        1, None, "NOTSET",
    )  # fmt: skip


def test_attribute_of_another_kind_gives_the_default():
    subject = node("Conv 2x3x8 8x3x3 -> 2x8x6", group="two", pads=3, auto_pad=1, alpha=1)
    assert subject.integer("group", 1) == 1
    assert subject.integers("pads") is None
    assert subject.text("auto_pad", "NOTSET") == "NOTSET"
    assert subject.real("alpha", 0.5) == 0.5


def test_set_attributes_are_read():
    subject = node("Conv 2x3x8 8x3x3 -> 2x8x6", group=2, pads=(1, 0), auto_pad="VALID", alpha=0.25)
    assert (subject.integer("group", 1), subject.integers("pads")) == (2, (1, 0))
    assert (subject.text("auto_pad", ""), subject.real("alpha", 0.0)) == ("VALID", 0.25)


def test_omitted_operand_has_no_shape_and_no_entries():
    subject = node("Resize 2x8 _ {2} -> 2x8")
    assert (subject.operand(1), subject.shape(1), subject.entries(1)) == (None, (), None)
    assert (subject.operand(9), subject.shape(9), subject.entries(9)) == (None, (), None)


def test_shapes_of_operands_and_outputs():
    subject = node("Split 2x8 [3,5] -> 2x3 2x5")
    assert (subject.shape(0), subject.output_shape(), subject.output_shape(1)) == ((2, 8), (2, 3), (2, 5))


@pytest.mark.parametrize("value", [tensor([1]), node("Relu 2 -> 2")])
def test_values_cannot_be_changed(value: Tensor | Node):
    with pytest.raises(FrozenInstanceError):
        value.name = "other"
