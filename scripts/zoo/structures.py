"""Small modules for structures that model libraries lack or hide, fixed and with open axes, by both exporters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from scripts.zoo import attention_structures, image_structures, scene_structures, series_structures
from scripts.zoo.entry import Entry
from scripts.zoo.torch_export import Built, entries

MODULES: Mapping[str, Callable[[], Built]] = {
    **image_structures.MODULES,
    **attention_structures.MODULES,
    **scene_structures.MODULES,
    **series_structures.MODULES,
}
"""What makes each structure, its arguments, and the axes that can be open."""


def catalogue() -> tuple[Entry, ...]:
    """All entries: by both exporters, with fixed axes and with open ones."""
    found: list[Entry] = []
    for name, build in MODULES.items():
        found += entries(f"structure_{name}", lambda build=build: replace(build(), open_axes=()), dynamo=True)
        found += entries(f"structure_{name}_open", lambda build=build: _doubled(build()), dynamo=True)
    return tuple(found)


def _doubled(built: Built) -> Built:
    """With size 2 where an open axis has size 1: the new exporter takes a size of 1 for a fixed one."""
    arguments = []
    for argument, axes in zip(built.arguments, built.open_axes, strict=True):
        for axis in axes:
            argument = torch.cat([argument] * 2, axis) if argument.shape[axis] == 1 else argument
        arguments.append(argument)
    return replace(built, arguments=tuple(arguments))
