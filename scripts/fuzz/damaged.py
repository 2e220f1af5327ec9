"""Damaged files: each is looked at, pruned and checked, and must end in one line, whatever is wrong with it.

    python -m scripts.fuzz.damaged [--count 200] [--seed 0] [--ledger FILE] [--out FOLDER]

File number k is made from seed SEED + k alone: bits flipped, cut off, blocks swapped, or fields of the protobuf that
hold something else. Commands run in a process that judges one file after the other and may crash; every 100th file is
also run as a user would. With a ledger, files that it names are not run again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from scripts import ROOT
from scripts.fuzz.damage import damage
from scripts.fuzz.damaged_run import Finding, judge, prepare
from tests import pruning
from tests.models import parse
from tests.skeletons import unpack

PATIENCE = 120.0
"""Seconds after which a file is run as a user would, with limits."""
WHOLE_EVERY = 100
SKELETONS = ("rnn_tagger.torchscript", "structure_film.torchscript", "structure_tied_words.dynamo")
FULL = ("cifar10_cnn", "mnist_cnn", "brain_cnn", "mobilenet_cifar10", "vit_cifar10")
SMALL = ("CNN", "MLP", "ONE", "SHARED")
"""Networks of `tests.pruning`, which take a moment."""
MIDDLE_EVERY, FULL_EVERY = 10, 60
"""One in so many files is made of a skeleton, or of a large model, for which commands take seconds."""


def main() -> int:
    """Run the campaign; 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", metavar="N", type=int, default=200, help="files to damage (default 200)")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="seed of the first file (default 0)")
    parser.add_argument("--ledger", metavar="FILE", type=Path, help="where results are noted, one a line")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where files are written with which is something")
    arguments = parser.parse_args()
    results = campaign(subjects(), range(arguments.seed, arguments.seed + arguments.count), ledger=arguments.ledger)
    found = {seed: findings for seed, findings in results.items() if findings}
    for seed, findings in found.items():
        for finding in findings:
            print(f"{seed}: {finding.command}: {finding.what}\n{finding.detail}")
        if arguments.out is not None:
            arguments.out.mkdir(parents=True, exist_ok=True)
            (arguments.out / f"{seed}.onnx").write_bytes(damaged(subjects(), seed)[1])
    kinds = Counter(damaged(subjects(), seed)[0] for seed in found)
    print(f"{len(results)} damaged files, {3 * len(results)} commands, {len(found)} with findings {dict(kinds)}")
    return 1 if found else 0


def subjects() -> dict[str, bytes]:
    """The files that are damaged, by name: small networks, skeletons, and the six models."""
    found = {name: parse(getattr(pruning, name)).SerializeToString() for name in SMALL}
    found |= {name: unpack(name).SerializeToString() for name in SKELETONS}
    return found | {name: (ROOT / "models" / f"{name}.onnx").read_bytes() for name in ("fraud_mlp", *FULL)}


def damaged(files: Mapping[str, bytes], seed: int) -> tuple[str, bytes]:
    """The name of a damage and the file that suffered it."""
    small = [name for name in files if name in SMALL]
    middle = [name for name in files if name not in (*SMALL, *FULL)]
    large = [name for name in files if name in FULL]
    names = small or list(files)
    if middle and seed % MIDDLE_EVERY == MIDDLE_EVERY - 1:
        names = middle
    if large and seed % FULL_EVERY == FULL_EVERY - 1:
        names = large
    number = int(np.random.default_rng(seed).integers(len(names)))
    return damage(files[names[number]], seed)


def campaign(
    files: Mapping[str, bytes], seeds: range, *, ledger: Path | None = None, whole_every: int = WHOLE_EVERY
) -> dict[int, list[Finding]]:
    """The findings on the file of each seed; those that a ledger names are taken from there."""
    results = _noted(ledger, seeds)
    with TemporaryDirectory() as folder:
        pool = _pool()
        for seed in seeds:
            if seed in results:
                continue
            content, start = damaged(files, seed)[1], time.monotonic()
            try:
                findings = pool.submit(judge, Path(folder), content).result(timeout=PATIENCE)
                is_whole = whole_every > 0 and seed % whole_every == 0
            except (BrokenProcessPool, TimeoutError):
                _stop(pool)
                pool, findings, is_whole = _pool(), [], True  # a user must see a line all the same
            if is_whole:
                _empty(Path(folder))
                findings = findings + judge(Path(folder), content, is_whole=True)
            results[seed] = findings
            _note(ledger, seed, findings, time.monotonic() - start)
        _stop(pool)
    return results


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), initializer=prepare)


def _stop(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _noted(ledger: Path | None, seeds: range) -> dict[int, list[Finding]]:
    if ledger is None or not ledger.exists():
        return {}
    rows = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    return {row["seed"]: [Finding(**one) for one in row["findings"]] for row in rows if row["seed"] in seeds}


def _note(ledger: Path | None, seed: int, findings: list[Finding], seconds: float) -> None:
    if ledger is not None:
        with ledger.open("a", encoding="utf-8") as file:
            row = {"seed": seed, "seconds": round(seconds, 1), "findings": [asdict(one) for one in findings]}
            file.write(f"{json.dumps(row)}\n")


if __name__ == "__main__":
    sys.exit(main())
