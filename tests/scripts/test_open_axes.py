"""Files with open axes are judged at other sizes by code that tells right from wrong."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from scripts.benchmarks.open_axes import document, judge
from scripts.benchmarks.open_axes.distance import farthest, rows_fault, shape_fault
from scripts.benchmarks.open_axes.draws import DRAWN, steadied
from scripts.benchmarks.open_axes.judge import Row
from scripts.benchmarks.open_axes.reference import PlanError, zeroed
from scripts.zoo.open_axes.feeds import feed
from scripts.zoo.open_axes.model import Input, OpenModel, feed_at, sizes
from tests.models import parse, save

NET = """g (float[N,3] x) => (float[N,2] y) <float[3,4] a, float[4] b, float[4,2] c> {
  [one] h = MatMul (x, a) [two] i = Add (h, b) [three] j = Relu (i) [four] y = MatMul (j, c) }"""
MESSAGES = (("a", "exit 1: the surgery failed its proof"), ("b", "exit 3: not a model"))
GONE = {"axis": 1, "size": 4, "kept": [0, 2, 3]}


def stored(model, name):
    return next(numpy_helper.to_array(tensor) for tensor in model.graph.initializer if tensor.name == name)


def test_removed_slices_of_a_stored_tensor_are_zero():
    found = zeroed(parse(NET), {"axes": [{"initializer": "a", **GONE}]})
    assert not stored(found, "a")[:, 1].any()
    assert stored(found, "a")[:, [0, 2, 3]].all()


def test_a_cut_for_one_use_leaves_the_others_whole():
    cut = {"initializer": "b", "axis": 0, "size": 4, "kept": [0], "node": "two", "operand": 1}
    found = zeroed(parse(NET), {"axes": [cut]})
    user = next(node for node in found.graph.node if node.name == "two")
    assert stored(found, "b").all()
    assert not stored(found, user.input[1])[1:].any()


def test_what_the_original_computes_is_multiplied_by_zeros():
    net = """g (float[N,3] x) => (float[N,4] y) <float[4,3] a> { [one] t = Transpose <perm = [1,0]> (a)
      [two] y = MatMul (x, t) }"""
    found = zeroed(parse(net), {"axes": [{"initializer": "t", **GONE}]})
    onnx.checker.check_model(found)
    (y,) = judge._run(judge._session(found), {"x": np.ones((2, 3), np.float32)})
    assert not y[:, 1].any()
    assert y[:, 0].all()


def test_plan_of_another_model_is_refused():
    with pytest.raises(PlanError, match="does not take it"):
        zeroed(parse(NET), {"axes": [{"initializer": "b", **GONE, "node": "one", "operand": 1}]})


def test_draws_are_one_number_in_both_models():
    net = """g (float[N,3] x) => (float[N,3] y) { r = RandomNormalLike (x) y = Add (x, r) }"""
    model = parse(net)
    assert steadied(model) == 1
    (y,) = judge._run(judge._session(model), {"x": np.zeros((5, 3), np.float32)})
    assert np.allclose(y, DRAWN)


def test_a_small_entry_is_not_hidden_by_a_large_one():
    wanted = np.array([[100.0, 2.0], [100.0, 2.0]])
    assert farthest([wanted], [np.array([[100.0, 3.0], [100.0, 2.0]])]) == pytest.approx(0.5)


def test_rows_may_change_places_and_not_their_content():
    boxes, scores = np.arange(12.0).reshape(3, 4), np.arange(3.0)
    order = [2, 0, 1]
    assert rows_fault([boxes, scores], [boxes[order], scores[order]], 1) == ""
    assert rows_fault([boxes, scores], [boxes[order], scores], 1) == "0 of 3 rows are found again"


def test_nothing_found_is_the_same_as_nothing_found():
    none = np.zeros((0, 4))
    assert rows_fault([none], [none], 1) == ""
    assert shape_fault([none], [np.zeros((0, 5))], 1) == "output 0 is 0x5 and not 0x4"


def test_fills_are_of_the_shape_and_the_range():
    given = {"ids": {"shape": [3, 4], "fill": "ids 3 9"}, "places": {"shape": [2, 3], "fill": "positions 7"}}
    found = feed(given, 0)
    assert found["ids"].shape == (3, 4)
    assert found["ids"].min() >= 3
    assert found["places"].tolist() == [[7, 8, 9]] * 2


def test_sums_of_axes_and_axes_in_fills_are_replaced_by_their_numbers():
    size = {"batch": 3, "length": 8, "past": 7}
    mask = Input("mask", ("batch", "past+length"), "ones")
    places = Input("places", ("batch", "length"), "positions past")
    assert feed_at(mask, size) == {"shape": [3, 15], "fill": "ones"}
    assert feed_at(places, size) == {"shape": [3, 8], "fill": "positions 7"}


def test_a_size_that_shares_an_axis_with_the_one_exported_at_is_refused():
    given = (Input("x", ("batch", "length")),)
    five = sizes(batch=(3, 1, 4, 5, 6), length=(9, 12, 11, 7, 1))
    with pytest.raises(ValueError, match="shares an axis"):
        OpenModel(dict, given, {"batch": 2, "length": 11}, five)


def test_refusals_by_a_failed_proof_are_counted_apart():
    rows = [Row(name, "all", "refused", "", None, None, None, 1.0, said) for name, said in MESSAGES]
    assert "- all units, 2 models: 2 refused (1 by a proof that failed)" in document.markdown(rows)


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "net.onnx"
    save(parse(NET), made)
    feeds = [{"x": {"shape": [n, 3], "fill": "normal"}} for n in (3, 1, 4, 5, 6)]
    sizes = [{"N": n} for n in (3, 1, 4, 5, 6)]
    made.with_suffix(".json").write_text(json.dumps({"compare": "plain", "sizes": sizes, "feeds": feeds}))
    return made


@pytest.mark.slow
def test_model_that_is_right_at_every_size_is_found_right(path):
    row = judge.judge(path, "exact")
    assert (row.outcome, row.compared, row.detail) == ("right", "numbers", "")
    assert row.parameters_left == pytest.approx(0.5, abs=0.1)
    assert "| net | 24 | right |" in document.markdown([row])


def test_wrong_weights_are_found_wrong(path):
    wrong = parse(NET, seed=1)
    described = json.loads(path.with_suffix(".json").read_text())
    outcome, far, detail = judge._verdict(onnx.load(path), wrong, {"axes": []}, described, "numbers")
    assert outcome == "wrong"
    assert far > 0.1
    assert detail.startswith("at 5 of 5 sizes, first N 3: differs by")


def test_a_size_that_only_the_original_runs_at_is_wrong(path):
    fixed = parse(NET.replace("float[N,3] x", "float[3,3] x"))
    described = json.loads(path.with_suffix(".json").read_text())
    outcome, _, detail = judge._verdict(onnx.load(path), fixed, {"axes": []}, described, "numbers")
    assert outcome == "wrong"
    assert detail.startswith("at 4 of 5 sizes, first N 1: fails, the original does not:")


@pytest.mark.slow
def test_refusal_has_the_exit_status_and_the_message(tmp_path):
    save(parse("g (float[N,3] x) => (float[N,3] y) { y = Relu (x) }"), tmp_path / "bare.onnx")
    row = judge.judge(tmp_path / "bare.onnx", "all")
    assert (row.outcome, row.parameters_left) == ("refused", None)
    assert row.detail.startswith("exit 4: ")
