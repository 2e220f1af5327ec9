"""Many prunings at once: models, targets and methods in a grid, each run in a process of its own, here or elsewhere.

It starts the command line and reads what that says; it must not prune, measure or prove anything itself.
"""

from __future__ import annotations
