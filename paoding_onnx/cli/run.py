"""Run one command in this process: whatever happens becomes one line on standard error and an exit status."""

from __future__ import annotations

import io
import sys
import traceback
import warnings
from argparse import Namespace
from collections.abc import Callable, Sequence

from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.cli.stopping import STOPPED, Stopped, ignore_signals, raising_at_signals
from paoding_onnx.cli.streams import complain, silence
from paoding_onnx.errors import ModelError, OutputError, PaodingError
from paoding_onnx.model.parent import end_with_parent
from paoding_onnx.report.printable import printable

UNEXPECTED = 70
"""Exit status of an error that nobody foresaw (EX_SOFTWARE)."""
MOST_LETTERS = 1000
"""What is longer than that is not read: names may have any length."""
TRACEBACK = "--traceback"
"""The option that prints where an error came from; it counts wherever it stands, as arguments may be what is wrong."""


Work = Callable[[Namespace], int]
"""What a command does; returns its exit status."""


def run_command(argv: Sequence[str], work: Work) -> int:
    """Let `work` run one command; returns its exit status."""
    try:
        with raising_at_signals():
            found = parsed(argv)
            return found if isinstance(found, int) else _run(found, work)
    except Stopped as stop:
        complain(STOPPED)
        return stop.exit_status


def run_child(work: Work) -> int:
    """Run the command of this process, which ends with the one that watches it, and leaves it to that to say so."""
    end_with_parent()
    try:
        found = parsed(sys.argv[1:])
        return found if isinstance(found, int) else _run(found, work)
    except Stopped as stop:
        return stop.exit_status
    finally:
        ignore_signals()


def parsed(argv: Sequence[str]) -> Namespace | int:
    """The arguments; the exit status of a command that ends with them, as with --help or a wrong one."""
    found: list[Namespace] = []

    def parse() -> int:
        try:
            found.append(parse_arguments(argv))
        except SystemExit as stop:  # argparse ends --help and --version this way
            sys.stdout.flush()
            return stop.code if isinstance(stop.code, int) else 0
        return 0

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names may hold what the terminal cannot show
    status = _in_one_line(parse, TRACEBACK in argv)
    return found[0] if found else status


def _run(arguments: Namespace, work: Work) -> int:
    def run_it() -> int:
        with warnings.catch_warnings():
            if not arguments.verbose:
                warnings.simplefilter("ignore")  # numpy's about infinite numbers, say: the result tells what matters
            return work(arguments)

    return _in_one_line(run_it, arguments.traceback)


def _in_one_line(work: Callable[[], int], is_traced: bool) -> int:
    """The exit status of `work`; an error is told in a line, with `is_traced` after the way it came."""
    try:
        return work()
    except KeyboardInterrupt:
        complain(STOPPED)
        return 130
    except BrokenPipeError:
        silence()
        return 0
    except PaodingError as error:
        return _told(error, str(error), error.exit_status, is_traced)
    except MemoryError as error:
        return _told(error, "there is not enough memory for this model", ModelError.exit_status, is_traced)
    except OSError as error:  # every file is read and written through our own errors, so this is stdout
        silence()
        return _told(error, f"cannot print the result: {error.strerror or error}", OutputError.exit_status, is_traced)
    except Exception as error:  # noqa: BLE001  # the last resort: a traceback tells a user nothing
        what = f"unexpected {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        hint = f"this is a fault of paoding_onnx, please report it with what {TRACEBACK} prints"
        return _told(error, f"{what}; {hint}", UNEXPECTED, is_traced)


def _told(error: BaseException, message: str, status: int, is_traced: bool) -> int:
    if is_traced:
        complain("\n".join(map(printable, "".join(traceback.format_exception(error)).splitlines())))
    line = printable(" ".join(message.splitlines()))
    complain(f"paoding_onnx: error: {line if len(line) <= MOST_LETTERS else f'{line[:MOST_LETTERS]} ..'}")
    return status
