"""How many slips lie between two words."""

from __future__ import annotations

from collections.abc import Sequence


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
