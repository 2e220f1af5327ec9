"""A model of several gigabytes through `paoding_onnx prune`, and what memory that takes.

    python -m scripts.benchmarks.large_model [--gigabytes 3] [--layer-megabytes 64] [--folder FOLDER] [--keep]

The model is a stack of dense layers with random weights in external data. It is written a layer at a time, so that
making it takes little memory. The pruner runs in a process of its own and writes its output; its peak memory is the
largest resident size as the kernel counted it. Exit status 1 if pruning fails or the peak is above the bar.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from scripts.benchmarks.processes import run

BAR = 2.5
"""Peak memory that is allowed, as a multiple of the file."""
OPSET, IR = 17, 8
_BATCH = 2


def main() -> int:
    """Make the model, prune it, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", metavar="N", type=float, default=3, help="size of the weights (default 3)")
    parser.add_argument("--layer-megabytes", metavar="N", type=float, default=64, help="of one layer (default 64)")
    parser.add_argument("--folder", metavar="FOLDER", type=Path, help="where to write (default: a temporary one)")
    parser.add_argument("--keep", action="store_true", help="do not delete the files in FOLDER")
    arguments = parser.parse_args()
    if arguments.keep and arguments.folder is None:
        parser.error("--keep needs --folder")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
        folder = arguments.folder if arguments.keep else Path(scratch)
        source = folder / "large.onnx"
        n_layers = max(2, round(arguments.gigabytes * 1e9 / (arguments.layer_megabytes * 1e6)))
        size = write_stack(source, n_layers=n_layers, width=round((arguments.layer_megabytes * 1e6 / 4) ** 0.5))
        return _report(source, folder / "small.onnx", size)


def write_stack(path: Path, *, n_layers: int, width: int) -> int:
    """Write `n_layers` dense layers of `width` units with relu between; returns the bytes of both files."""
    data = path.with_name(f"{path.name}.data")
    rng = np.random.default_rng(0)
    nodes, tensors = [], []
    with data.open("wb") as file:
        for k in range(n_layers):
            for name, shape in ((f"w{k}", (width, width)), (f"b{k}", (width,))):
                values = rng.standard_normal(shape, np.float32) * np.float32((2 / width) ** 0.5)
                tensors.append(_external(name, shape, data.name, file.tell()))
                file.write(values.data)
            nodes.append(helper.make_node("Gemm", [f"x{k}", f"w{k}", f"b{k}"], [f"z{k}"], f"dense{k}", transB=1))
            nodes.append(helper.make_node("Relu", [f"z{k}"], [f"x{k + 1}"], f"relu{k}"))
    first = helper.make_tensor_value_info("x0", TensorProto.FLOAT, [_BATCH, width])
    last = helper.make_tensor_value_info(f"x{n_layers}", TensorProto.FLOAT, [_BATCH, width])
    graph = helper.make_graph(nodes, "stack", [first], [last], tensors)
    onnx.save(helper.make_model(graph, ir_version=IR, opset_imports=[helper.make_opsetid("", OPSET)]), path)
    return data.stat().st_size + path.stat().st_size


def _external(name: str, shape: Sequence[int], place: str, offset: int) -> onnx.TensorProto:
    """A float tensor whose content is in the file `place`."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", place), ("offset", offset), ("length", 4 * int(np.prod(shape)))):
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def _report(source: Path, target: Path, size: int) -> int:
    """Prune `source` in a child process and print how it went; the exit status of this script."""
    words = ("--method", "magnitude", "--target", "0.5", "--json", "--force")
    done = run("paoding_onnx", "prune", str(source.resolve()), "-o", str(target.resolve()), *words)
    peak = done.peak_bytes / size
    print(f"file {size / 1e9:.2f} GB; exit status {done.code}")
    for check in json.loads(done.out)["checks"] if done.code == 0 else ():
        print(f"  {check['name']}: {'passed' if check['passed'] else 'FAILED'}, {check['detail']}")
    print(f"{done.seconds:.1f} s, {done.cpu_seconds:.1f} s CPU")
    print(f"peak memory {done.peak_bytes / 1e9:.2f} GB, {peak:.2f} x the file (bar {BAR})")
    return int(done.code != 0 or peak > BAR)


if __name__ == "__main__":
    sys.exit(main())
