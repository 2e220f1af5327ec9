"""THE WRITTEN FILE: it is the model that was made, and that is the cut one but for what fitting decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import helper, numpy_helper

from paoding_onnx.model.load import load
from paoding_onnx.model.provenance import signed
from paoding_onnx.model.read import constants
from paoding_onnx.model.save import save_model
from paoding_onnx.surgery.cut import cut, reweigh
from paoding_onnx.verification.written import check_written, fits_of, refitted, restored
from tests.models import model
from tests.pruning import MLP, edited, plan_of, traced_model, with_constants

TEXT = MLP.replace("16,12", "16,16").replace("float[12] bb, float[12,4] c", "float[16] bb, float[16,4] c")
"""Two layers of sixteen units, so that there are constants of one size."""


@pytest.fixture
def plain():
    """The cut model."""
    subject = model(TEXT)
    trace = traced_model(subject)
    return cut(subject, trace, plan_of(trace, a=[0, 3], b=[1, 2]))


def written(tmp_path, made):
    save_model(made, tmp_path / "m.onnx", force=True)
    return load(tmp_path / "m.onnx")


def test_file_of_the_cut_model_holds(tmp_path, plain):
    assert check_written(written(tmp_path, plain), plain, plain, {}).passed


def zeroed(made):
    return with_constants(made, a=np.zeros_like(constants(made)["a"]))


def turned(made):
    return with_constants(made, b=constants(made)["b"][::-1])


def swapped(made):
    found = constants(made)
    return with_constants(made, ab=found["bb"], bb=found["ab"])


def rotten(made):
    content = bytearray(constants(made)["a"].tobytes())
    content[100:140] = bytes(40)
    return with_constants(made, a=np.frombuffer(bytes(content), np.float32).reshape(constants(made)["a"].shape))


def of_another_operator(made):
    def change(proto):
        next(node for node in proto.graph.node if node.op_type == "Relu").op_type = "Abs"

    return edited(made, change)


def with_more(made):
    return edited(made, lambda p: p.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "more")))


def renamed(made):
    return edited(made, lambda proto: proto.metadata_props.add(key="author", value="someone else"))


@pytest.mark.parametrize("fault", [zeroed, turned, swapped, rotten, of_another_operator, with_more, renamed])
def test_file_that_the_writer_changed_fails(tmp_path, plain, fault):
    assert not check_written(written(tmp_path, fault(plain)), plain, plain, {}).passed


def test_weight_that_fitting_decided_holds_and_any_other_fails(tmp_path, plain):
    fitted = reweigh(plain, {"b": constants(plain)["b"] * 2})
    fits = {"b": [constants(plain)["b"] * 2]}
    assert check_written(written(tmp_path, fitted), fitted, plain, fits).passed
    assert not check_written(written(tmp_path, fitted), fitted, plain, {}).passed
    assert not check_written(written(tmp_path, fitted), fitted, plain, {"b": [-constants(fitted)["b"]]}).passed


def test_weight_that_is_no_number_fails_though_it_was_decided(tmp_path, plain):
    nothing = np.full_like(constants(plain)["b"], np.nan)
    fitted = reweigh(plain, {"b": nothing})
    assert not check_written(written(tmp_path, fitted), fitted, plain, {"b": [nothing]}).passed


def test_second_cut_is_held_to_the_parts_that_stay(tmp_path):
    subject = model(TEXT)
    trace = traced_model(subject)
    plan = plan_of(trace, a=[0, 3])
    plain, overrides = cut(subject, trace, plan), {"b": constants(subject)["b"] * np.float32(3)}
    fits = fits_of(trace, plan, overrides, plain)
    fitted = cut(subject, trace, plan, overrides)
    reversed_rows = with_constants(fitted, b=constants(fitted)["b"][::-1])
    assert check_written(written(tmp_path, fitted), fitted, plain, fits).passed
    assert not check_written(written(tmp_path, reversed_rows), reversed_rows, plain, fits).passed


def test_restored_model_has_the_weights_that_were_cut(plain):
    fitted = reweigh(plain, {"b": constants(plain)["b"] * 2})
    assert refitted(fitted, plain) == ("b",)
    assert refitted(restored(fitted, plain, ["b"]), plain) == ()


def test_metadata_that_the_original_has_not_is_no_result_of_the_cut(tmp_path, plain):
    other = edited(plain, lambda proto: proto.metadata_props.add(key="author", value="someone else"))
    verdict = check_written(written(tmp_path, other), other, plain, {})
    assert not verdict.passed
    assert "its metadata is another one" in verdict.detail


def test_record_of_its_making_is_no_change_of_a_model(tmp_path, plain):
    told = signed(plain, {"format": "any"})
    assert check_written(written(tmp_path, told), told, plain, {}).passed
    assert not check_written(written(tmp_path, plain), told, plain, {}).passed


def test_node_that_was_changed_is_named(tmp_path, plain):
    def change(proto):
        proto.graph.node[-1].op_type, proto.graph.node[-1].output[0] = "Sub", "y"

    verdict = check_written(written(tmp_path, edited(plain, change)), plain, plain, {})
    assert "is another one" in verdict.detail


def with_constant_nodes(made):
    """The model with its initializers as Constant nodes, as Paddle writes them."""
    proto = type(made.proto)()
    proto.CopyFrom(made.proto)
    nodes = [helper.make_node("Constant", [], [t.name], value=t) for t in proto.graph.initializer]
    del proto.graph.initializer[:]
    nodes += list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return replace(made, proto=proto)


def test_fitted_weight_that_a_constant_node_holds_is_no_other_node(tmp_path, plain):
    subject = with_constant_nodes(plain)
    fitted = reweigh(subject, {"b": 2 * constants(subject)["b"]})
    assert check_written(written(tmp_path, fitted), fitted, subject, {"b": [constants(fitted)["b"]]}).passed
    assert not check_written(written(tmp_path, fitted), fitted, subject, {}).passed
