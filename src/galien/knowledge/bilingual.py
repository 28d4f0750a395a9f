"""Words of one language that stand for a word of the other, to widen a question; no translation.

Three sources, in order: a table of words (``data/words.tsv``), the endings by which learned words of the two
languages differ (*néphropathie*, *nephropathy*), and the two spellings of English (*oesophagus*, *esophagus*).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_SHORTEST = 5
_PLURALS = (
    ("", ""), ("s", ""), ("x", ""), ("es", ""), ("aux", "al"), ("e", ""), ("ees", "e"), ("ee", "e"), ("euse", "eux"),
    ("euses", "eux"), ("ive", "if"), ("ives", "if"), ("elle", "el"), ("elles", "el"), ("nne", "n"), ("nnes", "n"),
    ("iere", "ier"), ("ieres", "ier"), ("ies", "y"),
)  # fmt: skip
# Of a French word, folded, and its English counterparts.
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ique", ("ic", "ical", "ics")), ("ite", ("itis", "ity", "ite")), ("ose", ("osis", "ose")), ("te", ("ty", "te")),
    ("aire", ("ary", "ar")), ("eur", ("or", "er")), ("eux", ("ous",)), ("euse", ("ous",)), ("ie", ("y", "ia")),
    ("isme", ("ism",)), ("iste", ("ist",)), ("e", ("", "ed")), ("er", ("ate", "e")), ("el", ("al",)),
    ("elle", ("al",)), ("if", ("ive",)), ("gue", ("g", "gue")), ("se", ("sis",)), ("ine", ("in",)), ("que", ("c",)),
    ("ant", ("ing",)), ("re", ("er",)), ("ome", ("oma",)), ("me", ("m",)),
)  # fmt: skip
_AMERICAN = (
    ("aemi", "emi"), ("haem", "hem"), ("anaes", "anes"), ("oede", "ede"), ("oeso", "eso"), ("rrhoea", "rrhea"),
    ("pnoea", "pnea"), ("gynae", "gyne"), ("paed", "ped"), ("caec", "cec"), ("faec", "fec"), ("leukae", "leuke"),
    ("ischae", "ische"), ("coeli", "celi"), ("foet", "fet"), ("tumour", "tumor"), ("labour", "labor"),
    ("behaviour", "behavior"), ("oestr", "estr"), ("caesar", "cesar"), ("sulph", "sulf"),
)  # fmt: skip


class Bilingual:
    """Counterparts of words; all forms are folded: lower case, without accents."""

    def __init__(self, pairs: dict[str, tuple[str, ...]]) -> None:
        self._to = {"en": pairs, "fr": _reversed(pairs)}

    def counterparts(self, word: str, language: str) -> tuple[str, ...]:
        """Words of ``language`` that stand for a word of the other, from the table.

        >>> shipped_words().counterparts("cannelles", "en")
        ('cinnamon',)
        """
        known = self._to[language]
        found = next((known[form] for form in _singulars(word) if form in known), ())
        # What is also a word of the other language would find something else: *pain* is not always bread.
        other = self._to["fr" if language == "en" else "en"]
        if language == "en":
            return tuple(dict.fromkeys(variant for form in found for variant in spellings(form)))
        return tuple(form for form in found if form not in self._to["fr"] and form in other)

    def cognates(self, word: str) -> tuple[str, ...]:
        """What the English counterpart of a learned French word may be; whoever asks checks that it exists.

        >>> "nephropathy" in shipped_words().cognates("nephropathies")
        True
        """
        found: dict[str, None] = {}
        for form in (word, word[:-1]) if word.endswith("s") else (word,):
            for ending, others in _ENDINGS:
                if form.endswith(ending):
                    stem = form[: len(form) - len(ending)]
                    found.update(dict.fromkeys(stem + other for other in others))
            found[form] = None
        return tuple(
            dict.fromkeys(
                variant for form in found if len(form) >= _SHORTEST for variant in spellings(form) if variant != word
            )
        )


def spellings(word: str) -> Iterator[str]:
    """A word, and how it is spelt in the United States where that differs.

    >>> list(spellings("haemorrhage"))
    ['haemorrhage', 'hemorrhage']
    """
    yield word
    other = word
    for british, american in _AMERICAN:
        other = other.replace(british, american)
    if other != word:
        yield other


def _singulars(word: str) -> Iterator[str]:
    for ending, other in _PLURALS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            yield word[: len(word) - len(ending)] + other


def _reversed(pairs: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    back: dict[str, list[str]] = defaultdict(list)
    for french, english in pairs.items():
        for word in english:
            back[word].append(french)
    return {word: tuple(found) for word, found in back.items()}


@cache
def shipped_words() -> Bilingual:
    """The table that Galien ships; read once a process."""
    lines = files("galien.knowledge").joinpath("data/words.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and line[0] != "#"]
    return Bilingual({french: tuple(english.split("|")) for french, english in rows[1:]})
