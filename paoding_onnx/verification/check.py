"""check(): the proofs on two files, whoever pruned the second."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from paoding_onnx.calibration.amount import made_samples
from paoding_onnx.calibration.known_inputs import InputValue, KnownInputs, given_of
from paoding_onnx.calibration.samples import Request
from paoding_onnx.dependency.cost import Cost, cost
from paoding_onnx.dependency.groups import trace
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import ModelError
from paoding_onnx.model.compare import output_difference
from paoding_onnx.model.exact import exact
from paoding_onnx.model.input_files import why_unnamable
from paoding_onnx.model.input_sizes import Shapes
from paoding_onnx.model.load import Model, load
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.read import constants
from paoding_onnx.model.save import sha256
from paoding_onnx.model.targets import data_path
from paoding_onnx.shapes.choices import reopened, settled
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.shapes.study import Study, study
from paoding_onnx.surgery.cut import cut
from paoding_onnx.surgery.plan import Plan, plan_from_document, read_plan, refitted_of_document, scope_of_document
from paoding_onnx.surgery.shallower import deep, gone_by, named
from paoding_onnx.verification.depth import check_depth
from paoding_onnx.verification.fitting import MOST_ROWS, SLACK_ELSEWHERE, Judged, check_fitting
from paoding_onnx.verification.proofs import Asked, added_biases, check_file
from paoding_onnx.verification.simplified import check_closed, check_simplified
from paoding_onnx.verification.slices import check_cut
from paoding_onnx.verification.verdict import INTERFACE, PLAN, RUNS, SURGERY, WRITTEN, Verdict
from paoding_onnx.verification.vocabulary import check_vocabulary, with_change
from paoding_onnx.verification.written import refitted, restored, structure_differences
from paoding_onnx.vocabulary.document import shortened_by


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found; `output_error` see `paoding_onnx.model.compare.output_difference`, NaN if that cannot be.

    Without a plan it is not known which units were to go: the proofs then say nothing about the weights.
    """

    proofs: tuple[Verdict, ...]
    output_error: float
    has_plan: bool = False


def check(
    original: Path | str,
    pruned: Path | str,
    *,
    plan: Mapping[str, object] | Path | str | None = None,
    input_shapes: Shapes | None = None,
    input_values: Mapping[str, InputValue] | None = None,
) -> Checked:
    """The proofs on two files; with the `plan` that `prune` wrote, or its content, also those on the surgery itself.

    >>> check("models/fraud_mlp.onnx", "models/fraud_mlp.onnx").output_error
    0.0

    Raises:
        ModelError: if a file cannot be read, or the original cannot be run.
        UsageError: if the plan is not one, or does not fit the original.
    """
    document = read_plan(Path(plan)) if isinstance(plan, Path | str) else plan
    if reason := why_unnamable(Path(pruned)):
        raise ModelError(f"cannot read {pruned}: {reason}")
    file, read = load(original), load(pruned)
    known = KnownInputs(input_shapes or {}, input_values or {})
    short = shortened_by(document, file, given_of(file, known))
    whole = file if short is None else short.model
    shallow = _shallower(document, whole, known)
    whole = whole if shallow is None else shallow[0]
    found = study(whole, given_of(whole, known))
    pair = _Files(whole, read, reopened(read, found.choices), Path(pruned))
    traced = trace(found.graph, scope_of_document(document))
    sizes = sizes_of(traced.graph)
    if document is None:
        proofs = check_file(pair.original, pair.path, Asked(sizes=sizes))
    else:
        made = plan_from_document(traced, document)
        said = document if isinstance(document, Mapping) else {}
        plain = settled(cut(found.folded, traced, made), found.choices)
        surgery = (*_as_planned(pair, plain, said), *_equivalent(pair, found, traced, plain, said))
        predicted = _predicted(found.folded, traced, made, pair.pruned)
        asked = Asked(predicted, sizes, partial(traced.shapes_left, made.removed), found.choices)
        proofs = (*surgery, *check_file(pair.original, pair.path, asked))
        proofs = proofs if shallow is None else (shallow[1], *proofs)
        if short is not None:
            proofs = (check_vocabulary(file, short), *with_change(proofs))
    if not all(proof.passed for proof in proofs if proof.name in (INTERFACE, RUNS)):
        return Checked(proofs, math.nan, has_plan=document is not None)
    feeds = random_feeds(pair.original.inputs, sizes.measured, np.random.default_rng(0))
    wanted, got = (exact(model).run(feeds) for model in (whole, read))
    proofs = (*proofs, *_numbers(wanted, got))
    return Checked(proofs, output_difference(wanted, got), has_plan=document is not None)


def _shallower(document: object, model: Model, known: KnownInputs) -> tuple[Model, Verdict] | None:
    """The model without the residual branches that went by the plan, with the proof of that; `None` if none did."""
    totals = gone_by(document)
    if not totals:
        return None
    found = deep(model, given_of(model, known))
    residuals = named(found, totals)
    smaller = found.without(residuals)
    return smaller, check_depth(model, found.trace, residuals, smaller)


@dataclass(frozen=True, slots=True)
class _Files:
    """The two models, the second one as it was read and with its choices open, and where it lies."""

    original: Model
    read: Model
    pruned: Model
    path: Path


def _as_planned(pair: _Files, plain: Model, document: Mapping[str, object]) -> Iterator[Verdict]:
    """Whether the file is the cut one, node by node, but for the weights that the plan says were fitted."""
    allowed, changed = refitted_of_document(document), refitted(pair.pruned, plain)
    own = constants(pair.pruned)
    faults = list(structure_differences(pair.pruned, plain))
    faults += [f"constant {name!r} holds numbers that are not finite" for name in changed if not _is_finite(own[name])]
    if allowed is not None:
        faults += [
            f"constant {name!r}, which was not fitted, has other weights" for name in changed if name not in allowed
        ]
    added = len(own) - len(constants(plain))
    more = f", {added} biases were added" if added else ""
    said = f"all nodes and {len(own)} constants are as planned; {len(changed)} have other weights than were cut{more}"
    yield Verdict(PLAN, not faults, faults[0] if faults else said)
    hashes = [(pair.path, _hash(document, "result")), (data_path(pair.path), _hash(document, "data"))]
    expected = [(path, found) for path, found in hashes if found is not None]
    if expected:
        is_same = all(path.is_file() and sha256(path) == found for path, found in expected)
        other = "its hash is not the one in the plan: it was changed after it was proven"
        yield Verdict(WRITTEN, is_same, "it is the file that was written, byte for byte" if is_same else other)


def _hash(document: Mapping[str, object], entry: str) -> object:
    """The hash of a file that the plan names; `None` if it names none."""
    file = document.get(entry)
    return file.get("sha256") if isinstance(file, Mapping) else None


def _equivalent(
    pair: _Files, found: Study, traced: Trace, plain: Model, document: Mapping[str, object]
) -> Iterator[Verdict]:
    """Whether the file computes what the original does without the removed units, fitted weights put back."""
    if next(structure_differences(pair.pruned, plain), None) is not None:
        yield Verdict(SURGERY, False, "the file is not the one that was planned: there is nothing to compare")
        return
    made, changed = plan_from_document(traced, document), refitted(pair.pruned, plain)
    known = refitted_of_document(document)
    candidate = restored(pair.pruned, plain, changed if known is None else known)
    yield from check_simplified(pair.original, found.simplified, traced, found.choices)
    yield from check_closed(pair.read, pair.pruned, traced, found.choices)
    yield check_cut(found.folded, traced, made, candidate, original=found.simplified)
    if changed:
        samples = made_samples(found.simplified, traced.graph, Request(MOST_ROWS, seed=0))
        judged = Judged(found.folded, plain, traced, made, samples.batches, slack=SLACK_ELSEWHERE)
        yield check_fitting(judged, pair.pruned)


def _numbers(wanted: Mapping[str, Array], got: Mapping[str, Array]) -> Iterator[Verdict]:
    """A failed proof for an output that is no number where the original's is one."""
    for name, value in wanted.items():
        if _is_finite(value) and not _is_finite(got[name]):
            yield Verdict(RUNS, False, f"output {name!r} holds numbers that are not finite, the original's does not")


def _is_finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _predicted(source: Model, traced: Trace, plan: Plan, result: Model) -> Cost:
    """What `result` should cost: what the plan leaves, and the biases that layers got."""
    left = cost(traced, plan.removed)
    added = added_biases(constants(source), constants(result)).values()
    return replace(left, parameters=left.parameters + sum(value.size for value in added))
