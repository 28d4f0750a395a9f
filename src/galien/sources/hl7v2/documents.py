"""Documents carried by messages: MDM notes, report text in OBX, CDA and PDF in base64 (HL7 v2.5, chapter 9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from galien.model.codes import Code
from galien.model.errors import MalformedInput
from galien.model.kinds import kind_from_loinc
from galien.model.records import AnySourceRecord, Attachment, Document, Patient, Stay, Withdrawal
from galien.model.time import Moment
from galien.sources.cda import read_document
from galien.sources.encoding import from_base64, normal
from galien.sources.hl7v2.identity import Context
from galien.sources.hl7v2.message import Segment
from galien.sources.port import Problem, ReadOptions
from galien.sources.titles import kind_from_title

_TRANSPORT = ("MetaDMPMSS", "AckMetierZAM")
"""Code systems of OBX that tell how to route a document (CI-SIS, "Transmission d'un document"), not what it says."""
_TYPES = {
    "AR": "document", "CD": "procedure-report", "CN": "consultation", "DI": "imaging-report",
    "DS": "discharge-letter", "ED": "emergency", "HP": "history-physical", "OP": "operative-report",
    "PC": "progress-note", "PH": "procedure-report", "PN": "procedure-report", "PR": "progress-note",
    "SP": "pathology-report", "TS": "summary",
}  # fmt: skip
"""HL7 table 0270, document type."""


class About(msgspec.Struct, frozen=True):
    """What a message says of the document it carries, before the document is opened."""

    key: str
    kind: str
    code: Code | None
    title: str
    at: Moment | None
    author: str = ""
    replaces: str = ""
    withdrawn: bool = False


def is_transport(obx: Segment) -> bool:
    """Whether an OBX only routes the document: visibility flags, mail bodies, acknowledgements."""
    return obx.text(3, 3) in _TRANSPORT or obx.text(3, 2).startswith("XDM/")


def announced(context: Context, txa: Segment) -> About:
    """TXA: type, dates, unique number, what it replaces, whether it is withdrawn."""
    message, order = context.message, context.message.first("ORC")
    number, parent = txa.text(12) or txa.text(12, 3), txa.text(13) or txa.text(13, 3)
    prefix = f"hl7v2:{context.feed}:{context.sender}:document"
    profile = message.header.raw(21)
    withdrawn = (
        message.event == "T11"
        or txa.text(19) == "CA"
        or (order is not None and order.text(1) in ("CA", "OC"))
        or (message.event == "T04" and "CISIS" in profile)
    )
    kind = kind_from_loinc(txa.text(2))
    title = txa.label(2) or txa.text(16)
    kind = kind if kind != "document" else _TYPES.get(txa.text(2), kind_from_title(title))
    code = Code("LOINC", txa.text(2), title) if kind_from_loinc(txa.text(2)) != "document" else None
    return About(
        key=f"{prefix}:{number}" if number else "",
        kind=kind,
        code=code,
        title=title,
        at=txa.moment(4) or txa.moment(6) or txa.moment(7),
        author=txa.person(9) or txa.person(5),
        replaces=f"{prefix}:{parent}" if parent and parent != number and message.event in ("T09", "T10") else "",
        withdrawn=withdrawn,
    )


def carried(
    obx: Segment, about: About, context: Context, options: ReadOptions, locator: str
) -> Iterator[AnySourceRecord | Problem]:
    """Records of the file in an ED value.

    Raises
    ------
    InputError
        It is not base64, or what it holds cannot be read.
    """
    repetitions = obx.repetitions(5)
    parts = [obx.part(repetitions[0], i) for i in range(1, 6)] if repetitions else []
    if not parts or not parts[4]:
        raise MalformedInput("this encapsulated value is empty")
    data = from_base64(parts[4]) if parts[3].lower() != "a" else parts[4].encode()
    head = data[:4096].lstrip(b"\xef\xbb\xbf \r\n\t")
    if head.startswith(b"<") and b"ClinicalDocument" in data[:65536]:
        yield from _nested(data, about, context, options)
        return
    mime = _mime(parts[1], parts[2], data)
    base = _base(about, context, locator)
    if about.withdrawn:
        yield Withdrawal(key=about.key, locator=locator, reason="cancelled by its sender")
        return
    title = about.title or obx.label(3)
    yield Document(**base, title=title, original=Attachment(mime, data, title))


def written(lines: list[str], about: About, context: Context, locator: str) -> AnySourceRecord | None:
    """The note whose text stands in the message itself."""
    if about.withdrawn:
        return Withdrawal(key=about.key, locator=locator, reason="cancelled by its sender")
    text = normal("\n".join(lines)).strip()
    if not text:
        return None
    return Document(**_base(about, context, locator), title=about.title, text=text)


def _nested(data: bytes, about: About, context: Context, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
    for record in read_document(data, options):
        if about.withdrawn:
            # A CI-SIS deletion carries the document that it withdraws.
            if isinstance(record, Document):
                yield Withdrawal(key=record.key, locator="OBX", reason="cancelled by its sender")
            continue
        if isinstance(record, Document | Stay | Patient | Problem) or record.patient is not None or context.patient:
            if not isinstance(record, Patient | Problem) and record.patient is None:
                # A letter that names nobody is about the patient of the message that brings it.
                record = msgspec.structs.replace(record, patient=context.patient)
            if isinstance(record, Document) and not record.stay and context.stay:
                record = msgspec.structs.replace(record, stay=context.stay)
            yield record


def _base(about: About, context: Context, locator: str) -> dict[str, Any]:
    pv1 = context.message.first("PV1")
    return {
        "key": about.key,
        "locator": locator,
        "patient": context.patient,
        "stay": context.stay,
        "kind": about.kind,
        "code": about.code,
        "at": about.at,
        "author": about.author,
        "replaces": about.replaces,
        "service": (pv1.text(10) or pv1.text(3)) if pv1 else "",
        "hospital": context.message.header.text(4),
    }


def _mime(kind: str, subtype: str, data: bytes) -> str:
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"{\\rtf"):
        return "application/rtf"
    if "/" in subtype:
        return subtype.lower()
    name = f"{kind}/{subtype}".lower()
    if name in ("text/xml", "text/html") and data.lstrip()[:1] == b"<":
        return name
    if kind.lower() in ("im", "image"):
        return f"image/{subtype.lower()}"
    return "application/octet-stream" if b"\x00" in data[:512] else "text/plain"
