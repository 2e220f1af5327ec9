"""What shrinks together: axes coupled by the rules, groups of units, refusals with reasons, and what all of it costs.

It reads rules and shapes; it must not know an operator by name, choose units, or change a model.
"""

from __future__ import annotations
