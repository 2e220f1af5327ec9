"""What pruning gives is recorded and compared: the same change nothing, another result is told."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from scripts.benchmarks import regression
from scripts.benchmarks.ledger import read_csv, write_csv
from scripts.benchmarks.regression import Row, digest
from tests.models import parse, save

pytestmark = pytest.mark.slow

MLP = """g (float[N,6] x) => (float[N,3] y) <float[6,8] a, float[8,8] b, float[8,3] c> {
  h = MatMul (x, a) r = Relu (h) i = MatMul (r, b) s = Relu (i) y = MatMul (s, c)
}"""
WORDS = ["--methods", "magnitude", "random"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("regression")
    save(parse(MLP), made / "mlp.onnx")
    save(parse("g (float[N,6] x) => (float[N,6] y) { y = Relu (x) }"), made / "relu.onnx")
    assert regression.main(["record", str(made / "rows.csv"), "--models", str(made), *WORDS]) == 0
    return made


def test_every_model_method_target_and_seed_has_a_row(folder):
    rows = read_csv(folder / "rows.csv", Row)
    assert len({row.case for row in rows}) == len(rows) == 2 * 2 * 2 * 2
    assert {len(row.result) for row in rows if row.model.endswith("mlp.onnx")} == {64}


def test_refusals_are_results(folder):
    results = [row.result for row in read_csv(folder / "rows.csv", Row) if row.model.endswith("relu.onnx")]
    assert all(result.startswith("TargetError: ") for result in results)


def test_targets_give_different_weights(folder):
    rows = [row for row in read_csv(folder / "rows.csv", Row) if row.model.endswith("mlp.onnx")]
    assert {len({row.result for row in rows if row.target == target}) >= 2 for target in (0.25, 0.5)} == {True}


def test_nothing_differs_where_nothing_changed(folder, capsys):
    assert regression.main(["compare", str(folder / "rows.csv")]) == 0
    assert capsys.readouterr().out == "16 cases, 0 differ\n"


def test_another_result_is_told_and_is_a_failure(folder, tmp_path, capsys):
    rows = [row for row in read_csv(folder / "rows.csv", Row) if row.model.endswith("mlp.onnx")]
    write_csv(tmp_path / "rows.csv", [replace(rows[0], result="0" * 64), rows[1]], Row)
    assert regression.main(["compare", str(tmp_path / "rows.csv")]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{rows[0].case}: was 000")
    assert last == "2 cases, 1 differ"


def test_a_run_that_was_stopped_goes_on(folder, tmp_path, capsys):
    write_csv(tmp_path / "rows.csv", read_csv(folder / "rows.csv", Row)[3:], Row)
    regression.main(["record", str(tmp_path / "rows.csv"), "--models", str(folder), *WORDS])
    assert re.search(r"^3 cases measured, 16 in ", capsys.readouterr().out, re.MULTILINE)
    assert (tmp_path / "rows.csv").read_bytes() == (folder / "rows.csv").read_bytes()


@pytest.mark.parametrize("spoil", ["value", "name", "shape"])
def test_checksum_tells_another_weight(tmp_path, spoil):
    model = parse(MLP)
    before = digest(save(model, tmp_path / "before.onnx"))
    tensor = model.graph.initializer[0]
    if spoil == "name":
        tensor.name = "renamed"
    else:
        array = numpy_helper.to_array(tensor)
        changed = np.nextafter(array, 9) if spoil == "value" else array.T
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(changed), tensor.name))
    onnx.save(model, tmp_path / "after.onnx")
    assert digest(tmp_path / "after.onnx") != before
