"""One axis rule per operator; importing this package registers them all.

Every fact about an operator stands here, once. To add one: a function in the file of its family, a golden line in
the family's test file. This room must not know what is pruned, or why.
"""

from __future__ import annotations

from paoding_onnx.rules import attention as attention
from paoding_onnx.rules import bodies as bodies
from paoding_onnx.rules import elementwise as elementwise
from paoding_onnx.rules import experts as experts
from paoding_onnx.rules import fused as fused
from paoding_onnx.rules import indexing as indexing
from paoding_onnx.rules import joining as joining
from paoding_onnx.rules import linear as linear
from paoding_onnx.rules import normalization as normalization
from paoding_onnx.rules import pooling as pooling
from paoding_onnx.rules import quantization as quantization
from paoding_onnx.rules import quantized as quantized
from paoding_onnx.rules import recurrent as recurrent
from paoding_onnx.rules import reduction as reduction
from paoding_onnx.rules import shaping as shaping
from paoding_onnx.rules import shifting as shifting
from paoding_onnx.rules import windows as windows
from paoding_onnx.rules.equation import Axis, Equation, axis
from paoding_onnx.rules.facts import (
    Affine,
    Clamp,
    Contracts,
    DataDependentShape,
    Gathers,
    Homogeneity,
    Homogeneous,
    Integers,
    Other,
    Quantized,
    ReadsShape,
    Selects,
    Stored,
    Sum,
)
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Fit, Registered, Rule, fixed, operators, register, rule_for
from paoding_onnx.rules.why import Hold, Why

__all__ = [
    "Affine",
    "Axis",
    "Clamp",
    "Contracts",
    "DataDependentShape",
    "Equation",
    "Fit",
    "Gathers",
    "Hold",
    "Homogeneity",
    "Homogeneous",
    "Integers",
    "Other",
    "Quantized",
    "ReadsShape",
    "Registered",
    "Rule",
    "Selects",
    "Stored",
    "Sum",
    "Why",
    "axis",
    "fixed",
    "operators",
    "parse",
    "register",
    "rule_for",
]
