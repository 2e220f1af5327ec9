"""Documents that the program writes are what their JSON Schema says."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from paoding_onnx.cli import main

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "docs" / "reference" / "schemas"
MODEL = str(ROOT / "models" / "fraud_mlp.onnx")


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    files = {name: folder / f"{name}.json" for name in ("plan", "report")}
    words = ["--plan", str(files["plan"]), "--report", str(files["report"]), "--quiet"]
    assert main(["prune", MODEL, "-o", str(folder / "small.onnx"), *words]) == 0
    return {name: json.loads(path.read_text()) for name, path in files.items()}


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_schema_is_valid(path):
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize("name", ["plan", "report"])
def test_document_is_what_its_schema_says(written, name):
    jsonschema.validate(written[name], schema(name))


@pytest.mark.parametrize("name", ["plan", "report"])
def test_document_without_one_of_its_fields_is_refused(written, name):
    for field in schema(name)["required"]:
        less = copy.deepcopy(written[name])
        del less[field]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(less, schema(name))
