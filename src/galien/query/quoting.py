"""Quotes: the best passages of a text for a query, with the matching words marked.

Long texts are not analysed whole: a regular expression on the first letters of each needle proposes
words, and the same analysis that made the index accepts or refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import msgspec

from galien.language import exact, stem
from galien.language.analysis import word_at
from galien.model.evidence import Span
from galien.query.planning import Needle

WINDOW = 220
_ACCENTS = {
    "a": "aàâäáãå", "e": "eéèêë", "i": "iîïíì", "o": "oôöóòõ", "u": "uùûüúµ", "c": "cç", "n": "nñ", "y": "yÿ",
}  # fmt: skip
_BREAK = re.compile(r"(?<=[.!?;])\s|\n")


class Match(msgspec.Struct, frozen=True):
    """A word of the text that answers a needle."""

    start: int
    end: int
    why: str


class Passage(msgspec.Struct, frozen=True):
    """``text[start:end]``, and the matches in it (offsets in the text)."""

    start: int
    end: int
    matches: tuple[Match, ...]


def matches(text: str, needles: Sequence[Needle], language: str) -> list[Match]:
    """Every word of a text that answers one of the needles, in order."""
    if not needles:
        return []
    return list(_find(text, needles, language))


def _find(text: str, needles: Sequence[Needle], language: str) -> Iterator[Match]:
    starts = "|".join(sorted({_pattern(form) for needle in needles for form in _forms(needle)}))
    answers = _answering(needles, language)
    last = -1
    for found in re.finditer(rf"(?<![^\W_])(?:{starts})", text, re.IGNORECASE):
        if found.start() < last:
            continue
        word = word_at(text, found.start())
        if word is None:
            continue
        surface, start, end = word
        needle = answers(surface)
        if needle is not None:
            yield Match(start, end, needle.why)
            last = end


def _answering(needles: Sequence[Needle], language: str) -> Callable[[str], Needle | None]:
    """What tells the first needle that a word answers: by its exact form, its stem, or its beginning."""
    spoken = "en" if language == "en" else "fr"
    exacts: dict[str, int] = {}
    stems: dict[str, int] = {}
    prefixes: list[tuple[str, int]] = []
    for place, needle in enumerate(needles):
        if needle.prefix:
            prefixes.append((needle.exact, place))
            continue
        exacts.setdefault(needle.exact, place)
        if needle.en if spoken == "en" else needle.fr:
            for form in (needle.fr, needle.en):
                stems.setdefault(form, place)
    nobody = len(needles)

    def first(surface: str) -> Needle | None:
        plain = exact(surface)
        place = min(exacts.get(plain, nobody), stems.get(stem(surface, spoken), nobody))
        for beginning, other in prefixes:
            if other < place and plain.startswith(beginning):
                place = other
        return needles[place] if place < nobody else None

    return first


def _forms(needle: Needle) -> set[str]:
    return {form for form in (needle.exact, needle.fr, needle.en) if form}


@lru_cache(maxsize=20_000)
def _pattern(form: str) -> str:
    """The first letters of a form, whatever their accents: what any word with this stem begins with."""
    head = form[: max(2, min(len(form) - 1, 5))] if len(form) > 3 else form
    letters = []
    for i, letter in enumerate(head):
        if letter in _ACCENTS:
            letters.append(f"[{_ACCENTS[letter]}]")
        elif letter in ".,":
            letters.append("[.,]")
        else:
            letters.append(re.escape(letter))
        if i + 1 < len(head) and letter.isalpha() and head[i + 1].isdigit():
            letters.append("-?")
    pattern = "".join(letters)
    return pattern.replace("[oôöóòõ][eéèêë]", "(?:[oôöóòõ][eéèêë]|œ)")


def best_passages(text: str, found: Sequence[Match], most: int = 2) -> list[Passage]:
    """The windows that hold the most different needles, snapped to sentences and lines."""
    passages: list[Passage] = []
    taken: list[tuple[int, int]] = []
    candidates = sorted(_windows(found), key=lambda w: (-len({m.why for m in w}), w[0].start))
    seen: set[str] = set()
    for window in candidates:
        whys = {match.why for match in window}
        if passages and whys <= seen:
            continue
        start, end = _snap(text, window[0].start, window[-1].end)
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        inside = tuple(match for match in found if start <= match.start and match.end <= end)
        passages.append(Passage(start, end, inside))
        taken.append((start, end))
        seen |= whys
        if len(passages) >= most:
            break
    return passages


def _windows(found: Sequence[Match]) -> Iterator[list[Match]]:
    for i, first in enumerate(found[:400]):
        yield [match for match in found[i : i + 30] if match.end - first.start <= WINDOW]


def _snap(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen to whole sentences within `WINDOW`, else to whole words."""
    room = max(0, WINDOW - (end - start))
    low, high = max(0, start - room * 2 // 3), min(len(text), end + room)
    breaks = [m.end() for m in _BREAK.finditer(text, low, start)]
    # A line of hard-wrapped text begins mid-sentence: prefer the earliest break that fits.
    left = breaks[0] if breaks else _word_edge(text, low, start)
    if low == 0:
        left = 0
    stop = next((m.start() for m in _BREAK.finditer(text, end, high) if text[m.start() - 1] in ".!?;"), None)
    right = stop if stop is not None else (len(text) if high == len(text) else _word_edge_back(text, end, high))
    while left < right and text[left].isspace():
        left += 1
    while right > left and text[right - 1].isspace():
        right -= 1
    return left, right


def _word_edge(text: str, low: int, limit: int) -> int:
    space = text.find(" ", low, limit)
    return space + 1 if space >= 0 else low


def _word_edge_back(text: str, limit: int, high: int) -> int:
    space = text.rfind(" ", limit, high)
    return space if space > limit else high


def spans(matches_: Sequence[Match], origin: int) -> tuple[Span, ...]:
    """Marks relative to a quote that begins at ``origin``."""
    return tuple(Span(match.start - origin, match.end - origin) for match in matches_)
