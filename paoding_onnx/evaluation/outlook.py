"""What the comparison of a pruned model with its original lets a user expect, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.kinds import Kind
from paoding_onnx.evaluation.measured import Kept, Measured

ALIKE = 0.1
"""With answers less various than this, inputs look alike to the model."""
SPREAD = 0.05
"""Inputs that get one answer may still differ by this much in its probability: then that is what is compared."""
FEW = 16
"""Fewer inputs than this say little about answers."""
SAME = (0.97, 0.9)
"""Share of the answers that are the same, and above which a model is as good as before, or worth a test."""
ORDER = (0.99, 0.95)
"""Likewise, the rank correlation of scores or of similarities."""
ORDER_OF_CHANCES, TYPICAL_OF_CHANCES = (0.98, 0.95), (0.05, 0.15)
"""Likewise, of probabilities that something is so, of which users ask on which side of a half they are."""
TYPICAL = (0.01, 0.1)
"""Likewise, at most: the change of the channel in the middle, as a share of its variance."""
WORST = (0.1, 1.0)
"""Likewise, of the channel that changed most."""
UNSURE = 0.25
"""Sequences of which fewer stay the same are worse, however unsure the original was of them."""
TYPICAL_OF_CLASSES, OF_REAL_CLASSES = 0.1, 0.5
"""Scores of classes that moved further than this, on synthetic or on real inputs, are others, whatever their largest
one is on these inputs."""
BROUGHT_OUT = 0.5
"""Synthetic inputs that bring out fewer of the classes than this share do not speak for a model."""
TYPICAL_OF_REAL, WORST_OF_REAL = (0.08, 0.3), (0.15, 1.0)
"""The same two on real inputs that were held back, which show the harm as it is; synthetic ones show less of it."""
SAME_FOR_ALL = 1e-3
"""Numbers that differ by less than this share of their size between inputs are one and the same for all."""
TINY = 0.1
"""Changes within this part of the first limits tell something even where inputs look alike: what differs was kept."""
SAME_ASTRAY, TYPICAL_ASTRAY = 0.9, 0.05
"""A model that is as good as before keeps at least so many answers, and changes by no more, on noise of other sizes."""
_TELLING = 10.0
"""The largest change that is told in numbers."""

Limits = tuple[float, float]


class Outlook(StrEnum):
    """What to expect of a pruned model."""

    GOOD = "as good as before"
    TEST = "test it before use"
    BAD = "expect it to be much worse"
    UNKNOWN = "cannot be judged"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to expect, and why, in words; no reason for a model that is as good as before."""

    outlook: Outlook
    reason: str = ""


def judge(measured: Measured) -> Judgement:
    """What the measured changes let expect: the worst of all outputs'; what is unknown of one is worse than good.

    Where labelled samples were given, how much was lost on them decides alone.
    """
    if measured.drop is not None:
        return _of_drop(measured.drop)
    if not measured.changes and not measured.apart:
        return Judgement(Outlook.UNKNOWN, "no output could be compared")
    floats = [change for change in measured.changes if change.kind not in (Kind.WHOLE_NUMBERS, Kind.STATE)]
    if all(_says_nothing(change) for change in floats or measured.changes) and not measured.apart:
        return Judgement(Outlook.UNKNOWN, "all inputs look alike to the model: it returns the same for each of them")
    found = [
        _of_output(change, measured.n_inputs, is_real=not measured.is_synthetic)
        for change in floats or measured.changes
    ]
    found += [Judgement(Outlook.TEST, f"output {name!r} has other sizes than before") for name in measured.apart]
    found += [_GUESSED] if any(map(_is_astray, measured.astray)) else []
    order = (Outlook.BAD, Outlook.TEST, Outlook.UNKNOWN, Outlook.GOOD)
    return min(found, key=lambda judgement: order.index(judgement.outlook))


_GUESSED = Judgement(
    Outlook.TEST,
    "kept on the inputs that were guessed, lost on others that may be right: it depends on what the data is like",
)


def in_words(measured: Measured) -> str:
    """The outlook in words: where nothing can be known, what it cannot be judged by.

    >>> in_words(Measured(None, 0.0, None, "noise"))
    'cannot be judged without data'
    """
    found = judge(measured).outlook
    if found is not Outlook.UNKNOWN:
        return str(found)
    return f"{found} {'without data' if measured.is_synthetic else 'by the samples held back'}"


def _is_astray(change: OutputChange) -> bool:
    """Whether an output changed much where noise stands beside the inputs."""
    if change.kind is Kind.STATE:
        return False
    return change.typical > TYPICAL_ASTRAY if change.same is None else change.same < SAME_ASTRAY


def _of_drop(drop: Kept) -> Judgement:
    """What labelled samples say, which is more than any prediction."""
    good, bad = (1 - share for share in SAME)
    outlook = Outlook.BAD if drop.value > bad else Outlook.GOOD if drop.bound <= good else Outlook.TEST
    said = f"{drop.measure} on labelled samples {drop.value:.1%}, at most {drop.bound:.1%} with 95 % confidence"
    return Judgement(outlook, "" if outlook is Outlook.GOOD else said)


def _of_output(change: OutputChange, n_inputs: int, *, is_real: bool) -> Judgement:
    is_alike = change.variety < ALIKE
    as_values = is_alike and change.spread >= SPREAD  # the answers say nothing, how sure they are does
    worst, reason = Outlook.GOOD, ""
    limits = _limits(change.kind, is_real=is_real)
    for outlook, said in _signs(change, limits, as_values=as_values, is_real=is_real):
        if outlook is Outlook.BAD or (outlook is Outlook.TEST and worst is Outlook.GOOD):
            worst, reason = outlook, said
    tells = as_values or _is_kept(change) or (is_real and change.kind is Kind.VALUES)
    if worst is not Outlook.BAD and is_alike and not tells:
        reason = f"all inputs look alike to the model: output {change.output!r} hardly differs"
        return Judgement(Outlook.UNKNOWN, reason)
    is_hidden = change.brought < BROUGHT_OUT and not (is_real or as_values or _is_tiny(change))
    if worst is Outlook.GOOD and is_hidden:
        reason = f"{n_inputs} inputs bring out about {change.brought:.1%} of the classes of {change.output!r}"
        return Judgement(Outlook.UNKNOWN, reason)
    has_answers = (change.same, change.order) != (None, None)
    if worst is Outlook.GOOD and n_inputs < FEW and has_answers and not (is_real and _is_tiny(change)):
        return Judgement(Outlook.UNKNOWN, f"only {n_inputs} inputs were compared, too few for output {change.output!r}")
    return Judgement(worst, reason)


def _limits(kind: Kind, *, is_real: bool) -> tuple[Limits, Limits]:
    """How far the channel in the middle may move, and the worst one; of classes that means their probabilities."""
    if kind is Kind.CLASSES:
        return TYPICAL_OF_CHANCES, WORST
    if is_real:
        return TYPICAL_OF_REAL, WORST_OF_REAL
    return TYPICAL_OF_CHANCES if kind is Kind.CHANCE else TYPICAL, WORST


def _says_nothing(change: OutputChange) -> bool:
    """Whether numbers neither differ between inputs nor changed: one and the same for all, or no numbers at all."""
    return change.kind is Kind.VALUES and change.variety < SAME_FOR_ALL and change.worst == 0


def _is_kept(change: OutputChange) -> bool:
    """Whether even small differences between inputs were kept; of single answers they say too little."""
    return _is_tiny(change) and change.kind is not Kind.CLASSES


def _is_tiny(change: OutputChange) -> bool:
    """Whether the numbers of an output hardly changed, which few real inputs are enough to show."""
    return change.typical <= TINY * TYPICAL[0] and change.worst <= TINY * WORST[0]


def _signs(
    change: OutputChange, limits: Sequence[Limits], *, as_values: bool, is_real: bool
) -> list[tuple[Outlook, str]]:
    """What each measure of an output says, and in words; with `as_values` those of its numbers too."""
    name, found = f"{change.output!r}", []
    if change.same is not None:
        answers = {Kind.CLASSES: "top-1", Kind.SEQUENCE: "sequence", Kind.TAGS: "class"}.get(change.kind, "number")
        places = "tokens that tell" if change.kind is Kind.TAGS else "inputs"
        found.append((_of_answers(change), f"{answers} of {name} the same on {change.same:.0%} of {places}"))
    if change.order is not None:
        order = ORDER_OF_CHANCES if change.kind is Kind.CHANCE else ORDER
        found.append((_above(change.order, order), f"order of {name} kept to {change.order:.2f} (rank correlation)"))
    if change.kind is Kind.CLASSES and change.typical > (OF_REAL_CLASSES if is_real else TYPICAL_OF_CLASSES):
        moved = moved_by(change.typical, 0)
        said = f"scores of {name} moved by {moved} of their variance, though few top-1 changed"
        found.append((Outlook.TEST, said))
    if as_values or change.kind in (Kind.VALUES, Kind.EMBEDDING, Kind.SCORE, Kind.CHANCE, Kind.STATE):
        typical, worst = moved_by(change.typical, 1), moved_by(change.worst, 1)
        (good, bad), (good_worst, bad_worst) = limits
        said = f"channels of {name} moved by {typical} of their variance, one by {worst}"
        found.append((_above(-change.typical, (-good, -bad)), said))
        found.append((_above(-change.worst, (-good_worst, -bad_worst)), said))
    return found


def _of_answers(change: OutputChange) -> Outlook:
    """What the share of the same answers says.

    Where the original itself holds most of its sequences for wrong, it may be those that changed.
    """
    same = change.same or 0.0
    found = _above(same, SAME)
    may_be_wrong_ones = change.sure is not None and same >= max(change.sure, UNSURE)
    return Outlook.TEST if found is Outlook.BAD and may_be_wrong_ones else found


def moved_by(share: float, digits: int = 2) -> str:
    """How far a channel moved, as a share of its variance, in words: beyond ten times that no number says more.

    >>> moved_by(0.0123), moved_by(0.5, 0), moved_by(2e7)
    ('1.23%', '50%', 'over 1,000%')
    """
    return f"{share:.{digits}%}" if share <= _TELLING else f"over {_TELLING:,.0%}"


def _above(value: float, limits: Limits) -> Outlook:
    good, bad = limits
    return Outlook.GOOD if value >= good else Outlook.TEST if value >= bad else Outlook.BAD
