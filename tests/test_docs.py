"""The documents say what is so: links lead somewhere, the reference is the program's, checksums fit the files."""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path

import pytest

from scripts import reference_pages

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


@pytest.mark.parametrize("name", ["api.md", "commands.md", "operators.md"])
def test_generated_part_of_the_reference_is_what_the_program_says(name):
    page = reference_pages.REFERENCE / name
    is_same = reference_pages.pages(page.parent)[page] == page.read_text()
    assert is_same, "write it again: python -m scripts.reference_pages"


def test_page_without_markers_is_refused(tmp_path):
    for name in ("api.md", "commands.md", "operators.md"):
        (tmp_path / name).write_text("no place for a table")
    with pytest.raises(ValueError, match="generated: begin"):
        reference_pages.pages(tmp_path)


def test_reference_has_every_command_and_option():
    parser = argparse.ArgumentParser()
    command = parser.add_subparsers().add_parser("cut", help="make it smaller")
    command.add_argument("model", metavar="MODEL")
    command.add_argument("-n", "--units", metavar="N", required=True, help="how many, or 50%%")
    command.add_argument("--by", metavar="WHAT", choices=("a", "b"), help="what counts, x|y")
    command.add_argument("--quiet", action="store_true", help="print nothing")
    text = reference_pages.commands_markdown(parser)
    assert "## cut\n\nMake it smaller.\n\n```text\npaoding_onnx cut --units N [options] MODEL\n```" in text
    assert "| `-n N`, `--units N` | how many, or 50% |" in text
    assert "| `--by WHAT` | what counts, x\\|y; one of `a`, `b` |" in text
    assert "| `--quiet` | print nothing |" in text


def test_public_names_are_listed_by_what_they_are():
    text = reference_pages.names_markdown(["Options", "PaodingError", "prune"])
    heads = ["## Functions", "::: paoding_onnx.prune", "## Classes", "::: paoding_onnx.Options"]
    assert text.split("\n\n") == [*heads, "## Errors", "::: paoding_onnx.PaodingError"]


def test_doctests_become_blocks_on_the_site():
    pytest.importorskip("griffe")
    from scripts.doctest_blocks import fenced

    assert fenced("One.\n\n>>> f(1)\n2\n\nTwo.") == "One.\n\n```pycon\n>>> f(1)\n2\n```\n\nTwo."


def test_design_names_every_room():
    page = (ROOT / "docs" / "explanation" / "design.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "paoding_onnx").glob("*/__init__.py")}
    assert {room for room in rooms if f"| `{room}/` |" not in page} == set()


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
