"""The commands: each turns arguments into one library call and prints what comes back."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

from rich.console import Console, RenderableType
from rich.progress import Progress

from paoding_onnx.api import examine, explain, prune, sensitivity
from paoding_onnx.calibration.preprocess import parse_preprocess
from paoding_onnx.cli.evaluate import evaluate, evaluation_document, evaluation_lines
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.model.load import load
from paoding_onnx.model.save import Stage, check_targets, stage, write_text
from paoding_onnx.options import Options
from paoding_onnx.report import (
    check_document,
    check_lines,
    inspect_document,
    inspect_lines,
    number,
    operators_document,
    operators_lines,
    prune_document,
    prune_lines,
    sensitivity_lines,
    why_lines,
)
from paoding_onnx.report.charts import heat_map
from paoding_onnx.report.html import html_page
from paoding_onnx.result import Pruned
from paoding_onnx.surgery.plan import plan_document
from paoding_onnx.verification.check import check

PLAIN_WIDTH = 110
"""Columns of tables that do not go to a terminal."""


def run(arguments: Namespace) -> int:
    """Run the command that `arguments` names; returns the exit status."""
    return _COMMANDS[arguments.command](arguments)


def options_of(arguments: Namespace) -> Options:
    """The library's options that the arguments spell."""
    given = {f.name: getattr(arguments, f.name) for f in fields(Options) if hasattr(arguments, f.name)}
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    settings = parse_preprocess(getattr(arguments, "preprocess", ()))
    return Options(**(given | lists | {"input_shapes": dict(arguments.input_shape), "preprocess": settings}))


def _inspect(arguments: Namespace) -> int:
    if arguments.why is not None:
        axes = explain(arguments.model, arguments.why, options_of(arguments))
        _show(arguments, lambda: [asdict(axis) for axis in axes], why_lines(axes))
        return 0
    trace = examine(arguments.model, options_of(arguments))
    lines = inspect_lines(arguments.model.name, trace, verbose=arguments.verbose)
    _show(arguments, lambda: inspect_document(trace), lines)
    return 0


def _prune(arguments: Namespace) -> int:
    options = options_of(arguments)
    _check_arguments(arguments)
    with _bar(arguments) as progress:
        output = None if arguments.dry_run else arguments.output
        model = load(arguments.model)
        extra = [path for path in (arguments.plan, arguments.report) if path is not None and not arguments.dry_run]
        check_targets(extra, model.files, force=arguments.force)
        result = prune(model, output, options, force=arguments.force, progress=progress, extras=_extras(arguments))
    lines = prune_lines(result, str(arguments.output), verbose=arguments.verbose)
    _show(arguments, lambda: prune_document(result, source=arguments.model, target=arguments.output), lines)
    return 0


def _check(arguments: Namespace) -> int:
    result = check(
        arguments.original,
        arguments.pruned,
        plan=None if arguments.plan is None else _read_json(arguments.plan),
        input_shapes=dict(arguments.input_shape),
    )
    lines = [*check_lines(result.verdicts), f"outputs on random inputs differ by {result.difference:.3g} of their size"]
    document = {"checks": check_document(result.verdicts), "output_difference": number(result.difference)}
    _show(arguments, lambda: document, lines)
    return 0 if all(verdict.passed for verdict in result.verdicts) else 1


def _sensitivity(arguments: Namespace) -> int:
    model = load(arguments.model)
    check_targets([] if arguments.plot is None else [arguments.plot], model.files, force=arguments.force)
    with _bar(arguments) as progress:
        sensitivities = sensitivity(model, options_of(arguments), progress=progress)
    if arguments.plot is not None:
        with stage() as held:
            write_text(heat_map(sensitivities) + "\n", held.place(arguments.plot))
            held.commit(arguments.plot)
    _show(
        arguments,
        lambda: [asdict(sensitivity) for sensitivity in sensitivities],
        sensitivity_lines(sensitivities, verbose=arguments.verbose),
    )
    return 0


def _operators(arguments: Namespace) -> int:
    arguments.quiet = False
    _show(arguments, operators_document, operators_lines(markdown=arguments.markdown))
    return 0


def _evaluate(arguments: Namespace) -> int:
    with _bar(arguments) as progress:
        found = evaluate(arguments, progress)
    _show(arguments, lambda: evaluation_document(found, arguments), evaluation_lines(found, arguments))
    return 0


_COMMANDS = {
    "inspect": _inspect,
    "prune": _prune,
    "check": _check,
    "sensitivity": _sensitivity,
    "evaluate": _evaluate,
    "operators": _operators,
}


def _check_arguments(arguments: Namespace) -> None:
    """Refuse outputs that cannot or must not be written before any work is done."""
    if arguments.output is None and not arguments.dry_run:
        raise UsageError("no output: give -o OUT, or --dry-run to write nothing")
    targets = [path for path in (arguments.output, arguments.plan, arguments.report) if path is not None]
    check_targets([] if arguments.dry_run else targets, [arguments.model], force=arguments.force)


def _extras(arguments: Namespace) -> Callable[[Pruned, Stage], tuple[Path, ...]]:
    """Writes the plan and the report beside the model, to be named together with it."""

    def write(result: Pruned, held: Stage) -> tuple[Path, ...]:
        """Stage the files that were asked for; returns their targets."""
        documents: dict[Path | None, Callable[[], str]] = {
            arguments.plan: lambda: _json(plan_document(result.trace, result.plan)),
            arguments.report: lambda: _report(result, arguments, held),
        }
        wanted = tuple(path for path in documents if path is not None)
        for path in wanted:
            write_text(documents[path](), held.place(path))
        return wanted

    return write


def _report(result: Pruned, arguments: Namespace, held: Stage) -> str:
    """A page if the file is to be one, else JSON."""
    if arguments.report.suffix.lower() in (".html", ".htm"):
        return html_page(result, source=arguments.model, target=arguments.output, staged=held.place)
    return _json(prune_document(result, source=arguments.model))


def _json(document: object) -> str:
    return json.dumps(document, indent=1) + "\n"


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}") from error


def _show(arguments: Namespace, document: Callable[[], object], lines: Iterable[RenderableType]) -> None:
    if arguments.json:
        print(json.dumps(document(), indent=1))
        return
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False, emoji=False)
    for line in lines if not arguments.quiet else ():
        console.print(line, soft_wrap=isinstance(line, str))


@contextmanager
def _bar(arguments: Namespace) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on a terminal, silence elsewhere."""
    console = Console(file=sys.stderr)
    is_shown = console.is_terminal and not arguments.quiet and not arguments.json
    with Progress(console=console, transient=True, disable=not is_shown) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)
