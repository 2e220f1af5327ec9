"""Which units go: sensitivity, allocation of the budget over the groups, and the choice itself.

It ends in a plan; it must not cut or write a model.
"""

from __future__ import annotations
