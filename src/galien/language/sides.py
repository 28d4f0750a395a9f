"""Which side a mention is on: left, right or both, said in the same noun phrase.

In French the side follows what it bears on (*prothèse totale de hanche droite*), in English it comes before
(*left hip pain*) or after *of the*, *on the* (*fracture of the left hip*).
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from importlib.resources import files
from itertools import compress
from typing import Literal, cast

Side = Literal["", "left", "right", "bilateral"]
_DATA = tomllib.loads((files("galien.language") / "data" / "sides.toml").read_text("utf-8"))
_WORDS: dict[str, dict[str, Side]] = {
    language: {word: cast("Side", side) for side, words in _DATA[language]["words"].items() for word in words}
    for language in ("fr", "en")
}
_THROUGH = {language: frozenset(_DATA[language]["through"]) for language in ("fr", "en")}
_LEADS = {language: frozenset(_DATA[language]["leads"]) for language in ("fr", "en")}
_AFTER, _BEFORE = 5, 3


def places_of_sides(forms: Sequence[str], language: str) -> list[int]:
    """Where a text says sides."""
    return list(compress(range(len(forms)), map(_WORDS[language].__contains__, forms)))


def near_one(places: Sequence[int], first: int, last: int) -> bool:
    """Whether one of these places is near enough to be worth a look with `side`."""
    k = bisect_left(places, first - _BEFORE)
    return k < len(places) and places[k] < last + _AFTER


def side(forms: Sequence[str], first: int, last: int, language: str) -> Side:
    """The side of words ``first <= i < last``; ``""`` when none is said.

    >>> side("prothese totale de hanche droite".split(), 0, 4, "fr")
    'right'
    >>> side("left hip pain".split(), 1, 3, "en")
    'left'
    """
    known, through = _WORDS[language], _THROUGH[language]
    inside = [known[form] for form in forms[first:last] if form in known]
    if inside:
        return inside[0] if len(set(inside)) == 1 else "bilateral"
    if language == "en":
        before = _first(known, forms[max(0, first - _BEFORE) : first][::-1], through)
        if before:
            return before
        if forms[last : last + 1] and forms[last] in _LEADS[language]:
            return _first(known, forms[last + 1 : last + 1 + _BEFORE], _LEADS[language])
        return ""
    return _first(known, forms[last : last + _AFTER], through)


def _first(known: dict[str, Side], forms: Sequence[str], through: frozenset[str]) -> Side:
    """The first side met before any word that it cannot be said across."""
    for form in forms:
        found = known.get(form)
        if found:
            return found
        if form not in through:
            return ""
    return ""
