"""«Did you mean»: the nearest words that the index really holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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


def distance(one: str, other: str, bound: int) -> int:
    """Damerau-Levenshtein distance (adjacent transpositions count one), or ``bound + 1`` when above.

    >>> distance("hanche", "hnache", 2), distance("hanche", "genou", 2)
    (1, 3)
    """
    before: Sequence[int] = ()
    previous = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        current = [i]
        for j, right in enumerate(other, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > bound:
            return bound + 1
        before, previous = previous, current
    return previous[-1]
