"""How good a model is on labelled samples, alone or beside the one it was made from. Knows nothing of pruning."""

from __future__ import annotations

from paoding_onnx.evaluation.dataset import ArraySamples as ArraySamples
from paoding_onnx.evaluation.dataset import Labelled as Labelled
from paoding_onnx.evaluation.evaluate import Comparison as Comparison
from paoding_onnx.evaluation.evaluate import EvaluateOptions as EvaluateOptions
from paoding_onnx.evaluation.evaluate import Evaluation as Evaluation
from paoding_onnx.evaluation.evaluate import accuracy_of as accuracy_of
from paoding_onnx.evaluation.evaluate import chosen_samples as chosen_samples
from paoding_onnx.evaluation.evaluate import evaluate as evaluate
from paoding_onnx.evaluation.evaluate import loaded as loaded
from paoding_onnx.evaluation.load import read_labelled as read_labelled
