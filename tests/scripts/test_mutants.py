"""MUTANTS: a short campaign misses none; one that no proof looks at is missed, and one that changes nothing is not."""

from __future__ import annotations

import json
from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
import pytest
from onnx import numpy_helper

from paoding_onnx.verification.verdict import Verdict
from scripts.fuzz import mutants, mutants_judge
from scripts.fuzz.mutants import Found, campaign, drawn, main, of_network, table
from scripts.fuzz.mutants_judge import CAUGHT, EQUAL, MISSED, SAME, Judged, judge, prepared
from scripts.fuzz.mutants_oracle import counted, differs, distance, zeroed
from scripts.fuzz.mutants_subjects import NETWORKS, Subject, subjects
from tests.models import parse

CHOSEN = [Subject(name, NETWORKS[name]) for name in ("heads", "gates", "shuffled", "residual")]
MLP = "g (float[N,4] x) => (float[N,3] y) <float[4,6] a, float[6,3] b> { p = MatMul (x, a) y = MatMul (p, b) }"


@pytest.fixture(scope="module")
def some():
    """All mutants of a few networks."""
    return [mutant for subject in CHOSEN for mutant in of_network(subject, 0)]


def test_short_campaign_misses_no_mutant(some):
    found = list(campaign(some, 20, 0))
    assert len(found) == len({one.mutant.kind for one in found}) == 20
    assert [one for one in found if one.judged.outcome == MISSED] == []
    assert sum(one.judged.outcome == CAUGHT for one in found) > 8


def one_of(kind, where=""):
    """A mutant of a kind."""
    found = of_network(Subject("mlp", MLP), 0)
    return next(mutant for mutant in found if mutant.kind == kind and where in mutant.where)


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("surgery: a wrong unit", ""),
        ("file: zeros", ""),
        ("rule: a factor not coupled", "input 0 axis 1: K"),
    ],
)
def test_fault_that_no_proof_looks_at_is_missed(kind, where):
    right = Verdict("nothing", True, "")
    with (
        patch.object(mutants_judge, "check_cut", lambda *_, **__: right),
        patch.object(mutants_judge, "check_written", lambda *_: right),
        patch.object(mutants_judge, "check_file", lambda *_, **__: ()),
    ):
        assert one_of(kind, where).judged().outcome == MISSED
    assert one_of(kind, where).judged().outcome == CAUGHT


def test_wrong_cost_is_missed_if_nobody_counts():
    with patch.object(mutants_judge, "check_file", lambda *_, **__: ()):
        assert one_of("rule: multiply-adds", "without K").judged().outcome == MISSED


def test_run_without_a_fault_is_the_same():
    assert judge(prepared(CHOSEN[0].model(0), 0), 0, nullcontext).outcome == SAME


def test_other_units_that_may_go_too_are_equal(some):
    (mutant,) = (
        mutant
        for mutant in some
        if (mutant.network, mutant.kind) == ("shuffled", "rule: axes exchanged")
        and mutant.where == "Reshape, output 0 axis 2 and the next"
    )
    assert mutant.judged().outcome == EQUAL


def test_kinds_are_drawn_alike_often(some):
    kinds = {mutant.kind for mutant in some}
    found = list(drawn(some, len(kinds), 0))
    assert {mutant.kind for mutant in found} == kinds
    assert found == list(drawn(some, len(kinds), 0))


def test_every_operator_is_among_the_networks():
    assert len({subject.operator for subject in subjects()}) > 200


def test_program_writes_what_became_of_every_mutant(tmp_path, capsys):
    with patch.object(mutants, "subjects", lambda: CHOSEN[:1]), patch.object(mutants, "of_fitting", lambda seed: ()):
        assert main(["--count", "5", "--json", str(tmp_path / "m.json")]) == 0
    rows = json.loads((tmp_path / "m.json").read_text())
    assert len(rows) == 5
    assert capsys.readouterr().out.splitlines()[-2].split()[0] == "all"


def test_table_counts_by_kind(some):
    found = [Found(mutant, Judged(MISSED)) for mutant in some[:3]]
    assert table(found).splitlines()[-1].split() == ["all", "0", "0", "0", "0", "3"]


def without(axes):
    """A network, and the same with slices of its weights set to zero."""
    proto = parse(MLP)
    entries = [{"initializer": name, "axis": axis, "size": 6, "kept": kept} for name, axis, kept in axes]
    return proto, zeroed(proto, {"axes": entries})


def test_zeroed_weights_are_those_of_units_that_are_not_kept():
    proto, other = without([("b", 0, [0, 1, 2, 4, 5])])
    before, after = (numpy_helper.to_array(p.graph.initializer[1]) for p in (proto, other))
    assert not after[3].any()
    assert np.array_equal(np.delete(after, 3, 0), np.delete(before, 3, 0))


def test_models_that_compute_the_same_do_not_differ():
    proto, other = without([("a", 1, [0, 1, 2, 4, 5])])
    _, same = without([("a", 1, [0, 1, 2, 4, 5]), ("b", 0, [0, 1, 2, 4, 5])])
    assert differs(other, same) == ""
    assert differs(proto, other).startswith("'y' differs by")
    assert distance(other, same) < 1e-6 < 0.1 < distance(proto, other)


def test_cost_is_counted_by_shapes_at_run_time():
    assert counted(parse(MLP), {"x": (5, 4)}) == (4 * 6 + 6 * 3, 5 * (4 * 6 + 6 * 3))


def test_faults_in_taking_choices_apart_and_putting_them_together_are_caught():
    networks = [Subject(name, NETWORKS[name]) for name in ("rates", "squeezed")]
    found = [mutant for subject in networks for mutant in of_network(subject, 0) if mutant.kind.startswith("choices")]
    outcomes = {(mutant.network, mutant.kind): mutant.judged().outcome for mutant in found}
    assert MISSED not in outcomes.values()
    assert {kind for (_, kind), outcome in outcomes.items() if outcome == CAUGHT} == {
        *("choices: branches exchanged", "choices: the other branch for good", "choices: the other branch when opened"),
        *("choices: a node too many inside", "choices: a branch left empty"),
    }
