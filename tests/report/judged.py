"""What evaluations and attacks found, made by hand."""

from __future__ import annotations

from paoding_onnx.evaluation.compare import Difference
from paoding_onnx.evaluation.evaluate import Comparison, Evaluation
from paoding_onnx.evaluation.latency import Resources
from paoding_onnx.evaluation.metrics import ClassScore, Interval
from paoding_onnx.robustness.evaluate import Robustness, Survival

NAN = float("nan")
RESOURCES = Resources(1.5, rows=4, runs=30, processors=2, peak_bytes=2_500_000, file_bytes=12_345)
CLASSES = (ClassScore("cat", 3, 1.0, 0.5, 2 / 3, NAN), ClassScore("[dog]", 5, 0.5, 1.0, 0.7, 0.9))
EVALUATION = Evaluation("classes", 8, {"accuracy": 0.75, "log_loss": NAN}, CLASSES, RESOURCES)
COMPARISON = Comparison(
    measures={"accuracy": 0.875, "log_loss": 0.25},
    agreement=Interval(0.5, 0.25, 0.75),
    output_error=None,
    differences=(Difference("accuracy", Interval(-0.125, -0.25, 0.0), "adjusted Wald, paired"),),
    p_value=0.5,
    resources=RESOURCES,
)
ROBUSTNESS = Robustness(
    method="pgd",
    is_exact=True,
    samples=8,
    correct=6,
    lowest=0.0,
    highest=1.0,
    flat=0,
    disagreement=0.001,
    survivals=(Survival(0.01, 5, 0.625), Survival(0.1, 0, 0.125)),
)
