"""Options in a TOML file: a table for each command. Imports nothing heavy.

A file says what the command line would say; what stands on the command line counts.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from paoding_onnx.errors import ModelError, UsageError

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,17})?")
"""What TOML reads as the number that it was."""
_OWN = frozenset({"config", "save_config", "help", "traceback"})
"""Options that no file holds: they are about files, or looked at before any is read."""
MOST_BYTES = 1 << 20


def add_config(parser: argparse.ArgumentParser) -> None:
    """Give a command the options about files of options."""
    add = parser.add_argument_group("files of options").add_argument
    add("--config", metavar="FILE", type=Path, help="take options from this TOML file; those given here count")
    add("--save-config", metavar="FILE", type=Path, help="write the options of this command as TOML, for --config")


def with_config(argv: Sequence[str], commands: Mapping[str, argparse.ArgumentParser]) -> list[str]:
    """The arguments with those that the file of ``--config`` holds for their command, in front of all others.

    Raises:
        UsageError: if the file is no such file, or holds options that the command does not have.
        ModelError: if it cannot be read.
    """
    path = _value_of("--config", argv)
    if path is None or not argv or argv[0] not in commands:
        return list(argv)
    command, *rest = argv
    return [command, *_words(_table(Path(path), command, commands), commands[command], rest, path), *rest]


def config_text(command: str, argv: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """The options in the arguments `argv` of a command, as the TOML of a file for ``--config``.

    >>> parser = argparse.ArgumentParser()
    >>> _ = parser.add_argument("--target"), parser.add_argument("--exclude", action="append")
    >>> print(config_text("prune", ["m.onnx", "--target", "0.3", "--exclude=a", "--exclude", "b"], parser), end="")
    [prune]
    target = 0.3
    exclude = ["a", "b"]
    """
    found: dict[str, list[str | None]] = {}
    for action, value in _given(argv, parser):
        if action.dest not in _OWN:
            is_list = isinstance(action, argparse._AppendAction)
            found[_key(action)] = [*(found.get(_key(action), []) if is_list else []), value]
    lists = {_key(action) for action in parser._actions if isinstance(action, argparse._AppendAction)}
    lines = [f"[{command}]"]
    for key, values in found.items():
        texts = ["true" if value is None else _toml(value) for value in values]
        lines.append(f"{key} = [{', '.join(texts)}]" if key in lists else f"{key} = {texts[-1]}")
    return "\n".join(lines) + "\n"


def _value_of(option: str, argv: Sequence[str]) -> str | None:
    """What an option is given, wherever it stands."""
    for place, word in enumerate(argv):
        if word == option and place + 1 < len(argv):
            return argv[place + 1]
        if word.startswith(f"{option}="):
            return word.removeprefix(f"{option}=")
    return None


def _table(path: Path, command: str, commands: Mapping[str, object]) -> Mapping[str, object]:
    """What a file holds for a command; nothing where it has no table of that name."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise ModelError(f"cannot read {path}: {'it is too long' if path.is_file() else 'there is no such file'}")
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {name!r} stands outside of a table; write it below [{command}]")
        if name not in commands:
            raise UsageError(f"{path}: there is no command {name!r}{_near(name, list(commands))}")
    return dict(tables.get(command, {}))


def _words(
    table: Mapping[str, object], parser: argparse.ArgumentParser, argv: Sequence[str], path: str
) -> Iterator[str]:
    """The entries of a table as arguments; those that `argv` gives, or gives another choice for, are left out."""
    options = {_key(action): action for action in parser._actions if action.option_strings and action.dest not in _OWN}
    given = {action.dest for action, _ in _given(argv, parser)}
    for group in parser._mutually_exclusive_groups:
        own = {action.dest for action in group._group_actions}
        given |= own if own & given else set()
    for key, value in table.items():
        action = options.get(key)
        if action is None:
            raise UsageError(f"{path}: there is no option {key!r}{_near(key, list(options))}")
        if action.dest not in given:
            yield from _as_words(action, value, f"{path}: {key}")


def _as_words(action: argparse.Action, value: object, where: str) -> Iterator[str]:
    option = action.option_strings[-1]
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise UsageError(f"{where} is on or off: write true or false, not {value!r}")
        yield from [option] if value else []
        return
    values = value if isinstance(value, list) else [value]
    if len(values) != 1 and not isinstance(action, argparse._AppendAction):
        raise UsageError(f"{where} is given once, not as a list")
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            raise UsageError(f"{where} is a text or a number, not {one!r}")
        yield f"{option}={one}"


def _given(argv: Sequence[str], parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.Action, str | None]]:
    """The options among arguments, each with what it is given; `None` for those that stand alone."""
    options = {option: action for action in parser._actions for option in action.option_strings}
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        action = options.get(name)
        if action is not None:
            yield action, None if action.nargs == 0 else value if equals else next(words, "")


def _key(action: argparse.Action) -> str:
    """How an option is called in a file."""
    return action.option_strings[-1].lstrip("-") if action.option_strings else ""


def _near(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word.replace("_", "-"), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _toml(text: str) -> str:
    """A value as TOML: a number where it is one, else a text."""
    if _NUMBER.fullmatch(text):
        return text
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain) + '"'
