"""What inputs are, and what a user can say about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.calibration.preprocess import AS_IT_IS, Preprocess
from paoding_onnx.errors import UsageError
from paoding_onnx.model.nodes import Array
from paoding_onnx.names import KINDS


@dataclass(frozen=True, slots=True)
class Samples:
    """Inputs to run a model on: each of `batches` is a complete feed, `description` says what they are, for reports.

    The first input of a feed has the samples along its first axis, unless they are `is_bare`: then each feed is one of
    them. `is_synthetic` is false for calibration data, although synthetic samples may stand beside few of them: then
    `weights` say how much a sample of each batch counts, those of the user's 1. Empty if all count alike.

    Where it is a mere guess what such inputs hold, `strays` are feeds of what they may hold as well, and of noise, one
    kind after the other: what is so of the samples may not be so of the data.
    """

    batches: tuple[Mapping[str, Array], ...]
    description: str
    is_synthetic: bool = True
    is_bare: bool = False
    weights: tuple[float, ...] = ()
    strays: tuple[tuple[Mapping[str, Array], ...], ...] = ()

    @property
    def n_samples(self) -> int:
        """How many samples the batches hold together."""
        return len(self.batches) if self.is_bare else sum(len(next(iter(feed.values()))) for feed in self.batches)

    def parted(self) -> tuple[Samples, Samples | None]:
        """The samples themselves, and those that stand beside them and count for less, if there are any."""
        most = max(self.weights, default=1.0)
        counted = list(zip(self.batches, self.weights or (most,) * len(self.batches), strict=True))
        own = replace(self, batches=tuple(feed for feed, weight in counted if weight == most), weights=())
        others = tuple(feed for feed, weight in counted if weight < most)
        return own, replace(own, batches=others, is_synthetic=True) if others else None

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that hold one entry for each sample."""
        if self.is_bare:
            return tuple(self.batches[0])
        feeds = [(feed, len(next(iter(feed.values())))) for feed in self.batches]
        return tuple(name for name in self.batches[0] if all(f[name].ndim and len(f[name]) == n for f, n in feeds))

    @property
    def arrays(self) -> dict[str, Array]:
        """All samples of each input in one array; inputs without samples along their first axis are left out."""
        join = np.stack if self.is_bare else np.concatenate
        return {name: join([feed[name] for feed in self.batches]) for name in self.names}

    def rows(self, name: str, numbers: Sequence[int] | NDArray[np.int64]) -> Array:
        """What one of the inputs in `names` holds for samples of these numbers; nothing else is copied.

        >>> Samples(({"x": np.array([5, 6])}, {"x": np.array([7])}), "three").rows("x", [2, 0]).tolist()
        [7, 5]
        """
        sizes = [1 if self.is_bare else len(feed[name]) for feed in self.batches]
        stops = np.cumsum(sizes)
        places = [(int(np.searchsorted(stops, number, "right")), int(number)) for number in numbers]
        parts = (self.batches[k][name] if self.is_bare else self.batches[k][name][n - stops[k]] for k, n in places)
        first = self.batches[0][name] if self.is_bare else self.batches[0][name][0]
        found = np.empty((len(places), *first.shape), first.dtype)
        for k, part in enumerate(parts):
            found[k] = part
        return found

    def reader(self) -> BatchReader:
        """The batches as onnxruntime's quantizer takes them."""
        return BatchReader(self.batches)


class BatchReader:
    """What onnxruntime calls a CalibrationDataReader: hands out one feed after the other, then `None`.

    >>> reader = Samples(({"x": np.zeros(2)},), "zeros").reader()
    >>> sorted(reader.get_next()), reader.get_next()
    (['x'], None)
    """

    def __init__(self, batches: Sequence[Mapping[str, Array]]) -> None:
        self._batches = tuple(batches)
        self._waiting = iter(self._batches)

    def get_next(self) -> dict[str, Array] | None:
        """The next feed, `None` after the last one."""
        feed = next(self._waiting, None)
        return None if feed is None else dict(feed)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Begin again, with these batches alone."""
        self._waiting = iter(self._batches[start_index:end_index])

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[dict[str, Array]]:
        return iter(self.get_next, None)


@dataclass(frozen=True, slots=True)
class InputOptions:
    """What is known about a model's inputs: what the main one holds, one of `KINDS`, and how raw values become it.

    With `kept_ids` samples hold ids of a vocabulary that is smaller by now, and get the new numbers.

    Raises:
        UsageError: if there is no such kind.
    """

    kind: str = "auto"
    preprocess: Preprocess = AS_IT_IS
    kept_ids: KeptIds | None = None

    def __post_init__(self) -> None:
        """Check the word once, here."""
        if self.kind not in KINDS:
            raise UsageError(f"inputs cannot be {self.kind!r}; they can be {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class Request:
    """How many synthetic samples are wanted, and of what kind; same seed, same samples.

    `most_runs` is how many samples the model may be run on to find out which suit it; `None` for as many as that takes.
    `like` are real samples, by input, whose level is wanted.
    """

    n_samples: int
    seed: int
    inputs: InputOptions = InputOptions()
    most_runs: int | None = None
    like: Mapping[str, Array] | None = field(default=None, compare=False)
