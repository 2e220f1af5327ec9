"""The command line: arguments become calls of the library, results become text.

The only room that prints. It must not do any work of its own.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, which takes a while to import: Ctrl-C must be heard before
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status, for which see `paoding_onnx.errors`.

    Without `argv` the command is the process's own. It then runs in a process of its own, and this one watches it: see
    `paoding_onnx.cli.watch`.
    """
    from paoding_onnx.cli.stopping import ignore_signals, leaving_at_signals  # imports that take long must be stoppable

    with leaving_at_signals():
        from paoding_onnx.cli.run import run_command
        from paoding_onnx.cli.watch import watched_command

        status = watched_command() if argv is None else 0
    if argv is not None:
        return run_command(argv, _work)
    ignore_signals()  # it is decided how this process ends, and it is about to
    return status


def child() -> int:
    """Run the command of this process, which is watched by another one."""
    from paoding_onnx.cli.stopping import left_silently, let_through, raised_for_good
    from paoding_onnx.model.garbage import collect_seldom

    collect_seldom()
    with left_silently():
        let_through()
        from paoding_onnx.cli.run import run_child
    raised_for_good()
    return run_child(_work_of_child)


def _work(arguments: Namespace) -> int:
    from paoding_onnx.cli.commands import run  # heavy: --help and usage errors must not wait for it
    from paoding_onnx.cli.dash import with_dashes

    return with_dashes(run)(arguments)


def _work_of_child(arguments: Namespace) -> int:
    from paoding_onnx.cli.stopping import left_silently

    with left_silently():  # native libraries turn what is raised in the middle of their import into errors of theirs
        from paoding_onnx.cli import commands  # noqa: F401
    return _work(arguments)
