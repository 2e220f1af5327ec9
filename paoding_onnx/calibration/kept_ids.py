"""The ids of a vocabulary that are left: which stay, which inputs hold them, which outputs have a number for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.errors import UsageError
from paoding_onnx.model.nodes import Array


@dataclass(frozen=True, slots=True)
class KeptIds:
    """Of the ids 0 to `size` - 1 those in `kept` stay, ascending: the new id of each is its place there.

    `inputs` hold ids; `outputs` are axes (name, axis) of outputs that have an entry for each id. `source` names
    the file that said which stay.
    """

    inputs: tuple[str, ...]
    size: int
    kept: tuple[int, ...]
    outputs: tuple[tuple[str, int], ...] = ()
    source: str = ""

    @property
    def new_ids(self) -> NDArray[np.int64]:
        """The new number of every id, -1 for those that went; `(size,)`.

        >>> KeptIds(("ids",), 4, (1, 3)).new_ids.tolist()
        [-1, 0, -1, 1]
        """
        found = np.full(self.size, -1, np.int64)
        found[list(self.kept)] = np.arange(len(self.kept))
        return found

    def __str__(self) -> str:
        """The file that said which stay, as a command names it."""
        return self.source

    def replaced(self, numbers: Array) -> Array:
        """The new numbers of ids, -1 for those that are not kept; what is no id stays as it is.

        >>> KeptIds(("ids",), 4, (1, 3)).replaced(np.array([3, 0, -100])).tolist()
        [1, -1, -100]
        """
        whole = numbers.astype(np.int64)
        is_id = (whole >= 0) & (whole < self.size)
        return np.where(is_id, self.new_ids[np.where(is_id, whole, 0)], whole).astype(numbers.dtype)

    def lost(self, numbers: Array) -> tuple[int, ...]:
        """The ids among some numbers that are not kept."""
        whole = np.unique(numbers.astype(np.int64))
        return tuple(np.setdiff1d(whole[(whole >= 0) & (whole < self.size)], self.kept).tolist())

    def renumbered(self, ids: Array, where: str) -> Array:
        """The same ids by their new numbers; `where` they stand is told if one of them is not kept.

        >>> KeptIds(("ids",), 4, (1, 3)).renumbered(np.array([3, 1, 3]), "a file").tolist()
        [1, 0, 1]

        Raises:
            UsageError: if one is not kept, or there is no such id.
        """
        if lost := self.lost(ids):
            named = ", ".join(map(str, lost[:3]))
            raise UsageError(f"{where} holds {len(lost)} ids that the vocabulary does not keep, such as {named}")
        return self.replaced(ids)

    @property
    def change(self) -> str:
        """What callers have to know, in words.

        >>> KeptIds(("ids",), 4, (1, 3)).change
        "'ids' takes ids below 2"
        """
        inputs, left = ", ".join(map(repr, self.inputs)), len(self.kept)
        outputs = [f"axis {axis} of output {name!r} has {left} entries" for name, axis in self.outputs]
        return "; ".join([f"{inputs} {'take' if len(self.inputs) > 1 else 'takes'} ids below {left}", *outputs])
