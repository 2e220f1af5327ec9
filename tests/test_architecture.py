"""The shape of the package, read from its source: rooms, the way between them, and where facts about operators live."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import onnx

from paoding_onnx.rules.rule import operators

PACKAGE = Path(__file__).parents[1] / "paoding_onnx"
ROOMS = (
    *("errors", "names", "context"),
    *("model", "rules", "shapes", "dependency", "layerwise", "quantized", "timing", "gradients"),
    "calibration",
    "options",
    *("samplers", "surgery", "vocabulary", "reconstruction", "recovery", "selection"),
    *("verification", "evaluation", "robustness"),
    *("result", "pipeline", "report", "sweep", "api", "torch", "cli", "__init__", "__main__"),
)
"""Rooms and the files of the root, in the order of the flow: each imports only from those before it."""
MOST_ROOT_FILES = 8
LONGEST_CHAIN = 16
TESTS = Path(__file__).parent
FILES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8"), str(path)) for name, path in FILES.items()}
WRITTEN = {
    "calibration.distill": {"Add", "Mul", "Sqrt", "Sub"},  # the loss whose slope moves inputs
    "gradients.gather_form": {"Gather", "Reshape"},  # a lookup in place of a node that has no gradient
    "model.stored": {"Constant"},  # a form of storage
    "recovery.batch_statistics": {"Add", "Div", "Mul", "Sqrt", "Sub"},  # normalizations that go by the batch
    "recovery.engine": {"Add"},  # where gradients are taken
    "recovery.products": {"MatMul"},  # what weights get
    "recovery.objective": {"Add", "Log", "LogSoftmax", "Max", "Mul", "Sub"},  # the loss
    # what these and the loss of distillation write
    "gradients.writer": {"Concat", "Mul", "Pad", "ReduceSum", "Reshape", "Slice", "Transpose"},
    "surgery.cut": {"Add", "Mul"},  # patches of numbers that the model computes
    "verification.masked": {"Mul", "Where"},  # the masks of removed units
}
"""Operators that files outside of the rules name, each for a reason: they write them."""
STORED = {
    "model.stored": {"value", "value_float", "value_floats", "value_int", "value_ints"},  # of Constant
    "surgery.cut": {"value"},  # of Constant
}
"""Attributes that files outside of the rules name: those in which a Constant stores its content."""
PLAIN_WORDS = {
    *("axes", "axis", "bias", "dtype", "epsilon", "group", "high", "k", "layout", "low"),
    *("mean", "precision", "scale", "seed", "shape", "size", "start", "type"),
}
"""Attributes with names that mean other things too, in documents, options and preprocessing."""
OPSETS = {
    "gradients.freeze": {"version >= LEAST_OPSET"},  # what the writer of reverse passes takes
}
"""Comparisons of versions outside of the rules that say nothing about an operator."""


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
    """Files of the package that a file imports, itself left out."""
    found = {file_of(module) for module in imported(TREES[name]) if module.split(".")[0] == "paoding_onnx"}
    return found - {name, "__init__"}


def importers(package: str) -> set[str]:
    """Files that import anything of another package."""
    return {name for name, tree in TREES.items() if any(module.split(".")[0] == package for module in imported(tree))}


def room(name: str) -> str:
    """The room, or the file of the root, that a file belongs to."""
    return name.split(".")[0]


def upward(name: str, others: set[str]) -> set[str]:
    """Those of `others` that stand after file `name` in the order of the flow."""
    return {other for other in others if ROOMS.index(room(other)) > ROOMS.index(room(name))}


def longest_chain() -> list[str]:
    """The longest way from a file through imports, last file first."""
    chains: dict[str, list[str]] = {}
    for name in TopologicalSorter({name: own_imports(name) for name in FILES}).static_order():
        chains[name] = [*max((chains[other] for other in own_imports(name)), key=len, default=[]), name]
    return max(chains.values(), key=len)


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Public functions and classes, with the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_"))


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of the package, with the file it stands in."""
    for name, tree in TREES.items():
        yield from ((name, node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def calls(tree: ast.AST, function: str) -> bool:
    """Whether a file calls a builtin function."""
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == function for n in ast.walk(tree)
    )


def has_behaviour(tree: ast.Module) -> bool:
    """Whether a file defines anything that runs; plain values need no tests."""
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


def home_of_tests(name: str) -> Path:
    """Where the tests of a file of the package stand."""
    *rooms, module = name.split(".")
    return TESTS.joinpath(*rooms, f"test_{module}.py")


def without_tests() -> set[str]:
    """Files with behaviour that have no test file of their name; `__init__` and `__main__` are tested as their room."""
    return {
        name
        for name, tree in TREES.items()
        if has_behaviour(tree) and not name.split(".")[-1].startswith("__") and not home_of_tests(name).exists()
    }


def test_tests_of_a_module_are_found_by_its_name():
    assert without_tests() == set()


def test_every_file_belongs_to_a_room():
    assert {room(name) for name in FILES} - set(ROOMS) == set()


def test_every_room_says_what_it_is_for_and_what_it_must_not_do():
    texts = {name: ast.get_docstring(tree) or "" for name, tree in TREES.items() if name.count(".") == 1}
    rooms = {name: text for name, text in texts.items() if name.endswith(".__init__")}
    assert len(rooms) == sum(path.is_dir() and path.name != "__pycache__" for path in PACKAGE.iterdir())
    assert [name for name, text in rooms.items() if "must not" not in text] == []


def test_few_files_stand_in_the_root():
    assert len([name for name in FILES if "." not in name]) <= MOST_ROOT_FILES


def test_imports_between_rooms_go_one_way():
    assert {name: found for name in FILES if (found := upward(name, own_imports(name)))} == {}


def test_no_file_imports_itself_through_others():
    assert list(TopologicalSorter({name: own_imports(name) for name in FILES}).static_order())


def test_rooms_do_not_import_each_other_in_a_circle():
    doors: dict[str, set[str]] = {}
    for name in FILES:
        doors.setdefault(room(name), set()).update({room(other) for other in own_imports(name)} - {room(name)})
    assert list(TopologicalSorter(doors).static_order())


def test_no_chain_of_imports_is_long():
    assert len(longest_chain()) <= LONGEST_CHAIN, longest_chain()


def test_upward_import_would_be_noticed():
    tree = ast.parse("from paoding_onnx import api\nfrom paoding_onnx.rules import linear\nimport onnx.helper")
    found = [file_of(module) for module in imported(tree)]
    assert found == ["api", "rules.linear", "onnx.helper"]
    assert upward("surgery.cut", set(found[:2])) == {"api"}


def test_families_of_rules_do_not_know_each_other():
    forms = (
        "equation",
        "notation",
        "facts",
        "why",
        "rule",
        "products",
        "windows",
        "kernels",
        "forms",
        "chance",
        "multiply_adds",
    )
    shared = {f"rules.{name}" for name in (*forms, "devices")}
    families = {name for name in FILES if room(name) == "rules"} - shared - {"rules.__init__", "rules.binding"}
    assert {other for name in families for other in own_imports(name) if room(other) == "rules"} <= shared
    assert own_imports("rules.__init__") >= families


def test_only_the_session_knows_onnxruntime():
    assert importers("onnxruntime") == {"model.session"}


def test_pytorch_is_known_to_one_room_that_nothing_imports():
    own = {name for name in FILES if room(name) == "torch"}
    assert importers("torch") <= own
    assert {name for name in FILES if own & own_imports(name)} <= own


def test_only_the_cut_knows_graphsurgeon():
    assert importers("onnx_graphsurgeon") == {"surgery.cut"}


def test_rooms_that_decide_what_goes_do_not_know_onnx():
    strangers = {"errors", "names", "context", "rules", "dependency", "samplers", "selection", "options"}
    assert {name for name in importers("onnx") if room(name) in strangers} == set()


def test_only_the_command_line_prints():
    assert [name for name, tree in TREES.items() if calls(tree, "print") and room(name) != "cli"] == []


def test_nothing_is_caught_blindly():
    caught = {
        (name, ast.unparse(node.type) if node.type else "everything")
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
    }
    blind = {name for name, error in caught if error in ("everything", "Exception", "BaseException")}
    assert blind == {"cli.run"}, "the last resort, where an error that nobody foresaw becomes a line"


def test_nothing_is_asserted_or_global():
    found = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert | ast.Global | ast.Nonlocal)
    }
    assert found == set()


def strangers_to(known: set[str]) -> dict[str, set[str]]:
    """Those of some words that files outside of the rules spell as texts."""
    found: dict[str, set[str]] = {}
    for name, tree in TREES.items():
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if room(name) != "rules" and texts & known:
            found[name] = texts & known
    return found


def compared_versions(tree: ast.Module) -> Iterator[str]:
    """Comparisons of a version or an opset with a number that the file holds."""
    numbers = {
        ast.unparse(node.targets[0])
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, int)
    }
    for node in ast.walk(tree):
        sides = [ast.unparse(side) for side in (node.left, *node.comparators)] if isinstance(node, ast.Compare) else []
        is_version = any(re.search(r"(?<!ir_)version|opset", side, re.IGNORECASE) for side in sides)
        if is_version and any(side.isdecimal() or side in numbers for side in sides):
            yield ast.unparse(node)


def test_operators_are_named_in_rules_alone():
    known = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
    assert strangers_to(known | {entry.operator for entry in operators()}) == WRITTEN


def test_attributes_are_named_in_rules_alone():
    schemas = onnx.defs.get_all_schemas_with_history()
    known = {attribute for schema in schemas if schema.domain == "" for attribute in schema.attributes}
    assert strangers_to(known - PLAIN_WORDS) == STORED


def test_nodes_that_are_written_take_their_attributes_from_rules():
    given = {
        (name, keyword.arg)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("make_node", "Node")
        for keyword in node.keywords
        if room(name) != "rules" and keyword.arg not in ("name", "inputs", "outputs")
    }
    assert {(name, word) for name, word in given if not name.startswith("model.")} == set()


def test_forms_of_operators_are_told_apart_in_rules_alone():
    found = {name: set(compared_versions(tree)) for name, tree in TREES.items() if room(name) != "rules"}
    assert {name: comparisons for name, comparisons in found.items() if comparisons} == OPSETS


def test_comparison_of_a_version_would_be_noticed():
    text = (
        "SINCE = 13\nif opset < SINCE: pass\nif node.version >= 9: pass\nif proto.ir_version < 4: pass\nif n > 3: pass"
    )
    assert list(compared_versions(ast.parse(text))) == ["opset < SINCE", "node.version >= 9"]


def test_everything_public_is_documented():
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == []
    missing = [
        (name, node.name) for name, tree in TREES.items() for node in public(tree) if not ast.get_docstring(node)
    ]
    assert missing == []


def test_annotations_are_read_late():
    late = {
        name
        for name, tree in TREES.items()
        if any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    }
    assert set(FILES) - late == set()


def test_no_function_takes_more_than_six_arguments():
    counts = {
        (name, node.name): len([a for a in node.args.args + node.args.kwonlyargs if a.arg not in ("self", "cls")])
        for name, node in functions()
    }
    assert {where: count for where, count in counts.items() if count > 6} == {}


def test_no_function_is_longer_than_fifty_lines():
    def n_lines(node: ast.FunctionDef) -> int:
        first = node.body[0]
        spared = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
        return node.end_lineno - node.lineno + 1 - spared

    assert [(name, node.name) for name, node in functions() if n_lines(node) > 50] == []
