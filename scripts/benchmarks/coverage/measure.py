"""One model of the zoo through the command line of paoding_onnx, as one row of the coverage table."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import attrgetter
from pathlib import Path
from typing import Any

import onnx

from scripts.benchmarks.processes import Done, Limits, run

PRUNE = ("--target", "0.5", "--by", "units", "--method", "magnitude", "--round-to", "1", "--dry-run", "--json")
SECONDS = 300
"""Time limit of a run."""
OK = "ok"
LIMITS = {"CNN": 0.30, "transformer": 0.35}
"""Shares of parameters left above which a model of a kind is listed with what holds them."""
_ATTENTION = ("Attention", "GroupQueryAttention", "MultiHeadAttention")
_PASSING = ("Cast", "Dropout", "Where", "Reshape", "Transpose", "Expand")
"""Operators between a Softmax and the product that makes it attention."""
_RECURRENT = ("LSTM", "GRU", "RNN")


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one model; shares are in [0, 1], `None` where there is no figure.

    `reasons` are the three most frequent reasons of refusals. Of models that keep more than `LIMITS` say, `least` is
    what would be left were every axis halved that inputs, outputs, ids and positions do not give, and `held` says what
    holds most parameters. `status` is "ok" or what went wrong.
    """

    model: str
    kind: str
    parameters: int | None
    parameters_left: float | None
    macs_left: float | None
    prunable: float | None
    exact_groups: int | None
    inexact_groups: int | None
    refusals: int | None
    reasons: str
    least: float | None
    held: str
    oracle_error: float | None
    open_axes: int | None
    proven_sizes: int | None
    seconds: float
    status: str


def smallest_first(
    paths: Iterable[Path], patterns: Sequence[str], name: Callable[[Path], str] = attrgetter("stem")
) -> list[Path]:
    """The files whose name matches one of the patterns, if there are any."""
    found = [path for path in paths if not patterns or any(fnmatchcase(name(path), word) for word in patterns)]
    return sorted(found, key=lambda path: (path.stat().st_size, path.name))


def measure(path: Path) -> Row:
    """The row of one file: what `prune` tells, or `inspect` where it fails."""
    model = onnx.load(path, load_external_data=False)
    pruned, done = _run("prune", path, PRUNE)
    told = pruned or _run("inspect", path, ("--json",))[0]
    sizes = pruned.get("sizes") or {"before": told, "after": {}, "prunable_parameters": told.get("prunable_parameters")}
    before, after = sizes["before"], sizes["after"]
    groups, refusals = told.get("groups", []), told.get("refusals", [])
    n_exact = sum(group["exact"] for group in groups)
    left, what = _share(after.get("parameters"), before.get("parameters")), kind(model)
    seen = _run("inspect", path, ("--json",))[0] if is_much(what, left) else {}
    return Row(
        model=path.stem,
        kind=what,
        parameters=before.get("parameters"),
        parameters_left=left,
        macs_left=_share(after.get("macs"), before.get("macs")),
        prunable=_share(sizes["prunable_parameters"], before.get("parameters")),
        exact_groups=n_exact if groups else None,
        inexact_groups=len(groups) - n_exact if groups else None,
        refusals=len(refusals) if told else None,
        reasons="; ".join(f"{n} x {text}" for text, n in Counter(map(_reason, refusals)).most_common(3)),
        least=seen.get("least_at_half"),
        held=_held(seen.get("held_by", [])) if seen else "",
        oracle_error=_oracle_error(pruned),
        open_axes=len(told["input_sizes"]["open"]) if told else None,
        proven_sizes=_proven_sizes(pruned),
        seconds=round(done.seconds, 1),
        status=_status(done, path),
    )


def is_much(what: str, left: float | None) -> bool:
    """Whether a model of this kind keeps more of its parameters than it is to."""
    return (left or 0.0) > LIMITS.get(what, LIMITS["transformer"])


def kind(model: onnx.ModelProto) -> str:
    """What a model is taken for: "recurrent", "transformer" (a Softmax feeds a product), or "CNN" for all others."""
    nodes = list(model.graph.node)
    operators = {node.op_type for node in nodes}
    if operators & {*_RECURRENT, "Loop", "Scan"}:
        return "recurrent"
    if operators & set(_ATTENTION):
        return "transformer"
    weights: set[str] = set()
    for node in nodes:
        if node.op_type == "Softmax" or (node.op_type in _PASSING and weights & set(node.input)):
            weights.update(node.output)
        elif node.op_type in ("MatMul", "Einsum") and weights & set(node.input):
            return "transformer"
    return "CNN"


def _run(command: str, path: Path, options: Sequence[str]) -> tuple[Mapping[str, Any], Done]:
    """The document that a command printed, empty if it failed, and how it ended."""
    done = run("paoding_onnx", command, str(path.resolve()), *options, limits=Limits(seconds=SECONDS))
    return json.loads(done.out) if done.code == 0 else {}, done


def _status(done: Done, path: Path) -> str:
    """What went wrong, without the model's folder, or "ok"."""
    if done.code == 0:
        return OK
    if done.seconds >= SECONDS:
        return "timeout"
    is_crash = "Traceback" in done.err or done.code not in range(6)
    message = done.message.replace(f"{path.resolve().parent}/", "")
    return f"{'CRASH' if is_crash else 'failed'} {done.code}: {message}"


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _reason(refusal: Mapping[str, str]) -> str:
    """The reason of a refusal without the names of tensors, so that alike ones can be counted."""
    words = re.sub(r"'[^']*'", "..", refusal["reason"]).replace("|", "/")
    return words if _is_end(words) else f"{refusal['operator']}: {words}"


def _is_end(reason: str) -> bool:
    return reason.startswith(("graph input", "graph output"))


def _held(reasons: Sequence[Mapping[str, Any]]) -> str:
    """What holds most parameters, with the shares that would go besides, or that weights are of one unit each."""
    told = (f"{_reason(one)} ({one['share']:.0%})" for one in reasons)
    return "; ".join(told) or "weights that have one axis of units, such as those of depthwise layers and norms"


def _oracle_error(pruned: Mapping[str, Any]) -> float | None:
    found = re.search(r"largest difference ([\d.e+-]+)", _surgery(pruned))
    return float(found[1]) if found else None


def _proven_sizes(pruned: Mapping[str, Any]) -> int | None:
    """One if the proof names no number of sizes."""
    found = re.search(r"compared at (\d+) sizes", _surgery(pruned))
    return int(found[1]) if found else 1 if _surgery(pruned) else None


def _surgery(pruned: Mapping[str, Any]) -> str:
    """What the proof of equivalence says, empty where nothing was pruned."""
    return str(next((proof["detail"] for proof in pruned.get("proofs", []) if proof["name"] == "surgery exact"), ""))
