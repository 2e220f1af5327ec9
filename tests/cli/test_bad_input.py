"""Whatever is wrong with the input: one line on stderr, the right exit status, and nothing is written or changed."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys

import onnx
import pytest

from paoding_onnx.cli import main
from paoding_onnx.pipeline import shrink
from tests.cli.stages import without_stages
from tests.models import parse, save
from tests.pruning import CNN, files, skip_latency

pytestmark = pytest.mark.slow

DENSE = "g (float[1,4] x) => (float[1,2] y) <float[4,2] a> { y = MatMul (x, a) }"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with the model m.onnx, and whatever may be wrong with others."""
    folder = tmp_path_factory.mktemp("template")
    content = save(parse(CNN), folder / "m.onnx").read_bytes()
    (folder / "text.onnx").write_text("just some text\n")
    (folder / "empty.onnx").write_bytes(b"")
    (folder / "cut.onnx").write_bytes(content[: len(content) // 2])
    bare = parse(CNN)
    del bare.graph.node[:]
    save(bare, folder / "bare.onnx")
    save(parse(DENSE), folder / "dense.onnx")
    save(parse(DENSE.replace("MatMul", "Nonsense")), folder / "unknown.onnx")
    onnx.save(parse(CNN), folder / "external.onnx", save_as_external_data=True, location="gone.bin", size_threshold=0)
    (folder / "gone.bin").unlink()
    (folder / "folder").mkdir()
    (folder / "taken.onnx").write_text("precious")
    (folder / "link.onnx").symlink_to("m.onnx")
    (folder / "plan.txt").write_text("no plan")
    (folder / "plan.json").write_text('{"format": "another"}')
    return folder


@pytest.fixture(autouse=True)
def folder(template, tmp_path, monkeypatch):
    """The working directory: a copy of the template."""
    skip_latency(monkeypatch)
    shutil.copytree(template, tmp_path, symlinks=True, dirs_exist_ok=True, ignore=lambda *_: ["pipe"])
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(capsys, folder):
    """Runs a command that shall be refused: returns its one line and its exit status."""

    def run(*argv):
        before = files(folder), sorted(folder.rglob("*"))
        status = main(argv)
        out, err = capsys.readouterr()
        err = without_stages(err)
        assert out == ""
        assert (err.count("\n"), err[-1]) == (1, "\n")
        assert (files(folder), sorted(folder.rglob("*"))) == before
        return err[:-1], status

    return run


def case(command: str, status: int, words: str):
    return pytest.param(command.split(), status, words, id=command)


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        case("prune none.onnx -o s.onnx", 3, "cannot read none.onnx: No such file or directory"),
        case("prune folder -o s.onnx", 3, "cannot read folder: it is a folder, not a file"),
        case("prune text.onnx -o s.onnx", 3, "text.onnx is not an ONNX model"),
        case("prune empty.onnx -o s.onnx", 3, "empty.onnx is not an ONNX model"),
        case("prune cut.onnx -o s.onnx", 3, "cut.onnx is not an ONNX model, or it is cut off; export it again"),
        case("prune bare.onnx -o s.onnx", 3, "bare.onnx holds an empty graph"),
        case("prune external.onnx -o s.onnx", 3, "keeps 'a' in 'gone.bin', which cannot be read"),
        case("prune unknown.onnx -o s.onnx", 3, "onnxruntime does not load the model"),
        case("inspect none.onnx", 3, "cannot read none.onnx"),
        case("inspect text.onnx --json", 3, "text.onnx is not an ONNX model"),
        case("check none.onnx m.onnx", 3, "cannot read none.onnx"),
        case("check m.onnx none.onnx", 3, "cannot read none.onnx"),
        case("check m.onnx text.onnx", 3, "text.onnx is not an ONNX model"),
        case("prune m.onnx -o s.onnx --target 0", 2, "target 0.0 is not between 0 and 1"),
        case("prune m.onnx -o s.onnx --target 1", 2, "target 1.0 is not between 0 and 1"),
        case("prune m.onnx -o s.onnx --target -1", 2, "target -1.0 is not between 0 and 1"),
        case("prune m.onnx -o s.onnx --target nan", 2, "target nan is not between 0 and 1"),
        case("prune m.onnx -o s.onnx --target inf", 2, "target inf is not between 0 and 1"),
        case("prune m.onnx -o s.onnx --target 150%", 2, "target 1.5 is not between 0 and 1"),
        case("prune m.onnx -o s.onnx --target fifty", 2, "'fifty' is not a number; give a share such as 0.5"),
        case("prune m.onnx -o s.onnx --target", 2, "argument --target: expected one argument"),
        case("prune m.onnx -o s.onnx --step 0", 2, "step 0.0 is not in [0.001, 1]"),
        case("prune m.onnx -o s.onnx --by layers", 2, "argument --by: invalid choice: 'layers'"),
        case("prune m.onnx -o s.onnx --method l1", 2, "argument --method: invalid choice: 'l1'"),
        case("prune m.onnx -o s.onnx --round-to 0", 2, "'0' is neither 'auto' nor a positive whole number"),
        case("prune m.onnx -o s.onnx --round-to 1.5", 2, "'1.5' is neither 'auto' nor a positive whole number"),
        case("prune m.onnx -o s.onnx --allocation even", 2, "argument --allocation: invalid choice: 'even'"),
        case("prune m.onnx -o s.onnx --memory much", 2, "'much' is not a number of bytes such as 512M or 2G"),
        case("prune m.onnx -o s.onnx --memory 1M", 2, "memory 1048576 is less than 16777216 bytes (16 MB)"),
        case("prune m.onnx -o s.onnx --calibration none.npz", 2, "cannot read inputs from none.npz"),
        case("prune m.onnx -o s.onnx --calibration text.onnx", 2, "cannot read inputs from text.onnx"),
        case("prune m.onnx -o s.onnx --calibration folder", 2, "folder"),
        case("prune m.onnx -o s.onnx --input-kind songs", 2, "argument --input-kind: invalid choice: 'songs'"),
        case("prune m.onnx -o s.onnx --preprocess what", 2, "--preprocess 'what' is none of imagenet, caffe, scale=.."),
        case("prune m.onnx -o s.onnx --preprocess mean=one", 2, "'mean=one' does not hold the numbers it should"),
        case("prune m.onnx -o s.onnx --preprocess std=0", 2, "scale and std of --preprocess divide"),
        case("prune m.onnx -o s.onnx --preprocess range=1,0", 2, "goes from low to high, not (1.0, 0.0)"),
        case("prune m.onnx -o s.onnx --preprocess mean=0,0", 2, "mean has 2 numbers, but images have 3 channels"),
        case("prune m.onnx -o s.onnx --seed -1", 2, "'-1' is not a whole number from 0 to 2147483647"),
        case("prune m.onnx -o s.onnx --seed nan", 2, "'nan' is not a whole number"),
        case("prune m.onnx -o s.onnx --threads 5000", 2, "threads 5000 are more than 1024"),
        case("prune m.onnx -o s.onnx --target 0.9999 --by macs", 4, "99.99% of the macs is out of reach"),
        case("prune m.onnx -o s.onnx --max-memory 0", 2, "'0' is less than the 64M that any command takes"),
        case("prune m.onnx -o s.onnx --time-limit nan", 2, "'nan' is not a time"),
        case("prune m.onnx -o s.onnx --targt 0.3", 2, "unrecognized arguments: --targt 0.3; did you mean --target?"),
        case("prune m.onnx -o s.onnx --tar 0.3", 2, "unrecognized arguments: --tar 0.3"),
        case("prune m.onnx -o s.onnx --method magnitude --calibration m.npz", 2, "no effect on method magnitude"),
        case("prune m.onnx -o s.onnx --method paoding --distill 5", 2, "no effect on method paoding"),
        case("prune m.onnx -o s.onnx --report r.pdf", 2, "a report is a page (.html) or JSON (.json), not .pdf: r.pdf"),
        case("sensitivity m.onnx --plot x.png", 2, "a heat map is SVG, not .png: x.png"),
        case("attack m.onnx --data d.npz --steps 5", 2, "--steps has no effect on --method fgsm"),
        case("attack m.onnx --data d.npz --queries 5", 2, "--queries has no effect without --black-box"),
        case("prune m.onnx -o /dev/null --force", 5, "cannot write /dev/null: it is a device"),
        case("prune m.onnx -o /dev/full --force", 5, "cannot write /dev/full: it is a device"),
        case("prune m.onnx -o pipe --force", 5, "cannot write pipe: it is a pipe"),
        case("prune m.onnx -o text.onnx --calibration text.onnx --force", 2, "text.onnx is read too; an input is"),
        case("prune m.onnx -o s.onnx --plan text.onnx --eval text.onnx --force", 2, "text.onnx is read too"),
        case("prune pipe -o s.onnx", 3, "cannot read pipe: it is a pipe, not a file"),
        case("prune /dev/zero -o s.onnx", 3, "cannot read /dev/zero: it is a device, not a file"),
        case("prune m.onnx -o s.onnx --calibration pipe", 2, "cannot read inputs from pipe: it is a pipe"),
        case("check m.onnx m.onnx --plan pipe", 3, "cannot read pipe: it is a pipe, not a file"),
        case("evaluate m.onnx --data /dev/zero", 2, "cannot read inputs from /dev/zero: it is a device"),
        case("prune m.onnx -o s.onnx --exclude nope", 2, "--exclude 'nope' matches no node or initializer"),
        case("prune m.onnx -o s.onnx --only nope", 2, "--only 'nope' matches no node or initializer"),
        case("prune m.onnx -o s.onnx --sharply", 2, "unrecognized arguments: --sharply"),
        case("prune m.onnx -o s.onnx -q -v", 2, "not allowed with argument"),
        case("prune m.onnx other.onnx -o s.onnx", 2, "unrecognized arguments: other.onnx"),
        case("prune", 2, "the following arguments are required: MODEL; see `paoding_onnx prune --help`"),
        case("shrink m.onnx", 2, "invalid choice: 'shrink'"),
        case("", 2, "the following arguments are required: COMMAND; see `paoding_onnx --help`"),
        case("prune m.onnx", 2, "no output: give -o OUT, or --dry-run to write nothing"),
        case("prune m.onnx -o m.onnx", 2, "m.onnx is the model itself; an input is never overwritten"),
        case("prune m.onnx -o m.onnx --force", 2, "m.onnx is the model itself"),
        case("prune m.onnx -o ./folder/../m.onnx --force", 2, "m.onnx is the model itself"),
        case("prune m.onnx -o link.onnx --force", 2, "link.onnx is the model itself"),
        case("prune link.onnx -o m.onnx --force", 2, "m.onnx is the model itself"),
        case("prune m.onnx -o s.onnx --plan m.onnx --force", 2, "m.onnx is the model itself"),
        case("prune m.onnx -o s.onnx --plan link.onnx --force", 2, "link.onnx is the model itself"),
        case("prune m.onnx -o s.onnx --plan s.onnx", 2, "s.onnx is named for two outputs"),
        case("prune m.onnx -o s.onnx --plan p --report ./p", 2, "p is named for two outputs"),
        case("prune m.onnx -o taken.onnx", 5, "taken.onnx exists; give --force to overwrite it"),
        case("prune m.onnx -o s.onnx --plan taken.onnx", 5, "taken.onnx exists; give --force to overwrite it"),
        case("prune m.onnx -o none/s.onnx", 5, "cannot write none/s.onnx: no such folder"),
        case("prune m.onnx -o s.onnx --report none/r.json", 5, "cannot write none/r.json: no such folder"),
        case("prune m.onnx -o text.onnx/s.onnx", 5, "cannot write text.onnx/s.onnx: no such folder"),
        case("prune m.onnx -o folder", 5, "cannot write folder: it is a folder"),
        case("prune m.onnx -o folder --force", 5, "cannot write folder: it is a folder"),
        case("prune m.onnx -o /proc/s.onnx", 5, "cannot write"),
        case("prune dense.onnx -o s.onnx", 4, "the model has no prunable unit (MatMul MatMul_0: graph input 'x'"),
        case(
            "prune m.onnx -o s.onnx --method paoding --target 0.01", 4, "removes not a single whole unit of any group"
        ),
        case("prune m.onnx -o s.onnx --method paoding --target 0.99 --by macs", 4, "99.0% of the macs is out of reach"),
        case("prune m.onnx -o s.onnx --target 0.99 --by macs", 4, "99.0% of the macs is out of reach"),
        case("prune m.onnx -o s.onnx --exclude *", 4, "the model has no prunable unit"),
        case("inspect m.onnx --input-shape x", 2, "'x' is not of the form NAME:1,3,224,224"),
        case("inspect m.onnx --input-shape :1,3", 2, "':1,3' is not of the form NAME:1,3,224,224"),
        case("inspect m.onnx --input-shape x:1,three", 2, "'x:1,three' is not of the form NAME:1,3,224,224"),
        case("inspect m.onnx --input-shape x:1,0", 2, "'x:1,0' is not of the form NAME:1,3,224,224"),
        case("inspect m.onnx --input-shape x:1,-3", 2, "'x:1,-3' is not of the form NAME:1,3,224,224"),
        case("inspect m.onnx --input-shape z:1", 2, "no input is named 'z'; the model has 'x'"),
        case("inspect m.onnx --input-shape x:1,4,8,8", 2, "which (1, 4, 8, 8) does not fit"),
        case("inspect m.onnx --input-shape x:1,3,8", 2, "which (1, 3, 8) does not fit"),
        case("check m.onnx m.onnx --plan plan.txt", 2, "plan.txt is not JSON"),
        case("check m.onnx m.onnx --plan text.onnx", 2, "text.onnx is not JSON"),
        case("check m.onnx m.onnx --plan plan.json", 2, "the plan is not in the format"),
        case("check m.onnx m.onnx --plan none.json", 3, "cannot read none.json: No such file or directory"),
        case("check m.onnx", 2, "the following arguments are required: PRUNED"),
        case("explain m.onnx", 2, "the following arguments are required: NAME"),
        case("explain m.onnx none", 2, "no node has a tensor named 'none' with axes"),
        case("synthesize m.onnx", 2, "the following arguments are required: -o/--output"),
        case("synthesize m.onnx -o x.txt", 2, "x.txt does not end in .npz"),
        case("synthesize m.onnx -o x.npz --samples 0", 2, "n_samples 0 is not above 0"),
        case("synthesize m.onnx -o taken.onnx", 5, "taken.onnx exists; give --force to overwrite it"),
        case("synthesize none.onnx -o x.npz", 3, "cannot read none.onnx"),
        case("sensitivity none.onnx", 3, "cannot read none.onnx"),
        case("attack m.onnx", 2, "the following arguments are required: --data"),
        case("operators m.onnx", 2, "unrecognized arguments: m.onnx"),
    ],
)
def test_command_is_refused(command, status, words, refused):
    line, found = refused(*command)
    assert found == status
    assert line.startswith("paoding_onnx: error: ")
    assert words in line


def test_name_with_spaces_is_shown_whole(refused):
    line, status = refused("inspect", "no such model.onnx")
    assert (line, status) == ("paoding_onnx: error: cannot read no such model.onnx: No such file or directory", 3)


def test_control_characters_of_a_name_are_shown_as_escapes(refused):
    line, status = refused("explain", "m.onnx", "a\x1b[2Jb\u202e")
    assert status == 2
    assert "a\\x1b[2Jb\\u202e" in line


@pytest.mark.parametrize(
    "stage",
    [
        "paoding_onnx.pipeline.read.load",
        "paoding_onnx.pipeline.prepare.trace",
        "paoding_onnx.selection.select.measure_profile",
        "paoding_onnx.reconstruction.reconstruct.fit_layers",
        "paoding_onnx.pipeline.shrink.cut",
        "paoding_onnx.pipeline.prove.check_file",
        "paoding_onnx.pipeline.latency.compare_latency",
        "paoding_onnx.api.write_text",
        "os.fsync",
        "os.replace",
    ],
)
def test_interruption_leaves_nothing_behind(stage, refused, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, interrupt)
    line, status = refused("prune", "m.onnx", "-o", "taken.onnx", "--plan", "p.json", "--force")
    assert (line, status) == ("paoding_onnx: interrupted, nothing was written", 130)


def test_failed_proof_ends_with_one(refused, monkeypatch):
    monkeypatch.setattr(shrink, "cut", lambda subject, *_: subject)
    line, status = refused("prune", "m.onnx", "-o", "taken.onnx", "--force", "--plan", "p.json", "--report", "r.json")
    assert status == 1
    assert "the pruned model failed its proof, nothing was written. " in line


@pytest.mark.parametrize(
    ("limit", "more", "file"),
    [(1000, "", "taken.onnx"), (3000, "--plan p.json --report r.json", "r.json")],
    ids=["for the model", "for the report"],
)
def test_full_disk_leaves_nothing_behind(limit, more, file, folder):
    before = files(folder)
    command = f"-m paoding_onnx prune m.onnx -o taken.onnx --force {more}"
    done = subprocess.run(
        [sys.executable, *command.split()],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (5, "")
    assert (
        without_stages(done.stderr)
        == f"paoding_onnx: error: cannot write {file}: File too large; nothing was changed\n"
    )
    assert files(folder) == before
    assert not list(folder.glob(".paoding*"))
