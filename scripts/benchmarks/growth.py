"""How the CPU time of `prune --method magnitude` grows with nodes, with parameters and with pixels.

    python -m scripts.benchmarks.growth

Each whole command runs in a process of its own. The exponent is the slope between the last two figures, both less what
the command takes for a network of hardly anything: 1 is time in proportion.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from scripts.benchmarks.networks import Text, write_mlp
from scripts.benchmarks.processes import run

LAYERS = 8
"""Layers of the networks that are not long."""


def _long(path: Path, n_nodes: int) -> None:
    """Dense layers of eight units with relu between them."""
    write_mlp(path, (8,) * (n_nodes // 2 + 1))


def _wide(path: Path, n_parameters: int) -> None:
    """A few dense layers that have about so many parameters."""
    write_mlp(path, (math.isqrt(n_parameters // LAYERS),) * (LAYERS + 1))


def _large(path: Path, n_pixels: int) -> None:
    """A few convolutions of images of so many pixels."""
    net, last, channels, side = Text(), "x", 3, math.isqrt(n_pixels)
    for _ in range(LAYERS):
        conv = net.layer("Conv <pads = [1, 1, 1, 1]>", last, (16, channels, 3, 3))
        last, channels = net.node(f"Relu ({conv})"), 16
    net.write(path, f"1,3,{side},{side}", f"1,16,{side},{side}", last)


SERIES: Mapping[str, tuple[Callable[[Path, int], None], tuple[int, ...]]] = {
    "nodes": (_long, (1250, 5000, 20000)),
    "parameters": (_wide, (2_000_000, 8_000_000, 32_000_000, 128_000_000)),
    "pixels": (_large, (4096, 16384, 65536, 262144)),
}
"""What writes networks of growing size, and their sizes."""


def main() -> None:
    """Print a line for each size, and one for each series."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        least = _seconds(folder, _wide, 1000)
        print(f"a network of 1,000 parameters: {least:.1f} s CPU", flush=True)
        for what, (write, sizes) in SERIES.items():
            spent = []
            for size in sizes:
                spent.append(_seconds(folder, write, size))
                print(f"{size:,} {what}: {spent[-1]:.1f} s CPU", flush=True)
            print(f"grows as {what} to the power of {_slope(sizes, [max(one - least, 0.01) for one in spent]):.2f}")


def _seconds(folder: Path, write: Callable[[Path, int], None], size: int) -> float:
    """CPU seconds of pruning a network of this size."""
    model, target = folder / "model.onnx", folder / "small.onnx"
    write(model, size)
    done = run(
        "paoding_onnx", "prune", str(model), "-o", str(target), "--force", "--method", "magnitude", "--no-latency"
    )
    if done.code:
        raise SystemExit(f"{size}: {done.message}")
    return done.cpu_seconds


def _slope(sizes: tuple[int, ...], spent: list[float]) -> float:
    """The exponent between the last two sizes.

    >>> round(_slope((10, 100, 1000), [1.0, 2.0, 20.0]), 6)
    1.0
    """
    *_, ((small, large), (less, more)) = zip(pairwise(sizes), pairwise(spent), strict=True)
    return math.log(more / less) / math.log(large / small)


if __name__ == "__main__":
    main()
