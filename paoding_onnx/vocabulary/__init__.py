"""A vocabulary cut to the ids that a user wants to keep: rows of tables, of heads, and the numbers of what stays.

It makes a smaller original, which is then proven and pruned like any other; it must not prune or prove anything itself.
"""

from __future__ import annotations
