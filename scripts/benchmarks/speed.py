"""Time and memory of pruning, as ratios to loading and saving the same file, or to running it, in the same run.

    python -m scripts.benchmarks.speed [--only JOB ..] [--models FILE ..]

Each job runs in a process of its own. CPU seconds count all threads; peak memory is the largest resident size.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks import networks
from scripts.benchmarks.processes import run


@dataclass(frozen=True, slots=True)
class Job:
    """A network, what its pruning is compared with (`copy`: load and save; `pass`: as many inputs once), and how."""

    network: str
    base: str
    options: Mapping[str, object]


JOBS = {
    "mlp": Job("mlp", "copy", {"step": 0.05, "method": "paoding"}),
    "vgg": Job("vgg16", "copy", {"method": "magnitude"}),
    "pairs": Job("vgg16", "copy", {"step": 0.05, "method": "paoding", "only": ("fc*",)}),
    "default": Job("mlp", "pass", {}),
    "resnet50": Job("resnet50", "pass", {}),
}
NETWORKS: Mapping[str, Callable[[Path], None]] = {
    "mlp": lambda path: networks.write_mlp(path, (784, 512, 512, 10)),
    "vgg16": networks.write_vgg16,
    "resnet50": networks.write_resnet50,
}


def main() -> None:
    """Run all jobs, or those named, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="JOB", choices=JOBS, nargs="*", default=list(JOBS), help=", ".join(JOBS))
    parser.add_argument("--models", metavar="FILE", type=Path, nargs="*", default=[], help="more files, by default")
    parser.add_argument("--work", choices=(*JOBS, "copy", "pass"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        _work(arguments.work, arguments.models[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only:
            file = Path(folder) / f"{JOBS[name].network}.onnx"
            if not file.exists():
                NETWORKS[JOBS[name].network](file)
            _compare(name, file)
    for file in arguments.models:
        _compare("default", file)


def _compare(name: str, file: Path) -> None:
    """Print what pruning a file takes."""
    base, (wall, cpu, peak) = JOBS[name].base, _measured(name, file)
    seconds, size = _measured(base, file)[0], file.stat().st_size / 1e6
    print(f"{name}, {file.stem}, {size:.1f} MB: {base} {seconds:.2f} s, prune {wall:.2f} s ({cpu:.2f} s CPU)")
    print(f"    {wall / seconds:.1f} x {base}, peak memory {peak:.0f} MB, {peak / size:.1f} x the file", flush=True)


def _measured(work: str, file: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak megabytes that a process says about its work."""
    done = run("scripts.benchmarks.speed", "--work", work, "--models", str(file.resolve()))
    if done.code:
        raise SystemExit(f"{work} of {file}: {done.message}")
    wall, cpu, peak = map(float, done.out.split()[-3:])
    return wall, cpu, peak


def _work(name: str, file: Path) -> None:
    """Do what is measured, and print the figures: those of the imports are left out."""
    with tempfile.TemporaryDirectory() as folder:
        work = {"copy": _copy, "pass": _pass}.get(name, _prune)(file, Path(folder) / file.name, name)
        start, before = time.perf_counter(), time.process_time()
        work()
        print(time.perf_counter() - start, time.process_time() - before, _peak_megabytes())


def _peak_megabytes() -> float:
    """Largest resident size since the process began; Linux only (`ru_maxrss` would count the parent's)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def _copy(file: Path, target: Path, _: str) -> Callable[[], object]:
    import onnx

    return lambda: onnx.save(onnx.load(file), target)


def _prune(file: Path, target: Path, name: str) -> Callable[[], object]:
    import paoding_onnx

    options = paoding_onnx.Options(target=0.5, **JOBS[name].options)
    return lambda: paoding_onnx.prune(file, target, options)


def _pass(file: Path, _: Path, __: str) -> Callable[[], object]:
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
    return lambda: [session.run(feed) for feed in samples.batches]


if __name__ == "__main__":
    main()
