"""A text as words and signs with their places: what every reader of this room works on.

Finer than the words of the index: here a comma, a line break and an elided ``n'`` count.
"""

from __future__ import annotations

import re
from typing import ClassVar

from galien.language.analysis import fold

_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+['’]?|\n|[^\w\s]")
_CACHE = 400_000


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
    _known: ClassVar[_Forms]

    def __init__(self, text: str) -> None:
        self.text = text
        spans = [(m.start(), m.end()) for m in _WORD.finditer(text)]
        self.starts = [start for start, _ in spans]
        self.ends = [end for _, end in spans]
        self.surfaces = _WORD.findall(text)
        if len(self._known) > _CACHE:
            self._known.clear()
        self.forms = list(map(self._known.__getitem__, self.surfaces))

    def __len__(self) -> int:
        return len(self.starts)


class _Forms(dict[str, str]):
    """Forms of surfaces, made when first asked for."""

    def __missing__(self, surface: str) -> str:
        plain = self[surface] = fold(surface.rstrip("'’")) or surface
        return plain


Words._known = _Forms()
