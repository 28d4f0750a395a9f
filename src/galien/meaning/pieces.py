"""A text as pieces of words: what the shipped encoder, and its training, work on.

Words are folded (no accents, no case); a word of the vocabulary is one piece, another is cut greedily into the
longest known pieces (WordPiece, Wu et al. 2016, arXiv:1609.08144), the later ones marked ``##``. Words recur, so
each is cut once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from galien.language.memo import Memo

_WORD = re.compile(r"[a-z]+|[0-9]+")
_LETTERS = str.maketrans(
    {
        "œ": "oe",
        "æ": "ae",
        "ß": "ss",
        "ø": "o",
        "ł": "l",
        "µ": "u",
        "α": "alpha",
        "β": "beta",
        "γ": "gamma",
        "δ": "delta",
        "ε": "epsilon",
        "κ": "kappa",
        "λ": "lambda",
        "μ": "u",
        "ω": "omega",
    }
)
_LONGEST = 40


def words(text: str) -> list[str]:
    """Folded words and numbers of a text.

    >>> words("L'œdème à 7,5 %")
    ['l', 'oedeme', 'a', '7', '5']
    """
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
        text = "".join([c for c in text if not unicodedata.combining(c)])
    return _WORD.findall(text)


class Pieces:
    """Cuts texts into the numbers of a vocabulary.

    Parameters
    ----------
    vocabulary : iterable of str
        Pieces in the order of their numbers; ``##`` begins those that continue a word.
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._memo: Memo[str, tuple[int, ...]] = Memo(self._cut)

    def __call__(self, text: str) -> list[int]:
        """Numbers of the pieces of a text, in order."""
        memo = self._memo
        return [number for word in words(text) for number in memo[word]]

    def _cut(self, word: str) -> tuple[int, ...]:
        known = self._numbers
        whole = known.get(word)
        if whole is not None:
            return (whole,)
        word = word[:_LONGEST]
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                number = known.get(piece)
                if number is not None:
                    found.append(number)
                    break
            else:
                end = start + 1  # a sign that no piece holds
            start = end
        return tuple(found)
