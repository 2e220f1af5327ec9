"""The paper's evaluation can be repeated with one command, and its page says what was measured."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

import paoding_onnx
from scripts.benchmarks.ledger import read_csv, write_csv
from scripts.benchmarks.paper import __main__ as reproduce_paper
from scripts.benchmarks.paper import arithmetic, chart, claims, document, statements
from scripts.benchmarks.paper.measure import ALL_WAYS, N_STEPS, PARTS, SUBJECTS, WHOLE, Row
from scripts.page import MARKERS

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs" / "results"
EMPTY_PAGE = f"head\n\n{MARKERS[0]}\n{MARKERS[1]}\n\ntail\n"
WORDS = ["--models", "fraud_mlp", "--samples", "60", "--steps", "2"]
WHOLE_ROW = Row("mnist_cnn", WHOLE, 0.0, 100, 0, 1000, 4000, 50, 0.9, None, 45, 40, 20)


def run(folder, *words):
    (folder / "paper.md").write_text(EMPTY_PAGE)
    reproduce_paper.main([*words, "--out", str(folder)])
    return read_csv(folder / "paper.csv", Row)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("paper")
    run(made, *WORDS)
    return made


@pytest.fixture(scope="module")
def rows(folder):
    return read_csv(folder / "paper.csv", Row)


@pytest.fixture(scope="module")
def committed():
    return read_csv(DOCS / "paper.csv", Row)


def test_a_row_is_written_for_every_step_of_every_method(rows):
    found = [(row.method, row.share) for row in rows]
    assert found == [
        (WHOLE, 0.0),
        ("paoding", 0.05),
        ("paoding", 0.1),
        ("reconstruction", 0.05),
        ("reconstruction", 0.1),
    ]


def test_image_is_written_as_svg_and_png(folder):
    png = (folder / "images" / "paper.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[16:20]) > 800
    assert (folder / "images" / "paper.svg").read_text().rstrip().endswith("</svg>")


def test_tables_are_written_between_the_markers_alone(folder, rows):
    page = (folder / "paper.md").read_text()
    assert page.startswith("head\n")
    assert page.endswith("\ntail\n")
    assert f"| 10% | {rows[2].removed} of 128 | {rows[2].parameters:,} |" in page


def test_units_are_counted_exactly_and_never_above_the_share(rows):
    counts = {(row.method, row.share): row.removed for row in rows}
    assert counts["paoding", 0.05] == 2 * 3  # 3.2 of the 64 units of each of two layers
    assert counts["paoding", 0.1] == 2 * 6


def test_sizes_are_those_of_the_written_files(rows):
    whole = rows[0]
    assert whole.file_bytes == SUBJECTS[0].path.stat().st_size
    assert all(4 * row.parameters < row.file_bytes < 4 * row.parameters + 3000 for row in rows)  # provenance counts


def test_robust_samples_are_right_ones_and_fewer_at_the_larger_epsilon(rows):
    assert all(row.robust_05 < row.robust_01 <= row.correct == round(60 * row.accuracy) for row in rows)


def test_auroc_is_measured_where_there_is_one_output(rows, committed):
    assert all(row.auroc is not None for row in rows)
    assert {row.model for row in committed if row.auroc is None} == {"brain_cnn", "mnist_cnn", "cifar10_cnn"}


def test_rows_that_are_asked_for_are_measured_again_to_the_same_figures_and_others_stay(rows, tmp_path):
    spoilt = [replace(row, accuracy=0.0) if row.method == "reconstruction" else row for row in rows]
    write_csv(tmp_path / "paper.csv", spoilt, Row)
    assert run(tmp_path, *WORDS, "--methods", "reconstruction") == rows


def test_same_rows_give_the_same_image(rows, folder, tmp_path):
    chart.draw(rows, tmp_path)
    for name in ("paper.svg", "paper.png"):
        assert (tmp_path / name).read_bytes() == (folder / "images" / name).read_bytes()


def test_tables_of_the_page_are_those_of_its_csv_file(tmp_path):
    for name in ("paper.csv", "paper.md"):
        shutil.copy(DOCS / name, tmp_path)
    reproduce_paper.main(["--tables", "--out", str(tmp_path)])
    assert (tmp_path / "paper.md").read_text() == (DOCS / "paper.md").read_text()


def test_committed_rows_are_complete_and_on_all_samples(committed):
    wanted = [(WHOLE, 0.0), *((name, step / 20) for name, way in ALL_WAYS.items() for step in way.steps)]
    assert [(row.model, row.method, row.share) for row in committed] == [
        (subject.name, name, share)
        for subject in SUBJECTS
        for name, share in wanted
        if name not in PARTS or subject.has_convolutions
    ]
    assert {row.model: row.samples for row in committed} == {
        "fraud_mlp": 500,
        "brain_cnn": 300,
        "mnist_cnn": 500,
        "cifar10_cnn": 500,
    }
    assert all(row.removed <= row.share * row.units + 1 for row in committed)


@pytest.mark.parametrize("name", ["paper.svg", "paper.png"])
def test_committed_image_is_there(name):
    assert (DOCS / "images" / name).stat().st_size > 10_000


def test_sizes_of_the_paper_are_what_its_program_counts(committed):
    lines = [line.split(" | ") for line in arithmetic.sizes(committed).splitlines()[2:]]
    assert [(cells[0].split()[1], cells[2]) for cells in lines] == [
        *(("#1", figure) for figure in ("49.4 %", "78.1 %")),
        *((number, figure) for number in ("#3", "#4") for figure in ("36.5 %", "63.9 %")),
    ]
    assert [cells[4].split(": ")[1] for cells in lines] == [cells[2].replace(" ", "") for cells in lines]
    assert all(cells[4].split(": ")[1] != cells[5].strip(" |") for cells in lines)


def test_parameters_of_the_network_for_fraud_are_those_that_were_counted(committed):
    rows = [row for row in committed if row.model == "fraud_mlp" and row.method in (WHOLE, "paoding")]
    assert [row.parameters for row in rows] == [arithmetic.fraud_parameters(64 - row.removed // 2) for row in rows]


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_parts_of_a_model_are_its_convolutions_and_its_other_layers(subject):
    whole = paoding_onnx.inspect(subject.path).n_units
    graph = onnx.load(subject.path).graph
    sizes = {tensor.name: tensor.dims[0] for tensor in graph.initializer if tensor.dims}
    n_channels = sum(sizes[node.input[1]] for node in graph.node if node.op_type == "Conv")
    assert bool(n_channels) == subject.has_convolutions
    for way, wanted in zip(PARTS.values() if n_channels else (), (n_channels, whole - n_channels), strict=False):
        options = paoding_onnx.Options(only=way.only, exclude=way.exclude)
        assert paoding_onnx.inspect(subject.path, options).n_units == wanted


def course(robust, parameters):
    """Rows of ten steps with these robust samples and parameters."""
    steps = zip(range(1, N_STEPS + 1), robust, parameters, strict=True)
    later = [
        replace(WHOLE_ROW, method="paoding", share=step / 20, robust_01=count, parameters=size)
        for step, count, size in steps
    ]
    return claims.courses([WHOLE_ROW, *later], "paoding")["mnist_cnn"]


def test_figures_are_shares_of_the_whole_model():
    own = course([40, 38, 36, 36, 30, 30, 20, 20, 10, 10], range(950, 150, -80))
    found = {claim.what: claim.value(own) for claim in claims.CLAIMS}
    assert found["parameters gone at 25 %"] == pytest.approx(0.37)
    assert found["robust samples left, epsilon 0.01, at 20 %"] == pytest.approx(0.9)
    assert found["robust samples left, epsilon 0.01, at 50 %"] == pytest.approx(0.25)
    assert found["robust samples left, epsilon 0.01, half of the parameters gone"] == pytest.approx(0.5)
    assert found["AUROC lost at 50 %, of the whole model's"] is None


def test_a_statement_holds_if_it_does_for_every_model_that_it_is_about():
    own = course([40, 38, 36, 36, 30, 30, 20, 20, 10, 10], range(950, 150, -80))
    cells = [statements.verdict(statement, {"mnist_cnn": own}) for statement in statements.STATEMENTS]
    assert cells == ["yes", "yes", "yes", "yes", "no: #3 25.0", "no: #3 25.0", "yes", "yes", "yes"]
    assert statements.verdict(statements.STATEMENTS[0], {"fraud_mlp": {0.0: own[0.0]}}) == ""


def test_what_is_reached_ends_at_the_first_step_that_fails():
    own = course([40, 38, 36, 10, 40, 40, 40, 40, 40, 40], range(950, 150, -80))
    reached = document.reached(own)
    assert reached == pytest.approx((0.5, 0.5, 0.15, 0.15, 0.5, 0.5))
