"""BEIR: passages of a retrieval benchmark, one JSON object a line (Thakur et al., 2021)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from galien.model.errors import MalformedInput, UnsupportedInput
from galien.model.records import AnySourceRecord, Article
from galien.sources.encoding import decode, normal
from galien.sources.plain import opening
from galien.sources.port import Problem, Raw, ReadOptions

_QRELS = b"query-id\tcorpus-id\tscore"
_TOPICS = b"query_id\ttext"


class _Line(msgspec.Struct, frozen=True, rename={"id": "_id"}):
    id: str
    text: str
    title: str | None = None
    """Absent in ``queries.jsonl``, which is how queries are told from passages."""


class _Beir:
    name = "beir"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if head.startswith((_QRELS, _TOPICS)):
            return 95
        first = head.lstrip(b"\xef\xbb\xbf \r\n").split(b"\n", 1)[0]
        if not first.startswith(b"{") or b'"_id"' not in first[:200]:
            return 0
        return 85 if b'"text"' in first else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        if raw.data.startswith(_QRELS):
            raise UnsupportedInput(
                "these are relevance judgments of a benchmark, not documents",
                hint="The benches read them; leave them out of an ingest.",
            )
        if raw.data.startswith(_TOPICS):
            raise _queries()
        decoder = msgspec.json.Decoder(_Line)
        lines = decode(raw.data).split("\n")
        titled = 0
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            locator = f"line {number}"
            try:
                line = decoder.decode(text)
            except msgspec.MsgspecError:
                yield Problem(locator, MalformedInput("this line is not a BEIR passage"))
                continue
            if line.title is None and not titled:
                raise _queries()
            titled += 1
            body = normal(line.text)
            yield Article(
                key=f"beir:{options.feed}:{line.id}",
                locator=locator,
                title=line.title or opening(body),
                abstract=body,
                text=body,
            )


def _queries() -> UnsupportedInput:
    return UnsupportedInput(
        "these are queries of a benchmark, not documents",
        hint="The benches read them; leave them out of an ingest.",
    )


source = _Beir()
