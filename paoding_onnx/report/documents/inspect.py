"""What `inspect` and `explain` found, as documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from paoding_onnx.calibration.assumptions import Assumed
from paoding_onnx.dependency.cost import cost, group_cost, nothing, prunable_parameters
from paoding_onnx.dependency.explain import Explanation
from paoding_onnx.dependency.trace import Group, Trace
from paoding_onnx.model.provenance import Record
from paoding_onnx.report.advice import Holding, holding
from paoding_onnx.report.documents.values import Document, file_of, head, input_sizes_of
from paoding_onnx.shapes.observe import runnable_shapes


def inspect_document(
    trace: Trace, source: Path | None = None, provenance: Record | None = None, assumed: Sequence[Assumed] = ()
) -> Document:
    """The costs of a model, its groups, refusals and choices, what made it if it tells, what is assumed of inputs."""
    whole, outlook = cost(trace, nothing(trace)), holding(trace)
    return {
        **head("inspect"),
        "model": file_of(source),
        "provenance": provenance,
        "parameters": whole.parameters,
        "macs": whole.macs,
        "input_shapes": {name: list(shape) for name, shape in runnable_shapes(trace.graph).items()},
        "input_sizes": input_sizes_of(trace),
        "assumed": [asdict(one) for one in assumed],
        "prunable_parameters": prunable_parameters(trace),
        "left_at_half": outlook.left,
        "least_at_half": outlook.least,
        "held_by": [_holding(one) for one in outlook.holdings],
        "groups": [_group(trace, group) for group in trace.groups],
        "refusals": [asdict(refusal) for refusal in trace.refusals],
        "choices": [asdict(choice) for choice in trace.choices],
    }


def explain_document(axes: Sequence[Explanation]) -> Document:
    """The axes of a tensor, each with the way to the reason why it may not shrink."""
    return {**head("explanation"), "axes": [asdict(axis) for axis in axes]}


def _holding(one: Holding) -> Document:
    reason = one.reason
    return {
        "operator": reason.operator,
        "reason": reason.reason,
        "parameters": reason.parameters,
        "nodes": reason.nodes,
        "share": one.share,
        "advice": one.advice,
    }


def _group(trace: Trace, group: Group) -> Document:
    carried = group_cost(trace, group)
    return {
        "name": group.name,
        "units": group.n_units,
        "parameters": carried.parameters,
        "macs": carried.macs,
        "exact": group.is_exact,
        "axes": [
            {
                "initializer": axis.use.tensor,
                "axis": axis.axis,
                "role": str(axis.role),
                "node": trace.bound_nodes[axis.node_index].node.name,
            }
            for axis in group.parameter_axes
        ],
    }
