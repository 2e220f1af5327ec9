"""What `prune` did and found, as a document: the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from paoding_onnx.calibration.known_inputs import input_texts
from paoding_onnx.evaluation.measured import Measured
from paoding_onnx.evaluation.outlook import Outlook, in_words, judge
from paoding_onnx.model.machine import machine_document
from paoding_onnx.model.save import needs_data_file
from paoding_onnx.model.targets import data_path
from paoding_onnx.names import AUTO, percent
from paoding_onnx.options import Options
from paoding_onnx.report.documents.values import Document, file_of, finite, head, input_sizes_of, number, proofs_of
from paoding_onnx.report.next_step import Next, next_step, verdict_in_words
from paoding_onnx.report.words import plural
from paoding_onnx.result import Depth, Pruned, RunRecord, ShortVocabulary, Sizes
from paoding_onnx.rules.devices import DEVICES
from paoding_onnx.rules.kernels import DEPTHWISE_MULTIPLE
from paoding_onnx.selection.budget import Step
from paoding_onnx.surgery.plan import plan_document

CLOSE = 0.05
"""So near to the time that was asked for is near enough."""
LITTLE = 1 / 3
"""Fewer multiply-adds gone than this share of the parameters that went are a disappointment."""


def prune_document(result: Pruned, staged: Callable[[Path], Path] = lambda path: path) -> Document:
    """Everything a pruning run did and found, each step included.

    `staged` says where a file lies that has not got its name yet.
    """
    output = result.run.output
    return {
        **head("report"),
        "machine": machine_document(),
        "seconds": round(result.run.seconds, 3),
        "model": file_of(next(iter(result.original.files), None)),
        "output": file_of(output, None if output is None else staged(output)),
        "sizes": asdict(result.sizes),
        "input_sizes": input_sizes_of(result.trace),
        "measured": measured_document(result.measured),
        "verdict": verdict_in_words(result.measured),
        "next": asdict(next_of(result)),
        "proofs": proofs_of(result.proofs),
        "warnings": warnings(result),
        "hints": list(hints(result)),
        "run": _run(result.run),
        "data": {name: file_of(getattr(result.run.options, name)) for name in ("calibration", "eval")},
        "groups": [
            {"name": g.name, "units": g.n_units, "kept": result.plan.kept_units(g), "exact": g.is_exact}
            for g in result.trace.groups
        ],
        "refusals": [asdict(refusal) for refusal in result.trace.refusals],
        "device": device_document(result),
        "vocabulary": shortening_document(result.vocabulary),
        "depth": depth_document(result.depth),
    }


def device_document(result: Pruned) -> Document | None:
    """What the device that was pruned for likes, and the groups whose kept counts are not what it likes."""
    device = result.run.options.device
    if device is None:
        return None
    facts = [asdict(fact) for fact in DEVICES[device].facts]
    return {"name": device, "facts": facts, "off_grid": [asdict(one) for one in off_grid(result)]}


@dataclass(frozen=True, slots=True)
class OffGrid:
    """A group whose kept count is no multiple of what the device likes."""

    group: str
    kept: int
    multiple: int


def off_grid(result: Pruned) -> Iterator[OffGrid]:
    """The groups whose kept counts are not what the device likes."""
    device = result.run.options.device
    if device is None:
        return
    for group in result.trace.groups:
        multiple, kept = DEVICES[device].multiple(group.channel_multiples), result.plan.kept_units(group)
        if kept % multiple:
            yield OffGrid(group.name, kept, multiple)


def next_of(result: Pruned) -> Next:
    """What to do next with a result."""
    source = next(iter(result.original.files), None)
    return next_step(result.measured, result.run.options, source, result.run.output)


def plan_of_result(result: Pruned, staged: Callable[[Path], Path] = lambda path: path) -> Document:
    """The plan of a pruning run, for `check`: which positions of which initializers stay, and which were fitted then.

    `staged` says where a file lies that has not got its name yet.
    """
    plan, output = plan_document(result.trace, result.plan), result.run.output
    data = data_path(output) if output is not None and needs_data_file(result.model) else None
    return {
        "format": plan["format"],
        "versions": head("plan")["versions"],
        "method": result.run.options.method,
        "refitted": sorted(result.refitted),
        "result": file_of(output, None if output is None else staged(output)),
        "data": file_of(data, None if data is None else staged(data)),
        **plan,
        **({} if result.depth is None else {"depth": list(result.depth.sums)}),
        **({} if (kept := kept_document(result.vocabulary)) is None else {"vocabulary": kept}),
    }


def warnings(result: Pruned) -> list[str]:
    """What a user should know before using a pruned model, in plain words."""
    has_samples = result.run.options.calibration is not None
    return [*result.run.notes, *_missed(result), *_doubts(result.measured, has_samples=has_samples)]


def _missed(result: Pruned) -> Iterator[str]:
    """That the time saved is not what was asked for."""
    options, latency = result.run.options, result.measured.latency
    if options.budget != "latency" or options.keeps or latency is None:
        return
    saved = 1 - latency.ratio
    if abs(saved - options.target) > CLOSE:
        yield (
            f"{percent(options.target)} less time was asked for, {saved:.1%} was measured: widths go in steps, or "
            "other work disturbed the measurement; another --target nearby may come closer"
        )


def _doubts(measured: Measured, *, has_samples: bool) -> Iterator[str]:
    """What the comparison leaves open or speaks against, and what would tell more: `has_samples` of the user's own."""
    found = judge(measured)
    more = "give --calibration"
    if has_samples:
        more = "give 40 samples or more" if measured.is_synthetic else "give more varied samples"
    if found.outlook is Outlook.UNKNOWN:
        yield f"the result {in_words(measured)}: {found.reason}; {more}, or evaluate it on labelled samples"
    elif found.outlook is not Outlook.GOOD and measured.drop is not None:
        yield f"{found.reason}: {found.outlook}; lower --target, or give --effort high"
    elif found.outlook is not Outlook.GOOD:
        other = f", or {more}" if measured.is_synthetic else ""
        yield f"{found.reason}: {found.outlook}; evaluate it on labelled samples, lower --target{other}"


def hints(result: Pruned) -> Iterator[str]:
    """What the target did not bring, though a user may have hoped for it, and what would."""
    sizes, options = result.sizes, result.run.options
    gone, fewer = (1 - after / max(before, 1) for before, after in _pairs(sizes))
    if options.budget == "parameters" and options.target and fewer < gone * LITTLE and sizes.before.macs:
        yield f"{gone:.0%} of the parameters went, but {fewer:.0%} of the multiply-adds: for speed give --by macs"
    fixed = 1 - sizes.prunable_parameters / max(sizes.before.parameters, 1)
    if options.budget == "parameters" and fixed > 0.5 and fixed < 1:
        share = gone / (1 - fixed)
        yield f"{fixed:.0%} of the parameters cannot be pruned: of the others this took {share:.0%}; see `inspect`"
    if slow := _slow_counts(result):
        yield (
            f"{plural(slow, 'group')} of depthwise channels kept a count that is no multiple of {DEPTHWISE_MULTIPLE}, "
            "which can make the model slower than it was: leave --round-to out"
        )


def _slow_counts(result: Pruned) -> int:
    """How many groups have channels of a depthwise layer whose new count its kernels do not like."""
    return sum(
        min(group.channel_multiples, default=1) == DEPTHWISE_MULTIPLE
        and group.n_units >= 2 * DEPTHWISE_MULTIPLE
        and result.plan.kept_units(group) not in (group.n_units, *range(0, group.n_units, DEPTHWISE_MULTIPLE))
        for group in result.trace.groups
        if result.run.options.round_to != AUTO
    )


def _pairs(sizes: Sizes) -> tuple[tuple[int, int], tuple[int, int]]:
    """Parameters and multiply-adds, before and after."""
    return (sizes.before.parameters, sizes.after.parameters), (sizes.before.macs, sizes.after.macs)


def measured_document(measured: Measured) -> Document:
    """What was measured, with what it lets expect; `latency_ratio` is `null` where there is none."""
    judgement = judge(measured)
    ratio = None if measured.latency is None else measured.latency.ratio
    return finite(asdict(measured)) | {
        "latency_ratio": ratio,
        "outlook": str(judgement.outlook),
        "reason": judgement.reason,
    }


def _run(run: RunRecord) -> Document:
    return {
        "options": _options(run.options),
        "steps": [_step(step) for step in run.steps],
        "recovery": None if run.recovery is None else asdict(run.recovery),
        "notes": list(run.notes),
        "trials": [asdict(trial) for trial in run.trials],
    }


def _step(step: Step) -> Document:
    return {
        "share": step.share,
        **asdict(step.cost),
        "removed": {name: list(units) for name, units in step.removed.items()},
        "accuracy": step.accuracy,
    }


def _options(options: Options) -> Document:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(options).items()}
    named = ("calibration", "eval", "latency_table", "cache")
    paths = {name: None if (path := getattr(options, name)) is None else path.name for name in named}
    values = {"input_values": list(input_texts(options.input_values)), "by": options.budget}
    vocabulary = {"vocabulary": None if options.vocabulary is None else str(options.vocabulary)}
    return plain | paths | values | vocabulary


def kept_document(short: ShortVocabulary | None) -> Document | None:
    """What a plan says of the vocabulary: the ids that stay."""
    if short is None:
        return None
    return {"size": short.ids.size, "kept": list(short.ids.kept)}


def shortening_document(short: ShortVocabulary | None) -> Document | None:
    """What a report says of the vocabulary: how much of it stays, and what that saves."""
    if short is None:
        return None
    return {**vocabulary_interface(short), "before": asdict(short.before), "after": asdict(short.after)}


def vocabulary_interface(short: ShortVocabulary) -> Document:
    """What callers have to know of a smaller vocabulary."""
    ids = short.ids
    return {
        "source": ids.source,
        "size": ids.size,
        "left": len(ids.kept),
        "inputs": list(ids.inputs),
        "outputs": [{"name": name, "axis": axis} for name, axis in ids.outputs],
    }


def depth_document(depth: Depth | None) -> Document | None:
    """What a report says of residual branches that went, in the order in which they were chosen."""
    if depth is None:
        return None
    pairs = zip(depth.sums, depth.costs, strict=True)
    return {
        "before": asdict(depth.before),
        "removed": [{"sum": name, "sensitivity": number(cost)} for name, cost in pairs],
    }
