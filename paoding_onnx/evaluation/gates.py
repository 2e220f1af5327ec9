"""Conditions under which a result is not good enough, as texts such as ``agreement<0.95``. Measures nothing."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from types import MappingProxyType

from paoding_onnx.errors import GateError, UsageError
from paoding_onnx.evaluation.answers import OutputChange
from paoding_onnx.evaluation.measured import Latency, Measured
from paoding_onnx.evaluation.outlook import Outlook, judge

_FORM = re.compile(r"\s*([\w.]+)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*")
_SIGNS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    }
)
_OUTLOOKS = MappingProxyType(
    {"bad": Outlook.BAD, "test": Outlook.TEST, "unknown": Outlook.UNKNOWN, "good": Outlook.GOOD}
)
"""From the worst to the best, as they compare."""
_WORDS = ("inputs", "changes", "apart", "latency", "is_synthetic")
"""What is measured but no number."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A result whose figure `name` compares so with `bound` is refused; `text` is how the condition was written."""

    name: str
    sign: str
    bound: float
    text: str


def parse_gates(texts: Iterable[str]) -> tuple[Gate, ...]:
    """The conditions that `texts` state: a name, a sign, and a number or a share in per cent.

    Names are those of the numbers in a report's `measured`, inner ones behind a dot (``latency.after``), entries of a
    list by their place (``changes.0.same``), and ``outlook`` with one of the words bad, test, unknown and good.

    >>> [(gate.name, gate.sign, gate.bound) for gate in parse_gates(["agreement<95%"])]
    [('agreement', '<', 0.95)]

    Raises:
        UsageError: if a text is no such condition.
    """
    return tuple(map(_gate, texts))


def require_passed(gates: Sequence[Gate], measured: Measured) -> None:
    """Refuse a result that meets one of the conditions, or of which their figures are not known.

    Raises:
        GateError: if it does.
    """
    known = figures(measured)
    if met := [said for gate in gates if (said := _said(gate, known.get(gate.name)))]:
        raise GateError(f"the result is not good enough, nothing was written: {'; '.join(met)}")


def figures(measured: Measured) -> dict[str, float]:
    """The numbers that were measured, by the names that they have in conditions.

    An outlook is its place, counted from the worst one.
    """
    found = dict(_numbers("", asdict(measured)))
    if measured.latency is not None:
        found["latency_ratio"] = measured.latency.ratio
    return found | {"outlook": list(_OUTLOOKS.values()).index(judge(measured).outlook)}


def _gate(text: str) -> Gate:
    form = _FORM.fullmatch(text)
    if form is None:
        raise UsageError(f"{text!r} is not a condition: give NAME OP NUMBER, such as agreement<0.95 or 'outlook<good'")
    name, sign, bound = form.groups()
    if not _is_known(name):
        close = get_close_matches(name, _names(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(_names())}"
        raise UsageError(f"nothing that is measured is called {name!r} (in {text!r}); {hint}")
    return Gate(name, sign, _bound(name, bound, text), text.strip())


def _bound(name: str, word: str, text: str) -> float:
    if name == "outlook":
        if word not in _OUTLOOKS:
            raise UsageError(f"an outlook is one of {', '.join(_OUTLOOKS)}, from the worst to the best, not {word!r}")
        return list(_OUTLOOKS).index(word)
    try:
        value = float(word.removesuffix("%")) / (100 if word.endswith("%") else 1)
    except ValueError as error:
        raise UsageError(f"{word!r} in {text!r} is not a number") from error
    if not math.isfinite(value):
        raise UsageError(f"{word!r} in {text!r} is not a finite number")
    return value


def _names() -> list[str]:
    """Names of figures, an output's with its place left out."""
    plain = [field.name for field in fields(Measured) if field.name not in _WORDS]
    inner = [f"latency.{field.name}" for field in fields(Latency)]
    numbers = [field.name for field in fields(OutputChange) if field.name not in ("output", "kind")]
    return ["outlook", "latency_ratio", *plain, *inner, *(f"changes.N.{name}" for name in numbers)]


def _is_known(name: str) -> bool:
    return re.sub(r"^changes\.\d+\.", "changes.N.", name) in _names()


def _numbers(name: str, value: object) -> Iterable[tuple[str, float]]:
    """The numbers in a value, by the way that leads to them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    for key, part in pairs:
        yield from _numbers(f"{name}.{key}".lstrip("."), part)


def _said(gate: Gate, value: float | None) -> str:
    """Why a condition refuses a result, in words; nothing if it does not."""
    if value is None or math.isnan(value):
        return f"{gate.name} was not measured for this model, so {gate.text!r} cannot be told"
    if not _SIGNS[gate.sign](value, gate.bound):
        return ""
    return f"{gate.name} is {list(_OUTLOOKS)[int(value)] if gate.name == 'outlook' else f'{value:.6g}'} ({gate.text})"
