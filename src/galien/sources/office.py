"""DOCX and ODT: zip files of XML, read without trusting their sizes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from galien.model.errors import HostileInput, MalformedInput
from galien.model.records import AnySourceRecord, Section
from galien.sources.plain import document
from galien.sources.port import Limits, Problem, Raw, ReadOptions
from galien.sources.xml import local, parse_xml

_RATIO = 200
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def member(data: bytes, name: str, limits: Limits) -> bytes:
    """One member of a zip, bounded.

    Raises
    ------
    MalformedInput
        The zip is broken, or lacks it.
    HostileInput
        It would unpack to an absurd size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            about = archive.getinfo(name)
            if about.file_size > limits.file_bytes or about.file_size > max(16 << 20, _RATIO * len(data)):
                raise HostileInput("a part of the document unpacks to an absurd size")
            return archive.read(about)
    except (
        zipfile.BadZipFile,
        KeyError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise MalformedInput("the document's container is broken") from error
    except Exception as error:  # zlib.error and its kin
        raise MalformedInput("the document's container is broken") from error


class _Writer:
    """Lines of text, and the headings among them."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._length = 0
        self._headings: list[tuple[int, str]] = []

    def line(self, text: str, *, heading: bool = False) -> None:
        text = text.strip()
        if not text:
            return
        if heading:
            self._headings.append((self._length, text))
        self._lines.append(text)
        self._length += len(text) + 1

    def result(self) -> tuple[str, tuple[Section, ...] | None]:
        text = "\n".join(self._lines)
        sections = tuple(
            Section(title, start, self._headings[i + 1][0] if i + 1 < len(self._headings) else len(text))
            for i, (start, title) in enumerate(self._headings)
        )
        return text, sections or None


class _Docx:
    name = "docx"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        return 92 if head[:4] == b"PK\x03\x04" and b"word/" in head else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        text, sections = docx_text(raw.data, options.limits)
        yield document(raw, options, text, sections=sections)


def docx_text(data: bytes, limits: Limits) -> tuple[str, tuple[Section, ...] | None]:
    """Text of a DOCX, its headings as sections, tables as rows."""
    root = parse_xml(member(data, "word/document.xml", limits), limits)
    writer = _Writer()
    body = root.find(f"{_WORD}body")
    for block in body if body is not None else ():
        if block.tag == f"{_WORD}p":
            style = block.find(f"{_WORD}pPr/{_WORD}pStyle")
            named = style.get(f"{_WORD}val", "") if style is not None else ""
            writer.line(_runs(block), heading=named.lower().startswith(("heading", "titre", "title")))
        elif block.tag == f"{_WORD}tbl":
            for row in block.iter(f"{_WORD}tr"):
                cells = (" ".join(_runs(p) for p in cell.iter(f"{_WORD}p")) for cell in row.iter(f"{_WORD}tc"))
                writer.line(" | ".join(cell.strip() for cell in cells))
    return writer.result()


def _runs(paragraph: Any) -> str:
    parts = []
    for node in paragraph.iter():
        name = local(node)
        if name == "t":
            parts.append(node.text or "")
        elif name in ("tab", "br", "cr"):
            parts.append(" ")
    return "".join(parts)


class _Odt:
    name = "odt"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        return 92 if head[:4] == b"PK\x03\x04" and b"application/vnd.oasis.opendocument.text" in head[:200] else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        root = parse_xml(member(raw.data, "content.xml", options.limits), options.limits)
        writer = _Writer()
        for node in root.iter():
            name = local(node)
            inside = any(local(up) == "table-row" for up in node.iterancestors())
            if name in ("h", "p") and not inside:
                writer.line(_spaced(node), heading=name == "h")
            elif name == "table-row":
                writer.line(" | ".join(_spaced(cell) for cell in node if local(cell) == "table-cell"))
        text, sections = writer.result()
        yield document(raw, options, text, sections=sections)


def _spaced(element: Any) -> str:
    parts = []
    for node in element.iter():
        if local(node) in ("s", "tab", "line-break"):
            parts.append(" ")
        parts.append(node.text or "")
        if node is not element:
            parts.append(node.tail or "")
    return " ".join("".join(parts).split())


docx = _Docx()
odt = _Odt()
