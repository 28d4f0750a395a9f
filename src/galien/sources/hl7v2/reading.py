"""A file of messages to records, one message at a time."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from galien.model.errors import InputError, MalformedInput
from galien.model.kinds import kind_from_loinc
from galien.model.records import AnySourceRecord, Merge, PatientRef, Withdrawal
from galien.model.time import Moment
from galien.sources.hl7v2.clinical import coded, result
from galien.sources.hl7v2.documents import About, announced, carried, is_transport, written
from galien.sources.hl7v2.identity import Context, identifiers
from galien.sources.hl7v2.message import Message, Segment, split
from galien.sources.port import Problem, Raw, ReadOptions
from galien.sources.titles import kind_from_title

_HEAD = re.compile(rb"^(?:\xef\xbb\xbf)*\s*\x0b?\s*(?:MSH|FHS|BHS)[^\w\s]")
_CANCELS_STAY = {"A11", "A23", "A27", "A38"}
_MERGES = {"A18", "A24", "A30", "A34", "A35", "A36", "A39", "A40", "A46", "A47"}
_PROSE = 240
"""Text results longer than this are notes, not values."""


class _Hl7v2:
    name = "hl7v2"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        return 97 if _HEAD.match(head[:512].replace(b"\x00", b"")) else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        for number, text in enumerate(split(raw.data), 1):
            try:
                yield from _message(text, options, f"message {number}")
            except InputError as error:
                yield Problem(f"message {number}", error)


def _message(text: str, options: ReadOptions, where: str) -> Iterator[AnySourceRecord | Problem]:
    message = Message(text)
    context = Context(message, options.feed)
    unique = hashlib.sha256(text.encode()).hexdigest()[:20]
    base_key = f"hl7v2:{options.feed}:{context.sender}:{unique}"
    for item in _records(message, context, base_key, options):
        if isinstance(item, Problem):
            yield Problem(f"{where} {item.locator}", item.error)
        else:
            yield msgspec.structs.replace(item, locator=f"{where} {item.locator}".strip())


def _records(
    message: Message, context: Context, base_key: str, options: ReadOptions
) -> Iterator[AnySourceRecord | Problem]:
    if message.type in ("ACK", "ZAM"):
        return  # acknowledgements say nothing of a patient's care
    if message.type == "ADT" and message.event in _MERGES | {"A37"}:
        yield from _merges(message, context, options.feed)
    patient = context.describe()
    if patient is None:
        if message.first("PID") is not None:
            yield Problem("PID", MalformedInput("this message names no patient identifier"))
        return
    if message.type == "ADT" and message.event == "A29":
        yield Withdrawal(key=patient.key, locator="PID", reason="deleted by its sender")
        return
    yield patient
    if message.type == "ADT" and message.event in _CANCELS_STAY:
        if context.stay:
            yield Withdrawal(key=context.stay, locator="PV1", reason="cancelled by its sender")
        return
    stay = context.visit(ended=message.event != "A13")
    if stay is not None and message.type in ("ADT", "BAR", "DFT"):
        yield stay
    yield from coded(context, base_key)
    yield from _observations(message, context, base_key, options)


def _merges(message: Message, context: Context, feed: str) -> Iterator[AnySourceRecord]:
    """Each PID with the MRG that follows it; A24 and A37 link and unlink two PIDs."""
    undo = message.event == "A37"
    survivor: tuple[Any, ...] = ()
    for segment in message.segments:
        if segment.name == "PID":
            found = identifiers(segment, 3, feed, context.sender)
            if survivor and message.event in ("A24", "A37") and found:
                yield _merge(survivor, found, undo)
            survivor = survivor or found
            if message.event not in ("A24", "A37"):
                survivor = found
        elif segment.name == "MRG" and survivor:
            gone = identifiers(segment, 1, feed, context.sender)
            if gone and set(gone) != set(survivor):
                yield _merge(survivor, gone, undo)


def _merge(survivor: tuple[Any, ...], gone: tuple[Any, ...], undo: bool) -> Merge:
    first, last = survivor[0], gone[0]
    return Merge(
        key=f"merge:{first.system}|{first.value}<-{last.system}|{last.value}",
        locator="MRG",
        patient=PatientRef(survivor),
        absorbed=PatientRef(gone),
        undo=undo,
    )


class _Group:
    """The OBX that follow one OBR or one TXA."""

    def __init__(self, about: About, name: str, panel: str, at: Moment | None, prose: bool) -> None:
        self.about = about
        self.name = name
        self.panel = panel
        self.at = at
        self.prose = prose
        self.lines: list[str] = []
        self.seen: Counter[str] = Counter()


def _observations(
    message: Message, context: Context, base_key: str, options: ReadOptions
) -> Iterator[AnySourceRecord | Problem]:
    group = _Group(About(f"{base_key}:text", "document", None, "", None), base_key, "", None, False)
    order = message.first("ORC")
    cancelled = order is not None and order.text(1) in ("CA", "OC") and message.type == "ORU"
    for number, segment in enumerate(message.segments):
        if segment.name in ("OBR", "TXA"):
            if segment.name == "OBR" and message.type == "MDM":
                continue
            yield from _closed(group, context)
            group = _opened(segment, message, context, base_key, cancelled)
        elif segment.name == "OBX" and not is_transport(segment):
            try:
                yield from _obx(segment, group, context, options, f"OBX[{number}]")
            except InputError as error:
                yield Problem(f"OBX[{number}]", error)
    yield from _closed(group, context)


def _opened(segment: Segment, message: Message, context: Context, base_key: str, cancelled: bool) -> _Group:
    if segment.name == "TXA":
        about = announced(context, segment)
        if not about.key:
            about = msgspec.structs.replace(about, key=f"{base_key}:text")
        return _Group(about, about.key, "", about.at, True)
    number = segment.text(3) or segment.text(2)
    code, title = segment.code(4), segment.label(4)
    name = f"hl7v2:{context.feed}:{context.sender}:{number}" if number else base_key
    name = f"{name}:{code.code if code else title}"
    kind = kind_from_loinc(code.code) if code else "document"
    if kind == "document":
        kind = kind_from_title(title)
    if kind == "document":
        kind = {"RAD": "imaging-report", "SP": "pathology-report", "LAB": "laboratory-report"}.get(
            segment.text(24), "laboratory-report" if message.type in ("ORU", "OUL") else "document"
        )
    at = segment.moment(7) or segment.moment(22)
    about = About(f"{name}:text", kind, code, title, at, author=segment.person(32), withdrawn=cancelled)
    return _Group(about, name, title, at, False)


def _obx(
    obx: Segment, group: _Group, context: Context, options: ReadOptions, locator: str
) -> Iterator[AnySourceRecord | Problem]:
    kind, state = obx.text(2), obx.text(11)
    if kind in ("ED", "RP"):
        if kind == "RP":
            return  # a pointer to another system
        group.seen["ED"] += 1
        suffix = f"#{group.seen['ED']}" if group.seen["ED"] > 1 else ""
        about = msgspec.structs.replace(
            group.about, key=f"{group.about.key.removesuffix(':text')}{suffix}",
            withdrawn=group.about.withdrawn or state == "D",
        )  # fmt: skip
        yield from carried(obx, about, context, options, locator)
        return
    text = obx.readable(obx.raw(5)) if kind in ("TX", "FT", "ST") else ""
    if group.prose and kind in ("TX", "FT", "ST", "NM", ""):
        group.lines.extend(_lines(obx))
        return
    if kind in ("TX", "FT") and (len(text) > _PROSE or "\n" in text or group.lines):
        group.lines.extend(_lines(obx))
        return
    code = obx.text(3) or obx.text(3, 2)
    group.seen[code] += 1
    base: dict[str, Any] = {
        "key": f"{group.name}:{code}:{obx.text(4)}:{group.seen[code]}",
        "locator": locator,
        "patient": context.patient,
        "stay": context.stay,
        "status": "cancelled" if state in ("D", "W", "X") or group.about.withdrawn else "current",
    }
    measured = result(obx, base, group.panel, group.at)
    if measured is not None:
        yield measured


def _lines(obx: Segment) -> list[str]:
    return [obx.readable("^".join("&".join(c) for c in r)) for r in obx.repetitions(5)] or [""]


def _closed(group: _Group, context: Context) -> Iterator[AnySourceRecord]:
    if group.lines or (group.prose and group.about.withdrawn):
        document = written(group.lines, group.about, context, "OBX")
        if document is not None:
            yield document


source = _Hl7v2()
