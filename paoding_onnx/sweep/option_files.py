"""Files that options of `prune` name: runs work in folders of their own, and depend on what these files hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from paoding_onnx.model.save import sha256

_READ = ("--calibration", "--vocabulary", "--latency-table", "--config")
_WRITTEN = ("--cache",)
_NAMED = ("--input",)
"""Those whose values are a name, ``=`` and perhaps a file."""


def with_absolute_paths(words: Sequence[str]) -> tuple[str, ...]:
    """Options of `prune` in which files and folders have paths that hold in any folder.

    >>> with_absolute_paths(("--cache", "/tmp", "--memory", "1G"))
    ('--cache', '/tmp', '--memory', '1G')
    """
    found = list(words)
    for place, before, path in _paths(words, (*_READ, *_WRITTEN)):
        found[place] = f"{before}{path.absolute()}"
    return tuple(found)


def hashes_of(words: Sequence[str]) -> tuple[str, ...]:
    """Hashes of all files that these options have read, those in folders in the order of their names."""
    paths = [path for _, _, path in _paths(words, _READ)]
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return tuple(sha256(file) for file in files if file.is_file())


def _paths(words: Sequence[str], options: Sequence[str]) -> Iterator[tuple[int, str, Path]]:
    """Where in `words` a path stands, what stands before it in the same word, and the path."""
    for place, word in enumerate(words):
        option, is_joined, value = word.partition("=") if word.startswith("--") else ("", "", word)
        before = f"{option}=" if is_joined else ""
        option = option if is_joined else words[place - 1] if place else ""
        if option in options and (is_joined or not word.startswith("--")):
            yield place, before, Path(value)
        elif option in _NAMED and value.partition("=")[1] and Path(value.partition("=")[2]).is_file():
            yield place, f"{before}{value.partition('=')[0]}=", Path(value.partition("=")[2])
