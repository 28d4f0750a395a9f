"""Bytes of any usual encoding to text."""

from __future__ import annotations

import base64
import binascii
import codecs
import unicodedata

from charset_normalizer import from_bytes

from galien.model.errors import MalformedInput

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Bytes 0x80-0x9F are printable in Windows-1252 and control characters in ISO 8859-1.
_C1 = frozenset(range(0x80, 0xA0))


def decode(data: bytes) -> str:
    """Text of a file, NFC, lines ended by ``\\n``.

    Order: byte-order mark, UTF-8, UTF-16 without mark, then Windows-1252 (which holds ISO 8859-1), and
    `charset_normalizer` where that gives rubbish.

    Raises
    ------
    MalformedInput
        It is not text in any encoding known here.
    """
    text = _decode(data)
    if text.count("\x00") > len(text) // 1000:
        raise MalformedInput("this is not text")
    return normal(text)


def normal(text: str) -> str:
    """NFC, ``\\n`` line ends, no control characters but tab."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").replace("\x00", "")
    return unicodedata.normalize("NFC", text)


def looks_like_text(head: bytes) -> bool:
    """Whether the beginning of a file is text: few control bytes, or a byte-order mark."""
    if not head:
        return False
    if any(head.startswith(mark) for mark, _ in _BOMS):
        return True
    if head.count(0) > len(head) // 4 and _utf16(head) is not None:
        return True
    control = sum(head.count(byte) for byte in (*range(0, 9), *range(14, 27), *range(28, 32), 127))
    return control * 500 <= len(head)


def from_base64(text: str) -> bytes:
    """Bytes of base64 text, broken over lines or not, with or without its final padding.

    Raises
    ------
    MalformedInput
        It is not base64 (RFC 4648, section 4), or empty.
    """
    packed = "".join(text.split()).rstrip("=")
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedInput("an attachment is not base64") from error
    if not data:
        raise MalformedInput("an attachment is empty")
    return data


def _decode(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(name)
            except UnicodeDecodeError as error:
                raise MalformedInput("the text does not follow its byte-order mark") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    wide = _utf16(data)
    if wide is not None:
        return wide
    high = [byte for byte in data if byte >= 0x80]
    letters = sum(
        1
        for byte in high
        if byte >= 0xC0 or byte in (0x92, 0x9C, 0x8C, 0xB0, 0xA0, 0xAB, 0xBB, 0xB5, 0x80, 0x85, 0x96, 0x97, 0x93, 0x94)
    )
    if not high or letters >= len(high) * 0.8:
        return data.decode("cp1252", errors="replace" if _C1 & set(high) else "strict")
    best = from_bytes(data).best()
    return str(best) if best is not None else data.decode("cp1252", errors="replace")


def _utf16(data: bytes) -> str | None:
    if len(data) < 4 or data.count(0) < len(data) // 4:
        return None
    name = "utf-16-le" if data[1:200:2].count(0) > data[0:200:2].count(0) else "utf-16-be"
    try:
        text = data[: len(data) // 2 * 2].decode(name)
    except UnicodeDecodeError:
        return None
    # Arrays of numbers decode too; text has few control characters.
    sample = text[:4096]
    strange = sum(1 for c in sample if c < " " and c not in "\t\r\n")
    return text if strange * 50 <= len(sample) else None
