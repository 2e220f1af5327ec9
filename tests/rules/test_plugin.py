"""A rule for an operator of another domain, registered from outside the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paoding_onnx.model.nodes import Node
from paoding_onnx.rules import rule
from paoding_onnx.rules.notation import parse
from paoding_onnx.rules.rule import Rule, operators, register
from tests.models import model, prune_randomly, save

INVERTED = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
g (float[1,3,4,4] x) => (float[1,5,4,4] y)
    <float[12,3,1,1] a, float[5,12,1,1] b, float[1] five={5}, float[4,4] matrix> {
  p = Conv (x, a) s = Sigmoid (p) e = EyeLike (matrix) f = Mul (e, five) t = Add (s, f)
  [inverse] q = com.microsoft.Inverse (t) y = Conv (q, b)
}"""
"""An operator that onnxruntime runs and this package has no rule for: the inverse of the matrices on the last axes."""

PLUGIN = '''
from paoding_onnx.rules import Rule, parse, register

@register("Inverse", read=1, domain="com.microsoft")
def inverse(node):
    """com.microsoft Inverse: of the matrices on the last two axes."""
    return Rule(parse("*A i j -> *A i j"), why="is inverted along this axis")
'''


@pytest.fixture
def _forgetting(monkeypatch):
    """Rules that a test registers are gone after it."""
    monkeypatch.setattr(rule, "_REGISTRY", dict(rule._REGISTRY))


def test_operator_of_another_domain_is_left_alone():
    found = prune_randomly(model(INVERTED)).trace
    assert found.groups == ()
    assert ("inverse", "no rule for this operator") in {(r.node, r.reason) for r in found.refusals}


@pytest.mark.usefixtures("_forgetting")
def test_rule_from_outside_is_used_and_proven():
    @register("Inverse", read=1, domain="com.microsoft")
    def inverse(node: Node) -> Rule:
        """com.microsoft Inverse: of the matrices on the last two axes."""
        return Rule(parse("*A i j -> *A i j"), why="is inverted along this axis")

    trial = prune_randomly(model(INVERTED))
    assert trial.trace.n_units == 12
    assert trial.n_removed == 6
    assert trial.verdict.passed, trial.verdict.detail
    assert ("com.microsoft", "Inverse") in {(entry.domain, entry.operator) for entry in operators()}


@pytest.mark.slow
def test_plugin_module_works_from_a_script(tmp_path: Path):
    (tmp_path / "plugin.py").write_text(PLUGIN)
    save(model(INVERTED).proto, tmp_path / "model.onnx")
    script = "import plugin, paoding_onnx; print(paoding_onnx.inspect('model.onnx').n_units)"
    command, environment = [sys.executable, "-c", script], {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "12\n"
