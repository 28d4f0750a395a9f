"""Reading one file as an ingest does: recognised by its content, never by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from galien.app.reading import Context, read_file
from galien.model.records import AnySourceRecord
from galien.sources.port import Limits
from galien.store.reading import ReadFile

Read = Callable[..., ReadFile]


@pytest.fixture
def read() -> Read:
    """``read(bytes_or_text, path="file", mapping={}, limits=Limits())`` gives a `ReadFile`."""

    def reading(
        data: bytes | str, path: str = "file", mapping: dict[str, Any] | None = None, limits: Limits | None = None
    ) -> ReadFile:
        raw = data.encode() if isinstance(data, str) else data
        return read_file(raw, path, "test", Context(mapping or {}), limits or Limits(), ocr=False)

    return reading


@pytest.fixture
def one() -> Callable[[ReadFile, type], Any]:
    """The only record of a type in what was read."""

    def only(found: ReadFile, kind: type[AnySourceRecord]) -> AnySourceRecord:
        assert found.fatal is None, found.fatal
        records = [item.record for item in found.records if isinstance(item.record, kind)]
        assert len(records) == 1, [type(item.record).__name__ for item in found.records]
        return records[0]

    return only
