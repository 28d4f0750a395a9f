"""Quotes of one patient's documents: the sentence around a mention, read again from the stored bytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from galien.index.port import Body, Card, Corpus
from galien.language.sentences import sentences
from galien.model.evidence import Evidence, Span
from galien.query.evidence import quote_of, title_of
from galien.query.quoting import Match, best_passages

_LONGEST = 320
_SHORT = 64
_ITEM = re.compile(r"\n\s*(?=[-•*–]\s|[^\W\d_a-zà-öø-ÿ])")


class Quotations:
    """Quotes the documents of one patient; nothing of another's is ever quoted.

    Parameters
    ----------
    corpus : Corpus
    person : int
    """

    def __init__(self, corpus: Corpus, person: int) -> None:
        self._corpus = corpus
        self._person = person
        self._cards: dict[str, Card] = {}
        self._bodies: dict[str, Body] = {}
        self._lines: dict[int, list[tuple[int, int]]] = {}

    def fetch(self, notes: Iterable[int]) -> None:
        """Read these documents, all at once."""
        ids = [id for id in dict.fromkeys(f"d{note}" for note in notes) if id not in self._cards]
        if ids:
            self._cards.update({id: c for id, c in self._corpus.cards(ids).items() if c.patient == self._person})
            self._bodies.update(self._corpus.bodies([id for id in ids if id in self._cards]))

    def sentence(self, note: int, at: int) -> tuple[int, int]:
        """Bounds of the sentence at a place; ``(0, 0)`` where the document cannot be read."""
        self.fetch([note])
        body = self._bodies.get(f"d{note}")
        if body is None:
            return (0, 0)
        if note not in self._lines:
            self._lines[note] = [
                part for line in sentences(body.text) for part in _lines(body.text, line.start, line.end)
            ]
        lines = self._lines[note]
        place = bisect_right(lines, (at, len(body.text))) - 1
        return lines[place] if place >= 0 else (0, min(len(body.text), _LONGEST))

    def text(self, note: int, start: int, end: int) -> str:
        """Words as stored; empty where the document cannot be read."""
        self.fetch([note])
        body = self._bodies.get(f"d{note}")
        return body.text[start:end] if body is not None else ""

    def quote(self, note: int, start: int, end: int, why: str, also: Iterable[tuple[int, int]] = ()) -> Evidence | None:
        """The sentence around ``text[start:end]``, with those words marked; shortened where it is very long."""
        low, high = self.sentence(note, start)
        card, body = self._cards.get(f"d{note}"), self._bodies.get(f"d{note}")
        if card is None or body is None or not low <= start < end <= len(body.text):
            return None
        high = max(high, end)
        if high - low > _LONGEST:
            passages = best_passages(body.text, [Match(start, end, why)], 1)
            low, high = (passages[0].start, passages[0].end) if passages else (start, end)
        marks = sorted({(start, end), *((a, b) for a, b in also if low <= a < b <= high)})
        shown = tuple(Span(a - low, b - low) for a, b in _apart(marks))
        return quote_of(card, body, low, high, shown, (why,))

    def title(self, note: int, why: str) -> Evidence | None:
        """A document by its title."""
        self.fetch([note])
        card = self._cards.get(f"d{note}")
        return title_of(card, (why,)) if card is not None else None


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence as the lines of a list, where it is one.

    Lists have no full stops: an item begins with a dash or a capital, or all lines are short. A line that goes on
    in lower case is a hard-wrapped sentence.
    """
    said = text[start:end]
    short = said.count("\n") >= 2 and max(len(line) for line in said.split("\n")) < _SHORT
    cuts = [m.start() for m in re.finditer(r"\n", said)] if short else [m.start() for m in _ITEM.finditer(said)]
    low = 0
    for cut in [*cuts, len(said)]:
        piece = said[low:cut]
        if piece.strip():
            lead = len(piece) - len(piece.lstrip())
            yield start + low + lead, start + low + len(piece.rstrip())
        low = cut


def _apart(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Marks that do not overlap, in order."""
    kept: list[tuple[int, int]] = []
    for start, end in marks:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
