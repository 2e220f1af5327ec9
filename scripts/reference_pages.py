"""The generated parts of docs/reference, each between two markers: commands, names, operators.

    python -m scripts.reference_pages

A test fails where a page and the program disagree; this command brings them together again.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

import paoding_onnx
from paoding_onnx.cli.arguments import command_parser
from paoding_onnx.report.operators import operators_lines
from scripts import ROOT
from scripts.page import replaced, table

REFERENCE = ROOT / "docs" / "reference"
MARKERS = ("<!-- generated: begin -->", "<!-- generated: end -->")


def main() -> int:
    """Write the generated parts of all pages; returns the exit status."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for path, page in pages(REFERENCE).items():
        path.write_text(page)
    return 0


def pages(folder: Path) -> dict[Path, str]:
    """Every page of `folder` that has a generated part, as it should be.

    Raises:
        ValueError: if a page has no markers.
    """
    operators = "\n".join(str(line) for line in operators_lines(markdown=True))
    parts = {
        "api.md": names_markdown(paoding_onnx.__all__),
        "commands.md": commands_markdown(command_parser()),
        "operators.md": operators,
    }
    return {folder / name: replaced((folder / name).read_text(), part.strip(), MARKERS) for name, part in parts.items()}


def names_markdown(names: Iterable[str]) -> str:
    """Where mkdocstrings puts what the docstrings say: functions, then classes, constants, errors."""
    kinds: dict[str, list[str]] = {"Functions": [], "Classes": [], "Constants": [], "Errors": []}
    for name in names:
        kinds[_kind(getattr(paoding_onnx, name))].append(name)
    parts = [(f"## {kind}", *(f"::: paoding_onnx.{name}" for name in found)) for kind, found in kinds.items() if found]
    return "\n\n".join(line for part in parts for line in part)


def _kind(item: object) -> str:
    if isinstance(item, type):
        return "Errors" if issubclass(item, Exception) else "Classes"
    return "Functions" if inspect.isfunction(item) else "Constants"


def commands_markdown(parser: argparse.ArgumentParser) -> str:
    """A section for every command of a parser: what it does, how it is called, tables of its options."""
    return "\n\n".join(part for name, command, what in _commands(parser) for part in _section(name, command, what))


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Name, parser and description of every command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            described = {choice.dest: choice.help or "" for choice in action._choices_actions}
            yield from ((name, command, described[name]) for name, command in action.choices.items())


def _section(name: str, command: argparse.ArgumentParser, what: str) -> Iterator[str]:
    groups = [(group.title, _shown(group)) for group in command._action_groups]
    needed = [action for action in command._actions if action.required]
    words = [_spelling(action) for action in needed if action.option_strings] + ["[options]"]
    words += [_spelling(action) for action in needed if not action.option_strings]
    yield f"## {name}"
    yield f"{what[:1].upper()}{what[1:]}."
    yield f"```text\npaoding_onnx {name} {' '.join(words)}\n```"
    for title, actions in groups:
        if actions and title not in ("positional arguments", "options"):
            yield f"{str(title)[:1].upper()}{str(title)[1:]}:"
        if actions:
            yield _table(actions)


def _shown(group: argparse._ArgumentGroup) -> list[argparse.Action]:
    """What a group takes and says something about, without --help."""
    return [action for action in group._group_actions if action.help and not isinstance(action, argparse._HelpAction)]


def _table(actions: list[argparse.Action]) -> str:
    rows = [(", ".join(_names(action)), _meaning(action)) for action in actions]
    return table(("argument", "meaning"), rows, align="l")


def _names(action: argparse.Action) -> Iterator[str]:
    """How an argument is given, each way as code."""
    value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    if not action.option_strings:
        yield f"`{value}`"
    yield from (f"`{option} {value}`".replace(" `", "`") for option in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    told = (action.help or "") % {"default": action.default} if action.help else ""
    choices = ", ".join(f"`{choice}`" for choice in action.choices or ())
    text = "; ".join(part for part in (told, choices and f"one of {choices}") if part)
    return text.replace("|", "\\|")


def _spelling(action: argparse.Action) -> str:
    return " ".join([*action.option_strings[-1:], str(action.metavar or action.dest.upper())])


if __name__ == "__main__":
    raise SystemExit(main())
