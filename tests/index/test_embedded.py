"""The embedded index keeps the contract of its port, and its own promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from galien.index.embedded import TantivyIndex
from galien.index.port import SearchIndex
from galien.model.errors import StorageFull
from galien.testing import check_index
from galien.testing.index_conformance import ENTRIES


def test_it_conforms(tmp_path: Path) -> None:
    def reopen(index: SearchIndex) -> TantivyIndex:
        index.close()
        return TantivyIndex(tmp_path / "index")

    check_index(lambda: TantivyIndex(tmp_path / "index"), reopen)


def test_a_disk_that_refuses_is_an_error_and_leaves_the_last_commit(tmp_path: Path, monkeypatch) -> None:
    index = TantivyIndex(tmp_path / "index")
    index.apply(1, ENTRIES[:2])

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(index, "_writing", Broken)
    with pytest.raises(StorageFull):
        index.apply(2, ENTRIES[2:])
    monkeypatch.undo()
    assert index.sequence() == 1
    index.apply(2, ENTRIES[2:])
    assert set(index.ids()) == {e.id for e in ENTRIES}
    index.close()
