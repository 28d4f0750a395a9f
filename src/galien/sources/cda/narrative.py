"""The narrative of a CDA: titled sections, nested, as one readable text (CDA R2, section 4.3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from galien.model.records import Section
from galien.sources.cda.values import code, label
from galien.sources.encoding import normal
from galien.sources.html import tree_text
from galien.sources.port import Limits
from galien.sources.xml import text_of

COPY = "55108-5"
"""LOINC type of the section that holds the PDF copy of the whole document; it has no words of its own."""


def sections(body: Any, limits: Limits) -> tuple[str, tuple[Section, ...]]:
    """Text and sections of a ``structuredBody``: titles, then narrative, subsections in their place."""
    parts: list[str] = []
    found: list[Section] = []
    length = 0
    for section, depth in walk(body):
        coded = code(section.find("code"))
        if coded is not None and coded.code == COPY:
            continue
        title = text_of(section.find("title")) or label(section.find("code"))
        narrative = section.find("text")
        words = tree_text(narrative, limits).strip() if narrative is not None else ""
        if not words and not title:
            continue
        piece = normal(f"{title}\n{words}\n\n" if words else f"{title}\n")
        if title and depth < 4:
            found.append(Section(title, length, length + len(piece), coded))
        parts.append(piece)
        length += len(piece)
    return "".join(parts), tuple(found)


def walk(body: Any) -> Iterator[tuple[Any, int]]:
    """Each section with its depth, in reading order."""
    stack = [(e, 0) for e in reversed(body.findall("component/section"))]
    while stack:
        section, depth = stack.pop()
        yield section, depth
        stack.extend((e, depth + 1) for e in reversed(section.findall("component/section")))


def anchors(body: Any) -> dict[str, str]:
    """Text of every narrative element that has an ``ID``, for entries that point to it."""
    return {
        element.get("ID"): text_of(element)
        for narrative in body.iter("text")
        for element in narrative.iter()
        if element.get("ID")
    }
