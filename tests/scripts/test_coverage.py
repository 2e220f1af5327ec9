"""Coverage and the comparison with peers read what the command line says about a model."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest

from scripts.benchmarks.coverage import document as coverage_page
from scripts.benchmarks.coverage import measure as coverage_measure
from scripts.benchmarks.peers import document as peers_page
from scripts.benchmarks.peers import measure as peers_measure
from scripts.benchmarks.processes import Limits
from tests.models import parse, save

pytestmark = pytest.mark.slow

CNN = """g (float[1,3,8,8] x) => (float[1,5] y) <float[8,3,3,3] k, float[8,8,1,1] l, float[5,8] m> {
  a = Conv (x, k) b = Relu (a) c = Conv (b, l) d = Relu (c) e = GlobalAveragePool (d) f = Flatten (e)
  y = Gemm <transB = 1> (f, m)
}"""
ATTENTION = """g (float[1,4,8] x) => (float[1,4,8] y) { t = Transpose <perm = [0,2,1]> (x) s = MatMul (x, t)
  w = Softmax <axis = -1> (s) y = MatMul (w, x) }"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("zoo")
    save(parse(CNN), made / "tv_small.torchscript.onnx")
    save(parse(ATTENTION), made / "tv_bare.torchscript.onnx")
    return made


@pytest.fixture(scope="module")
def row(folder):
    return coverage_measure.measure(folder / "tv_small.torchscript.onnx")


def test_every_figure_of_a_pruned_model_is_found(row):
    assert (row.status, row.kind, row.parameters) == ("ok", "CNN", 8 * 27 + 64 + 40)
    assert (row.exact_groups, row.inexact_groups) == (2, 0)
    assert 0.3 < row.parameters_left < 0.5
    assert 0.3 < row.macs_left < 0.5
    assert row.prunable == 1.0
    assert row.oracle_error < 1e-5
    assert row.refusals == 2
    assert (row.open_axes, row.proven_sizes) == (0, 1)
    assert row.least == pytest.approx((4 * 27 + 16 + 20) / 320)
    assert row.held == "graph input .. (17%); graph output .. (3%)"


def test_model_that_is_not_pruned_has_a_row_with_the_reason(folder):
    found = coverage_measure.measure(folder / "tv_bare.torchscript.onnx")
    assert found.status.startswith("failed 4: ")
    assert str(folder) not in found.status
    assert (found.kind, found.parameters_left, found.oracle_error) == ("transformer", None, None)


def test_open_axes_are_counted_with_the_sizes_that_were_proven(row, folder):
    save(parse(CNN.replace("float[1,3,8,8] x", "float[n,3,h,w] x")), folder / "tv_open.torchscript.onnx")
    found = coverage_measure.measure(folder / "tv_open.torchscript.onnx")
    assert found.open_axes == 3
    assert found.proven_sizes > 1
    page = coverage_page.markdown([row, found], "2026-01-01", {})
    n = found.proven_sizes
    assert f"models with open axes: 1; proven at {n} to {n} sizes, median {n}" in page


def test_page_lists_what_was_pruned(row):
    page = coverage_page.markdown([row], "2026-01-01", {"onnx": "1"})
    assert "1 models: 1 ok." in page
    assert "| tv_small.torchscript | CNN | 320 |" in page
    assert "1 above 0.30, of which 0 are more than 0.03 above the least" in page
    assert "| tv_small.torchscript | CNN | 0.450 | 0.450 | 0.000 | graph input .. (17%); graph output .. (3%) |" in page


def test_page_counts_models_that_keep_more_than_they_have_to(row):
    page = coverage_page.markdown([replace(row, least=0.3), replace(row, parameters_left=0.2)], "2026-01-01", {})
    assert "1 above 0.30, of which 1 are more than 0.03 above the least" in page


def test_model_that_keeps_little_needs_no_reason(folder):
    wide = CNN.replace("8,3,3,3] k", "64,3,1,1] k").replace("8,8,1,1] l", "64,64,1,1] l").replace("5,8] m", "5,64] m")
    save(parse(wide), folder / "tv_wide.torchscript.onnx")
    found = coverage_measure.measure(folder / "tv_wide.torchscript.onnx")
    assert found.parameters_left < coverage_measure.LIMITS["CNN"]
    assert (found.least, found.held) == (None, "")


def test_our_row_beside_peers_has_size_and_proof(folder):
    found = peers_measure.measure(folder / "tv_small.torchscript.onnx", "paoding_onnx", sys.executable, Limits())
    assert (found.model, found.status, found.proven, found.parameters) == ("small", "ok", True, 320)
    assert 0.3 < found.share < 0.5
    assert "| small | 320 |" in peers_page.markdown([found], "no limits")


@pytest.mark.skipif(find_spec("onnxsim") is not None, reason="onnxsim is installed")
def test_tool_that_is_not_installed_is_a_failure_with_its_reason(folder):
    found = peers_measure.measure(folder / "tv_small.torchscript.onnx", "onnxsim", sys.executable, Limits())
    assert found.status == "ModuleNotFoundError: No module named 'onnxsim' while starting"
    assert found.share is None
