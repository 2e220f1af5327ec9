"""REPAIR: what a removed unit contributed is handed to the units that stay, through the weights that consume it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from paoding_onnx.graph import Array
from paoding_onnx.places import Role
from paoding_onnx.samplers import Candidate
from paoding_onnx.samplers import View
from paoding_onnx.trace import Group


def absorb(view: View, group: Group, candidates: Sequence[Candidate]) -> Mapping[str, Array]:
    """Constants (by name, where they differ from the file's) after each candidate's twin has taken over its weights.

    In every consuming weight the twin's slice grows by `coefficient` times the slice of the unit that goes. Candidates
    are taken in order, so a twin that goes later hands on what it took over.

    Source: paper section III, reference [4] there.
    """
    merges = [c for c in candidates if c.twin is not None and c.coefficient]
    contents = dict(view.contents)
    for place in group.having(Role.CONSUMES) if merges else ():
        value = np.array(contents.get(place.slot.tensor, view.content(place)))
        rows = np.moveaxis(value, place.axis, 0)
        positions = _positions(view.units(place), group)
        for candidate in merges:
            source = positions.get(candidate.unit)
            target = positions.get(candidate.twin if candidate.twin is not None else -1)
            if source is not None and target is not None and len(source) == len(target):
                rows[target] += np.asarray(candidate.coefficient * rows[source], rows.dtype)
        value.flags.writeable = False
        contents[place.slot.tensor] = value
    return MappingProxyType(contents)


def _positions(units: Array, group: Group) -> dict[int, Array]:
    """Positions of each of the group's units on an axis, ascending."""
    order = np.argsort(units, kind="stable")
    found, starts = np.unique(units[order], return_index=True)
    parts = np.split(order, starts[1:])
    return {int(unit): part for unit, part in zip(found, parts, strict=True) if group.start <= unit < group.stop}
