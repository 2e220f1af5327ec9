"""One ONNX file through onnxsim's structured pruning; prints one JSON line. Runs where onnxsim is installed.

    python with_onnxsim.py FILE [--helped]

Plain, the file is pruned as it is. Helped, it is simplified first, and every use of an initializer gets a copy.
Progress goes to stdout, a word a line, so that the one who started this knows where it ended.
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
from count import float_elements
from onnxsim import pruning

SPARSITY = 0.5
_LARGE = 450_000_000
"""Floats above which a file needs external data: protobuf ends at 2 GB."""


def main() -> None:
    """Prune, run, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--helped", action="store_true")
    arguments = parser.parse_args()
    print("loading", flush=True)
    model = onnx.load(arguments.file)
    before, shapes = float_elements(model), _output_shapes(arguments.file)
    print("pruning", flush=True)
    start = time.process_time()
    pruned = _pruned(_helped(model) if arguments.helped else model)
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


def _pruned(model: onnx.ModelProto) -> onnx.ModelProto:
    """Half of the channels go, then half of the attention heads."""
    fewer_channels = pruning.apply_structured_pruning(model, sparsity=SPARSITY)
    return pruning.apply_attention_head_pruning(fewer_channels, sparsity=SPARSITY)


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


if __name__ == "__main__":
    main()
