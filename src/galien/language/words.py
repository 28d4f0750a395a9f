"""A text as words and signs with their places: what every reader of this room works on.

Finer than the words of the index: here a comma, a line break and an elided ``n'`` count.
"""

from __future__ import annotations

import re

from galien.language.analysis import fold
from galien.language.memo import Memo

_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+['’]?|\n|[^\w\s]")


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
        spans = [(m.start(), m.end()) for m in _WORD.finditer(text)]
        self.starts = [start for start, _ in spans]
        self.ends = [end for _, end in spans]
        self.surfaces = _WORD.findall(text)
        self.forms = list(map(_FORMS.__getitem__, self.surfaces))

    def __len__(self) -> int:
        return len(self.starts)


def _form(surface: str) -> str:
    return fold(surface.rstrip("'’")) or surface


_FORMS = Memo(_form)
