"""Which concept each name of the terminologies is looked for as: one, and the lexicon's first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from galien.knowledge.terminologies.naming import common, spoken
from galien.knowledge.terminologies.nodes import Node, Speech, alike
from galien.knowledge.terminologies.terms import Term, names_of
from galien.model.concepts import Label

_CODES = ("CIM10", "ICD10", "ICD10CM", "CCAM")
"""Classifications: their terms join a concept by its codes."""
_LOUD = 6
"""Shortest abbreviation of a terminology that is looked for, with its mark: shorter ones mean too many things."""
_SHORTEST = 4
Name = tuple[str, tuple[str, ...]]
"""A language, and the words that are looked for."""


class _Claim(msgspec.Struct, frozen=True, order=True):
    """A terminology's wish to say a name: the least claim wins."""

    synonym: bool
    rank: int
    length: int
    place: int


class Voices:
    """Gives names to concepts.

    Parameters
    ----------
    speech : Speech
    nodes : mapping of id to Node
    lexical : iterable of names
        Those that the lexicon looks for.
    over : callable
        A concept and all above it.
    """

    def __init__(
        self, speech: Speech, nodes: Mapping[str, Node], lexical: Iterable[Name], over: Callable[[str], set[str]]
    ) -> None:
        self._speech, self._nodes, self._over = speech, nodes, over
        self._lexical = frozenset(lexical)
        # By their words, as small ones do not count: "LES de l'enfant" would be found in every "enfant".
        self._common = {
            (language, words)
            for language in ("fr", "en")
            for text in common(language)
            if (words := speech.words(Label(text, language), language))
        }
        self._plain = {(language, word) for language, words in self._lexical for word in words if word[0] != "="}

    def give(self, terms: Iterable[tuple[Term, Node, int]]) -> None:
        """Give each name of the terms to one concept."""
        best: dict[Name, tuple[_Claim, Node, Label, bool]] = {}
        for term, node, rank in terms:
            preferred = (term.fr, term.en)
            by_code = node.lexical is not None and term.vocabulary in _CODES
            known = set(node.labels)
            for label in names_of(term):
                if label.text not in (node.fr, node.en) and label not in known:
                    node.labels.append(label)
                    known.add(label)
                if not term.spoken or label.language not in ("fr", "en") or _loose(term, label):
                    continue
                for text in spoken(label.text, label.language):
                    name, words = self._as_written(Label(text, label.language, label.strict))
                    if not _loud(words) or self._taken(name.language, words):
                        continue
                    claim = _Claim(label.text not in preferred, rank, len(term.code), node.place)
                    if (name.language, words) not in best or claim < best[name.language, words][0]:
                        best[name.language, words] = (claim, node, name, by_code)
        for _, node, name, by_code in best.values():
            if self._kind_of_what_it_names(node, name, by_code):
                node.spoken.append(name)

    def _taken(self, language: str, words: tuple[str, ...]) -> bool:
        """Whether a name is the lexicon's, or nobody's."""
        return (language, words) in self._lexical or (language, words) in self._common

    def _as_written(self, name: Label) -> tuple[Label, tuple[str, ...]]:
        """A name and its words; a word in capitals that the lexicon knows in lower case is no abbreviation."""
        words = self._speech.words(name, name.language)
        text = name.text
        for word in words:
            if word[0] == "=":
                lower = self._speech.words(Label(word[1:].lower(), name.language), name.language)
                if len(lower) == 1 and (name.language, lower[0]) in self._plain:
                    text = text.replace(word[1:], word[1:].lower())
        if text != name.text:
            name = Label(text, name.language, name.strict)
            words = self._speech.words(name, name.language)
        return name, words

    def _kind_of_what_it_names(self, node: Node, name: Label, by_code: bool) -> bool:
        """Whether it is a kind of the lexicon's concept that its name holds, whose mentions it would take."""
        within = [id for id in self._speech.named(name.text, name.language) if alike(self._nodes[id].kind, node.kind)]
        if by_code:
            # A code of a classification is the nearest to what the lexicon means, and may say more or less:
            # M75, *lésions de l'épaule*, is where a periarthritis is coded.
            return node.id in within
        return not within or not self._over(node.id).isdisjoint(within)


def _loose(term: Term, label: Label) -> bool:
    """One word for a thing that is called by several: said in its context only (*plaque*, *permanente*)."""
    preferred = term.fr if label.language == "fr" else term.en
    return term.kind != "drug" and " " not in label.text and " " in preferred


def _loud(words: tuple[str, ...]) -> bool:
    """Whether the words are enough to be looked for.

    An abbreviation alone must be long: it is met in capitals, as are the titles of reports.
    """
    if len(words) == 1:
        return len(words[0]) >= _LOUD if words[0].startswith("=") else len(words[0]) >= _SHORTEST
    return bool(words)
