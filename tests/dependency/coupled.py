"""What the tests of coupling share: sets and reasons along one axis of a tensor."""

from __future__ import annotations

from paoding_onnx.dependency.coupling import Coupling, couple
from paoding_onnx.shapes.observe import observe
from tests.models import model


def coupled(text: str, protect: str = "", opset: int = 17) -> Coupling:
    return couple(observe(model(text, opset=opset)), lambda node: node.name == protect)


def sets(found: Coupling, tensor: str, axis: int) -> list[int]:
    """Set numbers along one axis of a tensor; of its first use, if it is a vector."""
    uses = sorted(use for use, _ in found.axes if use.tensor == tensor)
    return found.axes[uses[0], axis].tolist()


def reasons(found: Coupling, tensor: str, axis: int) -> set[str]:
    """Why positions of an axis may not go; empty for an axis that is free as a whole."""
    causes = found.causes[sets(found, tensor, axis)]
    return {found.reasons[cause].reason for cause in causes if cause >= 0}
