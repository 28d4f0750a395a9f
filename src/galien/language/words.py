"""A text as words and signs with their places: what every reader of this room works on.

Finer than the words of the index: here a comma, a line break and an elided ``n'`` count.
"""

from __future__ import annotations

import re
from itertools import accumulate, compress

from galien.language.analysis import fold
from galien.language.memo import Memo

_PIECE = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+['’]?|\n|[^\w\s]|(?:_|[^\S\n])+")


class Words:
    """The words and signs of a text.

    Attributes
    ----------
    text : str
    starts, ends : list of int
        Places, in code points. An apostrophe is part of the word that it elides (``n'``).
    forms : list of str
        Folded: lower case, without accents, without the apostrophe. ``"\\n"`` is a sign.
    """

    __slots__ = ("ends", "forms", "starts", "surfaces", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # The pieces, gaps among them, make up the text: places follow from lengths, without a match object each.
        pieces = _PIECE.findall(text)
        kept = list(map(_FORMS.__getitem__, pieces))
        ends = list(accumulate(map(len, pieces)))
        self.starts = list(compress([0, *ends], kept))
        self.ends = list(compress(ends, kept))
        self.surfaces = list(compress(pieces, kept))
        self.forms = list(filter(None, kept))

    def __len__(self) -> int:
        return len(self.starts)


def _form(surface: str) -> str:
    """``""`` for a gap."""
    if surface[0] == "_" or (surface[0] != "\n" and surface.isspace()):
        return ""
    return fold(surface.rstrip("'’")) or surface


_FORMS = Memo(_form)
