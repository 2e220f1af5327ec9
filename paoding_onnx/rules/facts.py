"""What rules say besides their equation: small values, each about one thing. Holds no operator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Contracts:
    """Operands are multiplied and added up: the multiply-adds are the sum of `products`, each a product of factors.

    The product is scaled by `alpha`; the bias, input number `bias` (`None`: the node cannot have one), by `beta`.
    `channel_multiple` is the number whose multiples onnxruntime's kernels like as channel counts.
    """

    products: tuple[tuple[str, ...], ...]
    alpha: float = 1.0
    beta: float = 1.0
    bias: int | None = None
    channel_multiple: int = 1

    def macs(self, sizes: Mapping[str, int]) -> int:
        """The number of multiply-adds when factors have these sizes.

        >>> Contracts((("M", "K"), ("M", "N"))).macs({"M": 2, "K": 3, "N": 4})
        14
        """
        return sum(math.prod(sizes[name] for name in product) for product in self.products)


class Homogeneity(StrEnum):
    """The scalings c of a unit under which an operator f keeps f(c x) = c f(x)."""

    ANY = "any"
    """Every c: Identity, AveragePool, Reshape."""
    POSITIVE = "positive"
    """Every c >= 0: Relu, MaxPool."""
    ONE = "one"
    """Only c = 1 is safe: Sigmoid, Tanh."""


@dataclass(frozen=True, slots=True)
class Homogeneous:
    """Scaled inputs give scaled outputs. A node that contracts counts its weights and biases as its inputs."""

    homogeneity: Homogeneity


@dataclass(frozen=True, slots=True)
class Affine:
    """y = gain x + shift, unit by unit; both `(n_units,)`, or `(1,)` for all alike, in the order of input `operand`.

    That is the only input where the numbers stand in attributes: those of its last axis.

    To add s to x, add `offset_sign` times s to the constant at input `offset`, if there is one.
    """

    operand: int
    gain: NDArray[np.float64]
    shift: NDArray[np.float64]
    offset: int | None = None
    offset_sign: float = 1.0

    @property
    def homogeneity(self) -> Homogeneity:
        """A shift scales with nothing."""
        return Homogeneity.ONE


@dataclass(frozen=True, slots=True)
class Clamp:
    """The nearer of two bounds in place of numbers beyond them."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def homogeneity(self) -> Homogeneity:
        """Bounds at zero and at infinity stay where they are under scaling.

        >>> str(Clamp(0.0).homogeneity), str(Clamp(0.0, 6.0).homogeneity)
        ('positive', 'one')
        """
        if math.isinf(self.low) and math.isinf(self.high):
            return Homogeneity.ANY
        is_cone = self.low in (-math.inf, 0) and self.high in (0, math.inf)
        return Homogeneity.POSITIVE if is_cone else Homogeneity.ONE


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of the inputs, which scales as they do if all of them are computed from the same units."""

    homogeneity: Homogeneity = Homogeneity.ANY


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else."""

    @property
    def homogeneity(self) -> Homogeneity:
        """Nothing is known about scaled inputs."""
        return Homogeneity.ONE


Acts = Homogeneous | Affine | Clamp | Sum | Other
"""What a node does to the numbers of a unit."""
ANY_SCALE = Homogeneous(Homogeneity.ANY)
POSITIVE_SCALE = Homogeneous(Homogeneity.POSITIVE)


@dataclass(frozen=True, slots=True)
class Stored:
    """Inputs that hold the mean and variance which every unit of input 0 had on the data of the training."""

    mean: int
    variance: int


@dataclass(frozen=True, slots=True)
class Quantized:
    """Input number `operand` holds integers for (integer - zero point) x scale.

    Both are numbers of inputs; without a zero point 0 stands for zero, without a scale it is applied elsewhere.
    """

    operand: int
    zero_point: int
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class Integers:
    """Which inputs hold integers in place of floats, and which are looked over as a whole for their range.

    A range always includes zero.
    """

    quantized: tuple[Quantized, ...] = ()
    range_over: tuple[int, ...] = ()

    def at(self, operand: int) -> Quantized | None:
        """What the integers of an input stand for; `None` where they stand for themselves."""
        return next((one for one in self.quantized if one.operand == operand), None)


@dataclass(frozen=True, slots=True)
class ReadsShape:
    """The content of the output are the sizes of these axes of input 0."""

    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Selects:
    """Input number `indices` says which entries of input 0 are the output's."""

    indices: int


@dataclass(frozen=True, slots=True)
class Gathers(Selects):
    """As `Selects`, by indices that the file holds: index k of factor `target` is index `positions[k]` of `source`."""

    source: str
    target: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Takes:
    """Entries are taken at places that never change: index k of a factor is index `places[k]` of another one.

    `taken` has the name of the output's factor, that of the input's, and the places, once for each such axis.
    """

    taken: tuple[tuple[str, str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class DataDependentShape:
    """The content of inputs may decide about sizes of outputs."""


@dataclass(frozen=True, slots=True)
class LooksUp:
    """Input number `indices` says which rows of input number `table`, along its factor `rows`, are in the output."""

    indices: int
    table: int
    rows: str


ShapeUse = ReadsShape | Selects | Takes | DataDependentShape
"""What a node has to do with shapes, beyond having one."""
