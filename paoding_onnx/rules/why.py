"""Why an axis may not shrink: in words for people, and as a kind that programs can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Hold(StrEnum):
    """What kind of thing keeps an axis as it is."""

    INPUT = "input"
    """It is as long as something that is fed."""
    OUTPUT = "output"
    """It is as long as something that the model returns."""
    POSITIONS = "positions"
    """It counts pixels, samples, tokens or steps: an operator works along it."""
    SHARES = "shares"
    """Its entries are shares of a whole."""
    HEADS = "heads"
    """It lies in heads that go whole."""
    ORDER = "order"
    """Its entries are sorted."""
    TABLE = "table"
    """Its entries are picked by numbers that are fed."""
    PICKED = "picked"
    """Its entries are picked one by one, each line by numbers of its own."""
    INDEX = "index"
    """Slices of it are read or written by numbers."""
    BLOCKS = "blocks"
    """Blocks of it have one scale."""
    CONSTANTS = "constants"
    """Constants are added up along it."""
    SIZES = "sizes"
    """Its size, or which axis it is, is only known while the model runs."""
    SIZE_ONE = "size one"
    """It broadcasts."""
    BRANCHES = "branches"
    """A subgraph reads it."""
    BODY = "body"
    """It is read by a body that was not looked into."""
    NO_RULE = "no rule"
    """Nothing is known of an operator."""
    EXCLUDED = "excluded"
    """The user said so."""
    TIED = "tied"
    """Its positions are tied to one another."""
    ELSEWHERE = "elsewhere"
    """Others on the same axis go in its place."""
    OPERATOR = "operator"
    """Anything else that an operator does."""


@dataclass(frozen=True, slots=True)
class Why:
    """A reason in words, and what kind it is of."""

    words: str
    hold: Hold = Hold.OPERATOR


WORKS = Why("works along this axis", Hold.POSITIONS)
SLIDES = Why("slides over this axis", Hold.POSITIONS)
NORMALISES = Why("normalises along this axis", Hold.SHARES)
ONE_SCALE = Why("has one scale for each block of this axis", Hold.BLOCKS)
PICKS = Why("picks entries by index along this axis", Hold.TABLE)
UNKNOWN = Why("no rule for this operator", Hold.NO_RULE)
