"""What rules state besides the equation: multiply-adds, homogeneity, which integers stand for floats."""

from __future__ import annotations

import math

import pytest

from paoding_onnx.rules.facts import (
    ANY_SCALE,
    POSITIVE_SCALE,
    Affine,
    Clamp,
    Contracts,
    Homogeneity,
    Integers,
    Other,
    Quantized,
    Sum,
)


def test_products_are_added_up():
    contracts = Contracts((("t", "q", "H", "I"), ("t", "q", "H", "H")))
    assert contracts.macs({"t": 5, "q": 4, "H": 6, "I": 3}) == 5 * 4 * 6 * 3 + 5 * 4 * 6 * 6


@pytest.mark.parametrize(
    ("low", "high", "homogeneity"),
    [
        (0, math.inf, Homogeneity.POSITIVE),
        (-math.inf, 0, Homogeneity.POSITIVE),
        (0, 6, Homogeneity.ONE),
        (-1, 1, Homogeneity.ONE),
        (-math.inf, 6, Homogeneity.ONE),
        (-math.inf, math.inf, Homogeneity.ANY),
    ],
)
def test_clamp_scales_where_its_bounds_do(low, high, homogeneity):
    assert Clamp(low, high).homogeneity is homogeneity


def test_shift_scales_with_nothing():
    assert Affine(1, [1.0], [0.5]).homogeneity is Homogeneity.ONE
    assert Other().homogeneity is Homogeneity.ONE


def test_homogeneity_is_what_is_said_elsewhere():
    assert [acts.homogeneity for acts in (ANY_SCALE, POSITIVE_SCALE, Sum(), Sum(Homogeneity.ONE))] == [
        Homogeneity.ANY,
        Homogeneity.POSITIVE,
        Homogeneity.ANY,
        Homogeneity.ONE,
    ]


def test_integers_are_found_by_their_input():
    integers = Integers((Quantized(0, 2, 1), Quantized(3, 5)))
    assert integers.at(3) == Quantized(3, 5)
    assert integers.at(1) is None
