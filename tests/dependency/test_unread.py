"""UNREAD: rows of tables that no node picks go before all units; whatever reads them in any way keeps them."""

from __future__ import annotations

import numpy as np
import pytest

import paoding_onnx
from paoding_onnx.dependency.cost import cost, nothing, unread, unread_parameters
from paoding_onnx.model.read import constants
from paoding_onnx.options import Options
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import make_plan, plan_document, plan_from_document
from paoding_onnx.verification.slices import check_cut
from tests.models import model, traced

HEAD = "g (float[2,3,4] x) => (float[2,3,5] y) <float[9,4] e, {more}float[4,6] a, float[6,5] b> {{"
TAIL = "q = Add (x, p) r = MatMul (q, a) s = Relu (r) y = MatMul (s, b) }"
TABLE = HEAD.format(more="int64[3] i={7,2,2}, ") + "p = Gather (e, i) " + TAIL
"""Rows 7, 2 and 2 of nine: seven rows of four numbers are never read."""


def net(more, made):
    """A network that adds what `made` calls p."""
    return HEAD.format(more=more) + made + TAIL


def rows(found):
    """How many rows no node reads."""
    return unread_parameters(found) / 4


def test_rows_that_are_not_picked_are_one_unit_more():
    found = traced(TABLE)
    assert (found.n_unread, found.n_units, found.n_grouped) == (1, 7, 6)
    assert rows(found) == 7
    assert cost(found, unread(found)).macs == cost(found, nothing(found)).macs


def test_what_is_left_is_renumbered_and_computes_the_same():
    original, found = model(TABLE), traced(TABLE)
    plan = make_plan(unread(found))
    smaller = cut(original, found, plan)
    assert constants(smaller)["e"].shape == (2, 4)
    assert constants(smaller)["i"].tolist() == [1, 0, 0]
    assert check_cut(original, found, plan, smaller).passed


def test_ends_that_are_cut_off_are_not_read():
    found = traced(net("int64[1] f={2}, int64[1] t={5}, int64[1] k={0}, ", "p = Slice (e, f, t, k) "))
    assert rows(found) == 6


@pytest.mark.parametrize(
    ("more", "made"),
    [
        ("int64[3] i={7,2,2}, ", "p = Gather (e, i) m = ReduceMax <axes=[0,1]> (e) p2 = Mul (p, m) "),
        ("int64[3] i={7,2,2}, float[9,1] w, ", "ew = Mul (e, w) p = Gather (ew, i) "),
        ("int64[3] i={7,2,2}, ", "c = Cos (e) p = Gather (c, i) "),
    ],
)
def test_tables_that_something_else_reads_stay(more, made):
    tail = TAIL.replace("p)", "p2)") if "p2" in made else TAIL
    assert traced(HEAD.format(more=more) + made + tail).n_unread == 0


def test_vectors_stay_as_pieces_of_them_may_overlap():
    more = "float[9] v, int64[1] z={0}, int64[1] f={4}, int64[1] t={5}, int64[1] n={9}, "
    made = "l = Slice (v, z, f, z) h = Slice (v, t, n, z) lh = Mul (l, h) p = Mul (x, lh) "
    assert traced(net(more, made)).n_unread == 0


def test_rows_that_the_inputs_pick_are_all_read():
    text = TABLE.replace("float[2,3,4] x)", "float[2,3,4] x, int64[3] i)").replace("int64[3] i={7,2,2}, ", "")
    assert traced(text).n_unread == 0


def test_two_nodes_read_what_either_of_them_picks():
    more = "int64[3] i={7,2,2}, int64[3] j={0,1,2}, "
    assert rows(traced(net(more, "n = Gather (e, i) o = Gather (e, j) p = Add (n, o) "))) == 9 - 4


def test_scope_is_kept_to():
    assert traced(TABLE, exclude=["Gather_0"]).n_unread == 0
    assert traced(TABLE, only=["MatMul_2"]).n_unread == 0
    assert rows(traced(TABLE, only=["Gather_0", "MatMul_2"])) == 7


def test_plan_tells_of_them():
    found = traced(TABLE)
    plan = make_plan(~nothing(found))
    document = plan_document(found, plan)
    assert {"initializer": "e", "axis": 0, "size": 9, "kept": [2, 7]} in document["axes"]
    assert plan_from_document(found, document).removed.tolist() == plan.removed.tolist()


@pytest.mark.parametrize("by", ["parameters", "bytes", "units", "macs"])
@pytest.mark.parametrize("method", ["magnitude", "reconstruction"])
def test_every_budget_begins_with_them(by, method):
    options = Options(target=0.5, by=by, method=method, round_to=1, recover=0)
    result = paoding_onnx.prune(model(TABLE), options=options)
    whole, left = result.sizes.before, result.sizes.after
    assert constants(result.model)["e"].shape[0] == 2
    share = {"parameters": left.parameters / whole.parameters, "macs": left.macs / whole.macs}.get(by, 0.5)
    assert share <= 0.5
    assert np.count_nonzero(result.plan.removed) > 1


def test_they_may_be_all_that_is_asked_for():
    result = paoding_onnx.prune(model(TABLE), options=Options(target=0.2, by="parameters", method="magnitude"))
    assert result.plan.removed.tolist() == [False] * 6 + [True]
    assert result.sizes.after.parameters == result.sizes.before.parameters - 28
    assert all(proof.passed for proof in result.proofs)
