"""What documents are made of: every kind is JSON, and begins with its format and versions."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import pytest

from paoding_onnx.dependency.coupling import coupled
from paoding_onnx.dependency.explain import explain_axes
from paoding_onnx.dependency.scope import Scope
from paoding_onnx.report.documents.inspect import explain_document, inspect_document
from paoding_onnx.report.documents.operators import operators_document
from paoding_onnx.report.documents.prune import plan_of_result, prune_document
from paoding_onnx.report.documents.sensitivity import sensitivity_document
from paoding_onnx.report.documents.values import file_of, finite, number
from paoding_onnx.selection.curve import Sensitivity
from tests.models import traced
from tests.pruning import CNN


def all_documents(result):
    """One document of each kind that has no test of its own."""
    axes = explain_axes(result.trace.graph, coupled(result.trace.graph, Scope()), "a")
    sensitivities = (Sensitivity("MatMul_0", (2, 4), (0.5, float("inf"))),)
    return {
        "inspect": inspect_document(traced(CNN)),
        "explanation": explain_document(axes),
        "report": prune_document(result),
        "plan": plan_of_result(result),
        "sensitivity": sensitivity_document(sensitivities),
        "operators": operators_document(),
    }


def test_documents_are_json(result):
    for document in all_documents(result).values():
        text = json.dumps(document, allow_nan=False)
        assert json.dumps(json.loads(text)) == text


def test_documents_begin_with_their_format_and_the_versions_of_what_made_them(result):
    for kind, document in all_documents(result).items():
        assert list(document)[:2] == ["format", "versions"]
        assert document["format"] == f"paoding_onnx {kind} {2 if kind == 'plan' else 1}"
        assert document["versions"] == {name: version(name) for name in ("paoding_onnx", "onnx", "onnxruntime")}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None])
def test_numbers_that_json_cannot_hold_are_null(value):
    assert number(value) is None
    assert finite({"a": value, "b": 1.5, "c": "x"}) == {"a": None, "b": 1.5, "c": "x"}


def test_file_is_named_without_its_folder_and_by_its_hash(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"model")
    digest = hashlib.sha256(b"model").hexdigest()
    assert file_of(tmp_path / "a.onnx") == {"file": "a.onnx", "sha256": digest}
    assert file_of(tmp_path / "b.onnx", tmp_path / "a.onnx") == {"file": "b.onnx", "sha256": digest}


def test_file_that_is_not_there_has_no_hash():
    assert file_of(Path("nowhere/a.onnx")) == {"file": "a.onnx", "sha256": None}
    assert file_of(None) == {"file": None, "sha256": None}
