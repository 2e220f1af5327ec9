"""Hostile files: bombs, names that a terminal obeys, data files that lie. Each must end in one line, within its limits.

    python -m scripts.fuzz.hostile [--folder FOLDER]

Every case is run as a user would, with a limit of time and of memory.
"""

from __future__ import annotations

import argparse
import os
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnx import helper

from scripts import ROOT
from scripts.fuzz.damage import NAMES
from scripts.fuzz.damaged_run import Finding
from tests.models import parse

LIMITS = ("--time-limit", "20s", "--max-memory", "2G")
MOST_SECONDS = 40.0
"""For 20 seconds, and a machine that does other things too."""
Make = Callable[[Path], str]
"""Writes what a case needs into a folder; returns the command to run there."""
Files = dict[str, tuple[int, float]]
"""Size and time of files, by name."""
CASES: dict[str, Make] = {}
_HEAD = "g (float[1,4] x) => (float[d,4] y) <float[4,4] a"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case ended: status, seconds, the line on standard error, and what is wrong with that."""

    status: int
    seconds: float
    line: str
    findings: tuple[Finding, ...]


def case(make: Make) -> Make:
    """Enter a function into the table under its own name, in words."""
    CASES[make.__name__.replace("_", " ")] = make
    return make


def main() -> int:
    """Run all cases; 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    outcomes = {name: run(name) for name in CASES} | {repr(name[:20]): run_named(name) for name in NAMES}
    for name, outcome in outcomes.items():
        print(f"{name}: status {outcome.status}, {outcome.seconds:.1f} s: {outcome.line[:150]}")
        for finding in outcome.findings:
            print(f"  {finding.what} {finding.detail}")
    found = sum(bool(outcome.findings) for outcome in outcomes.values())
    print(f"{len(outcomes)} hostile cases, {found} with findings")
    return 1 if found else 0


def run(name: str) -> Outcome:
    """How a case ends."""
    with TemporaryDirectory() as folder:
        return _outcome(CASES[name](Path(folder)), Path(folder))


def run_named(name: str) -> Outcome:
    """How a prune ends of a network in which everything has such a name, with a report and all that can be shown."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "m.onnx").write_bytes(named(name).SerializeToString())
        return _outcome("prune m.onnx --dry-run -v --method magnitude", Path(folder))


def named(name: str) -> onnx.ModelProto:
    """A small network in which every name begins like this."""
    names: dict[str, str] = {}
    proto = parse(f"{_HEAD}, float[4,4] b> {{ p = MatMul (x, a) q = Relu (p) y = MatMul (q, b) }}")
    for node in proto.graph.node:
        node.name = names.setdefault(node.output[0] + " node", f"{name}{len(names)}")
        for held in (node.input, node.output):
            held[:] = [names.setdefault(one, f"{name}{len(names)}") for one in held]
    for info in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        info.name = names[info.name]
    return proto


def _outcome(command: str, folder: Path) -> Outcome:
    before, start = _inputs(folder), time.monotonic()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "paoding_onnx", *command.split(), *LIMITS]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, check=False)
    spent, err = time.monotonic() - start, done.stderr.decode("utf-8", "backslashreplace")
    out = done.stdout.decode("utf-8", "backslashreplace")
    findings = (*_said(done.returncode, out, err), *_done(spent, before, _inputs(folder)))
    return Outcome(done.returncode, spent, err.strip(), findings)


def _said(status: int, out: str, err: str) -> Iterator[Finding]:
    if status not in (0, 2, 3, 4, 5):
        yield Finding("hostile", f"status {status}", err[-500:])
    if status and err.count("\n") != 1:
        yield Finding("hostile", "more than one line", err[-500:])
    if any(not sign.isprintable() and sign != "\n" for sign in out + err):
        yield Finding("hostile", "escapes printed", repr(out + err)[-500:])


def _done(seconds: float, before: Files, after: Files) -> Iterator[Finding]:
    if seconds > MOST_SECONDS:
        yield Finding("hostile", "over the limit of time", f"{seconds:.0f} s")
    if {name: after.get(name) for name in before} != before or any(".paoding" in name for name in after):
        yield Finding("hostile", "input changed, or something left", repr(sorted(after)))


def _inputs(folder: Path) -> Files:
    """Size and time of every file, which may be too large to read."""
    found = {path.relative_to(folder).as_posix(): path.lstat() for path in folder.rglob("*") if not path.is_dir()}
    return {name: (state.st_size, state.st_mtime) for name, state in found.items()}


def _model(folder: Path, more: str, nodes: str) -> str:
    proto = parse(f"{_HEAD}{more}> {{ t0 = MatMul (x, a) {nodes} }}")
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    return "inspect m.onnx"


def _network(folder: Path) -> onnx.ModelProto:
    proto = parse(
        "g (float[1,3,8,8] x) => (float[1,4,8,8] y) <float[6,3,1,1] a, float[4,6,1,1] b> "
        "{ p = Conv (x, a) q = Relu (p) y = Conv (q, b) }"
    )
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    return proto


@case
def loop_without_an_end(folder: Path) -> str:
    """Loop without an end."""
    body = "<body = b (int64 i, bool d, float[1,4] u) => (bool e, float[1,4] v) { e = Identity (d) v = Sin (u) }>"
    return _model(folder, ", int64 n = {4611686018427387904}, bool c = {1}", f"y = Loop (n, c, t0) {body}")


@case
def tensor_that_doubles_sixty_times(folder: Path) -> str:
    """Tensor that doubles sixty times."""
    nodes = " ".join(f"t{k + 1} = Concat <axis=0> (t{k}, t{k})" for k in range(60))
    return _model(folder, "", f"{nodes} y = Relu (t60)")


@case
def constant_of_a_terabyte(folder: Path) -> str:
    """Constant of a terabyte."""
    nodes = "c = ConstantOfShape (n) s = ReduceSum <keepdims=0> (c) y = Add (t0, s)"
    return _model(folder, ", int64[1] n = {1099511627776}", nodes)


@case
def functions_that_call_each_other_twice(folder: Path) -> str:
    """Functions that call each other twice."""
    own, usual = helper.make_opsetid("own", 1), helper.make_opsetid("", 17)
    proto = parse(f"{_HEAD}> {{ y = MatMul (x, a) }}")
    last = [helper.make_node("Relu", ["u"], ["v"])]
    proto.functions.append(helper.make_function("own", "f0", ["u"], ["v"], last, [usual]))
    for k in range(1, 41):
        calls = [helper.make_node(f"f{k - 1}", [a], [b], domain="own") for a, b in (("u", "w"), ("w", "v"))]
        proto.functions.append(helper.make_function("own", f"f{k}", ["u"], ["v"], calls, [own, usual]))
    proto.graph.node[0].output[0] = "p"
    proto.graph.node.append(helper.make_node("f40", ["p"], ["y"], domain="own"))
    proto.opset_import.append(own)
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    return "inspect m.onnx"


@case
def weights_in_a_file_of_a_terabyte(folder: Path) -> str:
    """Weights in a file of a terabyte."""
    proto = _network(folder)
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    with (folder / "w.bin").open("wb") as file:
        file.truncate(1 << 40)
    (folder / "m.onnx").write_bytes(proto.SerializeToString())
    return "inspect m.onnx"


@case
def model_of_three_gigabytes_of_nothing(folder: Path) -> str:
    """Model of three gigabytes of nothing."""
    with (folder / "m.onnx").open("wb") as file:
        file.truncate(3 << 30)
    return "inspect m.onnx"


@case
def model_that_is_a_pipe(folder: Path) -> str:
    """Model that is a pipe."""
    os.mkfifo(folder / "m.onnx")
    return "inspect m.onnx"


@case
def archive_of_gigabytes_of_nothing(folder: Path) -> str:
    """Archive of gigabytes of nothing."""
    _network(folder)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4194304, 3, 8, 8), }".ljust(117) + "\n"
    with (
        zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as member,
    ):
        member.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for _ in range(48):
            member.write(bytes(1 << 26))
    return "prune m.onnx --dry-run --calibration bomb.npz"


@case
def array_that_says_it_is_larger(folder: Path) -> str:
    """Array that says it is larger."""
    _network(folder)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000000, 3, 8, 8), }".ljust(117) + "\n"
    (folder / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(64))
    return "prune m.onnx --dry-run --calibration x.npy"


@case
def picture_of_a_hundred_million_pixels_in_a_few_bytes(folder: Path) -> str:
    """Picture of a hundred million pixels in a few bytes."""
    _network(folder)
    return _picture(folder, 16000, 16000, rows=16000)


@case
def picture_that_says_it_is_larger_than_any(folder: Path) -> str:
    """Picture that says it is larger than any."""
    _network(folder)
    return _picture(folder, (1 << 31) - 1, (1 << 31) - 1, rows=0)


@case
def plan_of_brackets_alone(folder: Path) -> str:
    """Plan of brackets alone."""
    _network(folder)
    (folder / "plan.json").write_text("[" * 200_000)
    return "check m.onnx m.onnx --plan plan.json"


def _picture(folder: Path, width: int, height: int, *, rows: int) -> str:
    """A PNG of zeros."""
    packer = zlib.compressobj(9)
    packed = b"".join([packer.compress(bytes(1 + 3 * width)) for _ in range(rows)]) + packer.flush()
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", size), (b"IDAT", packed), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(c)) + t + c + struct.pack(">I", zlib.crc32(t + c)) for t, c in parts]
    (folder / "pictures").mkdir()
    (folder / "pictures" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return "prune m.onnx --dry-run --calibration pictures"


if __name__ == "__main__":
    sys.exit(main())
