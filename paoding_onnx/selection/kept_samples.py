"""Synthetic samples that were made for a model before, out of the cache; what does not fit the model is none."""

from __future__ import annotations

from hashlib import sha256
from itertools import accumulate, chain, pairwise

from paoding_onnx.calibration.amount import made_samples
from paoding_onnx.calibration.samples import Request, Samples
from paoding_onnx.model.graph import Graph
from paoding_onnx.model.load import Model
from paoding_onnx.model.nodes import Array
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from paoding_onnx.selection.cache import Entry, key_of, read_entry, write_entry


def kept_samples(
    model: Model, graph: Graph, request: Request, options: Options, session: Session | None = None
) -> Samples:
    """What `made_samples` makes, out of the cache that the options name if it is there, else kept there for later."""
    if options.cache is None:
        return made_samples(model, graph, request, session)
    words = (key_of(model, options, None), request.n_samples, request.seed, request.most_runs)
    key = sha256(repr(words).encode()).hexdigest()
    entry = read_entry(options.cache, key)
    found = None if entry is None else samples_of(entry, model)
    if found is None:
        found = made_samples(model, graph, request, session)
        write_entry(options.cache, key, entry_of_samples(found))
    return found


def entry_of_samples(samples: Samples) -> Entry:
    """All of synthetic samples: arrays are named by the number of their batch and their input, strays behind all."""
    feeds = enumerate(chain(samples.batches, *samples.strays))
    arrays = {f"{number} {name}": array for number, feed in feeds for name, array in feed.items()}
    counts = [len(samples.batches), *map(len, samples.strays)]
    return Entry(arrays, {"batches": counts, "is_bare": samples.is_bare, "is": samples.description})


def samples_of(entry: Entry, model: Model) -> Samples | None:
    """The samples that an entry holds, `None` if they are none for `model`."""
    told = entry.description
    counts = told.get("batches")
    if not isinstance(counts, list) or not counts or not all(isinstance(n, int) and n > 0 for n in counts):
        return None
    count = sum(counts)
    if count > len(entry.arrays):
        return None
    batches: list[dict[str, Array]] = [{} for _ in range(count)]
    for key, array in entry.arrays.items():
        number, _, name = key.partition(" ")
        if not number.isdecimal() or int(number) >= count:
            return None
        batches[int(number)][name] = array
    types = {spec.name: spec.dtype for spec in model.inputs}
    if any({name: array.dtype for name, array in feed.items()} != types for feed in batches):
        return None
    own, *strays = (tuple(batches[start:stop]) for start, stop in pairwise(accumulate(counts, initial=0)))
    return Samples(own, str(told.get("is")), is_bare=told.get("is_bare") is True, strays=tuple(strays))
