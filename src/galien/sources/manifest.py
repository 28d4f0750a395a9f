"""``manifest.jsonl``: who and what the plain files beside it are about.

A PDF or a text file does not say, in a way a machine may trust, whose it is. An export that knows writes
one JSON line a file: ``file``, ``patient`` (list of ``{system, value, use}``), and when known ``kind``, ``title``,
``date``, ``service``, ``hospital``, ``author``, ``stay``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from galien.model.errors import MalformedInput
from galien.model.records import AnySourceRecord, Document, Identifier, Image, PatientRef
from galien.model.time import parse_moment
from galien.sources.port import Problem, Raw, ReadOptions

NAME = "manifest.jsonl"


class Line(msgspec.Struct, frozen=True):
    """One line of a manifest."""

    file: str
    patient: tuple[Identifier, ...] = ()
    kind: str = ""
    title: str = ""
    date: str = ""
    service: str = ""
    hospital: str = ""
    author: str = ""
    stay: str = ""


class Manifest:
    """The lines of a manifest, by file name."""

    def __init__(self, lines: dict[str, Line]) -> None:
        self._lines = lines

    @classmethod
    def load(cls, data: bytes) -> Manifest:
        """Read a manifest; lines that cannot be read are passed over (its own reading reports them)."""
        lines = {}
        for raw in data.splitlines():
            try:
                line = msgspec.json.decode(raw, type=Line)
            except msgspec.MsgspecError:
                continue
            lines[line.file] = line
        return cls(lines)

    @staticmethod
    def split(data: bytes) -> dict[str, bytes]:
        """Each file name with its own line, as bytes."""
        found = {}
        for raw in data.splitlines():
            try:
                found[msgspec.json.decode(raw, type=Line).file] = raw
            except msgspec.MsgspecError:
                continue
        return found

    def describe(self, record: AnySourceRecord, file: str) -> AnySourceRecord:
        """Complete a document or an image with what the manifest says of its file."""
        line = self._lines.get(file)
        if line is None or not isinstance(record, Document | Image):
            return record
        known: dict[str, Any] = {}
        if record.patient is None and line.patient:
            known["patient"] = PatientRef(line.patient)
        at = parse_moment(line.date)
        if at is not None:
            known["at"] = at
        fields = ("title", "service", "hospital", "stay", *(("author", "kind") if isinstance(record, Document) else ()))
        # What the export states wins over what was guessed from the file (a PDF's date is the printer's).
        known |= {name: getattr(line, name) for name in fields if getattr(line, name)}
        return msgspec.structs.replace(record, **known)


class _ManifestSource:
    """A manifest as a file of its own: it yields nothing but its faults."""

    name = "manifest"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if path.rsplit("/", 1)[-1].rsplit("!", 1)[-1] != NAME:
            return 0
        return 95 if b'"file"' in head.split(b"\n", 1)[0] else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        for number, line in enumerate(raw.data.splitlines(), 1):
            if not line.strip():
                continue
            try:
                msgspec.json.decode(line, type=Line)
            except msgspec.MsgspecError:
                yield Problem(f"line {number}", MalformedInput("this manifest line cannot be read"))


source = _ManifestSource()
