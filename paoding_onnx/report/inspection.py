"""What `inspect` and `explain` print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from paoding_onnx.calibration.assumptions import Assumed
from paoding_onnx.dependency.cost import cost, group_cost, nothing, prunable_parameters, unread_parameters
from paoding_onnx.dependency.explain import Explanation
from paoding_onnx.dependency.trace import Choice, Refusal, Trace
from paoding_onnx.names import Prefer
from paoding_onnx.report.advice import holding_lines
from paoding_onnx.report.words import cell, plural, rest, some, table

_WORDS = ("assumed to hold", "because of")


def inspect_lines(
    name: str, trace: Trace, assumed: Sequence[Assumed] = (), *, verbose: bool = False
) -> Iterator[RenderableType]:
    """A summary, the groups, the choices made, the refusals, what is `assumed` of inputs, and what holds most."""
    whole = cost(trace, nothing(trace))
    part = prunable_parameters(trace) / whole.parameters if whole.parameters else 0.0
    yield (
        f"{cell(name)}: {plural(trace.n_grouped, 'unit')} in {plural(len(trace.groups), 'group')}; {part:.1%} of "
        f"{whole.parameters:,} parameters can be pruned; {whole.macs:,} MACs"
        f"{at_sizes(trace, ' at ')}"
    )
    yield from unread_lines(trace)
    groups = table("group", "units", "parameters", "MACs", "exact", "lives on", left=("exact", "lives on"))
    for group in some(trace.groups, verbose=verbose):
        carried = group_cost(trace, group)
        where = plural(len({axis.use.tensor for axis in group.parameter_axes}), "initializer")
        exact = "yes" if group.is_exact else "no"
        row = (f"{group.n_units:,}", f"{carried.parameters:,}", f"{carried.macs:,}", exact, where)
        groups.add_row(cell(group.name), *row)
    if trace.groups:
        yield groups
    yield from rest(len(trace.groups), "groups", verbose=verbose)
    for choice in trace.choices:
        yield _choice(choice)
    yield from refusal_lines(trace.refusals, verbose=verbose)
    if assumed:
        found = table("input", "shape", *_WORDS, left=("shape", *_WORDS))
        for one in assumed:
            holds = " or ".join((one.holds, *one.others))
            found.add_row(*map(cell, (one.name, "x".join(map(str, one.shape)) or "scalar", holds, one.why)))
        yield found
        yield "if that is wrong, say it with --input, --input-kind or --preprocess"
    yield from map(cell, holding_lines(trace))


def unread_lines(trace: Trace) -> Iterator[str]:
    """A line on what goes before all units; nothing where everything is read."""
    if trace.n_unread:
        yield f"{plural(unread_parameters(trace), 'parameter')} that no node reads (rows of tables) go first"


def at_sizes(trace: Trace, before: str) -> str:
    """The input shapes at which costs and times are told, behind some words; nothing where all sizes are fixed."""
    sizes = trace.graph.sizes
    return f"{before}{cell(str(sizes.measured))}" if sizes is not None and sizes.relation.keys else ""


def explain_lines(axes: Sequence[Explanation]) -> Iterator[RenderableType]:
    """For each axis whether it may shrink, and the way to the reason if it may not."""
    for axis in axes:
        title = f"{cell(axis.tensor)} axis {axis.axis} ({plural(axis.size, 'position')})"
        if not axis.reason:
            yield f"{title}: may shrink"
            continue
        yield f"{title}: {axis.n_pinned} pinned"
        for link in axis.way:
            yield f"  {cell(link.operator)} {cell(link.node)} -> {cell(link.tensor)} axis {link.axis}"
        where = f"{cell(axis.operator)} {cell(axis.node)}: " if axis.node else ""
        yield f"  {where}{cell(axis.reason)}"


def refusal_lines(refusals: Sequence[Refusal], *, verbose: bool) -> Iterator[RenderableType]:
    """What may not shrink, and why."""
    if not refusals:
        return
    found = table("left alone", "operator", "node", "reason", left=("operator", "node", "reason"))
    for refusal in some(refusals, verbose=verbose):
        row = (refusal_text(refusal), refusal.operator, refusal.node, refusal.reason)
        found.add_row(*map(cell, row))
    yield found
    yield from rest(len(refusals), "refusals", verbose=verbose)


def refusal_text(refusal: Refusal) -> str:
    """Where a refusal stands, in words."""
    return f"{refusal.tensor} axis {refusal.axis}" if refusal.tensor else "the whole node"


def _choice(choice: Choice) -> str:
    other = Prefer.BLOCKS if choice.prefer is Prefer.POSITIONS else Prefer.POSITIONS
    axis = " x ".join(map(str, choice.sizes))
    node = cell(choice.node)
    return f"choice at {node}: its axis of {axis} loses {choice.prefer}; --choose '{node}={other}' for {other}"
