"""Evidence: why a hit is there, in words that can be checked against the stored bytes."""

from __future__ import annotations

from typing import Literal

import msgspec


class Span(msgspec.Struct, frozen=True):
    """A stretch of a text, in code points: ``text[start:end]``."""

    start: int
    end: int


class Evidence(msgspec.Struct, frozen=True):
    """One reason for a hit.

    Attributes
    ----------
    kind : {"quote", "code", "value", "image", "title"}
    record : int
        Ledger id of the record that says so.
    document : str
        Public id of the document, study or article that holds it (``d12``, ``i3``, ``a9``), or ``""``.
    quote : str
        The words, exactly as stored (for ``code`` and ``value``: the label and the value as stored).
    start, end : int
        Where the quote lies in the document's text (code points); 0, 0 for coded rows.
    marks : tuple of Span
        The matching words, *relative to the quote*.
    section : str
        Title of the section around the quote, or ``""``.
    at : str
        ISO date of the fact, or ``""``.
    code : str
        ``VOCABULARY:code`` for coded facts.
    why : tuple of str
        Which words of the query it answers.
    source_path : str
        Path of the source file as it was given to ``galien ingest`` (with ``!`` before an archive member).
    tool : str
        What produced the reading (``galien.sources.cda/1``).
    """

    kind: Literal["quote", "code", "value", "image", "title"]
    record: int
    quote: str
    document: str = ""
    start: int = 0
    end: int = 0
    marks: tuple[Span, ...] = ()
    section: str = ""
    at: str = ""
    code: str = ""
    why: tuple[str, ...] = ()
    source_path: str = ""
    tool: str = ""
