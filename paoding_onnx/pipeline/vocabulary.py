"""A job whose model has the smaller vocabulary that was asked for, proven, before anything is pruned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from paoding_onnx.calibration.kept_ids import KeptIds
from paoding_onnx.errors import CheckError, UsageError
from paoding_onnx.evaluation.dataset import ArraySamples, Labelled
from paoding_onnx.pipeline.prepare import given_by
from paoding_onnx.pipeline.values import Job
from paoding_onnx.result import ShortVocabulary
from paoding_onnx.verification.vocabulary import check_vocabulary
from paoding_onnx.vocabulary.document import shortened_by
from paoding_onnx.vocabulary.keep_list import read_keep_list
from paoding_onnx.vocabulary.shorten import Shortened, lookups_of, shorten
from paoding_onnx.vocabulary.tokens import UNKNOWN, Tokens, tokens_of


def with_vocabulary(job: Job) -> Job:
    """The job with the smaller vocabulary of its options; as it is where they name none.

    Samples with labels and those for calibration get the new ids.

    Raises:
        ModelError: if the model cannot be run.
        UsageError: if the vocabulary cannot be cut, or samples hold ids that it does not keep.
        CheckError: if the result does not compute what the original does.
    """
    asked, model = job.options.vocabulary, job.original
    if asked is None:
        return job
    job.run.tell("cutting the vocabulary", 0.01)
    lookups = lookups_of(model, given_by(model, job.options), verbose=job.options.verbose)
    if isinstance(asked, KeptIds):
        return _shortened(shorten(model, lookups, asked.kept), job, UNKNOWN, asked.source)
    tokens = tokens_of(model)
    kept = read_keep_list(asked, tokens, lookups.size)
    return _shortened(shorten(model, lookups, kept), job, tokens, asked.name)


def with_vocabulary_of(document: Mapping[str, object], job: Job) -> Job:
    """The job with the smaller vocabulary that a recorded plan tells of; as it is if that tells of none.

    Raises:
        ModelError: if the model cannot be run.
        UsageError: if the plan does not fit it.
        CheckError: if the result does not compute what the original does.
    """
    found = shortened_by(document, job.original, given_by(job.original, job.options))
    return job if found is None else _shortened(found, job, source="the plan")


def _shortened(found: Shortened, job: Job, tokens: Tokens = UNKNOWN, source: str = "") -> Job:
    """The job with a model that has a smaller vocabulary by now, once that is proven."""
    ids = replace(found.ids, source=source)
    if given := next((name for name in ids.inputs if name in job.options.input_values), None):
        raise UsageError(f"--input {given}=.. gives ids that get other numbers: give its shape alone")
    proof = check_vocabulary(job.original, found)
    if not proof.passed:
        raise CheckError(f"the model with the smaller vocabulary failed its proof, nothing was written. {proof.detail}")
    short = ShortVocabulary(ids, found.before, found.after, proof, _named(tokens, ids))
    labelled = None if job.labelled is None else _renumbered(job.labelled, ids)
    options = replace(job.options, vocabulary=ids)
    return replace(job, original=found.model, labelled=labelled, options=options, vocabulary=short)


def _named(tokens: Tokens, ids: KeptIds) -> tuple[str, ...]:
    """The tokens that stay, by their new ids; none if some are not known."""
    by_id = {number: token for token, number in tokens.numbers.items()}
    named = tuple(by_id[one] for one in ids.kept if one in by_id)
    return named if len(named) == len(ids.kept) else ()


def _renumbered(labelled: Labelled, ids: KeptIds) -> Labelled:
    """Samples with new ids.

    Raises:
        UsageError: if one is not kept, or an output that labels are about loses entries.
    """
    if name := next((name for name, _ in ids.outputs), ""):
        raise UsageError(
            f"output {name!r} loses entries with the vocabulary, and labels of --eval may mean them: "
            "leave --eval out, and evaluate the smaller model on samples of the new ids"
        )
    if not isinstance(labelled, ArraySamples):
        return labelled
    held = labelled.arrays
    arrays = {name: ids.renumbered(a, "--eval") if name in ids.inputs else a for name, a in held.items()}
    return replace(labelled, arrays=arrays)
