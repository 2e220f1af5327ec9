"""What one run of the tool may use and whom it tells: handed to every stage that takes long. Knows no stage."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of all work done so far, in [0, 1]."""


WRITING = "writing"
"""What is told right before files get their names; from there on a run is not to be stopped."""


LOG = logging.getLogger("paoding_onnx")
"""Where stages are told, a line for each, at the level INFO; nothing else is."""
_NUMBERS = re.compile(r"[\d.]+")


def silent(_what: str, _share: float) -> None:
    """The progress that tells nobody."""


def logged(progress: Progress) -> Progress:
    """`progress` that tells the log as well, once for each stage: "step 2 of 9" goes on with "step 1 of 9"."""
    stage = [""]

    def tell(what: str, share: float) -> None:
        found = _NUMBERS.sub("", what)
        if found != stage[0]:
            stage[0] = found
            LOG.info("%s", what)
        progress(what, share)

    return tell


@dataclass(frozen=True, slots=True)
class Deployment:
    """On what a model runs: how many threads onnxruntime may use, 0 leaving the number to it, and which provider."""

    threads: int = 0
    provider: str = "cpu"


ANYHOW = Deployment()
"""The processor, as onnxruntime likes it."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run may use.

    Attributes:
        memory: bytes of activations to hold at a time; more go to temporary files.
        seed: for everything that is drawn at random.
        threads: threads of onnxruntime where it runs for long; 0 leaves the number to it.
        progress: told what is being done.
        began: when it began, on the clock of `time.monotonic`.
        provider: on what onnxruntime runs where it runs for long, one of `paoding_onnx.names.PROVIDERS`.
    """

    memory: int = 1 << 29
    seed: int = 0
    threads: int = 0
    progress: Progress = silent
    began: float = field(default_factory=monotonic, compare=False)
    provider: str = "cpu"

    @property
    def deployment(self) -> Deployment:
        """On what models run that run for long."""
        return Deployment(self.threads, self.provider)

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return monotonic() - self.began

    def tell(self, what: str, share: float) -> None:
        """Say what is being done, and the share of this run's work that is done."""
        self.progress(what, share)

    def part(self, start: float, share: float) -> Run:
        """A run for a part of the work: the `share` of it that follows after `start`.

        >>> told = []
        >>> Run(progress=lambda what, done: told.append((what, done))).part(0.5, 0.25).tell("half of it", 0.5)
        >>> told
        [('half of it', 0.625)]
        """
        progress = self.progress
        return replace(self, progress=lambda what, done: progress(what, start + share * done))
