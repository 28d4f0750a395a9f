"""Messages and segments, as plain lists of text (HL7 v2.5, chapter 2). Framing and escapes by python-hl7."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import hl7

from galien.model.codes import Code, vocabulary
from galien.model.errors import MalformedInput
from galien.model.time import Moment, parse_moment
from galien.sources.encoding import decode

_START = re.compile(r"^MSH(?=[^\w\s])", re.MULTILINE)
_ENVELOPE = re.compile(r"^(?:FHS|BHS|BTS|FTS)[^\w\s].*$", re.MULTILINE)
_BREAK = re.compile(r"\\\.(?:br|sp|ce)\\", re.IGNORECASE)
_HIGHLIGHT = re.compile(r"\\[HN]\\|\\\.(?:in|ti|sk|nf|fi)[^\\]*\\", re.IGNORECASE)


class Segment:
    """One segment; fields, repetitions, components and subcomponents are numbered from 1, as in the standard."""

    def __init__(self, message: Any, raw: Any) -> None:
        self._message = message
        self._raw = raw
        self.name = str(raw[0])

    def repetitions(self, field: int) -> list[list[list[str]]]:
        """Repetitions of a field, each a list of components, each a list of subcomponents."""
        if field >= len(self._raw):
            return []
        found = []
        for repetition in self._raw[field]:
            if isinstance(repetition, str):
                found.append([[repetition]])
            else:
                found.append([[c] if isinstance(c, str) else [str(s) for s in c] for c in repetition])
        return [] if found == [[[""]]] else found

    def text(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """One value of the first repetition, unescaped; ``""`` when absent or HL7 null."""
        repetitions = self.repetitions(field)
        return self.part(repetitions[0], component, subcomponent) if repetitions else ""

    def part(self, repetition: list[list[str]], component: int, subcomponent: int = 1) -> str:
        try:
            value = repetition[component - 1][subcomponent - 1].strip()
        except IndexError:
            return ""
        return "" if value == '""' else self.readable(value)

    def raw(self, field: int) -> str:
        """The whole field as sent, unescaped."""
        return self.readable(str(self._raw[field])) if field < len(self._raw) else ""

    def readable(self, value: str) -> str:
        if "\\" not in value:
            return value
        value = _HIGHLIGHT.sub("", _BREAK.sub("\n", value))
        try:
            return str(self._message.unescape(value))
        except (ValueError, IndexError, KeyError):
            return value

    def moment(self, field: int) -> Moment | None:
        return parse_moment(self.text(field).replace(" ", ""))

    def code(self, field: int) -> Code | None:
        """A CE or CWE; the alternate coding when the first has none."""
        repetitions = self.repetitions(field)
        if not repetitions:
            return None
        first = repetitions[0]
        for at in (1, 4):
            value, label, system = (self.part(first, at + i) for i in range(3))
            if value and (system or label):
                return Code(vocabulary(system) if system else "local", value, label)
        value = self.part(first, 1)
        return Code("local", value) if value else None

    def label(self, field: int) -> str:
        """Readable text of a CE or CWE: name, alternate name, original text."""
        return self.text(field, 2) or self.text(field, 5) or self.text(field, 9)

    def person(self, field: int) -> str:
        """An XCN or XPN as one writes it."""
        named = [self.text(field, 6), self.text(field, 3), self.text(field, 2)]
        return " ".join(part for part in named if part)


class Message:
    """One message: its segments in order."""

    def __init__(self, text: str) -> None:
        try:
            parsed = hl7.parse(text.replace("\n", "\r") + "\r")
        except Exception as error:
            raise MalformedInput(f"this HL7 v2 message cannot be parsed ({type(error).__name__})") from None
        self.segments = [Segment(parsed, raw) for raw in parsed if raw and re.match(r"^[A-Z][A-Z0-9]{2}$", str(raw[0]))]
        if not self.segments or self.segments[0].name != "MSH":
            raise MalformedInput("this HL7 v2 message has no MSH segment")

    @property
    def header(self) -> Segment:
        return self.segments[0]

    @property
    def type(self) -> str:
        return self.header.text(9, 1)

    @property
    def event(self) -> str:
        return self.header.text(9, 2)

    def first(self, name: str) -> Segment | None:
        return next((s for s in self.segments if s.name == name), None)

    def all(self, *names: str) -> Iterator[Segment]:
        return (s for s in self.segments if s.name in names)


def split(data: bytes) -> list[str]:
    """Texts of the messages of a file: one, several, a batch (FHS/BHS), or an MLLP capture.

    Raises
    ------
    MalformedInput
        It holds no message.
    """
    text = decode(data).lstrip("\ufeff").replace("\x0b", "").replace("\x1c", "")
    text = _ENVELOPE.sub("", text.replace("\ufeff", ""))
    text = re.sub(r"^[ \t]+(?=[A-Z][A-Z0-9]{2}\|)", "", text, flags=re.MULTILINE)
    starts = [found.start() for found in _START.finditer(text)]
    if not starts:
        raise MalformedInput("this file holds no HL7 v2 message")
    return [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
