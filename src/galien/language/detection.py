"""French or English: a vote of the commonest words, which is what separates the two."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")
_FRENCH = frozenset(
    [
        "le",
        "la",
        "les",
        "un",
        "une",
        "des",
        "du",
        "de",
        "et",
        "en",
        "est",
        "au",
        "aux",
        "dans",
        "par",
        "pour",
        "sur",
        "avec",
        "sans",
        "pas",
        "ne",
        "que",
        "qui",
        "il",
        "elle",
        "nous",
        "vous",
        "son",
        "sa",
        "ses",
        "ce",
        "cette",
        "plus",
        "ou",
        "à",
        "été",
        "chez",
        "patient",
        "patiente",
        "depuis",
        "compte",
        "rendu",
        "traitement",
        "douleur",
        "dont",
        "sont",
        "sous",
    ]
)
_ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "and",
        "in",
        "is",
        "was",
        "with",
        "without",
        "for",
        "on",
        "at",
        "to",
        "no",
        "not",
        "this",
        "that",
        "he",
        "she",
        "his",
        "her",
        "were",
        "are",
        "be",
        "been",
        "by",
        "from",
        "as",
        "it",
        "has",
        "had",
        "which",
        "pain",
        "history",
        "patient",
        "or",
        "we",
        "there",
        "after",
        "left",
        "right",
    ]
)
_SAMPLE = 4000


def detect(text: str) -> str:
    """``fr`` or ``en``; French where nothing speaks for either.

    >>> detect("La patiente est opérée d'une prothèse de hanche"), detect("No evidence of pneumonia")
    ('fr', 'en')
    """
    return leaning(text) or "fr"


def leaning(text: str) -> str:
    """``fr`` or ``en``; ``""`` where nothing speaks for one more than for the other, as in most short queries.

    >>> leaning("cannelle et cholestérol"), leaning("mercury")
    ('fr', '')
    """
    french = english = 0
    for word in _WORD.findall(text[:_SAMPLE].lower()):
        french += word in _FRENCH
        english += word in _ENGLISH
        if not word.isascii():
            french += 1
    return "en" if english > french else "fr" if french > english else ""
