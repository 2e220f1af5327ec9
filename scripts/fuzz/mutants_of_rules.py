"""Rules with one fault each: every way in which a rule of the same shape could have been written wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from paoding_onnx.rules.equation import Axis, Equation, Factor, Pattern, Star
from paoding_onnx.rules.facts import Gathers, Integers, ReadsShape
from paoding_onnx.rules.rule import Fit, Rule

Fault = tuple[str, str, Rule]
"""The kind of a fault, where it is, and the rule that has it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One axis of one operand of an equation; outputs are on side 1."""

    side: int
    operand: int
    number: int

    def __str__(self) -> str:
        return f"{'output' if self.side else 'input'} {self.operand} axis {self.number}"


def faults(rule: Rule) -> Iterator[Fault]:
    """Every fault of a rule, each alone."""
    for make in (_arranged, _coupled, _named, _marked, _dropped, _sized, _fitted, _gathered, _counted, _said):
        yield from ((f"rule: {kind}", where, wrong) for kind, where, wrong in make(rule) if wrong != rule)


def _arranged(rule: Rule) -> Iterator[Fault]:
    """Factors from minor to major, segments from last to first, two axes exchanged."""
    for place, one in _axes(rule.equation):
        if isinstance(one, Star):
            continue
        turned = Axis(tuple((*segment[1:], *segment[:1]) for segment in one.segments))
        yield "factors in another order", str(place), _with_axis(rule, place, turned)
        yield "segments reversed", str(place), _with_axis(rule, place, Axis(one.segments[::-1]))
    for side, operand, pattern in _operands(rule.equation):
        for k in range(len(pattern) - 1):
            exchanged = (*pattern[:k], pattern[k + 1], pattern[k], *pattern[k + 2 :])
            where = f"{_Place(side, operand, k)} and the next"
            yield "axes exchanged", where, _with_operand(rule, side, operand, exchanged)


def _coupled(rule: Rule) -> Iterator[Fault]:
    """A factor that has another name in one operand, so that it is another there."""
    for place, one in _axes(rule.equation):
        for name in [factor.name for factor in _factors(one) if factor.name[0].isupper()]:
            changed = _renamed(one, {name: f"{name}z"})
            yield "a factor not coupled", f"{place}: {name}", _with_axis(rule, place, changed)


def _named(rule: Rule) -> Iterator[Fault]:
    """What stays may go, what may go stays; two factors mistaken for each other in an operand."""
    names = dict.fromkeys(factor.name for _, one in _axes(rule.equation) for factor in _factors(one))
    for name in names:
        if name[0].islower():
            yield "free in place of fixed", name, _everywhere(rule, {name: f"Q{name}"})
        else:
            yield "fixed in place of free", name, _everywhere(rule, {name: f"q{name}"})
    for side, operand, pattern in _operands(rule.equation):
        own = dict.fromkeys(factor.name for one in pattern for factor in _factors(one))
        for a, b in pairwise(own):
            both = {a: b, b: a}
            exchanged = tuple(_renamed(one, both) for one in pattern)
            yield (
                "factors exchanged",
                f"{_Place(side, operand, 0)}: {a} {b}",
                _with_operand(rule, side, operand, exchanged),
            )


def _marked(rule: Rule) -> Iterator[Fault]:
    """The mark of what is mixed, added or dropped."""
    mixed = any(factor.mixed for _, one in _axes(rule.equation) for factor in _factors(one))
    if mixed:
        yield "mark dropped", "all", _with_axes(rule, lambda one: _with_mark(one, None))
    free = dict.fromkeys(f.name for _, one in _axes(rule.equation) for f in _factors(one) if f.name[0].isupper())
    for name in free:
        yield "mark added", name, _with_axes(rule, lambda one, name=name: _with_mark(one, name))


def _dropped(rule: Rule) -> Iterator[Fault]:
    """An operand without axes of its own."""
    for side, operand, _ in _operands(rule.equation):
        yield "an operand dropped", str(_Place(side, operand, 0)), _with_operand(rule, side, operand, None)


def _sized(rule: Rule) -> Iterator[Fault]:
    """Sizes that are one off, or each other's."""
    for name, size in rule.sizes.items():
        for off in (-1, 1):
            yield "a size one off", f"{name} {off:+}", replace(rule, sizes=_put(rule.sizes, name, size + off))
    for a, b in pairwise(rule.sizes):
        moved = {a: rule.sizes[a] + 1, b: rule.sizes[b] - 1}
        yield "a size one off", f"{a} to {b}", replace(rule, sizes={**rule.sizes, **moved})
        swapped = {a: rule.sizes[b], b: rule.sizes[a]}
        yield "sizes exchanged", f"{a} and {b}", replace(rule, sizes={**rule.sizes, **swapped})


def _fitted(rule: Rule) -> Iterator[Fault]:
    """Numbers that do not follow, or follow something else."""
    for k, fit in enumerate(rule.fits):
        others = [*rule.fits[:k], *rule.fits[k + 1 :]]
        yield "a fit dropped", f"fit {k}", replace(rule, fits=tuple(others))
        for what, wrong in _wrong_fits(rule, fit):
            yield "a fit wrong", f"fit {k}: {what}", replace(rule, fits=(*rule.fits[:k], wrong, *rule.fits[k + 1 :]))


def _wrong_fits(rule: Rule, fit: Fit) -> Iterator[tuple[str, Fit]]:
    """What can be wrong with one fit."""
    found = [one for _, one in _axes(rule.equation) if isinstance(one, Axis)]
    for entry, one in fit.axes.items():
        yield f"entry {entry} dropped", replace(fit, axes={k: v for k, v in fit.axes.items() if k != entry})
        moved = {k + 1 if k == entry else k: v for k, v in fit.axes.items()}
        yield f"entry {entry} moved", replace(fit, axes=moved)
        for other in dict.fromkeys(found):
            if other != one and other.free:
                yield f"entry {entry} of {other}", replace(fit, axes={**fit.axes, entry: other})
    for entry, (one, literal) in fit.literals.items():
        rest = {k: v for k, v in fit.literals.items() if k != entry}
        yield f"literal {entry} dropped", replace(fit, literals=rest)
        for wrong in (0, 1, -1):
            if wrong != literal:
                yield f"literal {entry} is {wrong}", replace(fit, literals={**rest, entry: (one, wrong)})
    if isinstance(fit.holder, int):
        yield "another holder", replace(fit, holder=fit.holder + 1)


def _gathered(rule: Rule) -> Iterator[Fault]:
    """What is taken, from elsewhere."""
    shape = rule.shape
    if not isinstance(shape, Gathers):
        return
    n = max(shape.positions, default=0) + 1
    for what, wrong in {
        "reversed": shape.positions[::-1],
        "the next ones": tuple((k + 1) % n for k in shape.positions),
        "the first ones": tuple(range(len(shape.positions))),
    }.items():
        yield "gathers elsewhere", what, replace(rule, shape=replace(shape, positions=wrong))
    turned = replace(shape, source=shape.target, target=shape.source)
    yield "gathers elsewhere", "the other way", replace(rule, shape=turned)


def _counted(rule: Rule) -> Iterator[Fault]:
    """Multiply-adds counted wrongly."""
    contracts = rule.contracts
    for k, product in enumerate(contracts.products if contracts is not None else ()):
        for name in dict.fromkeys(product):
            less = list(product)
            less.remove(name)
            for what, wrong in (("without", tuple(less)), ("twice", (*product, name))):
                products = (*contracts.products[:k], wrong, *contracts.products[k + 1 :])
                yield "multiply-adds", f"{what} {name}", replace(rule, contracts=replace(contracts, products=products))


def _said(rule: Rule) -> Iterator[Fault]:
    """What is said besides, left out or wrong."""
    if rule.integers != Integers():
        yield "zero points unknown", "all", replace(rule, integers=replace(rule.integers, quantized=()))
        yield "range unknown", "all", replace(rule, integers=replace(rule.integers, range_over=()))
    if rule.shape is not None:
        yield "use of shapes unknown", "all", replace(rule, shape=None)
    if isinstance(rule.shape, ReadsShape):
        shifted = ReadsShape(tuple(k - 1 for k in rule.shape.axes if k > 0))
        yield "other axes read", "the one before", replace(rule, shape=shifted)
    if rule.contracts is not None:
        yield "adds nothing up", "all", replace(rule, contracts=None)


def _operands(equation: Equation) -> Iterator[tuple[int, int, Pattern]]:
    for side, operands in enumerate((equation.inputs, equation.outputs)):
        yield from ((side, k, pattern) for k, pattern in enumerate(operands) if pattern is not None)


def _axes(equation: Equation) -> Iterator[tuple[_Place, Axis | Star]]:
    for side, operand, pattern in _operands(equation):
        yield from ((_Place(side, operand, number), one) for number, one in enumerate(pattern))


def _factors(one: Axis | Star) -> tuple[Factor, ...]:
    return (one.factor,) if isinstance(one, Star) else one.factors


def _put(sizes: Mapping[str, int], name: str, size: int) -> dict[str, int]:
    return {**sizes, name: size}


def _each(one: Axis | Star, change: Callable[[Factor], Factor]) -> Axis | Star:
    """The axis with every factor changed."""
    if isinstance(one, Star):
        return Star(change(one.factor))
    return Axis(tuple(tuple(map(change, segment)) for segment in one.segments))


def _renamed(one: Axis | Star, names: Mapping[str, str]) -> Axis | Star:
    return _each(one, lambda factor: replace(factor, name=names.get(factor.name, factor.name)))


def _with_mark(one: Axis | Star, name: str | None) -> Axis | Star:
    """The axis with the mark at factors of this name; with none at all without a name."""
    return _each(one, lambda factor: replace(factor, mixed=name is not None and (factor.mixed or factor.name == name)))


def _with_axes(rule: Rule, change: Callable[[Axis | Star], Axis | Star]) -> Rule:
    """The rule with every axis of its equation changed."""
    sides = rule.equation.inputs, rule.equation.outputs
    left, right = ([None if o is None else tuple(map(change, o)) for o in side] for side in sides)
    return replace(rule, equation=Equation.of(left, right))


def _with_operand(rule: Rule, side: int, operand: int, pattern: Pattern | None) -> Rule:
    sides = [list(rule.equation.inputs), list(rule.equation.outputs)]
    sides[side][operand] = pattern
    return replace(rule, equation=Equation.of(*sides))


def _with_axis(rule: Rule, place: _Place, one: Axis | Star) -> Rule:
    pattern = (rule.equation.inputs, rule.equation.outputs)[place.side][place.operand] or ()
    changed = (*pattern[: place.number], one, *pattern[place.number + 1 :])
    return _with_operand(rule, place.side, place.operand, changed)


def _everywhere(rule: Rule, names: Mapping[str, str]) -> Rule:
    """The rule in which a factor has another name wherever it is named."""
    changed = _with_axes(rule, lambda one: _renamed(one, names))
    contracts = rule.contracts
    if contracts is not None:
        products = tuple(tuple(names.get(n, n) for n in product) for product in contracts.products)
        contracts = replace(contracts, products=products)
    fits = tuple(
        replace(
            fit,
            axes={k: _renamed(one, names) for k, one in fit.axes.items()},
            literals={k: (_renamed(one, names), literal) for k, (one, literal) in fit.literals.items()},
        )
        for fit in rule.fits
    )
    shape = rule.shape
    if isinstance(shape, Gathers):
        shape = replace(
            shape, source=names.get(shape.source, shape.source), target=names.get(shape.target, shape.target)
        )
    sizes = {names.get(name, name): size for name, size in rule.sizes.items()}
    return replace(changed, contracts=contracts, fits=fits, shape=shape, sizes=sizes)
