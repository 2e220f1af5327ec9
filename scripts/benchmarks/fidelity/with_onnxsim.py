"""One ONNX file through onnxsim's structured pruning until a share of its parameters is gone. Runs where onnxsim is.

    python with_onnxsim.py FILE SHARE OUT

The function takes the share of the channels, so it is called for several and the result nearest to SHARE is kept. A
file that it can do nothing about is simplified by onnxsim first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import onnxsim
from onnxsim import pruning

from scripts.benchmarks.peers.count import float_elements

HALVINGS = 10
LARGEST = 0.98
NEAR = 0.03
"""How far, in share of the parameters, the result may be from what was asked for."""


def main() -> None:
    """Prune, write, or fail if the share is out of reach."""
    source, share, target = Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    before = float_elements(onnx.load(source))
    low, high, best = 0.0, LARGEST, (1.0, onnx.ModelProto())
    most = float_elements(pruning.apply_structured_pruning(onnx.load(source), sparsity=LARGEST))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        model = onnxsim.simplify(onnx.load(source))[0] if most == before else onnx.load(source)
        pruned = pruning.apply_structured_pruning(model, sparsity=middle)
        removed = 1 - float_elements(pruned) / before
        best = min(best, (abs(removed - share), pruned), key=lambda pair: pair[0])
        low, high = (middle, high) if removed < share else (low, middle)
    if best[0] > NEAR:
        raise SystemExit(f"the nearest to {share:.0%} that can be had is {best[0]:.1%} away")
    onnx.save(best[1], target)


if __name__ == "__main__":
    main()
