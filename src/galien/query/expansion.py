"""What else a question may be called: other names of its concepts, and its words in the other language."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from galien.index import clauses as c
from galien.knowledge import Bilingual, Lexicon
from galien.language import exact, is_question_word, is_stop_word, stem, tokens
from galien.language.detection import leaning
from galien.language.reading import Reader
from galien.language.words import Words
from galien.query.planning import Needle

ARROW = " → "
"""Between what was typed and the other name that was found: ``sein → breast``."""
_SAME, _OTHER, _COGNATE = 0.2, 0.3, 0.7
_TABLE = {"en": 1.0, "fr": 0.3}
"""By the language into which words are taken: articles are mostly English."""
_MOST_NAMES = 12
_SHORTEST = 3
_FEW = 2
_LANGUAGES = ("fr", "en")


class Expansion(msgspec.Struct, frozen=True):
    """Weighted clauses that widen a question, and the words to mark in what they find."""

    clauses: tuple[c.Clause, ...] = ()
    needles: tuple[Needle, ...] = ()


class Expander:
    """Widens questions with a lexicon and a table of words.

    The weights, of which a word of the question has 1, were tuned on the sets and halves that docs/ranking.md names.
    """

    def __init__(self, lexicon: Lexicon, reader: Reader, words: Bilingual) -> None:
        self._lexicon = lexicon
        self._reader = reader
        self._words = words

    def expand(self, text: str, frequency: Callable[[Sequence[str]], int]) -> Expansion:
        """Widen a question.

        Parameters
        ----------
        text : str
        frequency : callable
            How many entries hold any of some stems: a cognate that none holds is dropped.
        """
        language = leaning(text)
        typed = {form for token in tokens(text) for form in _stems(text[token.start : token.end])}
        clauses: list[c.Clause] = []
        needles: list[Needle] = []
        for start, end, concept in self._concepts(text):
            for clause, found in self._names(text[start:end], concept, language, typed):
                clauses.append(clause)
                needles += found
        for token in tokens(text):
            word = token.exact
            if len(word) < _SHORTEST or is_stop_word(word) or is_question_word(word) or not word.isalpha():
                continue
            # Where the language is not sure, a word that the index holds needs no counterpart.
            if not language and frequency(_stems(word)) > _FEW:
                continue
            forms = self._counterparts(word, language, typed, frequency)
            if forms:
                clauses.append(c.Best(tuple(_weighted(form, weight) for form, weight in forms)))
                needles += [_needle(form, text[token.start : token.end]) for form, _ in forms]
        return Expansion(tuple(clauses), tuple(dict.fromkeys(needles)))

    def _concepts(self, text: str) -> list[tuple[int, int, str]]:
        """Concepts named in a text, the longest names only, each with its place."""
        words = Words(text)
        named: list[tuple[int, int, str]] = []
        for language in _LANGUAGES:
            for item in self._reader.finder(language).find(words, typed=True):
                if item.concepts and not item.parts:
                    named.append((words.starts[item.first], words.ends[item.last - 1], item.concepts[0]))
        kept: list[tuple[int, int, str]] = []
        for start, end, concept in sorted(named, key=lambda item: (item[0], -item[1])):
            if not kept or start >= kept[-1][1]:
                kept.append((start, end, concept))
        return kept

    def _names(self, typed: str, id: str, language: str, known: set[str]) -> list[tuple[c.Clause, tuple[Needle, ...]]]:
        concept = self._lexicon.get(id)
        if concept is None:
            return []
        found: list[tuple[c.Clause, tuple[Needle, ...]]] = []
        for spoken in _LANGUAGES:
            first = concept.fr if spoken == "fr" else concept.en
            names = [first, *(label.text for label in concept.labels if label.language == spoken)]
            weight = _OTHER if language and spoken != language else _SAME
            clauses: list[c.Clause] = []
            marks: list[Needle] = []
            for name in [name for name in dict.fromkeys(names) if name][:_MOST_NAMES]:
                surfaces = [name[token.start : token.end] for token in tokens(name) if not is_stop_word(token.exact)]
                if not surfaces or all(known.intersection(_stems(surface)) for surface in surfaces):
                    continue
                clauses.append(_named(surfaces, weight))
                marks += [_needle(exact(surface), typed) for surface in surfaces if len(surface) >= _SHORTEST]
            if clauses:
                found.append((c.Best(tuple(clauses)), tuple(marks)))
        return found

    def _counterparts(
        self, word: str, language: str, typed: set[str], frequency: Callable[[Sequence[str]], int]
    ) -> list[tuple[str, float]]:
        other = "fr" if language == "en" else "en"
        forms = [(form, _TABLE[other]) for form in self._words.counterparts(word, other)]
        if not forms and other == "en":
            forms = [(form, _COGNATE) for form in self._words.cognates(word) if frequency((stem(form, "en"),))]
        return [(form, weight) for form, weight in forms if typed.isdisjoint(_stems(form))]


def _stems(surface: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((stem(surface, "en"), stem(surface, "fr"))))


def _weighted(form: str, weight: float) -> c.Clause:
    return c.Boosted(c.Term(_stems(form)), weight)


def _named(surfaces: list[str], weight: float) -> c.Clause:
    if len(surfaces) == 1:
        return _weighted(surfaces[0], weight)
    variants = tuple(dict.fromkeys(tuple(stem(s, language) for s in surfaces) for language in _LANGUAGES))
    return c.Boosted(c.Nearby(variants), weight)


def _needle(form: str, typed: str) -> Needle:
    return Needle(form, stem(form, "fr"), stem(form, "en"), why=f"{typed}{ARROW}{form}")
