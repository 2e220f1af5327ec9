"""What the guides tell users to type works: the blocks of a page are run one after the other, as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEEDED = {"pytorch.md": ("torch", "onnxscript")}
"""Packages without which a guide cannot be run, beyond those of the tests."""
QUICKLY = '[ "$1" = prune ] && set -- "$@" --effort fast'
"""What the command does before all else: recovery takes half a minute a model, and has tests of its own."""
ELSEWHERE = {"edge.md"}
"""Run by tests/scripts/test_edge.py, on a smaller model."""


def program(text):
    """All blocks of a page as one Python program; what is typed into a shell is run by one."""
    lines = ["import subprocess"]
    for kind, code in BLOCK.findall(text):
        lines.append(code if kind == "python" else f"subprocess.run(['sh', '-ec', {code!r}], check=True)")
    return "\n".join(lines)


@pytest.fixture
def folder(tmp_path):
    """A folder with the models of the project and a command `paoding_onnx`."""
    shutil.copytree(ROOT / "models", tmp_path / "models")
    command = tmp_path / "bin" / "paoding_onnx"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\n{QUICKLY}\nexec '{sys.executable}' -m paoding_onnx \"$@\"\n")
    command.chmod(0o755)
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="guides are written for a POSIX shell")
@pytest.mark.parametrize("name", [path.name for path in GUIDES if path.name not in ELSEWHERE])
def test_blocks_of_a_guide_run_as_they_stand(name, folder):
    for package in NEEDED.get(name, ()):
        pytest.importorskip(package)
    (folder / "guide.py").write_text(program((ROOT / "docs" / "guides" / name).read_text()))
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "guide.py"],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_blocks_of_both_kinds_become_one_program():
    text = "```sh\nls\n```\ntext\n```python\nx = 1\n```\n```text\nno\n```\n"
    assert program(text) == "import subprocess\nsubprocess.run(['sh', '-ec', 'ls\\n'], check=True)\nx = 1\n"
