"""The choice of units, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paoding_onnx.model.nodes import Array
from paoding_onnx.selection.budget import Step
from paoding_onnx.selection.profile import Profile
from paoding_onnx.surgery.plan import Plan


@dataclass(frozen=True, slots=True)
class Selection:
    """Which units go and how that came about.

    `overrides` are constants that absorbing changed, `profile` what was seen on inputs if the method looks at any.
    """

    plan: Plan
    steps: tuple[Step, ...]
    overrides: Mapping[str, Array] = field(default_factory=dict)
    profile: Profile | None = None
    notes: tuple[str, ...] = ()
