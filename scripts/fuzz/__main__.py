"""Random networks, each pruned at random under every proof.

    python -m scripts.fuzz [--graphs 200] [--seed 0] [--seconds LIMIT] [--out FOLDER]

Graph number k is made from seed SEED + k alone. Every failure is shrunk and written to FOLDER as ONNX text.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.fuzz.campaign import run


def main() -> int:
    """Run the fuzzer; 1 if something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", metavar="N", type=int, default=200, help="graphs to make (default 200)")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="seed of the first graph (default 0)")
    parser.add_argument("--seconds", metavar="LIMIT", type=float, help="stop after this long")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where failures are written")
    arguments = parser.parse_args()
    report = run(arguments.graphs, arguments.seed, seconds=arguments.seconds, folder=arguments.out, say=print)
    print(report.text)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
