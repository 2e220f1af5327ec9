"""PROOFS of a file that was written: valid, its interface unchanged, it runs, it costs what was predicted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import onnx
import pytest

from paoding_onnx.dependency.cost import Cost
from paoding_onnx.model.save import save_model
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.verification.proofs import Asked, check_file, check_interface
from tests.models import model, prune_randomly
from tests.pruning import CNN, MLP, edited
from tests.verification.faults import plant, rename_output, set_group


def file_verdicts(tmp_path, faulty=lambda pruned: pruned, text=CNN, predicted=None):
    """Verdicts on the file of a pruned model that `faulty` had its hands on, by name."""
    trial = prune_randomly(model(text))
    save_model(faulty(trial.pruned), tmp_path / "pruned.onnx", force=True)
    sizes = sizes_of(trial.trace.graph)
    verdicts = check_file(trial.original, tmp_path / "pruned.onnx", Asked(predicted or trial.predicted, sizes))
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


def test_recount_fails_on_multiply_adds_that_an_equation_counts_wrongly(tmp_path, monkeypatch):
    def wrong(rule):
        (product,) = rule.contracts.products
        return replace(rule, contracts=replace(rule.contracts, products=(product[:-1],)))

    plant(monkeypatch, "MatMul", wrong)
    verdict = file_verdicts(tmp_path, text=MLP)["cost as predicted"]
    assert not verdict.passed
    assert verdict.detail.endswith("MACs by their shapes")


def test_recount_is_left_out_without_a_prediction(tmp_path):
    save_model(model(CNN), tmp_path / "m.onnx")
    names = [verdict.name for verdict in check_file(model(CNN), tmp_path / "m.onnx", Asked())]
    assert names == ["valid ONNX", "interface unchanged", "runs in onnxruntime"]


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
    assert verdict.detail == "'x' (float32, [open, 8]) became 'x' (float64, [open, 8])"


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
    verdict = check_file(subject, tmp_path / "m.onnx", Asked())[0]
    assert verdict.passed
    assert verdict.detail.startswith("fails like the original: ")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08"])
def test_file_that_is_no_model_fails(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    (verdict,) = check_file(model(CNN), tmp_path / "m.onnx", Asked())
    assert (verdict.name, verdict.passed) == ("valid ONNX", False)


FOUND = """g (float[SIZE,64,4] x) => (float[M,3] y) <float[4,40] a, float[40,1] b, float[40,8] c, float[8,3] f,
     float zero={0}, int64 none={0}, int64[2] flat={-1,4}> {
  v = Reshape (x, flat) p = MatMul (v, a) h = Tanh (p) s = MatMul (h, b) o = Greater (s, zero) z = NonZero (o)
  rows = Gather (z, none) q = Gather (h, rows) r = MatMul (q, c) t = Relu (r) y = MatMul (t, f)
}"""
"""Products over as many rows as are found, which are others once units are gone."""


@pytest.mark.parametrize("size", ["1", "N"])
def test_cost_of_what_is_found_is_recounted_at_the_number_that_was_predicted(size, tmp_path):
    for seed in range(2):
        trial = prune_randomly(model(FOUND.replace("SIZE", size), seed), seed)
        save_model(trial.pruned, tmp_path / "pruned.onnx", force=True)
        file, asked = tmp_path / "pruned.onnx", Asked(trial.predicted, sizes_of(trial.trace.graph))
        without = check_file(trial.original, file, asked)[-1]
        left = partial(trial.trace.shapes_left, trial.plan.removed)
        verdict = check_file(trial.original, file, replace(asked, left=left))[-1]
        assert (without.passed, verdict.passed) == (False, True)
