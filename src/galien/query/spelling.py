"""«Did you mean»: the nearest words that the index really holds."""

from __future__ import annotations

from collections.abc import Callable

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

Terms = Callable[[str, int], list[tuple[str, int]]]
_CANDIDATES = 20_000


def nearest(word: str, terms: Terms) -> str:
    """The commonest term within two edits (one for short words) that shares a first letter; ``""`` when none."""
    if len(word) < 4 or any(character.isdigit() for character in word):
        return ""
    allowed = 1 if len(word) < 7 else 2
    counts = {
        term: count
        for term, count in terms(word[:1], _CANDIDATES)
        if abs(len(term) - len(word)) <= allowed and term != word and not any(c.isdigit() for c in term)
    }
    near = extract(word, counts.keys(), scorer=OSA.distance, score_cutoff=allowed, limit=None)
    scores = {
        term: (counts[term] ** 0.5) / (4.0**edits) * (1.5 if term[:3] == word[:3] else 1.0) for term, edits, _ in near
    }
    return max(scores, key=lambda term: (scores[term], term), default="")
