"""What all proofs on a pruned file cost, as a ratio to one run of the original, optimised, in the same process.

    python -m scripts.benchmarks.proofs MODEL.. [--target SHARE]

CPU seconds count all threads; a run is the fastest of five at the sizes at which costs are told.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from paoding_onnx.context import Run
from paoding_onnx.dependency.cost import cost
from paoding_onnx.model.load import load
from paoding_onnx.model.save import write_model
from paoding_onnx.model.session import Session
from paoding_onnx.options import Options
from paoding_onnx.pipeline.prepare import prepare
from paoding_onnx.selection.select import choose
from paoding_onnx.shapes.dummy_inputs import random_feeds
from paoding_onnx.shapes.observe import sizes_of
from paoding_onnx.surgery.cut import cut
from paoding_onnx.verification.equivalence import check_surgery
from paoding_onnx.verification.proofs import Asked, check_file
from paoding_onnx.verification.written import check_written, restored


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", metavar="MODEL", type=Path, nargs="+", help="files to prune and prove")
    parser.add_argument("--target", metavar="SHARE", type=float, default=0.5, help="of the units (default 0.5)")
    arguments = parser.parse_args()
    for path in arguments.models:
        run, proofs = ratio(path, arguments.target)
        print(f"{path.stem}: run {run:.3f} s CPU, proofs {proofs:.2f} s CPU, {proofs / run:.1f} x a run", flush=True)


def ratio(path: Path, target: float) -> tuple[float, float]:
    """CPU seconds of one run of the model, and of all proofs."""
    original, options = load(path), Options(method="magnitude", target=target)
    ready = prepare(original, options)
    plan = choose(ready.folded, ready.trace, options, Run()).plan
    plain, sizes = cut(ready.folded, ready.trace, plan), sizes_of(ready.trace.graph)
    feeds = random_feeds(original.inputs, sizes.measured, np.random.default_rng(0))
    session = Session(original, optimise=True)
    runs = [_cpu(lambda: session.run(feeds)) for _ in range(5)]

    def prove() -> None:
        """All proofs on the file."""
        with tempfile.TemporaryDirectory() as folder:
            file = write_model(plain, Path(folder) / "pruned.onnx")[-1]
            written = load(file)
            same = check_written(written, plain, plain, {})
            surgery = check_surgery(ready.folded, ready.trace, plan, restored(written, plain, ()), original=original)
            others = check_file(original, file, Asked(cost(ready.trace, plan.removed), sizes))
        if failed := [proof for proof in (same, surgery, *others) if not proof.passed]:
            raise SystemExit(f"{path}: {failed[0].name}: {failed[0].detail}")

    return min(runs), _cpu(prove)


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
