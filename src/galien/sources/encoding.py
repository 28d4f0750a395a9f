"""Bytes of any usual encoding to text."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections import Counter

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
_LIKELY = frozenset("àâäáãåæçéèêëíîïìñóôöõœúùûüÿßÀÂÄÁÃÅÆÇÉÈÊËÍÎÏÌÑÓÔÖÕŒÚÙÛÜŸ°«»‘’“”–—•…€µ²³½¼¾·±×§©®\xa0")
_IN_WORD = re.compile(r"[¼½¾](?=[a-zà-ÿ]{2})|(?<=[a-zà-ÿ])[¼½¾]")


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
    return _one_byte(data)


def _one_byte(data: bytes) -> str:
    """The Western encoding whose high bytes read as letters and signs of a hospital's texts."""
    high = Counter(byte for byte in data if byte >= 0x80)
    for name in ("cp1252", "cp850", "mac_roman"):
        signs = {byte: bytes([byte]).decode(name, "replace") for byte in high}
        likely = sum(count for byte, count in high.items() if signs[byte] in _LIKELY)
        if likely >= 0.8 * high.total():
            text = data.decode(name, errors="replace")
            # Latin-9 has oe where Latin-1 has fractions: a fraction inside a word is none.
            latin9 = name == "cp1252" and not _C1 & high.keys() and _IN_WORD.search(text)
            return data.decode("iso8859-15") if latin9 else text
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
