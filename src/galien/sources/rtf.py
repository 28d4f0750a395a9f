"""RTF letters."""

from __future__ import annotations

from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from galien.model.errors import MalformedInput
from galien.model.records import AnySourceRecord
from galien.sources.encoding import normal
from galien.sources.plain import document
from galien.sources.port import Problem, Raw, ReadOptions


class _Rtf:
    name = "rtf"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        return 95 if head.lstrip()[:5] == b"{\\rtf" else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        yield document(raw, options, rtf_text(raw.data))


def rtf_text(data: bytes) -> str:
    """Readable text of an RTF file.

    Raises
    ------
    MalformedInput
        It is cut short or not RTF.
    """
    if data.count(b"{") - data.count(b"\\{") > data.count(b"}") - data.count(b"\\}"):
        raise MalformedInput("the RTF is cut short")
    try:
        return normal(rtf_to_text(data.decode("cp1252", errors="replace"), errors="replace")).strip()
    except Exception as error:  # striprtf raises whatever its tables raise
        raise MalformedInput("the RTF cannot be read") from error


source = _Rtf()
