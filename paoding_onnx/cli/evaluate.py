"""The command `evaluate`: arguments become one library call."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import fields

from paoding_onnx.judging import Judged
from paoding_onnx.judging import JudgeOptions
from paoding_onnx.judging import judge
from paoding_onnx.predictions import Progress
from paoding_onnx.preprocess import parse_preprocess


def judge_options_of(arguments: Namespace) -> JudgeOptions:
    """The library's options that the arguments spell."""
    given = {field.name: getattr(arguments, field.name) for field in fields(JudgeOptions)}
    return JudgeOptions(**(given | {"preprocess": parse_preprocess(arguments.preprocess)}))


def evaluate(arguments: Namespace, progress: Progress) -> Judged:
    """The model judged as the arguments say."""
    options = judge_options_of(arguments)
    return judge(arguments.model, arguments.data, against=arguments.against, options=options, progress=progress)
