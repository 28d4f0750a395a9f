"""HTML pages: readable text, headings as sections, tables as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from galien.model.errors import HostileInput, MalformedInput
from galien.model.records import AnySourceRecord, Section
from galien.sources.encoding import decode, looks_like_text, normal
from galien.sources.plain import document
from galien.sources.port import Limits, Problem, Raw, ReadOptions

_BLOCKS = {
    "p", "div", "br", "li", "tr", "table", "section", "article", "header", "footer", "ul", "ol", "dl", "dt", "dd",
    "blockquote", "pre", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "thead", "tbody", "paragraph", "list",
    "item", "sec", "title", "fig", "table-wrap", "list-item", "def-list", "def-item", "disp-quote", "boxed-text",
    "disp-formula", "supplementary-material", "verse-group", "statement",
}  # fmt: skip
_CELLS = {"td", "th"}
_DROPPED = {
    "tex-math",
    "ref-list",
    "script",
    "style",
    "head",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_ROOT = re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE)


class _Html:
    name = "html"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if not looks_like_text(head):
            return 0
        place = _ROOT.search(head[:2048].replace(b"\x00", b""))
        return 80 if place else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        text, sections, title = html_text(decode(raw.data), options.limits)
        yield document(raw, options, text, title=title, sections=sections)


def html_text(markup: str, limits: Limits) -> tuple[str, tuple[Section, ...], str]:
    """Readable text of HTML, its sections and its title.

    Raises
    ------
    MalformedInput
        Nothing in it can be read.
    """
    if not markup.strip():
        return "", (), ""
    try:
        root = html.document_fromstring(
            re.sub(r"^\s*<\?xml[^>]*\?>", "", markup),
            parser=html.HTMLParser(huge_tree=False, no_network=True),
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise MalformedInput("the HTML cannot be read") from error
    writer = _Writer(limits.depth)
    writer.write(root.find("body") if root.find("body") is not None else root)
    titled = root.findtext(".//title") or ""
    text, sections = writer.result()
    return text, sections, " ".join(titled.split())


def tree_text(element: Any, limits: Limits) -> str:
    """Readable text of a tree of markup that is not HTML but reads like it (CDA narrative, JATS).

    Raises
    ------
    HostileInput
        It nests deeper than ``limits.depth``.
    """
    writer = _Writer(limits.depth)
    writer.write(element)
    return writer.result()[0]


class _Writer:
    """Walks a tree of markup, without recursion, and writes what a reader would see."""

    def __init__(self, depth: int) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[tuple[int, str]] = []
        self._depth = depth
        self._cells = 0

    def write(self, root: Any) -> None:
        stack: list[tuple[Any, bool, int]] = [(root, False, 0)]
        while stack:
            element, closing, depth = stack.pop()
            tag = element.tag if isinstance(element.tag, str) else ""
            if depth > max(self._depth, 500):
                raise HostileInput("the HTML nests too deep", limit=self._depth)
            if closing:
                if tag in _CELLS:
                    self._cells -= 1
                    if element.getnext() is not None:
                        self._add(" | ")
                elif tag in _BLOCKS:
                    self._line()
                if element is not root and element.tail:
                    self._words(element.tail)
                continue
            stack.append((element, True, depth))
            if tag in _DROPPED or not tag:
                continue
            if tag in _CELLS:
                self._cells += 1
            elif tag in _BLOCKS:
                self._line()
            if tag in ("li", "item", "list-item") and not self._cells:
                self._add("- ")
            if tag in _HEADINGS:
                self._headings.append((self._length, " ".join("".join(element.itertext()).split())))
            if element.text:
                self._words(element.text)
            stack.extend((child, False, depth + 1) for child in reversed(element))

    def result(self) -> tuple[str, tuple[Section, ...]]:
        text = "".join(self._parts)
        headings = [(start, title) for start, title in self._headings if title]
        sections = tuple(
            Section(title, start, headings[i + 1][0] if i + 1 < len(headings) else len(text))
            for i, (start, title) in enumerate(headings)
        )
        return text, sections

    def _words(self, text: str) -> None:
        words = " ".join(normal(text).split())
        if not words:
            if self._parts and not self._parts[-1].endswith((" ", "\n")):
                self._add(" ")
            return
        lead = " " if text[0].isspace() and self._parts and not self._parts[-1].endswith((" ", "\n")) else ""
        self._add(lead + words + (" " if text[-1].isspace() else ""))

    def _line(self) -> None:
        if not self._parts or self._parts[-1].endswith("\n"):
            return
        if not self._cells:
            self._add("\n")
        elif not self._parts[-1].endswith(" "):
            self._add(" ")  # a row of a table stays on one line

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


source = _Html()
