"""Tokens are found in the metadata of a model, or in files of its tokenizer beside it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from paoding_onnx.errors import UsageError
from paoding_onnx.model.load import load
from paoding_onnx.vocabulary.tokens import UNKNOWN, cut_tokens, tokens_of
from tests.models import parse, save
from tests.tokens import TIED


@pytest.fixture
def model(tmp_path):
    """A model in a folder of its own."""
    return load(save(parse(TIED), tmp_path / "m.onnx"))


def test_nothing_tells_tokens(model):
    assert tokens_of(model) == UNKNOWN


def test_lines_of_a_list_are_tokens(model, tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\nthe\n##s\n", "utf-8")
    found = tokens_of(model)
    assert (found.numbers, found.source) == ({"[PAD]": 0, "the": 1, "##s": 2}, "vocab.txt")


def test_tokenizer_of_the_folder_above_counts(tmp_path):
    (tmp_path / "onnx").mkdir()
    inner = load(save(parse(TIED), tmp_path / "onnx" / "m.onnx"))
    (tmp_path / "vocab.json").write_text('{"a": 1, "b": 0}', "utf-8")
    assert tokens_of(inner).numbers == {"a": 1, "b": 0}


@pytest.mark.parametrize("vocabulary", [{"a": 0, "b": 1}, [["a", -1.5], ["b", -2.0]]])
def test_tokenizer_tells_tokens_and_those_that_are_special(model, tmp_path, vocabulary):
    added = [{"id": 2, "content": "</s>", "special": True}, {"id": 1, "content": "b", "special": False}]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}, "added_tokens": added}))
    found = tokens_of(model)
    assert found.numbers == {"a": 0, "b": 1, "</s>": 2}
    assert found.special == {2}


@pytest.mark.parametrize("text", ["[]", "{}", '{"model": {"vocab": {}}}', '{"model": 3}'])
def test_tokenizer_without_tokens_is_refused(model, tmp_path, text):
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(UsageError, match="holds no tokens at model, vocab"):
        tokens_of(model)


@pytest.mark.parametrize("text", ['{"a": 0, "b": 1}', '["a", "b"]', "a\nb"])
def test_metadata_come_before_files(tmp_path, text):
    proto = parse(TIED)
    proto.metadata_props.add(key="vocab", value=text)
    (tmp_path / "vocab.txt").write_text("c\nd\n")
    assert tokens_of(load(save(proto, tmp_path / "m.onnx"))).numbers == {"a": 0, "b": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 0, "b": 1, "c": 2}', '{"a": 0, "c": 1}'),
        ('["a", "b", "c"]', '["a", "c"]'),
        ("a\nb\nc", "a\nc"),
        ("a model that reads", "a model that reads"),
    ],
)
def test_tokens_in_metadata_are_cut_in_their_form(before, after):
    assert cut_tokens(before, np.array([0, -1, 1])) == after
