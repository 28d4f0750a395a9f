"""Analysed text: what the index holds of a title and a body. (The analyser itself follows.)"""

from __future__ import annotations

import msgspec


class Analysed(msgspec.Struct, frozen=True):
    """Terms of a text, one token per position, joined by single spaces.

    ``*_stem`` are stemmed in the language of the text then folded; ``*_exact`` folded only. The two run in
    parallel, position for position, so that phrases can mix them.
    """

    title_stem: str = ""
    title_exact: str = ""
    body_stem: str = ""
    body_exact: str = ""
    language: str = ""
