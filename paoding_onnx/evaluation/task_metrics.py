"""The measures of each task, from predictions."""

from __future__ import annotations

import numpy as np

from paoding_onnx.evaluation import metrics
from paoding_onnx.evaluation.predictions import Form, Predictions, Task


def measures_of(said: Predictions, top: int = 5) -> dict[str, float]:
    """The measures of the task by name, the main one first; means over classes weigh each class alike."""
    if said.task is Task.VALUES:
        return {
            "mean_squared_error": metrics.mean_squared_error(said.scores, said.targets),
            "r2": metrics.determination(said.scores, said.targets),
        }
    return _of_one_score(said) if said.task is Task.BINARY else _of_classes(said, top)


def _of_one_score(said: Predictions) -> dict[str, float]:
    scores, positive = said.scores[:, 0], said.labels == 1
    return {
        "accuracy": float(np.mean(said.correct)),
        "auroc": metrics.auroc(scores, positive),
        "average_precision": metrics.average_precision(scores, positive),
        "f1": metrics.f1(said.predicted == 1, positive),
        "log_loss": metrics.log_loss(np.stack([1 - scores, scores], axis=1), said.labels),
    }


def _of_classes(said: Predictions, top: int) -> dict[str, float]:
    columns = range(said.scores.shape[1])
    found = {"accuracy": float(np.mean(said.correct))}
    if 1 < top < len(columns):
        found[f"top_{top}_accuracy"] = metrics.top_k_accuracy(said.scores, said.labels, top)
    areas = [metrics.auroc(said.scores[:, c], said.labels == c) for c in columns]
    precisions = [metrics.average_precision(said.scores[:, c], said.labels == c) for c in columns]
    occurring = np.union1d(said.labels, said.predicted[said.predicted >= 0])
    f1s = [metrics.f1(said.predicted == c, said.labels == c) for c in occurring]
    found |= {
        "auroc": metrics.mean_over_classes(areas),
        "average_precision": metrics.mean_over_classes(precisions),
        "f1": metrics.mean_over_classes(f1s),
    }
    if said.form is not Form.SCORES:
        found["log_loss"] = metrics.log_loss(said.scores, said.labels)
    return found
