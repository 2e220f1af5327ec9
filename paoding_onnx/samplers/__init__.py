"""Samplers say which units of a group are dispensable, the most dispensable first.

A sampler is any function of the type `Sampler`; `METHODS` holds those that the command line offers. Samplers are pure
numpy: they must not run, cut or write a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from paoding_onnx.dependency.trace import Group
from paoding_onnx.layerwise.weights import Candidate, Sampler, View, is_dense
from paoding_onnx.samplers.magnitude import channel_scale, magnitude
from paoding_onnx.samplers.pairwise import pairwise
from paoding_onnx.samplers.reconstruction import reconstruction


@dataclass(frozen=True, slots=True)
class Method:
    """A sampler as users choose it.

    `is_progressive` says that later steps depend on what earlier steps removed, `needs_inputs` that units are chosen by
    what they do on inputs, and that layers are reconstructed afterwards.
    """

    sampler: Sampler
    is_progressive: bool
    needs_inputs: bool = False


def paoding(view: View, group: Group, count: int, rng: np.random.Generator) -> tuple[Candidate, ...]:
    """The paper's sampling strategy: pair-wise for dense units, by channel scale for convolution channels.

    Source: paper section III. The kind of a group is read from its producing weights: with a kernel, a convolution.
    """
    sampler = pairwise if is_dense(view, group) else channel_scale
    return sampler(view, group, count, rng)


def at_random(view: View, group: Group, count: int, rng: np.random.Generator) -> tuple[Candidate, ...]:
    """`count` units drawn without replacement: the baseline every other method must beat."""
    kept = view.kept_units(group)
    return tuple(Candidate(int(unit), 0.0) for unit in rng.permutation(kept)[:count])


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "reconstruction": Method(reconstruction, False, needs_inputs=True),
        "paoding": Method(paoding, True),
        "magnitude": Method(magnitude, False),
        "random": Method(at_random, False),
    }
)
"""The methods that `--method` offers, by name."""

__all__ = [
    "METHODS",
    "Candidate",
    "Method",
    "Sampler",
    "View",
    "at_random",
    "channel_scale",
    "magnitude",
    "pairwise",
    "paoding",
    "reconstruction",
]
