"""The documents say what is so: links lead somewhere, the table of operators is ours, checksums fit the files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from paoding_onnx.cli import main

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links(text: str) -> list[tuple[str, str]]:
    """Relative links outside code, as path and anchor."""
    found = [link.partition("#") for link in LINK.findall(FENCE.sub("", text)) if "://" not in link]
    return [(path, anchor) for path, _, anchor in found if not path.startswith("mailto:")]


def anchors(text: str) -> set[str]:
    """Names of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def named_digest(text: str, name: str) -> str:
    """The digest on the line that names a file."""
    lines = [line for line in text.splitlines() if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", line)]
    return next(digest for line in lines for digest in re.findall(r"\b[0-9a-f]{64}\b", line))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/index.md", "docs/reference/operators.md"])
def test_document_is_there(name):
    assert ROOT / name in DOCUMENTS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path):
    for target, anchor in links(path.read_text()):
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{path.name} links to {target}"
        assert not anchor or anchor in anchors(file.read_text()), f"{path.name} links to {target}#{anchor}"


def test_links_are_found_and_code_is_left_out():
    text = "[a](b.md) [c](https://d/e.md) [f](#g)\n```\n[h](i)\n```\n[j](k.md#l)"
    assert links(text) == [("b.md", ""), ("", "g"), ("k.md", "l")]
    assert anchors("# One idea, `two` words\n\n```\n# no heading\n```") == {"one-idea-two-words"}


def test_table_of_operators_is_the_one_that_is_printed(capsys):
    assert main(["operators", "--markdown"]) == 0
    text = (ROOT / "docs" / "reference" / "operators.md").read_text()
    _, table, _ = re.split(r"<!-- operators -->|<!-- end -->", text)
    assert table.strip() == capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("models/*.onnx"), *ROOT.glob("models/*_test.npz")]), ids=lambda path: path.name
)
def test_checksum_is_that_of_the_file(path):
    listed = named_digest((ROOT / "models" / "README.md").read_text(), path.name)
    assert listed == hashlib.sha256(path.read_bytes()).hexdigest()


def test_digest_is_that_on_the_line_of_the_file():
    one, two = "1" * 64, "2" * 64
    text = f"see a.onnx.txt, not-a.onnx\n| not-a.onnx | {one} |\n| `a.onnx` | 5 kB | `{two}` |"
    assert named_digest(text, "a.onnx") == two
