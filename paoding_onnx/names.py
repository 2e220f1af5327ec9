"""The words that users may choose from. Imports nothing of the package."""

from __future__ import annotations

from typing import Literal

Budget = Literal["units", "parameters", "macs"]
"""What a target counts."""


AUTO = 0
"""`round_to` that picks for each group a count its operators like."""


Allocation = Literal["measured", "uniform"]
"""How the budget is spread over the groups."""


BUDGETS = ("units", "parameters", "macs")


KINDS = ("auto", "images", "table", "tokens", "audio", "noise")
"""What the main input can be told to hold."""


ALLOCATIONS = ("measured", "uniform")


METHOD_NAMES = ("reconstruction", "paoding", "magnitude", "random")
"""How units are chosen."""


TASKS = ("classes", "binary", "values")
"""What a model is for, which decides how it is measured."""


ATTACKS = ("fgsm", "pgd")
"""One step along the sign of the gradient, or several."""
