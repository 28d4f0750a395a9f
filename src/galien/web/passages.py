"""Texts cut where something begins or ends: sections, pages, highlighted words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from galien.model.answers import Mark, SectionView
from galien.model.evidence import Evidence


@dataclass(frozen=True)
class Piece:
    """A stretch of text; ``mark`` numbers a highlighted one from 1, ``page`` a page that starts here."""

    text: str
    mark: int = 0
    why: str = ""
    page: int = 0


@dataclass(frozen=True)
class Passage:
    """A section of a text, as pieces."""

    title: str
    anchor: str
    pieces: list[Piece] = field(default_factory=list)
    marks: int = 0


def quoted(evidence: Evidence) -> list[Piece]:
    """The pieces of an evidence's quote."""
    marks = [Mark(span.start, span.end) for span in evidence.marks]
    return _pieces(evidence.quote, 0, len(evidence.quote), _apart(marks, len(evidence.quote)), ())


def passages(
    text: str, sections: Sequence[SectionView], marks: Sequence[Mark], pages: Sequence[int] = ()
) -> list[Passage]:
    """Cut a document into its sections, each into pieces; nothing of the text is lost or doubled.

    Sections that overlap (a section inside another) are shown as they begin: the outer one stops where
    the inner one starts.
    """
    starts = sorted({min(max(s.start, 0), len(text)): s.title for s in sections}.items())
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, ""))
    known = _apart(marks, len(text))
    found: list[Passage] = []
    for rank, (start, title) in enumerate(starts):
        end = starts[rank + 1][0] if rank + 1 < len(starts) else len(text)
        if start == end and not title:
            continue
        body = start + _repeated(text[start:end], title)
        pieces = _pieces(text, body, end, known, pages)
        found.append(Passage(title, f"s{rank}", pieces, sum(1 for piece in pieces if piece.mark)))
    return found


def _repeated(text: str, title: str) -> int:
    """How many characters at the start only repeat the title, which is shown as a heading."""
    lead = len(text) - len(text.lstrip())
    if title and text[lead:].lower().startswith(title.lower()):
        rest = text[lead + len(title) :]
        cut = len(rest) - len(rest.lstrip(" :\t"))
        if rest[cut : cut + 1] in ("", "\n"):
            return lead + len(title) + cut
    return 0


def _apart(marks: Sequence[Mark], length: int) -> list[Mark]:
    """Marks in order, inside the text, none overlapping another."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda m: (m.start, -m.end)):
        start = max(mark.start, kept[-1].end if kept else 0, 0)
        end = min(mark.end, length)
        if start < end:
            kept.append(Mark(start, end, mark.why))
    return kept


def _pieces(text: str, start: int, end: int, marks: Sequence[Mark], pages: Sequence[int]) -> list[Piece]:
    inner = [(n, m) for n, m in enumerate(marks, 1) if m.start < end and m.end > start]
    breaks = {offset: n for n, offset in enumerate(pages, 1) if n > 1 and start <= offset < end}
    edges = sorted({start, end, *breaks, *(e for _, m in inner for e in (max(m.start, start), min(m.end, end)))})
    pieces: list[Piece] = []
    rank = 0
    for left, right in pairwise(edges):
        while rank < len(inner) and inner[rank][1].end <= left:
            rank += 1
        number, why = 0, ""
        if rank < len(inner) and inner[rank][1].start <= left:
            number, why = inner[rank][0], inner[rank][1].why
        pieces.append(Piece(text[left:right], number, why, breaks.get(left, 0)))
    return pieces
