"""R-Net and O-Net of the package `facenet-pytorch` as ONNX, and where its three networks see faces: needs torch.

python -m scripts.benchmarks.real.exports.mtcnn PACKAGES rnet|onet OUT
python -m scripts.benchmarks.real.exports.mtcnn PACKAGES faces OUT PICTURES
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image

from scripts.benchmarks.real.exports.save import save

SURE = 0.95
NETWORKS = {
    "rnet": ("RNet", 24, ["regression", "probability"]),
    "onet": ("ONet", 48, ["regression", "landmarks", "probability"]),
}


def main() -> None:
    """Write a network, or an archive of picture names, boxes (left, top, right, bottom) and the picture of each box."""
    packages, what, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    mtcnn = networks_of(packages)
    if what == "faces":
        faces(mtcnn.MTCNN(keep_all=True, min_face_size=40), Path(sys.argv[4]), out)
        return
    name, side, outputs = NETWORKS[what]
    save(getattr(mtcnn, name)(), {"face": torch.zeros(1, 3, side, side)}, outputs, out)


def networks_of(packages: Path) -> ModuleType:
    """The module of the three networks, without the package's own start, which imports what a download needs."""
    for name in ("facenet_pytorch", "facenet_pytorch.models"):
        package = ModuleType(name)
        package.__path__ = [str(packages / name.replace(".", "/"))]
        sys.modules[name] = package
    return import_module("facenet_pytorch.models.mtcnn")


def faces(network: torch.nn.Module, pictures: Path, out: Path) -> None:
    """Look for faces in all pictures and write what was found."""
    names, boxes = [], []
    for path in sorted(pictures.glob("*.JPEG")):
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((640, 640))
        found, sure = network.detect(picture)
        kept = [] if found is None else found[sure > SURE]
        names += [path.name] * len(kept)
        boxes += [np.asarray(box, np.float32) for box in kept]
    np.savez(out, names=np.array(names), boxes=np.array(boxes))


if __name__ == "__main__":
    main()
