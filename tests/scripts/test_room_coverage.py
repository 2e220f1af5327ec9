"""Coverage by rooms: what counts, and when the program is not content."""

from __future__ import annotations

import pytest

from scripts import room_coverage
from scripts.room_coverage import PACKAGE, by_room, main


def test_lines_of_a_room_are_put_together():
    counted = {PACKAGE / "a" / "x.py": (1, 2), PACKAGE / "a" / "y.py": (8, 8), PACKAGE / "b" / "z.py": (0, 0)}
    assert by_room(counted) == {"a": 90.0, "b": 0.0}


@pytest.mark.parametrize(("least", "status"), [("90", 0), ("91", 1)])
def test_room_below_the_least_share_is_a_failure(least, status, tmp_path, monkeypatch, capsys):
    data = tmp_path / "data"
    data.touch()
    monkeypatch.setattr(room_coverage, "counts", lambda _: {PACKAGE / "a" / "x.py": (9, 10)})
    assert main(["--data", str(data), "--least", least]) == status
    assert "| a | 90.0 |" in capsys.readouterr().out


def test_missing_data_is_named(tmp_path, capsys):
    assert main(["--data", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err
