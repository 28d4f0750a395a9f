"""Where a text names a concept: whole dictionaries found at once, whatever the inflection.

Words are compared by their stem, without accents; small words (*de*, *of*) do not count; abbreviations that
are also words must be in capitals. A second look passes over adjectives of degree and side (*infarctus aigu du
myocarde*), a third completes coordinations (*douleurs thoraciques et abdominales*).
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

import ahocorasick_rs
import msgspec

from galien.language.analysis import fold, stem
from galien.language.stopwords import is_stop_word
from galien.language.words import Words
from galien.model.concepts import Label

_SMALL = {"de", "du", "des", "d", "la", "le", "les", "l", "au", "aux", "a", "the", "of", "an", "un", "une"}
_BREAK = "\x01"
_UNKNOWN = "\x02"
_FIRST = 0x100
_SURROGATES = 0xD800, 0xE000
_CACHE = 300_000
_MODIFIERS = tomllib.loads((files("galien.language") / "data" / "mentions.toml").read_text("utf-8"))["modifiers"]
_AND = {"et", "ou", "ni", "and", "or", "nor", ",", "/", "and/or", "&"}


class Found(NamedTuple):
    """Words ``first <= i < last`` name one of ``concepts``; ``parts`` where they lie apart."""

    first: int
    last: int
    concepts: tuple[str, ...]
    parts: tuple[tuple[int, int], ...] = ()


class TermFinder:
    """The names of concepts in one language, ready to be found.

    Parameters
    ----------
    labels : iterable of (concept id, Label)
        Those of another language are left out.
    language : {"fr", "en"}
    """

    def __init__(self, labels: Iterable[tuple[str, Label]], language: str) -> None:
        self.language = language
        self._characters: dict[str, str] = {}
        phrases: dict[str, list[str]] = defaultdict(list)
        for concept, label in labels:
            if label.language in ("", language):
                if is_stop_word(fold(label.text)):
                    label = msgspec.structs.replace(label, strict=True)  # "PAS", "SA", "IL"
                coded = self._coded_term(label)
                if coded and concept not in phrases[coded]:
                    phrases[coded].append(concept)
        self._concepts = [tuple(concepts) for concepts in phrases.values()]
        self._exact = {coded: number for number, coded in enumerate(phrases)}
        self._automaton = ahocorasick_rs.AhoCorasick(list(phrases), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
        self._known: dict[str, str] = {}
        self._modifiers = {fold(word) for word in _MODIFIERS.get(language, ())}

    def __len__(self) -> int:
        return len(self._concepts)

    def find(self, words: Words, breaks: Sequence[int] = ()) -> list[Found]:
        """Names in the order of the text; none crosses a word in ``breaks`` (where sentences begin)."""
        known = self._known
        surfaces = words.surfaces
        if len(known) > _CACHE:
            known.clear()
        coded = [known.get(s) or self._learn(s) for s in surfaces]
        for place in breaks:
            # A sentence begins: nothing runs on from the one before.
            if place and coded[place - 1] in ("-", _UNKNOWN):
                coded[place - 1] = _BREAK
        places = [i for i, c in enumerate(coded) if c != "-"]
        text = "".join([coded[i] for i in places])
        starts = set(breaks)
        found = []
        taken: set[int] = set()
        for number, low, high in self._automaton.find_matches_as_indexes(text):
            first, last = places[low], places[high - 1] + 1
            if last - first > 1 and not starts.isdisjoint(range(first + 1, last)):
                continue
            found.append(Found(first, last, self._concepts[number]))
            taken.update(range(first, last))
        found += self._over_modifiers(words.forms, coded, places, taken, starts)
        found += self._coordinated(words.forms, coded, found)
        found.sort()
        return found

    def whole(self, text: str) -> tuple[str, ...]:
        """Concepts that a text names as a whole, as a label of a code system does."""
        words = Words(text)
        coded = "".join([c for s in words.surfaces if (c := self._known.get(s) or self._learn(s)) != "-"])
        number = self._exact.get(coded)
        return self._concepts[number] if number is not None else ()

    def _over_modifiers(
        self, forms: list[str], coded: list[str], places: list[int], taken: set[int], starts: set[int]
    ) -> list[Found]:
        modifiers = self._modifiers
        kept = [i for i in places if forms[i] not in modifiers]
        if len(kept) == len(places):
            return []
        more = []
        for number, low, high in self._automaton.find_matches_as_indexes("".join([coded[i] for i in kept])):
            first, last = kept[low], kept[high - 1] + 1
            if high - low < 2 or not any(forms[i] in modifiers for i in range(first, last)):
                continue
            if not starts.isdisjoint(range(first + 1, last)):
                continue
            more.append(Found(first, last, self._concepts[number]))
        return more

    def _coordinated(self, forms: list[str], coded: list[str], found: list[Found]) -> list[Found]:
        more = []
        for item in found:
            inside = [i for i in range(item.first, item.last) if coded[i] != "-"]
            if len(inside) != 2:
                continue
            head, rest = inside
            after = item.last
            # French: the noun comes first, "douleurs thoraciques et abdominales".
            while after + 1 < len(forms) and forms[after] in _AND:
                other = after + 1
                while other < len(forms) and coded[other] == "-":
                    other += 1
                number = self._exact.get(coded[head] + coded[other]) if other < len(forms) else None
                if number is None:
                    break
                more.append(Found(head, other + 1, self._concepts[number], ((head, head + 1), (other, other + 1))))
                after = other + 1
            before = item.first - 1
            # English: it comes last, "chest and abdominal pain".
            while before > 0 and forms[before] in _AND:
                number = self._exact.get(coded[before - 1] + coded[rest])
                if number is None:
                    break
                more.append(
                    Found(before - 1, item.last, self._concepts[number], ((before - 1, before), (rest, rest + 1)))
                )
                before -= 2
        return more

    def _learn(self, surface: str) -> str:
        """The character of a word as written; ``-`` for one that does not count."""
        bare = surface.rstrip("'’")
        form = fold(bare)
        if form in _SMALL or bare in ("-", "\n", "'", "’", "\u2010", "\u2011"):
            character = "-"
        elif not bare[:1].isalnum():
            character = _BREAK
        else:
            strict = self._characters.get(f"={bare}") if bare[:2].isupper() else None
            character = strict or self._characters.get(self._normal(bare)) or _UNKNOWN
        self._known[surface] = character
        return character

    def _normal(self, word: str) -> str:
        return stem(word, self.language)

    def _coded_term(self, label: Label) -> str:
        coded = []
        for surface in Words(label.text).surfaces:
            bare = surface.rstrip("'’")
            if fold(bare) in _SMALL or bare in ("-", "'", "’"):
                continue
            if not bare[:1].isalnum():
                if bare in "()":
                    continue
                coded.append(_BREAK)
                continue
            coded.append(self._character(f"={bare}" if label.strict else self._normal(bare)))
        # "H. pylori" and "troubles du rythme (autres)" cannot be matched over the signs: the text breaks there.
        return "" if _BREAK in coded else "".join(coded)

    def _character(self, word: str) -> str:
        known = self._characters.get(word)
        if known is None:
            number = _FIRST + len(self._characters)
            if number >= _SURROGATES[0]:
                number += _SURROGATES[1] - _SURROGATES[0]
            known = self._characters[word] = chr(number)
        return known


def sense(
    concepts: tuple[str, ...], surface: str, around: set[str], clues: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> tuple[str, ...]:
    """The senses of a name, likeliest first, from the words around it.

    >>> sense(("a", "b"), "IRC", {"dialyse"}, {"IRC": {"b": ("dialyse",)}})
    ('b', 'a')
    """
    known = clues.get(surface)
    if known is None or len(concepts) < 2:
        return concepts
    order = list(known)
    weights = {c: sum(fold(word) in around for word in known.get(c, ())) for c in concepts}
    return tuple(sorted(concepts, key=lambda c: (-weights[c], order.index(c) if c in order else len(order))))
