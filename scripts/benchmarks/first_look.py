"""How often a first look at a model that magnitude cut says what all inputs say: what it settles, and what wrongly.

    python -m scripts.benchmarks.first_look MODEL.. [--targets SHARE ..] [--seeds N]

Each model is cut by every target, looked at with inputs of every seed, and compared on all inputs once.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from paoding_onnx.calibration.amount import made_samples
from paoding_onnx.calibration.few import few_samples
from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost, nothing
from paoding_onnx.errors import TargetError
from paoding_onnx.evaluation.fidelity import FEW, QUICK, compare, request_for
from paoding_onnx.evaluation.outlook import Outlook, judge
from paoding_onnx.evaluation.settled import is_settled
from paoding_onnx.model.load import Model, load
from paoding_onnx.options import Options
from paoding_onnx.pipeline.prepare import prepare
from paoding_onnx.pipeline.values import Prepared
from paoding_onnx.selection.select import choose
from paoding_onnx.surgery.cut import cut

TARGETS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


def main() -> None:
    """Print a line for each model, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", metavar="MODEL", type=Path, nargs="+", help="files to cut")
    parser.add_argument("--targets", metavar="SHARE", type=float, nargs="+", default=TARGETS)
    parser.add_argument("--seeds", metavar="N", type=int, default=5, help="looks at each cut (default 5)")
    arguments = parser.parse_args()
    total: Counter[str] = Counter()
    for path in arguments.models:
        found = _looks(load(path), arguments.targets, arguments.seeds)
        total += found
        print(f"{path.stem}: {_text(found)}", flush=True)
    print(f"all: {_text(total)}")


def _looks(original: Model, targets: Sequence[float], n_seeds: int) -> Counter[str]:
    """How many looks were made at cuts of a model, at ruined ones, how many settled that, and how many wrongly."""
    options = Options(method="magnitude")
    ready = prepare(original, options)
    graph, macs = ready.trace.graph, cost(ready.trace, nothing(ready.trace)).macs
    request = request_for(macs, 0, options.inputs, spend=QUICK)
    every = made_samples(ready.original, graph, request)
    first = replace(request, n_samples=FEW)
    few = [few_samples(ready.original, graph, replace(first, seed=request.seed + k)) for k in range(n_seeds)]
    counts: Counter[str] = Counter()
    for small in _cuts(ready, options, targets):
        is_ruined = judge(compare(ready.original, small, every)).outlook is Outlook.BAD
        n_settled = sum(is_settled(compare(ready.original, small, samples)) for samples in few)
        counts += Counter(
            looks=n_seeds,
            ruined=n_seeds * is_ruined,
            settled=n_settled,
            wrongly=n_settled * (not is_ruined),
        )
    return counts


def _cuts(ready: Prepared, options: Options, targets: Sequence[float]) -> Iterator[Model]:
    """The model without the units that magnitude chooses, for each target that removes any."""
    for target in targets:
        try:
            plan = choose(ready.folded, ready.trace, replace(options, target=target), Run()).plan
        except TargetError:
            continue
        yield cut(ready.folded, ready.trace, plan)


def _text(found: Counter[str]) -> str:
    return ", ".join(f"{found[name]} {name}" for name in ("looks", "ruined", "settled", "wrongly"))


if __name__ == "__main__":
    main()
