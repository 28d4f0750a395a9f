"""The pieces of the contextual encoder: an English vocabulary as it was, and French words beside it.

A text is cut as BERT does (Devlin et al. 2019, arXiv:1810.04805: words and signs, folded, then WordPiece), so
English texts give the very pieces that the layers were trained with. A French text takes its words from the French
vocabulary first, so *pain* or *main* mean what they mean in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from galien.language.memo import Memo
from galien.language.stopwords import ENGLISH, FRENCH

Language = Literal["fr", "en", ""]
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")
_APOSTROPHES = str.maketrans({"’": "'", "œ": "oe", "æ": "ae"})
_LONGEST = 60
_VOTERS = 200
_SAMPLE = 1_500
_ACCENTS = re.compile(r"[àâçèéêëîïôùûœ]", re.IGNORECASE)
_BOTH = FRENCH & ENGLISH
_FRENCH = frozenset(word.translate(str.maketrans("àéèêùûôîïç", "aeeeuuoiic")) for word in FRENCH - _BOTH) - ENGLISH
_ENGLISH = ENGLISH - _BOTH - _FRENCH


def tokens(text: str) -> list[str]:
    """Words and signs, folded.

    >>> tokens("L'œdème, à 7,5")
    ['l', "'", 'oedeme', ',', 'a', '7', ',', '5']
    """
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFD", text.translate(_APOSTROPHES))
        text = "".join([c for c in text if unicodedata.category(c) != "Mn"])
    return _TOKEN.findall(text)


def _singular(word: str) -> str:
    """A French word without the mark of its plural."""
    return word[:-1] if len(word) > 4 and word[-1] in "sx" else word


class BilingualPieces:
    """Cuts texts into numbers: English pieces first, then the French ones.

    Attributes
    ----------
    first, last : int
        What opens and closes a text (``[CLS]``, ``[SEP]``).
    """

    def __init__(self, english: Sequence[str], french: Sequence[str]) -> None:
        self._english = {piece: number for number, piece in enumerate(english)}
        self._french = {piece: number + len(english) for number, piece in enumerate(french)}
        self.first, self.last = self._english["[CLS]"], self._english["[SEP]"]
        self._unknown = self._english["[UNK]"]
        self._in = {"en": Memo(self._cut_english), "fr": Memo(self._cut_french)}

    def english(self, text: str) -> list[int]:
        """Pieces of a text in English, as the teacher's own tokenizer cuts it."""
        return self.cut(text, "en")

    def cut(self, text: str, language: Language = "") -> list[int]:
        """Pieces of a text; its language is detected where it is not given."""
        found = tokens(text)
        memo = self._in[language or self._language(text, found[:_VOTERS])]
        return [number for token in found for number in memo[token]]

    def _language(self, text: str, words: Sequence[str]) -> Literal["fr", "en"]:
        """By the words that one vocabulary alone knows, function words and accents; English where nothing speaks.

        Texts without function words (titles, notes, key words) are frequent here, so those cannot decide alone.
        """
        votes = 2 * len(_ACCENTS.findall(text[:_SAMPLE]))
        for word in words:
            votes += (word in self._french or _singular(word) in self._french) - (word in self._english)
            votes += 2 * ((word in _FRENCH) - (word in _ENGLISH))
        return "fr" if votes > 0 else "en"

    def _cut_english(self, word: str) -> tuple[int, ...]:
        return self._greedy(word, self._english) or (self._unknown,)

    def _cut_french(self, word: str) -> tuple[int, ...]:
        for known in (word, _singular(word)):
            whole = self._french.get(known, self._english.get(known))
            if whole is not None:
                return (whole,)
        return self._greedy(word, self._french) or self._greedy(word, self._english) or (self._unknown,)

    @staticmethod
    def _greedy(word: str, known: dict[str, int]) -> tuple[int, ...]:
        """The longest known pieces, one after the other; nothing when a part is unknown."""
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(min(len(word), start + _LONGEST), start, -1):
                number = known.get(word[start:end] if start == 0 else f"##{word[start:end]}")
                if number is not None:
                    break
            else:
                return ()
            found.append(number)
            start = end
        return tuple(found)
