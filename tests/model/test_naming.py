"""Names in a file are text, and those of initializers their own."""

from __future__ import annotations

import pytest

from paoding_onnx.errors import ModelError
from paoding_onnx.model.naming import check_names
from tests.models import parse

TEXT = """<ir_version: 9, opset_import: ["" : 17, "own" : 1]>
g (bool[1] c, float[2] x) => (float[2] y) <float[2] weight> {
  named = Add (x, weight)
  y = If (c) <then_branch = t () => (float[2] p) { p = Relu (named) },
              else_branch = e () => (float[2] inner) { inner = Neg (named) }>
}
<domain: "own", opset_import: ["" : 17]>
function (argument) => (result) { result = Tanh (argument) }"""


def spoilt(word: str):
    """The model with `word`, wherever it stands, as bytes that are no text."""
    proto = parse(TEXT)
    proto.ParseFromString(proto.SerializeToString().replace(word.encode(), b"\xff" * len(word)))
    return proto


def test_sound_names_pass():
    check_names(parse(TEXT))


@pytest.mark.parametrize("word", ["weight", "named", "inner", "else_branch", "Relu", "function", "argument", "Tanh"])
def test_name_that_is_no_text_is_refused(word):
    with pytest.raises(ModelError, match=r"the name b'(\\xff)+' in the model is not text in UTF-8"):
        check_names(spoilt(word))


def test_name_of_a_size_that_is_no_text_is_refused():
    proto = parse("g (float[BATCH,2] x) => (float[BATCH,2] y) { y = Relu (x) }")
    proto.ParseFromString(proto.SerializeToString().replace(b"BATCH", b"\xff" * 5))
    with pytest.raises(ModelError, match="not text in UTF-8"):
        check_names(proto)


def test_two_initializers_of_one_name_are_refused():
    proto = parse(TEXT)
    proto.graph.initializer.append(proto.graph.initializer[0])
    with pytest.raises(ModelError, match="two initializers have the name 'weight'"):
        check_names(proto)
