"""Opens report pages in headless Chromium, checks them as a reader would see them, and takes pictures.

    python -m scripts.screenshots report.html --to docs/images

Needs Playwright (`pip install playwright`) and a Chromium (Debian: `apt-get install chromium`). Every page is opened at
the width of a phone and of a desk, in the light and the dark theme. Exit status 1 if one writes to the console, asks
for anything over the network, or has text that is cut off or sticks out; or if sorting or searching its groups fails.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (390, 1280)
THEMES = ("light", "dark")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CUT_OFF = """() => {
  const room = document.documentElement.clientWidth, whole = document.documentElement.scrollWidth, found = [];
  if (whole > room) found.push(`the page is ${whole} wide`);
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = words.nextNode(); node; node = words.nextNode()) {
    const of = node.parentElement;
    if (!node.textContent.trim() || !of.checkVisibility() || of.closest("script, style, title, .skip")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const frame = of.closest("svg, td, li, pre, main, header, footer").getBoundingClientRect();
      const out = Math.max(frame.left, 0) - 1 > box.left || box.right > Math.min(frame.right, room) + 1;
      if (!out) continue;
      found.push(`${node.textContent.trim().slice(0, 60)} at ${Math.round(box.left)}..${Math.round(box.right)}`);
      break;
    }
  }
  for (const one of document.querySelectorAll("main *")) {
    if (!one.checkVisibility() || one.closest("svg") || getComputedStyle(one).overflowX === "visible") continue;
    const { scrollWidth: needs, clientWidth: has } = one;
    if (needs > has + 1) found.push(`${one.tagName} ${one.className} holds ${needs} in ${has}`);
  }
  return found;
}"""
"""Texts that reach beyond their frame or the window, and boxes whose content is wider than they are."""
SORTS = """() => {
  const heads = [...document.querySelectorAll(".groups thead th")];
  const body = document.querySelector(".groups tbody");
  const values = (column) => [...body.rows].map((row) => Number(row.cells[column].dataset.v));
  const bad = [];
  for (const column of [2, 3, 4, 0]) {
    heads[column].querySelector("button").click();
    const sign = heads[column].getAttribute("aria-sort") === "ascending" ? 1 : -1, found = values(column);
    if (found.some((value, k) => k && sign * (value - found[k - 1]) < 0)) bad.push(`column ${column} is not sorted`);
  }
  return bad;
}"""


def main() -> int:
    """Check every page named; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="keep pictures here")
    parser.add_argument("--pdf", action="store_true", help="keep the page as it prints, too")
    parser.add_argument("--top", action="store_true", help="pictures of what is seen first, not of the whole page")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium is installed", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        faults = [fault for page in arguments.pages for fault in _faults(browser, page, arguments)]
        browser.close()
    for fault in faults:
        print(f"FAILED {fault}")
    print(f"{len(arguments.pages)} pages, {len(WIDTHS) * len(THEMES)} views each, {len(faults)} faults")
    return 1 if faults else 0


def _faults(browser: Browser, path: Path, arguments: argparse.Namespace) -> Iterator[str]:
    """Everything that is wrong with a page, in any view."""
    for width in WIDTHS:
        for theme in THEMES:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
            page = context.new_page()
            nonzero: list[str] = []
            page.on("console", lambda message: nonzero.append(f"console: {message.text}"))  # noqa: B023 (used in the loop)
            page.on("pageerror", lambda error: nonzero.append(f"error: {error}"))  # noqa: B023
            page.on("request", lambda request: nonzero.append(f"request: {request.url[:80]}"))  # noqa: B023
            page.goto(path.resolve().as_uri())
            found = [*nonzero[1:], *page.evaluate(CUT_OFF)]  # the first request is the page itself
            _keep(page, path, f"{width}-{theme}", arguments)
            found += [*page.evaluate(SORTS), *_search(page)]
            yield from (f"{path.name} at {width} {theme}: {fault}" for fault in found)
            context.close()


def _keep(page: Page, path: Path, view: str, arguments: argparse.Namespace) -> None:
    """Save what the page looks like."""
    if arguments.to is not None:
        arguments.to.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=arguments.to / f"{path.stem}-{view}.png", full_page=not arguments.top)
        if arguments.pdf:
            page.pdf(path=arguments.to / f"{path.stem}.pdf", format="A4")


def _search(page: Page) -> Iterator[str]:
    """What is wrong with the search: the name of the last group must find it, nonsense must find nothing."""
    rows = page.locator(".groups tbody tr")
    page.fill("#find", rows.last.locator("th").inner_text().split()[0])
    if not rows.last.is_visible():
        yield "a group is not found by its name"
    page.fill("#find", "\N{SNOWMAN}")
    if rows.locator("visible=true").count():
        yield "groups are found that do not have the name"
    page.fill("#find", "")


if __name__ == "__main__":
    sys.exit(main())
