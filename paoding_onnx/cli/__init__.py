"""The command line: arguments become calls of the library, results become text.

The only room that prints. It must not do any work of its own.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.errors import OutputError, PaodingError
from paoding_onnx.report.printable import printable

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 to 5 see `paoding_onnx.errors`, 130 Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names may hold what the terminal cannot show
    try:
        arguments = parse_arguments(argv)
        from paoding_onnx.cli.commands import run  # heavy: --help and usage errors must not wait for it

        status = run(arguments)
        sys.stdout.flush()
    except SystemExit as stop:  # argparse ends --help and --version this way
        return stop.code if isinstance(stop.code, int) else 0
    except PaodingError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        print("paoding_onnx: interrupted, nothing was written", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:  # every file is written through our own errors, so this is stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(f"cannot print the result: {error.strerror}", OutputError.exit_status)
    return status


def _fail(message: str, status: int) -> int:
    print("paoding_onnx: error:", printable(" ".join(message.splitlines())), file=sys.stderr)
    return status
