"""Plain text and Markdown, in any usual encoding."""

from __future__ import annotations

from collections.abc import Iterator

from galien.model.records import AnySourceRecord
from galien.sources.encoding import decode, looks_like_text
from galien.sources.plain import document
from galien.sources.port import Problem, Raw, ReadOptions


class _Text:
    name = "text"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        return 10 if looks_like_text(head) else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        yield document(raw, options, decode(raw.data))


source = _Text()
