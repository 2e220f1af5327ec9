"""What users import: few names, sorted, all documented; documents and notebook import nothing else."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import paoding_onnx
from paoding_onnx.cli.arguments import command_parser

ROOT = Path(__file__).parent.parent
FUNCTIONS = "apply attack check evaluate explain inspect load profile prune save sensitivity synthesize".split()  # noqa: SIM905
ERRORS = "CheckError GateError ModelError OutputError PaodingError TargetError UsageError".split()  # noqa: SIM905
OPTIONS = "Attack EvaluateOptions Options Preprocess".split()  # noqa: SIM905
RESULTS = "Checked Evaluation Explanation LatencyTable Model Pruned Robustness Samples Sensitivity Trace".split()  # noqa: SIM905
MODULES = ("torch",)
"""What is imported by its own name, for those who have what it needs."""
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
NOTEBOOK = ROOT / "examples" / "demo.ipynb"
HEAVY = {"numpy", "onnx", "onnxruntime", "onnx_graphsurgeon", "rich", "jinja2"}


def test_names_are_these():
    assert sorted(paoding_onnx.__all__) == sorted([*FUNCTIONS, *ERRORS, *OPTIONS, *RESULTS, "IMAGENET"])


def test_every_name_is_documented_and_has_a_home_in_the_package():
    for name in paoding_onnx.__all__:
        item = getattr(paoding_onnx, name)
        assert inspect.getdoc(item)
        assert item.__module__.startswith("paoding_onnx.")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_documents_its_errors_and_annotates_its_arguments(name):
    function = getattr(paoding_onnx, name)
    assert inspect.isfunction(function)
    assert function.__name__ == name
    assert "Raises:" in inspect.getdoc(function)
    assert ">>>" in inspect.getdoc(function)
    signature = inspect.signature(function)
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())
    assert signature.return_annotation is not inspect.Signature.empty


def test_commands_are_the_verbs_of_the_library():
    (commands,) = (action.choices for action in command_parser()._actions if action.dest == "command")
    assert set(commands) == set(FUNCTIONS) - {"load", "save"} | {"operators", "sweep"}


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'examine'"):
        _ = paoding_onnx.examine
    assert dir(paoding_onnx) == sorted(paoding_onnx.__all__)


@pytest.mark.parametrize("argv", [["--help"], ["prune", "--help"], ["attack", "--help"]])
def test_help_waits_for_nothing_heavy(argv):
    script = f"import sys; from paoding_onnx.cli import main; main({argv}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stderr.split()) == set()


def test_package_tells_type_checkers_that_it_is_typed():
    assert Path(paoding_onnx.__file__).with_name("py.typed").is_file()


def strange(code: str) -> Iterator[str]:
    """What a program takes from the package that is not public."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found = {alias.name for alias in node.names if alias.name.startswith("paoding_onnx.")}
            yield from found - {f"paoding_onnx.{name}" for name in MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module == "paoding_onnx":
            yield from (alias.name for alias in node.names if alias.name not in paoding_onnx.__all__)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("paoding_onnx."):
            yield str(node.module)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "paoding_onnx":
            yield from () if node.attr in (*paoding_onnx.__all__, *MODULES) else (node.attr,)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_use_public_names_alone(path):
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert [name for block in blocks for name in strange(block)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_mention_public_names_alone(path):
    words = re.findall(r"`paoding_onnx\.(\w+)", path.read_text("utf-8"))
    assert set(words) - {*paoding_onnx.__all__, *MODULES} == set()


def test_notebook_uses_public_names_alone():
    cells = [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [name for cell in cells for name in strange("".join(cell["source"]))] == []


def test_what_is_not_public_would_be_noticed():
    code = "import paoding_onnx.api\nfrom paoding_onnx import prune, study\nfrom paoding_onnx.report import html\n"
    assert list(strange(code + "paoding_onnx.options\npaoding_onnx.load('a')")) == [
        "paoding_onnx.api",
        "study",
        "paoding_onnx.report",
        "options",
    ]
