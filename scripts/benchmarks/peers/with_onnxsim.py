"""One ONNX file through onnxsim's structured pruning. Runs where onnxsim is installed; our package need not be.

    python -m scripts.benchmarks.peers.with_onnxsim FILE [--helped]
    python -m scripts.benchmarks.peers.with_onnxsim FILE --share SHARE --out OUT

The first removes half of the channels, then half of the attention heads, runs the result and prints one JSON line.
Helped, the file is simplified first, and every use of an initializer gets a copy. Progress goes to stdout, a word a
line, so that the one who started this knows where it ended. The second writes a file without SHARE of the parameters:
onnxsim takes the share of the channels, which is searched; a file that it can do nothing about is simplified first.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import onnxsim
from onnxsim import pruning

from scripts.benchmarks.peers.sizes import LARGEST, float_elements, nearest

SPARSITY = 0.5
_LARGE = 450_000_000
"""Floats above which a file needs external data: protobuf ends at 2 GB."""


def main() -> None:
    """Prune by half, or to a share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--helped", action="store_true")
    parser.add_argument("--share", metavar="SHARE", type=float)
    parser.add_argument("--out", metavar="OUT", type=Path)
    arguments = parser.parse_args()
    if arguments.out is None:
        _halve(arguments.file, is_helped=arguments.helped)
    else:
        _write_nearest(arguments.file, arguments.share, arguments.out)


def _halve(file: Path, *, is_helped: bool) -> None:
    """Prune, run, count."""
    print("loading", flush=True)
    model = onnx.load(file)
    before, shapes = float_elements(model), _output_shapes(file)
    print("pruning", flush=True)
    start = time.process_time()
    fewer_channels = pruning.apply_structured_pruning(_helped(model) if is_helped else model, sparsity=SPARSITY)
    pruned = pruning.apply_attention_head_pruning(fewer_channels, sparsity=SPARSITY)
    seconds = time.process_time() - start
    after = float_elements(pruned)
    print("running the result", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "pruned.onnx"
        onnx.save(pruned, result, save_as_external_data=after > _LARGE)
        if _output_shapes(result) != shapes:
            raise ValueError("the output has another shape")
    versions = f"{version('onnxsim')} (onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__})"
    print(json.dumps({"before": before, "after": after, "seconds": seconds, "version": versions}))


def _helped(model: onnx.ModelProto) -> onnx.ModelProto:
    """The simplified model in which no two nodes, and no two operands of one, share an initializer."""
    simple, _ = onnxsim.simplify(model)
    sources = {tensor.name: tensor for tensor in simple.graph.initializer}
    seen: set[str] = set()
    for node in simple.graph.node:
        for index, name in enumerate(node.input):
            if name in sources and name in seen:
                copy = simple.graph.initializer.add()
                copy.CopyFrom(sources[name])
                copy.name = f"{name}__copy{len(simple.graph.initializer)}"
                node.input[index] = copy.name
            seen.add(name)
    return simple


def _output_shapes(path: Path) -> list[tuple[int, ...]]:
    """Shapes of the outputs in onnxruntime on random images; the model's inputs have fixed sizes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised as well; the last line of stderr is to be the exception
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    feed = {given.name: rng.standard_normal(given.shape, dtype=np.float32) for given in session.get_inputs()}
    return [output.shape for output in session.run(None, feed)]


def _write_nearest(file: Path, share: float, out: Path) -> None:
    """Write the result that is nearest to the share."""
    before = float_elements(onnx.load(file))
    is_stuck = float_elements(_pruned(file, LARGEST)) == before
    onnx.save(nearest(lambda sparsity: _pruned(file, sparsity, is_simplified=is_stuck), before, share), out)


def _pruned(file: Path, sparsity: float, *, is_simplified: bool = False) -> onnx.ModelProto:
    """The file without this share of the channels; it is read anew, as onnxsim changes what it is given."""
    model = onnx.load(file)
    return pruning.apply_structured_pruning(onnxsim.simplify(model)[0] if is_simplified else model, sparsity=sparsity)


if __name__ == "__main__":
    main()
