"""How a model stands up to attacks: what it still gets right when its inputs are changed a little, for the worse.

A sample is *robust* if the model gets it right before and after the attack. Adversarial accuracy is the share of all
samples that it gets right after it. This room must not change a model.
"""

from __future__ import annotations
