"""What a word is.

One regular expression cuts text into tokens; each has an *exact* form (lower case, without accents) and a
*stem* (Snowball, in the language of the text, then without accents). Index, queries and highlights all
use these functions, so that they agree to the letter.

Kept whole: ``7,5`` and ``7.5`` (the same number), ``145/90``, ``mg/j``, ``HbA1c``, ``IL-6`` (= ``IL6``).
Dropped: elided articles (``l'``, ``d'``, ``qu'``...). ``post-opératoire`` is two words; queries look for the
joined form too.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator

import msgspec
import Stemmer

from galien.language.detection import detect

_UNITS = (
    r"(?:[mµnpcd]?g|[mµun]?mol|mUI|UI|IU|mEq|[mcdµ]?[lL]|kcal|mmHg|mm|cm|copies)/"
    r"(?:jour|j|kg|dL|dl|mL|ml|[lL]|24h|h|min|m2|m²|mmol|mol|g|d|day)"
)
_TOKEN = re.compile(
    r"(?:\b(?:[lLdDnNjJsScCmMtT]|[qQ]u|[jJ]usqu|[lL]orsqu|[pP]uisqu)['’])?"
    rf"({_UNITS}(?!\w)|[^\W\d_]{{1,3}}-\d+(?![\w])|\d+(?:[.,]\d+)+(?!\w)|\d+/\d+(?!\w)|[^\W_]+)"
)
_SPECIAL = {
    "œ": "oe",
    "æ": "ae",
    "ß": "ss",
    "ø": "o",
    "ł": "l",
    "’": "'",
    "µ": "u",
    "μ": "u",
    "²": "2",
    "³": "3",
}
_SHORTEST_STEMMED = 4
_CACHE = 400_000


class Analysed(msgspec.Struct, frozen=True):
    """Terms of a text, one token per position, joined by single spaces.

    ``*_stem`` are stemmed in the language of the text then folded; ``*_exact`` folded only. The two run in
    parallel, position for position, so that phrases can mix them. ``title`` is kept as written, for
    suggestions.
    """

    title_stem: str = ""
    title_exact: str = ""
    body_stem: str = ""
    body_exact: str = ""
    language: str = ""
    title: str = ""


class Token(msgspec.Struct, frozen=True):
    """One word of a text: ``text[start:end]`` and its exact form."""

    exact: str
    start: int
    end: int


class _Forms(threading.local):
    """Stemmers and remembered forms, one set a thread: Snowball objects are not shared safely."""

    def __init__(self) -> None:
        self.stemmers = {"fr": Stemmer.Stemmer("french", 0), "en": Stemmer.Stemmer("english", 0)}
        self.known: dict[str, dict[str, tuple[str, str]]] = {"fr": {}, "en": {}}

    def of(self, word: str, language: str) -> tuple[str, str]:
        known = self.known[language]
        found = known.get(word)
        if found is None:
            found = self._make(word, language)
            if len(known) > _CACHE:
                known.clear()
            known[word] = found
        return found

    def _make(self, word: str, language: str) -> tuple[str, str]:
        lower = word.lower()
        plain = fold(lower)
        if any(c.isdigit() for c in plain):
            # A decimal comma is a decimal point; IL-6 is IL6; a thousand forms of a number stay apart.
            plain = plain.replace(",", ".").replace("-", "")
            return plain, plain
        if len(lower) < _SHORTEST_STEMMED or "/" in lower:
            return plain, plain
        return plain, fold(self.stemmers[language].stemWord(lower))


_FORMS = _Forms()


def fold(word: str) -> str:
    """Without accents or ligatures, in lower case.

    >>> fold("Œdème")
    'oedeme'
    """
    word = word.lower()
    if word.isascii():
        return word
    plain = word.translate(_LATIN)
    return plain if plain.isascii() else _unaccented(word)


def _unaccented(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", "".join([_SPECIAL.get(c, c) for c in word]))
    return "".join([c for c in decomposed if not unicodedata.combining(c)])


_LATIN = {number: _unaccented(chr(number)) for number in (*range(0xA0, 0x180), ord("’"))}
"""What `fold` makes of the letters of French and its neighbours: most words need no more."""


def analyse(title: str, body: str, language: str = "") -> Analysed:
    """Analyse a title and a body; an unknown language is detected on both.

    >>> analyse("L'œdème aigu", "HbA1c à 7,5 %", "fr").body_exact
    'hba1c a 7.5'
    """
    language = language if language in ("fr", "en") else detect(f"{title}\n{body[:4000]}")
    title_exact, title_stem = _streams(title, language)
    body_exact, body_stem = _streams(body, language)
    return Analysed(title_stem, title_exact, body_stem, body_exact, language, title[:200])


def _streams(text: str, language: str) -> tuple[str, str]:
    words = _TOKEN.findall(text)
    if not words:
        return "", ""
    known = _FORMS.known[language]
    forms = [known.get(word) or _FORMS.of(word, language) for word in words]
    return " ".join([f[0] for f in forms]), " ".join([f[1] for f in forms])


def tokens(text: str) -> Iterator[Token]:
    """Words of a text with their places; elided articles are not part of them."""
    for found in _TOKEN.finditer(text):
        word = found.group(1)
        yield Token(_FORMS.of(word, "fr")[0], found.start(1), found.end(1))


def exact(word: str) -> str:
    """Exact form of one word."""
    return _FORMS.of(word, "fr")[0]


def stem(word: str, language: str) -> str:
    """Stem of one word in ``fr`` or ``en``.

    >>> stem("prothèses", "fr") == stem("prothèse", "fr")
    True
    """
    return _FORMS.of(word, language)[1]


def word_at(text: str, start: int) -> tuple[str, int, int] | None:
    """The word that covers or follows ``start``: its text and place."""
    found = _TOKEN.match(text, start)
    return (found.group(1), found.start(1), found.end(1)) if found else None
