"""Malformed files: whatever is wrong inside, one clear line and an exit status, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from paoding_onnx.cli import main
from tests.cli.malformed import FAULTS, sound
from tests.cli.stages import without_stages
from tests.pruning import skip_latency

HARMLESS = {
    "initializer that is also an input",
    "opset of another domain alone",
    "deep subgraphs",
    "documentation that is no utf8",
}
"""Odd, but onnxruntime runs them and we prune them."""
NAMED = {
    "raw data cut off": "tensor 'ab' cannot be read: ",
    "raw data cut off that nothing reads": "tensor 'unread' cannot be read: ",
    "large raw data of a part of an element": "initializer 'a' has 432.25 elements, which do not fit its shape",
    "negative dims": "tensor 'ab' has the shape (-8,), with a negative size",
    "unknown dtype": "the model holds a tensor of the unknown type 99",
    "duplicate initializer names": "two initializers have the name 'ab'",
    "constant that is cut off and nothing reads": "tensor 'k' cannot be read: ",
    "function that calls itself": "the model's local function 'f' of 'own' calls itself, which has no end",
    "function twice": "the model has two local functions 'f' of 'own'",
    "text that is no utf8": "is not text in UTF-8",
    "enormous input": "input 'x' of shape (1, 3, 1125899906842624, 8) does not fit into memory",
    "no outputs": "m.onnx has no output: there is nothing to compute",
    "cyclic graph": "the graph is not acyclic",
    "initializer missing": "Node input 'a' is not a graph input, initializer, or output of a previous node",
}
"""What the line says about some of them."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory."""
    skip_latency(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def line_of(command: str, content: bytes, capsys) -> str:
    """What a command says about a malformed model on stderr: one line; nothing on stdout."""
    Path("m.onnx").write_bytes(content)
    assert main([*command.split(), "m.onnx"]) == 3
    out, err = capsys.readouterr()
    err = without_stages(err)
    assert (out, err.count("\n"), err[-1]) == ("", 1, "\n")
    assert err.startswith("paoding_onnx: error: ")
    assert len(err) < 500
    return err


def spoilt(name: str) -> bytes:
    """The file with the fault `name`."""
    proto = sound()
    FAULTS[name](proto)
    return proto.SerializeToString()


@pytest.mark.parametrize("command", ["inspect", "prune --dry-run"])
@pytest.mark.parametrize("name", sorted(FAULTS.keys() - HARMLESS))
def test_malformed_file_is_refused_in_one_line(name, command, capsys):
    assert NAMED.get(name, "") in line_of(command, spoilt(name), capsys)


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_odd_file_that_runs_is_pruned(name, capsys):
    Path("m.onnx").write_bytes(spoilt(name))
    assert main(["inspect", "m.onnx"]) == 0
    assert main(["prune", "m.onnx", "--dry-run", "--method", "magnitude"]) == 0
    assert without_stages(capsys.readouterr().err) == ""


def test_subgraphs_deeper_than_protobuf_takes_are_refused(capsys):
    node = b"\x22\x02If"  # field 4, the operator
    for _ in range(100):
        attribute = field(6, field(1, node))  # the value of an attribute: a graph of one node
        node = b"\x22\x02If" + field(5, attribute)
    content = sound().SerializeToString() + field(7, field(1, node))  # the graph goes on
    assert "is not an ONNX model, or it is cut off" in line_of("inspect", content, capsys)


def field(number: int, content: bytes) -> bytes:
    """A message inside a message, as protobuf writes it."""
    length, rest = bytearray(), len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes([number << 3 | 2, *length, rest]) + content
