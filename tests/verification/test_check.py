"""CHECK: every proof holds for what the surgery made, and fails on each fault that is planted."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from paoding_onnx.api import prune
from paoding_onnx.dependency.cost import Cost
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.read import constants
from paoding_onnx.model.save import save_model
from paoding_onnx.shapes.observe import runnable_shapes
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import plan_document
from paoding_onnx.verification.check import check
from paoding_onnx.verification.proofs import check_file, check_interface, check_plan, check_surgery
from tests.models import model, parse, prune_randomly
from tests.pruning import CNN, MLP, edited, plan_of, skip_latency, traced_model, with_constants

PLAN = {"a": [1, 5], "e": [0], "f": [3, 4]}
"""Units of CNN that go."""


def set_group(number):
    def edit(proto):
        (attribute,) = (a for node in proto.graph.node for a in node.attribute if a.name == "group")
        attribute.i = number

    return edit


def evaluation(faulty, text=CNN, plan=None):
    """What the equivalence oracle says when `faulty` has its hands on the pruned model."""
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, **(PLAN if plan is None else plan))
    return check_surgery(subject, trace, plan, faulty(subject, cut(subject, trace, plan)))


def of_another_unit(subject, pruned):
    return with_constants(pruned, f=np.delete(np.delete(constants(subject)["f"], [3, 4], 0), [1], 1))


def swapped(subject, pruned):
    return with_constants(pruned, e=constants(pruned)["e"][::-1])


def half_forgotten(subject, pruned):
    return with_constants(pruned, ab=constants(subject)["ab"][:6])


def undefined(subject, pruned):
    return with_constants(pruned, h=constants(pruned)["h"] * np.float32("nan"))


def ungrouped(subject, pruned):
    return edited(pruned, set_group(1))


def uncut(subject, pruned):
    return subject


@pytest.mark.parametrize("fault", [of_another_unit, swapped, half_forgotten, undefined, ungrouped, uncut])
def test_equivalence_fails_on(fault):
    verdict = evaluation(fault)
    assert (verdict.name, verdict.passed) == ("surgery exact", False)


def test_equivalence_notices_a_unit_that_nobody_misses():
    text = """g (float[1,3] x) => (float[1,2] y) <float[3,3] a, float[3,2] b={1,2,0,0,3,4}> {
      p = MatMul (x, a) y = MatMul (p, b)
    }"""
    assert not evaluation(uncut, text, {"a": [1]}).passed


def test_equivalence_holds_for_the_cut_model():
    verdict = evaluation(lambda subject, pruned: pruned)
    assert verdict.passed
    assert "at most 1e-05 allowed" in verdict.detail


def test_equivalence_cuts_for_itself_what_it_is_not_given():
    assert evaluation(lambda subject, pruned: None).passed


def test_equivalence_notices_a_difference_behind_a_saturated_output():
    text = MLP.replace("y = Add (u, cb)", "v = Add (u, cb) w = Mul (v, big) y = Sigmoid (w)")
    text = text.replace("float[4] cb>", "float[4] cb, float big={-1000}>")
    assert evaluation(lambda subject, pruned: pruned, text, {"a": [0]}).passed
    assert not evaluation(
        lambda subject, pruned: with_constants(pruned, b=constants(pruned)["b"][::-1]), text, {"a": [0]}
    ).passed


def test_equivalence_says_nothing_about_inexact_units():
    text = """g (float[1,4,2,2] x) => (float[1,1,2,2] y) <float[6,4,1,1] a> {
      p = Conv (x, a) y = ReduceMean <axes=[1]> (p)
    }"""
    verdict = evaluation(uncut, text, {"a": [0]})
    assert verdict.passed
    assert verdict.detail == "no exact unit was removed: nothing to compare"


def test_half_precision_is_held_to_its_own_resolution():
    text = MLP.replace("float[", "float16[")
    subject = model(text)
    trace = traced_model(subject)
    plan = plan_of(trace, a=[0, 3], b=[7])
    pruned = cut(subject, trace, plan)
    nudged, changed = (
        with_constants(pruned, c=(constants(pruned)["c"] * np.float16(factor))) for factor in (1.001, 1.1)
    )
    passed = [check_surgery(subject, trace, plan, m).passed for m in (pruned, nudged, changed)]
    assert passed == [True, True, False]


def file_verdicts(tmp_path, faulty=lambda pruned: pruned, text=CNN, predicted=None):
    """Verdicts on the file of a pruned model that `faulty` had its hands on, by name."""
    trial = prune_randomly(model(text))
    save_model(faulty(trial.pruned), tmp_path / "pruned.onnx", force=True)
    shapes = runnable_shapes(trial.original, trial.trace.graph)
    verdicts = check_file(trial.original, tmp_path / "pruned.onnx", predicted or trial.predicted, shapes)
    return {verdict.name: verdict for verdict in verdicts}


def passed(verdicts):
    return {name: verdict.passed for name, verdict in verdicts.items()}


def test_file_of_the_pruned_model_passes(tmp_path):
    assert passed(file_verdicts(tmp_path)) == {
        "valid ONNX": True,
        "interface unchanged": True,
        "runs in onnxruntime": True,
        "cost as predicted": True,
    }


@pytest.mark.parametrize(("parameters", "macs"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_recount_fails_on_a_wrong_prediction(tmp_path, parameters, macs):
    right = prune_randomly(model(CNN)).predicted
    verdicts = file_verdicts(tmp_path, predicted=Cost(right.parameters + parameters, right.macs + macs))
    assert passed(verdicts) == {
        "valid ONNX": True,
        "interface unchanged": True,
        "runs in onnxruntime": True,
        "cost as predicted": False,
    }
    assert verdicts["cost as predicted"].detail.endswith(
        f"predicted {right.parameters + parameters:,} and {right.macs + macs:,}"
    )


def test_recount_is_left_out_without_a_prediction(tmp_path):
    save_model(model(CNN), tmp_path / "m.onnx")
    names = [verdict.name for verdict in check_file(model(CNN), tmp_path / "m.onnx", None, None)]
    assert names == ["valid ONNX", "interface unchanged", "runs in onnxruntime"]


def rename_output(proto):
    proto.graph.output[0].name = proto.graph.node[-1].output[0] = "other"


def rename_input(proto):
    proto.graph.input[0].name = proto.graph.node[0].input[0] = "other"


def add_output(proto):
    proto.graph.output.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, None))


def drop_output(proto):
    del proto.graph.output[:]


def add_input(proto):
    proto.graph.input.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [1]))


def change_type(proto):
    proto.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE


def change_rank(proto):
    del proto.graph.output[0].type.tensor_type.shape.dim[0]


@pytest.mark.parametrize(
    "edit", [rename_output, rename_input, add_output, drop_output, add_input, change_type, change_rank]
)
def test_interface_fails_on(edit):
    subject = model(MLP)
    verdict = check_interface(subject, edited(subject, edit))
    assert (verdict.name, verdict.passed) == ("interface unchanged", False)
    assert verdict.detail


def test_interface_says_what_became_of_an_input():
    subject = model(MLP)
    verdict = check_interface(subject, edited(subject, change_type))
    assert verdict.detail == "'x' (float32, rank 2) became 'x' (float64, rank 2)"


def test_interface_may_change_sizes_that_are_left_open():
    subject = model(MLP)
    assert check_interface(subject, model(MLP.replace("[N,4] y", "[M,4] y"))).passed


def test_file_with_another_output_name_fails(tmp_path):
    verdicts = file_verdicts(tmp_path, lambda pruned: edited(pruned, rename_output))
    assert not passed(verdicts)["interface unchanged"]


def test_file_that_onnxruntime_does_not_run_fails(tmp_path):
    verdicts = file_verdicts(tmp_path, lambda pruned: edited(pruned, set_group(3)))
    assert not passed(verdicts)["runs in onnxruntime"]
    assert "cost as predicted" not in verdicts


def record_wrong_shape(proto):
    proto.graph.value_info.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [1, 99]))


def test_file_that_contradicts_itself_fails(tmp_path):
    verdicts = file_verdicts(tmp_path, lambda pruned: edited(pruned, record_wrong_shape))
    assert not passed(verdicts)["valid ONNX"]


def test_fault_that_the_original_has_too_is_none_of_ours(tmp_path):
    subject = edited(model(CNN), record_wrong_shape)
    save_model(subject, tmp_path / "m.onnx")
    verdict = check_file(subject, tmp_path / "m.onnx", None, None)[0]
    assert verdict.passed
    assert verdict.detail.startswith("fails like the original: ")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08"])
def test_file_that_is_no_model_fails(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    (verdict,) = check_file(model(CNN), tmp_path / "m.onnx", None, None)
    assert (verdict.name, verdict.passed) == ("valid ONNX", False)


def planned(faulty=lambda pruned: pruned, **units):
    subject = model(MLP)
    trace = traced_model(subject)
    pruned = cut(subject, trace, plan_of(trace, a=[0, 3]))
    return check_plan(subject, trace, plan_of(trace, **units), faulty(pruned))


def test_plan_holds_for_the_file_that_was_made_by_it():
    verdict = planned(a=[0, 3])
    assert verdict.passed
    assert verdict.detail == "6 constants have the planned shapes; 0 have other weights"


def test_plan_counts_what_was_weighted_anew():
    verdict = planned(lambda pruned: with_constants(pruned, b=constants(pruned)["b"] * 2), a=[0, 3])
    assert verdict.passed
    assert verdict.detail.endswith("1 have other weights")


@pytest.mark.parametrize("units", [{"a": [0]}, {"b": [1]}, {"a": [0, 3], "b": [1]}])
def test_plan_fails_on_a_file_that_was_made_by_another(units):
    assert not planned(**units).passed


def test_plan_fails_on_a_file_with_more_constants():
    def add(proto):
        proto.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "more"))

    assert not planned(lambda pruned: edited(pruned, add), a=[0, 3]).passed


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """Files of a model and of what half of its units leave, and the plan."""
    skip_latency(monkeypatch)
    (tmp_path / "m.onnx").write_bytes(parse(MLP).SerializeToString())
    result = prune(tmp_path / "m.onnx", tmp_path / "small.onnx")
    return tmp_path / "m.onnx", tmp_path / "small.onnx", plan_document(result.trace, result.plan)


def test_two_files_are_compared(pair):
    original, small, plan = pair
    plain, proven = check(original, small), check(original, small, plan=plan)
    assert all(verdict.passed for verdict in proven.proofs)
    assert [v.name for v in plain.proofs] == ["valid ONNX", "interface unchanged", "runs in onnxruntime"]
    assert [v.name for v in proven.proofs] == [
        "surgery exact",
        "shapes as planned",
        *[v.name for v in plain.proofs],
        "cost as predicted",
    ]
    assert 0 < plain.output_error == proven.output_error < 1


def test_model_against_itself_does_not_differ(pair):
    assert check(pair[0], pair[0]).output_error == 0


def test_models_with_other_outputs_have_no_difference(pair, tmp_path):
    save_model(edited(model(MLP), rename_output), tmp_path / "other.onnx")
    result = check(pair[0], tmp_path / "other.onnx")
    assert not all(verdict.passed for verdict in result.proofs)
    assert math.isnan(result.output_error)


def test_plan_of_another_model_is_refused(pair, tmp_path):
    save_model(model(CNN), tmp_path / "cnn.onnx")
    with pytest.raises(UsageError, match="does not fit the model"):
        check(tmp_path / "cnn.onnx", pair[1], plan=pair[2])


def test_file_that_is_missing_is_refused(pair, tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        check(pair[0], tmp_path / "none.onnx")
