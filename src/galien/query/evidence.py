"""The evidence of a hit: quotes of its text, the value or the code of a fact, a name."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from galien.index.port import Body, Card
from galien.model.evidence import Evidence, Span
from galien.query.planning import Needle
from galien.query.quoting import best_passages, matches, spans


def quote_of(card: Card, body: Body, start: int, end: int, marks: tuple[Span, ...], why: tuple[str, ...]) -> Evidence:
    """A stretch of a document, as it is stored, under the title of its section."""
    return Evidence(
        kind="quote",
        record=card.record,
        quote=body.text[start:end],
        document=card.id,
        start=start,
        end=end,
        marks=marks,
        section=_section(body, start),
        at=card.date,
        why=why,
        source_path=card.source_path,
        tool=card.tool,
    )


def title_of(card: Card, why: tuple[str, ...]) -> Evidence:
    """A document by its title."""
    return Evidence(
        kind="title", record=card.record, quote=card.title, document=card.id, at=card.date, why=why,
        source_path=card.source_path, tool=card.tool,
    )  # fmt: skip


def quotes(card: Card, needles: Sequence[Needle], most: int, body: Body | None) -> tuple[Evidence, ...]:
    """What of an entry answers the needles, at most ``most`` passages; its title or its opening when none does."""
    base = Evidence(
        kind="quote", record=card.record, quote="", document=card.id, at=card.date,
        source_path=card.source_path, tool=card.tool,
    )  # fmt: skip
    if card.id[0] == "f":
        quote = f"{card.title} {card.value}".strip() if card.value else card.title
        found = matches(quote, needles, card.language or "fr")
        return (
            msgspec.structs.replace(
                base,
                kind="value" if card.value else "code",
                document=f"p{card.patient}",
                quote=quote,
                marks=spans(found, 0),
                code=card.code,
                why=_whys(found) or tuple(dict.fromkeys(n.why for n in needles)),
            ),
        )
    if card.id[0] == "p":
        found = matches(card.title, needles, "fr")
        return (msgspec.structs.replace(base, kind="title", quote=card.title, marks=spans(found, 0), why=_whys(found)),)
    text = body.text if body is not None else ""
    found = matches(text, needles, card.language)
    passages = best_passages(text, found, most)
    if not passages:
        in_title = matches(card.title, needles, card.language)
        if in_title or not text.strip():
            return (
                msgspec.structs.replace(
                    base, kind="title", quote=card.title, marks=spans(in_title, 0), why=_whys(in_title)
                ),
            )
        head = text.strip()[:220]
        start = text.find(head)
        return (msgspec.structs.replace(base, quote=head, start=start, end=start + len(head)),)
    assert body is not None, "passages come from a body"
    return tuple(quote_of(card, body, p.start, p.end, spans(p.matches, p.start), _whys(p.matches)) for p in passages)


def _section(body: Body, at: int) -> str:
    """The innermost section that a place is in."""
    return next((s.title for s in reversed(body.sections) if s.start <= at < s.end), "")


def _whys(found: Sequence[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(getattr(match, "why", "")) for match in found))
