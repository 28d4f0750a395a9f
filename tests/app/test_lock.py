"""One owner per workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from galien.app.lock import Lock, owner_of
from galien.model.errors import WorkspaceBusy


def test_a_second_owner_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    lock.announce("http://127.0.0.1:1")
    with pytest.raises(WorkspaceBusy):
        Lock(tmp_path)
    owner = owner_of(tmp_path)
    assert owner is not None
    assert (owner.pid, owner.url) == (os.getpid(), "http://127.0.0.1:1")
    lock.release()


def test_a_released_workspace_has_no_owner(tmp_path: Path) -> None:
    Lock(tmp_path).release()
    assert owner_of(tmp_path) is None
    Lock(tmp_path).release()
