"""A parser of arguments whose complaints are our own errors. Imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from paoding_onnx.cli.near_miss import near_miss
from paoding_onnx.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A parser that reports a wrong argument as one line, through our own error; options are spelled out."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - those of argparse
        super().__init__(**{"allow_abbrev": False} | settings)

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        raise UsageError(f"{message}{near_miss(message, self.options())}; see `{self.prog} --help`")

    def options(self) -> list[str]:
        """How the options are spelled."""
        return [option for action in self._actions for option in action.option_strings]
