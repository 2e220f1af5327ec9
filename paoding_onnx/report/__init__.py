"""Results as JSON-ready documents, as tables for a terminal, as a page.

It must not compute anything that it does not show.
"""

from __future__ import annotations
