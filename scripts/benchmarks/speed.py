"""Time and memory of pruning, as ratios to loading and saving the same file, or to running it, in the same run.

    python -m scripts.benchmarks.speed

Each job runs in a process of its own. CPU seconds count all threads; peak memory is the largest resident size.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scripts.benchmarks import networks

JOBS = ("mlp", "vgg", "pairs")
DEFAULTS = ("tiny", "resnet50")
"""Jobs of the default method, which runs the model: compared with one pass of as many inputs through it."""


def main() -> None:
    """Run all jobs, or the one named, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", choices=(*JOBS, *DEFAULTS, "copy", "pass"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--models", type=Path, nargs="*", default=[], help="more files to prune by default")
    arguments = parser.parse_args()
    if arguments.job:
        _JOBS[arguments.job](arguments.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        mlp, vgg = Path(folder) / "mlp.onnx", Path(folder) / "vgg16.onnx"
        networks.random_mlp((784, 512, 512, 10), mlp)
        networks.random_vgg16(vgg)
        for job, file in (("mlp", mlp), ("vgg", vgg), ("pairs", vgg)):
            _compare(job, file)
        resnet = Path(folder) / "resnet50.onnx"
        networks.random_resnet50(resnet)
        for job, file in (("tiny", mlp), ("resnet50", resnet), *(("tiny", file) for file in arguments.models)):
            _compare_with_pass(job, file)


def _compare(job: str, file: Path) -> None:
    base, own = _measure("copy", file), _measure(job, file)
    size = file.stat().st_size / 1e6
    print(f"{job}: {size:.1f} MB, load+save {base['wall']:.2f} s, prune {own['wall']:.2f} s ({own['cpu']:.2f} s CPU)")
    print(
        f"    {own['wall'] / base['wall']:.2f} x load+save, peak memory {own['peak'] / size:.2f} x the file", flush=True
    )


def _compare_with_pass(job: str, file: Path) -> None:
    base, own = _measure("pass", file), _measure(job, file)
    print(f"default, {file.stem}: one pass {base['wall']:.2f} s, prune {own['wall']:.2f} s ({own['cpu']:.2f} s CPU)")
    print(f"    {own['wall'] / base['wall']:.1f} x the pass, peak memory {own['peak']:.0f} MB", flush=True)


def _measure(job: str, file: Path) -> dict[str, float]:
    """Figures that a child process prints about its job."""
    words = [sys.executable, __file__, "--job", job, "--file", str(file)]
    wall, cpu, peak = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[-3:]
    return {"wall": float(wall), "cpu": float(cpu), "peak": float(peak)}


def _timed(work: Callable[[], object]) -> None:
    start, before = time.perf_counter(), time.process_time()
    work()
    print(time.perf_counter() - start, time.process_time() - before, _peak_megabytes())


def _peak_megabytes() -> float:
    """Largest resident size since the process began; Linux only (`ru_maxrss` would count the parent's)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def _copy(file: Path) -> None:
    import onnx

    _timed(lambda: onnx.save(onnx.load(file), file.with_suffix(".copy")))


def _prune(file: Path, **options: object) -> None:
    import paoding_onnx

    chosen = paoding_onnx.Options(**options)  # type: ignore[arg-type]
    _timed(lambda: paoding_onnx.prune(file, file.with_suffix(".small"), chosen, force=True))


def _pass(file: Path) -> None:
    """As many samples as the default method takes, once through the model as onnxruntime optimises it."""
    from paoding_onnx.calibration.amount import n_samples_for
    from paoding_onnx.calibration.synthesize import make_samples
    from paoding_onnx.dependency.groups import trace
    from paoding_onnx.model.load import load
    from paoding_onnx.model.session import Session
    from paoding_onnx.shapes.observe import observe, runnable_shapes

    model = load(file)
    traced = trace(observe(model))
    shapes = runnable_shapes(model, traced.graph)
    samples = make_samples(model, traced.graph, n_samples_for(model, traced, shapes), 0, shapes=shapes)
    session = Session(model, optimise=True)
    _timed(lambda: [session.run(feed) for feed in samples.batches])


_JOBS: dict[str, Callable[[Path], None]] = {
    "copy": _copy,
    "pass": _pass,
    "tiny": lambda file: _prune(file, target=0.5),
    "resnet50": lambda file: _prune(file, target=0.5),
    "mlp": lambda file: _prune(file, target=0.5, step=0.05, method="paoding"),
    "vgg": lambda file: _prune(file, target=0.5, method="magnitude"),
    "pairs": lambda file: _prune(file, target=0.5, step=0.05, method="paoding", only=("fc*",)),
}

if __name__ == "__main__":
    main()
