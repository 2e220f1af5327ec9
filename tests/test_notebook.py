"""The notebook of examples/ runs from a clone, and what is stored in it is worth looking at."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
BOOK = ROOT / "examples" / "demo.ipynb"
FILES = ("models/cifar10_cnn.onnx", "models/cifar10_cnn_test.npz")
STORED = nbformat.read(BOOK, 4)
MOST_BYTES = 1_000_000
SECONDS = 900
"""A cell may take this long on a busy machine; the whole notebook takes about a minute on two idle cores."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with those files of a clone that the notebook reads; kernels import the package under test."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "models").mkdir()
    (folder / "examples").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield folder


def code(book):
    """The cells of a notebook that hold code."""
    return [cell for cell in book.cells if cell.cell_type == "code"]


def run(folder, cells):
    """The cells as they are after they ran one after the other in this working directory."""
    book = nbformat.v4.new_notebook(cells=copy.deepcopy(cells), metadata=STORED.metadata)
    for cell in code(book):
        cell.outputs, cell.execution_count = [], None
    NotebookClient(book, timeout=SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
    return code(book)


def kinds(cells):
    """The MIME types of everything that cells show."""
    return sorted(kind for cell in cells for output in cell.outputs for kind in output.get("data", ()))


def test_notebook_runs_and_what_it_promises_holds(clone):
    cells = run(clone / "examples", STORED.cells)
    assert [output.text for output in cells[-1].outputs] == ["all of it holds\n"]
    assert {"small.onnx", "report.html"} <= {path.name for path in (clone / "examples").iterdir()}
    assert [kinds([cell]) for cell in cells] == [kinds([cell]) for cell in code(STORED)]


def test_notebook_finds_the_models_from_the_root_of_a_clone_too(clone):
    first, *_ = code(STORED)
    (cell,) = run(clone, [first, nbformat.v4.new_code_cell("print(MODEL.is_file(), SAMPLES.is_file())")])[1:]
    assert [output.text for output in cell.outputs] == ["True True\n"]


def test_notebook_that_breaks_its_promise_would_be_noticed(clone):
    with pytest.raises(CellExecutionError, match="a proof failed"):
        run(clone, [nbformat.v4.new_code_cell("assert False, 'a proof failed'")])


def test_stored_notebook_is_a_whole_run_without_an_error():
    assert [cell.execution_count for cell in code(STORED)] == list(range(1, len(code(STORED)) + 1))
    assert not [output for cell in code(STORED) for output in cell.outputs if output.output_type == "error"]
    assert code(STORED)[-1].outputs[0].text == "all of it holds\n"


def test_stored_notebook_has_its_charts_and_images():
    found = kinds(code(STORED))
    assert (found.count("image/svg+xml"), found.count("image/png")) == (2, 1)


def test_stored_notebook_is_small_and_names_no_place_of_a_machine():
    text = BOOK.read_text("utf-8")
    assert len(text.encode()) < MOST_BYTES
    assert not re.findall(r"(?<![\w.])/(?:home|root|tmp|usr|opt|work|Users|var)/|[A-Z]:\\\\", text)


def test_every_cell_of_code_is_introduced():
    pairs = zip(STORED.cells, STORED.cells[1:], strict=False)
    assert STORED.cells[0].cell_type == "markdown"
    assert ("code", "code") not in [(one.cell_type, other.cell_type) for one, other in pairs]


@pytest.mark.parametrize("cell", [cell for cell in STORED.cells if cell.cell_type == "markdown"], ids=lambda c: c.id)
def test_links_in_the_text_lead_to_files(cell):
    links = re.findall(r"\]\(([^)\s#]+)", cell.source)
    assert all((BOOK.parent / link).exists() for link in links if "://" not in link)
