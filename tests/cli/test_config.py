"""Files of options: what they hold counts unless the command line says otherwise, and what makes no sense is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from paoding_onnx.cli import main
from paoding_onnx.cli.arguments import parse_arguments
from paoding_onnx.cli.options import options_of
from paoding_onnx.errors import ModelError, UsageError
from paoding_onnx.options import Options
from tests.models import parse, save
from tests.pruning import ONE, skip_latency

PRUNE = ("prune", "m.onnx")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options(text, *argv):
    Path("c.toml").write_text(text)
    return options_of(parse_arguments([*PRUNE, "--config", "c.toml", *argv]))


def test_file_gives_options_of_every_kind():
    text = """
    [prune]
    target = 0.3
    by = "macs"
    exclude = ["a*", "b"]
    only = "c"
    exact-only = true
    memory = "64M"
    seed = 3
    input = ["x=1x3x8x8"]
    """
    found = options(text)
    assert found == Options(
        target=0.3,
        by="macs",
        exclude=("a*", "b"),
        only=("c",),
        exact_only=True,
        memory=64 << 20,
        seed=3,
        input_shapes={"x": (1, 3, 8, 8)},
    )


@pytest.mark.parametrize("argv", [("--target", "0.2"), ("--target=0.2",)])
def test_command_line_counts_before_the_file(argv):
    assert options("[prune]\ntarget = 0.3\nseed = 1", *argv) == Options(target=0.2, seed=1)


def test_list_on_the_command_line_takes_the_place_of_that_in_the_file():
    assert options('[prune]\nexclude = ["a"]', "--exclude", "b").exclude == ("b",)


def test_short_spelling_counts_as_the_long_one():
    Path("c.toml").write_text('[prune]\noutput = "file.onnx"\nquiet = true')
    found = parse_arguments([*PRUNE, "--config=c.toml", "-o", "mine.onnx", "-v"])
    assert (found.output, found.quiet, found.verbose) == (Path("mine.onnx"), False, True)


def test_option_that_a_command_needs_may_stand_in_the_file():
    Path("c.toml").write_text('[evaluate]\ndata = "d.npz"\n[prune]\ntarget = 0.1')
    assert parse_arguments(["evaluate", "m.onnx", "--config", "c.toml"]).data == Path("d.npz")


def test_file_without_a_table_for_the_command_changes_nothing():
    assert options("[evaluate]\ntop = 3") == Options()


def test_what_is_off_is_not_given():
    assert options("[prune]\nexact-only = false") == Options()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[prune]\ntargt = 0.3", "c.toml: there is no option 'targt'; did you mean 'target'?"),
        ("[prune]\nexact_only = true", "did you mean 'exact-only'?"),
        ("[prune]\nconfig = 'x'", "there is no option 'config'"),
        ("[prun]\ntarget = 0.3", "there is no command 'prun'; did you mean 'prune'?"),
        ("target = 0.3", "'target' stands outside of a table; write it below [prune]"),
        ("[prune]\nexact-only = 1", "exact-only is on or off: write true or false, not 1"),
        ("[prune]\ntarget = [0.1, 0.2]", "target is given once, not as a list"),
        ("[prune]\nexclude = [true]", "exclude is a text or a number, not True"),
        ("[prune]\ntarget = {a = 1}", "target is a text or a number"),
        ("[prune]\ntarget = 'x'", "argument --target: 'x' is not a number"),
        ("[prune]\nby = 'mac'", "did you mean macs?"),
        ("[prune", "c.toml is not TOML"),
    ],
)
def test_file_that_makes_no_sense_is_refused(text, said):
    with pytest.raises(UsageError) as caught:
        options(text)
    assert said in str(caught.value)


def test_file_that_cannot_be_read_is_named():
    for name in ("nothing.toml", "."):
        with pytest.raises(ModelError, match="cannot read"):
            parse_arguments([*PRUNE, "--config", name])


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("--target", "25%", "--by=macs", "--exact-only"),
        ("--exclude", 'a"\\b', "--exclude", "c\nd", "-o", "out.onnx", "-q"),
        (
            "--memory",
            "1G",
            "--round-to",
            "auto",
            "--time-limit",
            "10m",
            "--input",
            "x=1x3x8x8",
            "--fail-if",
            "agreement<1",
        ),
    ],
)
def test_options_that_were_saved_are_the_same_when_read_again(argv):
    first = parse_arguments([*PRUNE, *argv])
    Path("c.toml").write_text(first.as_config)
    again = parse_arguments([*PRUNE, "--config", "c.toml"])
    assert vars(again) | {"config": None} == vars(first)
    assert again.as_config == first.as_config


@pytest.mark.slow
def test_file_is_written_once_the_command_is_done(folder, monkeypatch):
    skip_latency(monkeypatch)
    save(parse(ONE), folder / "m.onnx")
    argv = [*PRUNE, "-o", "s.onnx", "--method", "magnitude", "-q"]
    assert main([*argv, "--save-config", "c.toml"]) == 0
    assert Path("c.toml").read_text() == '[prune]\noutput = "s.onnx"\nmethod = "magnitude"\nquiet = true\n'
    assert main([*argv, "--save-config", "c.toml"]) == 5
    assert main([*PRUNE, "--config", "c.toml", "--force"]) == 0
    assert main([*argv, "--force", "--fail-if", "n_inputs>0", "--save-config", "d.toml"]) == 6
    assert not Path("d.toml").exists()
