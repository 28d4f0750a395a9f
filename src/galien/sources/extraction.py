"""Text of a file carried inside another (the PDF in a CDA, the RTF in a DocumentReference)."""

from __future__ import annotations

from galien.sources.encoding import decode
from galien.sources.html import html_text
from galien.sources.office import docx_text
from galien.sources.pdf import extract_text
from galien.sources.port import ReadOptions
from galien.sources.rtf import rtf_text


def extract(mime: str, data: bytes, options: ReadOptions) -> tuple[str, tuple[int, ...]]:
    """Readable text and page offsets of an attachment; ``("", ())`` for a type that holds no text.

    Raises
    ------
    InputError
        It is broken.
    """
    kind = mime.split(";", maxsplit=1)[0].strip().lower()
    if kind == "application/pdf" or data[:5] == b"%PDF-":
        return extract_text(data, options)
    if kind in ("application/rtf", "text/rtf") or data[:5] == b"{\\rtf":
        return rtf_text(data), ()
    if kind in ("text/html", "application/xhtml+xml"):
        return html_text(decode(data), options.limits)[0], ()
    if kind == "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
        return docx_text(data, options.limits)[0], ()
    if kind.startswith("text/"):
        return decode(data), ()
    return "", ()
