"""Completing what is being typed with the names of concepts, in either language, commonest in the documents first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from galien.knowledge import Lexicon
from galien.language.analysis import fold
from galien.model.answers import Suggestion

_MOST_WORDS = 5
_MOST_NAMES = 300
_MOST_COUNTED = 24
_SHORTEST = 2


class Completion:
    """Names of a lexicon by their beginnings, whatever their accents and capitals.

    Parameters
    ----------
    lexicon : Lexicon
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        names: list[tuple[str, str, str]] = []
        for id, label in lexicon.labels():
            if lexicon[id].kind != "body":
                names.append((fold(label.text), label.text, id))
        names.sort()
        self._keys = [key for key, _, _ in names]
        self._names = names

    def of(self, typed: str, count: Callable[[str], int], limit: int) -> tuple[int, list[Suggestion]]:
        """Completions of the end of a text: as many of its last words as begin the name of a concept.

        With them, where these words begin.

        Parameters
        ----------
        count : callable
            Number of documents that speak of a concept or one below it; those without any are left out.
        """
        for start, tail in _tails(typed):
            found: dict[str, tuple[str, int]] = {}
            for label, id in self._beginning(tail):
                if len(found) >= _MOST_COUNTED:
                    break
                if id not in found:
                    documents = count(id)
                    if documents:
                        found[id] = (label, documents)
            if found:
                best = sorted(found.items(), key=lambda item: (not self._usual(item[1][0], item[0]), -item[1][1]))[
                    :limit
                ]
                return start, [
                    Suggestion(typed[:start] + label, documents, id, self._lexicon[id].fr, self._lexicon[id].en)
                    for id, (label, documents) in best
                ]
        return len(typed), []

    def _beginning(self, tail: str) -> Iterator[tuple[str, str]]:
        """Names that begin so: usual names before other ones, with the accents typed before without, shortest first."""
        key = fold(tail)
        first = bisect_left(self._keys, key)
        mine = []
        for place in range(first, min(first + _MOST_NAMES, len(self._keys))):
            if not self._keys[place].startswith(key):
                break
            mine.append(self._names[place])
        written = tail.lower()
        mine.sort(key=lambda n: (not self._usual(n[1], n[2]), not n[1].lower().startswith(written), len(n[1])))
        for _, label, id in mine:
            yield label, id

    def _usual(self, label: str, id: str) -> bool:
        concept = self._lexicon[id]
        return label in (concept.fr, concept.en)


def _tails(typed: str) -> Iterator[tuple[int, str]]:
    """The last words of a text, the longest tail first, with where each begins."""
    starts = [place for place, c in enumerate(typed) if c.strip() and (place == 0 or not typed[place - 1].strip())]
    for start in starts[-_MOST_WORDS:]:
        tail = typed[start:]
        if len(tail) >= _SHORTEST:
            yield start, tail
