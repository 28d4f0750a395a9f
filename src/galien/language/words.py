"""A text as words and signs with their places: what every reader of this room works on.

Finer than the words of the index: here a comma, a line break and an elided ``n'`` count.
"""

from __future__ import annotations

import re
from itertools import accumulate, compress
from operator import add, itemgetter

from galien.language.analysis import fold
from galien.language.memo import Memo

_PIECE = re.compile(r"(?:[^\W\d]\w*['’]?|\d+(?:[.,]\d+)+|\w+['’]?|[^\w\s]|\n) ?|[^\S\n]+")


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
        # The pieces (words with the space after them, and wider gaps) make up the text: their places follow from
        # their lengths, and what is known of each is looked up.
        pieces = _PIECE.findall(text if "_" not in text else text.replace("_", " "))
        known = list(map(_KNOWN.__getitem__, pieces))
        forms, surfaces = list(map(_FIRST, known)), list(map(_SECOND, known))
        starts = list(accumulate(map(len, pieces), initial=0))
        ends = list(map(add, starts, map(len, surfaces)))
        if "" in forms:
            starts, ends = list(compress(starts, forms)), list(compress(ends, forms))
            surfaces, forms = list(compress(surfaces, forms)), list(filter(None, forms))
        self.starts, self.ends, self.surfaces, self.forms = starts[: len(forms)], ends, surfaces, forms

    def __len__(self) -> int:
        return len(self.starts)


def _known(piece: str) -> tuple[str, str]:
    """The form and the surface of a piece; the form of a gap is ``""``."""
    surface = piece[:-1] if piece[-1] == " " else piece
    if not surface or (surface[0] != "\n" and surface.isspace()):
        return "", surface
    return fold(surface.rstrip("'’")) or surface, surface


_KNOWN = Memo(_known)
_FIRST, _SECOND = itemgetter(0), itemgetter(1)
