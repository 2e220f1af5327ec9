"""The table of times for a model: read from a file of the user's, out of the cache, or measured here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.dependency.trace import Trace
from paoding_onnx.errors import OutputError, UsageError
from paoding_onnx.model.load import Model
from paoding_onnx.model.machine import machine_document
from paoding_onnx.model.provenance import versions
from paoding_onnx.model.save import write_text
from paoding_onnx.model.stage import stage
from paoding_onnx.options import Options
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.timing.estimate import Estimate
from paoding_onnx.timing.measure import measure_table
from paoding_onnx.timing.table import LatencyTable, read_table, table_text
from paoding_onnx.timing.widths import timed_layers


def table_for(model: Model, trace: Trace, options: Options, run: Run) -> LatencyTable:
    """The times of the model's layers: the user's, else those that are kept in the cache, else measured here.

    Raises:
        ModelError: if the model does not run.
        UsageError: if the user's table cannot be read.
    """
    if options.latency_table is not None:
        return read_table(options.latency_table)
    if options.cache is None:
        return measured(model, trace, options, run)
    file = options.cache / f"latency-{_key(trace, options)}.json"
    with suppress(UsageError):
        return read_table(file)
    table = measured(model, trace, options, run)
    with suppress(OutputError), stage() as held:  # a run goes on without where the folder does not take it
        write_text(table_text(table), held.place(file))
        held.commit(file)
    return table


def times_for(model: Model, trace: Trace, options: Options, run: Run) -> Estimate | None:
    """What a run takes by the widths of its layers, if that is what the target counts.

    Raises:
        ModelError: if the model does not run.
        UsageError: if the user's table cannot be read, or is of another model.
    """
    return Estimate(trace, table_for(model, trace, options, run)) if options.budget == "latency" else None


def measured(model: Model, trace: Trace, options: Options, run: Run) -> LatencyTable:
    """The times of the model's layers on this machine.

    Raises:
        ModelError: if the model does not run.
    """
    sizes = sizes_of(trace.graph).measured
    feeds = random_feeds(model.inputs, sizes, np.random.default_rng(0))
    return measure_table(model, trace, feeds, run, made=made_here(options))


def made_here(options: Options) -> Mapping[str, object]:
    """What times that are measured here depend on."""
    return {"versions": versions(), "machine": machine_document(), "threads": options.threads}


def is_of_here(table: LatencyTable, options: Options) -> bool:
    """Whether times of a table are those of this machine, with as many threads."""
    here = json.loads(json.dumps(made_here(options)))
    return all(table.made.get(name) == here[name] for name in ("machine", "threads"))


def _key(trace: Trace, options: Options) -> str:
    """A hash of what the times depend on; weights are not among it."""
    layers = [layer.key for layer in timed_layers(trace)]
    others = sorted(bound.node.operator for bound in trace.bound_nodes)
    return hashlib.sha256(json.dumps([made_here(options), layers, others]).encode()).hexdigest()
