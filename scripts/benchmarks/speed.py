"""Time and memory of pruning, as ratios to loading and saving the same file, or to running it, in the same run.

    python -m scripts.benchmarks.speed [--only JOB ..] [--models FILE .. [--job magnitude]]

Each job runs in a process of its own. CPU seconds count all threads; peak memory is the largest resident size.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from scripts.benchmarks import networks
from scripts.benchmarks.processes import run
from scripts.benchmarks.proofs import ratio


@dataclass(frozen=True, slots=True)
class Job:
    """A network, what its pruning is compared with, and how.

    `copy` is to load and save, `proof` what all proofs take beside that, as CPU seconds, `pass` as many inputs once.
    """

    network: str
    base: str
    options: Mapping[str, object]


JOBS = {
    "mlp": Job("mlp", "copy", {"step": 0.05, "method": "paoding"}),
    "vgg": Job("vgg16", "copy", {"method": "magnitude"}),
    "pairs": Job("vgg16", "copy", {"step": 0.05, "method": "paoding", "only": ("fc*",)}),
    "default": Job("mlp", "pass", {}),
    "resnet50": Job("resnet50", "pass", {}),
    "stack": Job("stack", "copy", {"method": "magnitude"}),
    "magnitude": Job("", "proof", {"method": "magnitude"}),
}
DEFAULTS = tuple(name for name, job in JOBS.items() if job.network not in ("stack", ""))
NETWORKS: Mapping[str, Callable[[Path], None]] = {
    "mlp": lambda path: networks.write_mlp(path, (784, 512, 512, 10)),
    "vgg16": networks.write_vgg16,
    "resnet50": networks.write_resnet50,
    "stack": lambda path: networks.write_mlp(path, (4000,) * 48),
}
"""What writes each; the stack of dense layers has 3 GB, and keeps its weights in a file of their own."""


def main() -> None:
    """Run all jobs, or those named, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="JOB", choices=JOBS, nargs="*", default=DEFAULTS, help=", ".join(DEFAULTS))
    parser.add_argument("--models", metavar="FILE", type=Path, nargs="*", default=[], help="more files")
    parser.add_argument("--job", choices=("default", "magnitude"), default="default", help="what is done to them")
    parser.add_argument("--work", choices=JOBS, help=argparse.SUPPRESS)
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
        _compare(arguments.job, file)


def _compare(name: str, file: Path) -> None:
    """Print what pruning a file takes."""
    done = run("scripts.benchmarks.speed", "--work", name, "--models", str(file.resolve()))
    if done.code:
        raise SystemExit(f"{name} of {file}: {done.message}")
    wall, cpu, peak, seconds = map(float, done.out.split()[-4:])
    base, size = JOBS[name].base, sum(part.stat().st_size for part in _parts(file)) / 1e6
    print(f"{name}, {file.stem}, {size:.1f} MB: {base} {seconds:.2f} s, prune {wall:.2f} s ({cpu:.2f} s CPU)")
    times = (cpu if base == "proof" else wall) / seconds
    print(f"    {times:.1f} x {base}, peak memory {peak:.0f} MB, {peak / size:.1f} x the file", flush=True)


def _parts(file: Path) -> list[Path]:
    """The file of a model, and that of its weights if there is one."""
    return [file, *file.parent.glob(f"{file.name}.data")]


def _work(name: str, file: Path) -> None:
    """Prune a file, then do what that is compared with; print the figures, in which imports do not count."""
    import paoding_onnx

    options, prune = paoding_onnx.Options(target=0.5, **JOBS[name].options), paoding_onnx.prune
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / file.name
        start, before = time.perf_counter(), time.process_time()
        result = prune(file, target, options)
        print(time.perf_counter() - start, time.process_time() - before, _peak_megabytes())
        copy = lambda: networks.save(onnx.load(file), target, is_large=len(_parts(file)) > 1)  # noqa: E731
        if JOBS[name].base == "proof":
            start = time.process_time()
            copy()
            print(time.process_time() - start + ratio(file, options.target)[1])
            return
        base = copy if JOBS[name].base == "copy" else _pass(file, result.run.recovery.n_samples)
        start = time.perf_counter()
        base()
        print(time.perf_counter() - start)


def _peak_megabytes() -> float:
    """Largest resident size since the process began; Linux only (`ru_maxrss` would count the parent's)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def _pass(file: Path, n_samples: int) -> Callable[[], object]:
    """As many samples as were looked at, once through the model as onnxruntime optimises it."""
    import onnxruntime

    import paoding_onnx

    samples = paoding_onnx.synthesize(file, n_samples=n_samples)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return lambda: [session.run(None, dict(feed)) for feed in samples.batches]


if __name__ == "__main__":
    main()
