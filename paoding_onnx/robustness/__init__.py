"""How a model stands up to attacks: what it still gets right when its inputs are changed a little, for the worse.

A sample is *robust* if the model gets it right before and after the attack. Adversarial accuracy is the share of all
samples that it gets right after it.
"""

from __future__ import annotations

from paoding_onnx.robustness.attacks import Attack as Attack
from paoding_onnx.robustness.evaluate import Robustness as Robustness
from paoding_onnx.robustness.evaluate import Survival as Survival
from paoding_onnx.robustness.evaluate import robustness as robustness
