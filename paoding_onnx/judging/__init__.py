"""How good a model is on labelled samples, alone or beside the one it was made from. Knows nothing of pruning."""

from __future__ import annotations

from paoding_onnx.judging.judgement import Comparison as Comparison
from paoding_onnx.judging.judgement import Judged as Judged
from paoding_onnx.judging.judgement import JudgeOptions as JudgeOptions
from paoding_onnx.judging.judgement import accuracy_of as accuracy_of
from paoding_onnx.judging.judgement import chosen_samples as chosen_samples
from paoding_onnx.judging.judgement import judge as judge
from paoding_onnx.judging.judgement import loaded as loaded
from paoding_onnx.judging.labelled import ArraySamples as ArraySamples
from paoding_onnx.judging.labelled import Labelled as Labelled
from paoding_onnx.judging.reading import read_labelled as read_labelled
