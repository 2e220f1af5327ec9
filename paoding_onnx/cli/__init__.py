"""The command line: arguments become one library call, its result is printed. Decides nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.errors import PaodingError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 to 5 see `paoding_onnx.errors`, 130 Ctrl-C."""
    try:
        arguments = parse_arguments(argv)
        from paoding_onnx.cli.commands import run  # heavy: --help and usage errors must not wait for it

        return run(arguments)
    except SystemExit as stop:  # argparse ends --help and --version this way
        return stop.code if isinstance(stop.code, int) else 0
    except PaodingError as error:
        print(f"paoding_onnx: error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("paoding_onnx: interrupted, nothing was written", file=sys.stderr)
        return INTERRUPTED
