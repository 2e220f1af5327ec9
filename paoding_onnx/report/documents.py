"""Results as JSON-ready values: dictionaries, lists, strings, numbers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from paoding_onnx.dependency.cost import Cost, cost, group_cost, nothing
from paoding_onnx.dependency.trace import Group, Refusal, Trace
from paoding_onnx.evaluation.measured import Fidelity
from paoding_onnx.model.read import schema_version
from paoding_onnx.options import Options
from paoding_onnx.result import Pruned
from paoding_onnx.rules.rule import operators
from paoding_onnx.verification.verdict import Verdict

Document = dict[str, object]
GOOD_AGREEMENT = 0.9
GOOD_DIFFERENCE = 0.2
"""Beyond these a user is warned."""


def inspect_document(trace: Trace) -> Document:
    """What `inspect` found: costs, groups, refusals and choices."""
    whole = cost(trace, nothing(trace))
    return {
        "parameters": whole.parameters,
        "macs": whole.macs,
        "input_shapes": {name: list(trace.graph.tensors[name].shape or ()) for name in trace.graph.inputs},
        "prunable_parameters": prunable_parameters(trace),
        "groups": [_group(trace, group) for group in trace.groups],
        "refusals": [asdict(refusal) for refusal in trace.refusals],
        "choices": [asdict(choice) for choice in trace.choices],
    }


def prune_document(result: Pruned, *, source: Path | None = None, target: Path | None = None) -> Document:
    """Everything a pruning run did and found, each step included; files are named without their folders."""
    return {
        "model": _file(source, result.bytes_before),
        "output": _file(target if result.saved else None, result.bytes_after),
        "options": _options(result.options),
        "prunable_parameters": prunable_parameters(result.trace),
        "before": asdict(result.before),
        "after": asdict(result.after),
        "latency_ratio": number(result.latency_ratio),
        "output_difference": number(result.difference),
        "accuracy_before": result.accuracy_before,
        "agreement": result.comparison.agreement,
        "compared_on": result.comparison.description,
        "recovery": None if result.recovery is None else asdict(result.recovery),
        "warnings": [*result.notes, *warnings(result.comparison)],
        "groups": [
            {"name": g.name, "units": g.n_units, "kept": result.plan.kept_units(g), "exact": g.is_exact}
            for g in result.trace.groups
        ],
        "steps": [
            {
                "share": s.share,
                **asdict(s.cost),
                "removed": {name: list(units) for name, units in s.removed.items()},
                "accuracy": s.accuracy,
            }
            for s in result.steps
        ],
        "checks": check_document(result.verdicts),
        "refusals": [asdict(refusal) for refusal in result.trace.refusals],
    }


def warnings(compared: Fidelity) -> list[str]:
    """What a user should know before using a pruned model, in plain words."""
    advice = "evaluate it on real data, lower --target, or give --calibration"
    if compared.agreement is not None and compared.agreement < GOOD_AGREEMENT:
        other = 1 - compared.agreement
        return [f"{other:.0%} of made-up inputs are answered otherwise: expect accuracy to suffer; {advice}"]
    if compared.agreement is None and not compared.difference <= GOOD_DIFFERENCE:
        return [f"the outputs moved by {compared.difference:.0%} of their size: expect quality to suffer; {advice}"]
    return []


def check_document(verdicts: Sequence[Verdict]) -> list[Document]:
    """The proofs and how they ended."""
    return [asdict(verdict) for verdict in verdicts]


def operators_document() -> list[Document]:
    """The operators with a rule, by domain and name, with the newest schema version that the rule was written for."""
    return [
        {
            "domain": entry.domain or "ai.onnx",
            "operator": entry.operator,
            "since_version": schema_version(entry.operator, entry.domain, entry.read) or entry.read,
            "rule": (entry.make.__doc__ or "").split("\n")[0].rstrip("."),
        }
        for entry in operators()
    ]


def prunable_parameters(trace: Trace) -> int:
    """Parameters that have a unit on at least one of their axes."""
    everything = ~nothing(trace)
    return cost(trace, nothing(trace)).parameters - cost(trace, everything).parameters


def number(value: float) -> float | None:
    """A number as JSON can hold it: `None` where it is not finite.

    >>> number(0.5), number(float("nan"))
    (0.5, None)
    """
    return value if math.isfinite(value) else None


def sha256(path: Path) -> str:
    """Hash of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def share(before: float, after: float) -> float:
    """Share of `before` that is gone; 0 where there was nothing.

    >>> share(200, 50)
    0.75
    """
    return (before - after) / before if before else 0.0


def refusal_text(refusal: Refusal) -> str:
    """Where a refusal stands, in words."""
    return f"{refusal.tensor} axis {refusal.axis}" if refusal.tensor else "the whole node"


def _group(trace: Trace, group: Group) -> Document:
    carried: Cost = group_cost(trace, group)
    return {
        "name": group.name,
        "units": group.n_units,
        "parameters": carried.parameters,
        "macs": carried.macs,
        "exact": group.is_exact,
        "places": [
            {
                "initializer": p.use.tensor,
                "axis": p.axis,
                "role": str(p.role),
                "node": trace.bound_nodes[p.node_index].node.name,
            }
            for p in group.parameter_axes
        ],
    }


def _options(options: Options) -> Document:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(options).items()}
    paths = {name: None if (path := getattr(options, name)) is None else path.name for name in ("calibration", "eval")}
    return plain | paths


def _file(path: Path | None, n_bytes: int) -> Document:
    return {
        "file": path.name if path is not None else None,
        "bytes": n_bytes,
        "sha256": sha256(path) if path is not None and path.is_file() else None,
    }
