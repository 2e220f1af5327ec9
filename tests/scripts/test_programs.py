"""Programs start from the root of the repository, say how they are used, and stand outside of the package."""

from __future__ import annotations

import ast
import doctest
from importlib import import_module

import pytest

import paoding_onnx
from scripts import ROOT
from scripts.benchmarks.processes import run

pytestmark = pytest.mark.slow

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted((ROOT / "scripts").rglob("*.py"))
}
TEXTS = {name: path.read_text("utf-8") for name, path in FILES.items()}
PROGRAMS = [name.removesuffix(".__main__") for name, text in TEXTS.items() if '__name__ == "__main__"' in text]
ELSEWHERE = {
    "scripts.benchmarks.peers.with_neuron_merging",
    "scripts.benchmarks.peers.with_onnxsim",
    "scripts.benchmarks.peers.with_torch_pruning",
    "scripts.benchmarks.real.exports.efficientnet_lite",
    "scripts.benchmarks.real.exports.mini_xception",
    "scripts.benchmarks.real.exports.mtcnn",
    "scripts.benchmarks.real.exports.sentence_encoder",
}
"""Programs that run where other tools are installed, and our package need not be."""
INSIDE = {
    "scripts.benchmarks.compare_fgsm": "compares gradients, which `attack` keeps to itself",
    "scripts.benchmarks.fidelity.charts": "draws with the line chart of the report",
    "scripts.benchmarks.first_look": "compares on inputs that a run keeps to itself",
    "scripts.benchmarks.latency": "times what a run wrote once more",
    "scripts.benchmarks.proofs": "times the proofs, which are a stage",
    "scripts.benchmarks.recovery": "teaches after the stages before it, which run once",
    "scripts.fuzz": "judges stage by stage, so it has to see them",
    "scripts.reference_pages": "lists the options of the command line",
}
"""Programs that know more of the package than its public names, and why."""


def imported(text):
    """Full names of the modules that a text imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names))


def is_inside(module):
    """Whether a full name is one of the package, and none of its public ones."""
    package, _, name = module.partition(".")
    return package == "paoding_onnx" and bool(name) and name not in (*paoding_onnx.__all__, "torch")


def has_example(text):
    return ">>> " in text and not any(name.split(".")[0] in ("torch", "keras") for name in imported(text))


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name not in ELSEWHERE])
def test_program_says_how_it_is_used(program):
    done = run(program, "--help")
    assert done.code == 0, done.err
    assert f"python -m {program}" in done.out


def test_only_the_programs_listed_know_the_inside_of_the_package():
    found = {
        next((known for known in INSIDE if name.startswith(known)), name)
        for name, text in TEXTS.items()
        if any(is_inside(module) for module in imported(text))
    }
    assert found == INSIDE.keys()


def test_programs_for_other_environments_can_do_without_the_package():
    reached, waiting = set(), set(ELSEWHERE)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= {module for module in imported(TEXTS[name]) if module in TEXTS} - reached
    assert reached > ELSEWHERE
    assert {name for name in reached if any(m.split(".")[0] == "paoding_onnx" for m in imported(TEXTS[name]))} == set()


def test_paths_of_modules_are_left_alone():
    assert [name for name, text in TEXTS.items() if "sys.path" in text] == []


def test_every_file_says_what_it_is_for():
    assert [name for name, text in TEXTS.items() if not ast.get_docstring(ast.parse(text))] == []


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if has_example(text)])
def test_examples_hold(name):
    assert doctest.testmod(import_module(name)).failed == 0
