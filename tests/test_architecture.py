"""The shape of the package, read from its source: imports go one way, facts about operators live in rules alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import onnx
import pytest

from paoding_onnx.rules import operators

PACKAGE = Path(__file__).parents[1] / "paoding_onnx"
FLOW = """
errors axes partition graph rules fed loader reader session inputs shapes sites folding sizes choices coupling scope
places trace reasons cost contraction stretch stream moments samplers plan edits surgeon masking ridge layers biases
repair refit sensitivity allocation evidence fitting checks judging fidelity robustness distillation
writer options selection pruned pipeline verify report cli __init__ __main__
"""
"""Modules and packages in the order of the flow: each imports only from those before it."""
ORDER = FLOW.split()
FILES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(), str(path)) for name, path in FILES.items()}
every_file = pytest.mark.parametrize("name", TREES)
ALLOWED_LITERALS = {
    ("reader", "Constant"),
    ("masking", "Mul"),
    ("masking", "Where"),
    ("surgeon", "Mul"),
    ("surgeon", "Add"),
    *(("distillation", operator) for operator in ("Add", "Mul", "ReduceSum", "Sqrt", "Sub")),
    ("robustness", "Gather"),
    ("robustness", "Reshape"),
}
"""A form of storage, and nodes that are written, not read."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of the modules that a file imports anywhere, functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                full if is_own(full := f"{node.module}.{alias.name}") else str(node.module) for alias in node.names
            )


def is_own(module: str) -> bool:
    """Whether a full name is a file of the package."""
    return file_of(module) in FILES


def file_of(module: str) -> str:
    """The file behind a full name, as in `FILES`."""
    inner = module.removeprefix("paoding_onnx").removeprefix(".")
    init = f"{inner}.__init__".removeprefix(".")
    return init if init in FILES else inner


def own_imports(name: str) -> set[str]:
    """Files of the package that a file imports."""
    return {file_of(module) for module in imported(TREES[name]) if module.split(".")[0] == "paoding_onnx"}


def importers(package: str) -> set[str]:
    """Files that import anything of another package."""
    return {name for name, tree in TREES.items() if any(module.split(".")[0] == package for module in imported(tree))}


def top(name: str) -> str:
    """The module or package at the top that a file belongs to."""
    return name.split(".")[0]


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Public functions and classes, with the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_"))


def calls(tree: ast.AST, function: str) -> bool:
    """Whether a file calls a builtin function."""
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == function for n in ast.walk(tree)
    )


def test_every_module_has_its_place_in_the_order():
    assert {top(name) for name in FILES} - set(ORDER) == set()


@every_file
def test_imports_follow_the_flow(name):
    upward = {other for other in own_imports(name) if ORDER.index(top(other)) > ORDER.index(top(name))}
    assert upward == set()


def test_no_file_imports_itself_through_others():
    assert list(TopologicalSorter({name: own_imports(name) - {"__init__"} for name in FILES}).static_order())


def test_upward_import_would_be_noticed():
    tree = ast.parse("from paoding_onnx import pipeline\nfrom paoding_onnx.rules import linear\nimport onnx.helper")
    assert [file_of(module) for module in imported(tree)] == ["pipeline", "rules.linear", "onnx.helper"]


def test_families_of_rules_do_not_know_each_other():
    families = [name for name in FILES if top(name) == "rules" and name not in ("rules.__init__", "rules.rule")]
    assert {other for name in families for other in own_imports(name) if top(other) == "rules"} == {"rules.rule"}
    assert own_imports("rules.__init__") >= set(families)


def test_only_the_session_knows_onnxruntime():
    assert importers("onnxruntime") == {"session"}


def test_only_the_surgeon_knows_graphsurgeon():
    assert importers("onnx_graphsurgeon") == {"surgeon"}


def test_between_the_loader_and_the_surgeon_nobody_knows_onnx():
    strangers = {
        "axes",
        "partition",
        "graph",
        "rules",
        "fed",
        "sites",
        "sizes",
        "choices",
        "coupling",
        "scope",
        "reasons",
        "trace",
        "cost",
        "samplers",
        "plan",
        "edits",
        "repair",
    }
    assert {name for name in importers("onnx") if top(name) in strangers} == set()


@every_file
def test_only_the_command_line_prints(name):
    assert not calls(TREES[name], "print") or top(name) == "cli"


@every_file
def test_nothing_is_caught_blindly(name):
    handlers = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.ExceptHandler)]
    caught = [ast.unparse(handler.type) if handler.type else "everything" for handler in handlers]
    assert not {"everything", "Exception", "BaseException"} & set(caught)


@every_file
def test_nothing_is_asserted_or_global(name):
    assert not [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Assert | ast.Global | ast.Nonlocal)]


@every_file
def test_operators_are_named_in_rules_alone(name):
    known = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
    known |= {entry.operator for entry in operators()}
    literals = {n.value for n in ast.walk(TREES[name]) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    found = {(top(name), literal) for literal in literals & known}
    assert top(name) == "rules" or found <= ALLOWED_LITERALS


@every_file
def test_everything_public_is_documented(name):
    assert ast.get_docstring(TREES[name])
    assert [node.name for node in public(TREES[name]) if not ast.get_docstring(node)] == []


@every_file
def test_annotations_are_read_late(name):
    imports = [node for node in TREES[name].body if isinstance(node, ast.ImportFrom)]
    assert any(node.module == "__future__" for node in imports)
