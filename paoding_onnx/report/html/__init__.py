"""The report of a pruning run as one page of HTML that needs nothing else: no network, no other file.

It must not let through any markup that is not ours.
"""

from __future__ import annotations
