"""What `inspect` and `explain` print: no more than fits, nothing that changes a terminal."""

from __future__ import annotations

from paoding_onnx.dependency.coupling import coupled
from paoding_onnx.dependency.explain import explain_axes
from paoding_onnx.dependency.scope import Scope
from paoding_onnx.model.load import lift
from paoding_onnx.report.inspection import explain_lines, inspect_lines
from paoding_onnx.report.words import MAX_ROWS
from tests.models import parse, traced
from tests.pruning import MLP, traced_model
from tests.report.printed import text


def test_inspect_lines_count_units_and_parameters():
    found = text(inspect_lines("m.onnx", traced(MLP)))
    assert found.startswith("m.onnx: 28 units in 2 groups; 99.0% of 400 parameters can be pruned; 368 MACs at x=1x8\n")


def test_inspect_lines_list_choices():
    choosing = """g (float[1,3,4,4] x) => (float[1,5] y)
        <float[8,3,1,1] a, int64[5] t={0,2,4,4,4}, int64[1] axes={1}, float[5,4] b> {
      p = Conv (x, a) q = Reshape (p, t) r = ReduceSum (q, axes) s = Squeeze (r, axes)
      u = GlobalAveragePool (s) v = Flatten (u) y = Gemm <transB=1> (v, b)
    }"""
    assert "choice at Reshape_1: its axis of 2 x 4 loses positions; --choose 'Reshape_1=blocks' for blocks" in text(
        inspect_lines("m", traced(choosing))
    )


def test_long_lists_end_in_how_many_more_there_are():
    n = MAX_ROWS + 3
    weights = ", ".join(f"float[4,4] w{k}" for k in range(n + 1))
    nodes = " ".join(f"h{k + 1} = MatMul (h{k}, w{k})" for k in range(n + 1)).replace("h0", "x")
    trace = traced(f"g (float[1,4] x) => (float[1,4] h{n + 1}) <{weights}> {{ {nodes} }}")
    short, whole = (text(inspect_lines("m", trace, verbose=verbose)) for verbose in (False, True))
    assert len(trace.groups) == n
    assert "and 3 more groups; --verbose lists them all" in short
    assert f"MatMul_{n - 1} " in whole
    assert f"MatMul_{n - 1} " not in short


def test_names_are_not_taken_for_markup():
    subject = parse(MLP)
    subject.graph.node[0].name = "[red]block[/red]"
    found = text(inspect_lines("[bold]m[/bold]", traced_model(lift(subject))))
    assert "[bold]m[/bold]: 28 units" in found
    assert "\n [red]block[/red] " in found


def test_control_characters_in_names_do_not_reach_the_terminal():
    subject = parse(MLP)
    subject.graph.node[0].name = "a\x1b[31m\u202eb"
    found = traced_model(lift(subject))
    axes = explain_axes(found.graph, coupled(found.graph, Scope()), "a")
    for shown in (text(inspect_lines("m\x07.onnx", found)), text(explain_lines(axes))):
        assert all(sign.isprintable() or sign == "\n" for sign in shown)
        assert "\\x1b[31m\\u202eb" in shown
