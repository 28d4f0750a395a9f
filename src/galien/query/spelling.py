"""«Did you mean»: the nearest words that the index really holds."""

from __future__ import annotations

from collections.abc import Callable

from galien.language.edits import distance

Terms = Callable[[str, int], list[tuple[str, int]]]
_CANDIDATES = 20_000


def nearest(word: str, terms: Terms) -> str:
    """The commonest term within two edits (one for short words) that shares a first letter; ``""`` when none."""
    if len(word) < 4 or any(character.isdigit() for character in word):
        return ""
    allowed = 1 if len(word) < 7 else 2
    best: tuple[float, str] = (0.0, "")
    for term, count in terms(word[:1], _CANDIDATES):
        if abs(len(term) - len(word)) > allowed or term == word or any(c.isdigit() for c in term):
            continue
        edits = distance(word, term, allowed)
        if edits <= allowed:
            score = (count**0.5) / (4.0**edits) * (1.5 if term[:3] == word[:3] else 1.0)
            best = max(best, (score, term))
    return best[1]
