"""Which parameter of a checkpoint each constant of an exported file is, told by content: exporters change names.

A constant is a parameter as it is, transposed, or scaled channel by channel because a normalization was folded into it.
Numbers in, names out: it knows neither PyTorch nor files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paoding_onnx.model.nodes import Array

EPSILONS = (1e-5, 1e-3, 1e-6, 1e-4, 1e-12, 0.0)
"""What normalizations add to a variance; a checkpoint does not tell which."""
_CLOSE = 1e-4
"""Differences of folded weights, as a share of the largest weight."""
_SAME_FACTOR = 1e-3
_LEAST = 1e-30
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Norm:
    """A normalization that was folded into a weight.

    `name` is its prefix in the checkpoint; `factor` (n,) is what it multiplies each channel by, on `axis` of the
    parameter; `deviation` (n,) what it divides by.
    """

    name: str
    axis: int
    factor: Floats
    deviation: Floats


@dataclass(frozen=True, slots=True)
class Match:
    """A constant is the parameter `key`: its axis `a` is axis `axes[a]` of the parameter; `norm` was folded into it."""

    key: str
    axes: tuple[int, ...]
    norm: Norm | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A node and the constants that it reads, by their place among its inputs."""

    constants: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Place:
    """One input of one node: a vector that several nodes share is another parameter for each of them."""

    node: int
    operand: int


def matched(uses: Sequence[Use], constants: Mapping[str, Array], parameters: Mapping[str, Array]) -> dict[Place, Match]:
    """The parameter behind each place where a node reads a constant; places without one are left out.

    `uses` stand in running order, `parameters` in the order of the checkpoint, which decides between parameters of
    equal content: the next one that nothing has taken.
    """
    search = _Search(parameters)
    found: dict[Place, Match] = {}
    for index, use in enumerate(uses):
        whole = {operand: constants[name] for operand, name in use.constants.items() if constants[name].ndim > 1}
        for operand, value in whole.items():
            if (match := search.of_matrix(use.constants[operand], value)) is not None:
                found[Place(index, operand)] = match
        vectors = {operand: constants[name] for operand, name in use.constants.items() if constants[name].ndim == 1}
        own = [found[Place(index, operand)] for operand in whole if Place(index, operand) in found]
        if not any(match.norm for match in own):  # else they are what is left of the normalization
            keys = search.of_vectors(vectors, [prefix(match.key) for match in own])
            found |= {Place(index, operand): Match(key, (0,)) for operand, key in keys.items()}
    return found


def prefix(key: str) -> str:
    """The module that a parameter belongs to."""
    return key.rpartition(".")[0]


class _Search:
    """A checkpoint, and how far one has come in it."""

    def __init__(self, parameters: Mapping[str, Array]) -> None:
        self._parameters = parameters
        self._order = {key: place for place, key in enumerate(parameters)}
        self._seen: dict[str, Match | None] = {}
        self._taken: set[str] = set()
        self._place = 0

    def of_matrix(self, name: str, value: Array) -> Match | None:
        """The parameter that a constant of several axes is; the same one wherever the constant is read."""
        if name not in self._seen:
            exact = list(self._exact(value))
            match = self._best(exact) if exact else self._best(list(self._folded(value)))
            self._seen[name] = match
            if match is not None:
                self._take([match.key] if match.norm is None else [match.key, f"{match.norm.name}.running_var"])
        return self._seen[name]

    def of_vectors(self, vectors: Mapping[int, Array], near: Sequence[str]) -> dict[int, str]:
        """Parameters of one module that the vectors of one node are; of one in `near` if it has them."""
        if not vectors:
            return {}
        following = sorted({prefix(key) for key in self._parameters}, key=self._distance_of_module)
        for module in (*near, *following):
            keys = self._in_module(module, vectors)
            if len(keys) == len(vectors):
                self._take(list(keys.values()))
                return keys
        return {}

    def _in_module(self, module: str, vectors: Mapping[int, Array]) -> dict[int, str]:
        """Which parameters of a module these vectors are, each another one."""
        found: dict[int, str] = {}
        own = [key for key in self._parameters if prefix(key) == module]
        for operand, value in vectors.items():
            equal = (key for key in own if key not in found.values() and _equal(self._parameters[key], value))
            if (key := next(equal, None)) is not None:
                found[operand] = key
        return found

    def _exact(self, value: Array) -> Iterator[Match]:
        straight = tuple(range(value.ndim))
        for key, parameter in self._parameters.items():
            if _equal(parameter, value):
                yield Match(key, straight)
            elif value.ndim == 2 and _equal(parameter.T, value):
                yield Match(key, (1, 0))

    def _folded(self, value: Array) -> Iterator[Match]:
        straight = tuple(range(value.ndim))
        for key, parameter in self._parameters.items():
            orders = [straight] if parameter.shape == value.shape else []
            orders += [(1, 0)] if value.ndim == 2 and parameter.shape == value.shape[::-1] else []
            for axes in orders:
                turned = np.transpose(value, np.argsort(axes))
                for axis in (0, 1):
                    if (norm := self._norm(turned, parameter, axis, key)) is not None:
                        yield Match(key, axes, norm)

    def _norm(self, value: Array, parameter: Array, axis: int, key: str) -> Norm | None:
        """The normalization that scales `parameter` to `value` channel by channel, the next one behind it."""
        factor = _factor(value, parameter, axis)
        if factor is None:
            return None
        following = sorted(
            (key for key in self._parameters if key.endswith(".running_var")),
            key=lambda other: (self._order[other] < self._order[key], self._order[other]),
        )
        for module in map(prefix, following):
            variance = np.asarray(self._parameters[f"{module}.running_var"], np.float64)
            gain = np.asarray(self._parameters.get(f"{module}.weight", np.ones_like(variance)), np.float64)
            if variance.shape != factor.shape or f"{module}.running_var" in self._taken:
                continue
            tried = [np.sqrt(np.maximum(variance + epsilon, _LEAST)) for epsilon in EPSILONS]
            deviation = min(tried, key=lambda found: float(np.abs(gain / found - factor).max(initial=0.0)))
            if _near(gain / deviation, factor, _SAME_FACTOR):
                return Norm(module, axis, gain / deviation, deviation)
        return None

    def _best(self, matches: Sequence[Match]) -> Match | None:
        """The next one that nothing has taken; else the first."""
        return min(matches, key=lambda match: (match.key in self._taken, self._distance(match.key)), default=None)

    def _take(self, keys: Sequence[str]) -> None:
        self._taken.update(keys)
        self._place = max(self._order[key] for key in keys)

    def _distance(self, key: str) -> tuple[bool, int]:
        """How far behind the last match a parameter stands; those before it come last."""
        return self._order[key] < self._place, self._order[key]

    def _distance_of_module(self, module: str) -> tuple[bool, bool, int]:
        keys = [key for key in self._parameters if prefix(key) == module]
        return (any(key in self._taken for key in keys), *min(map(self._distance, keys)))


def _factor(value: Array, parameter: Array, axis: int) -> Floats | None:
    """The (n,) factors that make `value` of `parameter` along an axis, if there are such."""
    others = tuple(a for a in range(value.ndim) if a != axis)
    a, b = np.asarray(value, np.float64), np.asarray(parameter, np.float64)
    size = np.square(b).sum(others)
    factor = np.where(size > 0, (a * b).sum(others) / np.where(size > 0, size, 1), 0.0)
    shape = [-1 if a == axis else 1 for a in range(value.ndim)]
    return np.asarray(factor, np.float64) if _near(b * factor.reshape(shape), a, _CLOSE) else None


def _near(a: Floats, b: Floats, share: float) -> bool:
    return bool(np.abs(a - b).max(initial=0.0) <= share * max(np.abs(b).max(initial=0.0), 1e-30))


def _equal(a: Array, b: Array) -> bool:
    return a.shape == b.shape and np.array_equal(a, b)
