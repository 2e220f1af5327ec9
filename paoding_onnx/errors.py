"""The errors a caller can meet; every message says what, where, got and wanted, and what to do next.

PaodingError
├── UsageError      an option or argument that makes no sense        exit status 2
├── ModelError      a file that cannot be read, or not a valid model exit status 3
├── TargetError     nothing to prune, or a target out of reach       exit status 4
├── OutputError     the result cannot be written                     exit status 5
├── CheckError      a proof failed: nothing is written               exit status 1
└── GateError       a result that is not as good as was asked for    exit status 6

The command line has more: 70 for an error that nobody foresaw, 129, 130 and 143 for SIGHUP, Ctrl-C and SIGTERM.
"""

from __future__ import annotations


class PaodingError(Exception):
    """Any failure this package reports; `exit_status` is what the command line returns for it."""

    exit_status = 1


class UsageError(PaodingError):
    """An option or argument that makes no sense, such as a target outside (0, 1)."""

    exit_status = 2


class ModelError(PaodingError):
    """A model that cannot be read, is not valid ONNX, or that onnxruntime cannot run."""

    exit_status = 3


class TargetError(PaodingError):
    """A model without prunable units, or a target that removing all of them would not reach."""

    exit_status = 4


class OutputError(PaodingError):
    """A result that cannot be written where it was asked for."""

    exit_status = 5


class CheckError(PaodingError):
    """A proof that failed: the pruned model is not what it promises to be."""

    exit_status = 1


class GateError(PaodingError):
    """A result that is not as good as the user asked for: of `prune` nothing is written then."""

    exit_status = 6
