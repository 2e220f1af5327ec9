"""What users import: few names, sorted, all documented."""

from __future__ import annotations

import inspect
from pathlib import Path

import paoding_onnx

FUNCTIONS = ("check", "evaluate", "examine", "explain", "load", "prune", "save")


def test_names_are_sorted_and_few():
    assert paoding_onnx.__all__ == sorted(set(paoding_onnx.__all__))
    assert len(paoding_onnx.__all__) <= 14


def test_every_name_is_documented_and_has_a_home_in_the_package():
    for name in paoding_onnx.__all__:
        item = getattr(paoding_onnx, name)
        assert inspect.getdoc(item)
        assert item.__module__.startswith("paoding_onnx.")


def test_functions_document_their_errors():
    functions = [item for name in paoding_onnx.__all__ if inspect.isfunction(item := getattr(paoding_onnx, name))]
    assert [function.__name__ for function in functions] == [
        "check",
        "evaluate",
        "examine",
        "explain",
        "load",
        "prune",
        "save",
    ]
    assert all("Raises:" in inspect.getdoc(function) for function in functions)


def test_arguments_are_annotated():
    for name in FUNCTIONS:
        signature = inspect.signature(getattr(paoding_onnx, name))
        assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())
        assert signature.return_annotation is not inspect.Signature.empty


def test_package_tells_type_checkers_that_it_is_typed():
    assert Path(paoding_onnx.__file__).with_name("py.typed").is_file()
