"""A watched folder gives a file once it has stopped changing, and again when it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from galien.app.watching import watched


def test_files_are_taken_once_settled(tmp_path: Path) -> None:
    steps: list[Callable[[], object]] = [
        lambda: (tmp_path / "a.txt").write_text("begun"),
        lambda: (tmp_path / "a.txt").write_text("begun, and finished"),
        lambda: None,
        lambda: None,
        lambda: (tmp_path / "a.txt").write_text("a second version of the file"),
        lambda: None,
        lambda: None,
    ]

    def sleep(_: float) -> None:
        if steps:
            steps.pop(0)()

    taken = list(watched([tmp_path], sleep=sleep, rounds=9))
    assert taken == [[tmp_path / "a.txt"], [tmp_path / "a.txt"]]
