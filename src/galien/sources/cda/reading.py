"""A CDA as a whole: patient, stay, the document itself first, its attachments, its coded entries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from galien.model.errors import InputError, MalformedInput
from galien.model.kinds import kind_from_loinc
from galien.model.records import AnySourceRecord, Attachment, Document
from galien.sources.cda.entries import Place, entries
from galien.sources.cda.header import Header, header
from galien.sources.cda.narrative import COPY, anchors, sections
from galien.sources.cda.values import code, label, moment
from galien.sources.encoding import from_base64
from galien.sources.extraction import extract
from galien.sources.port import Problem, Raw, ReadOptions
from galien.sources.titles import kind_from_title
from galien.sources.xml import local, parse_xml, root_name, text_of

NAMESPACE = b"urn:hl7-org:v3"


class _Cda:
    name = "cda"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        root = root_name(head)
        if root is None:
            return 0
        if root[1] == "ClinicalDocument":
            return 98
        # CI-SIS "autoprésentable": a style sheet that carries the document which it shows.
        return 92 if root[1] == "stylesheet" and NAMESPACE in head else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        yield from read_document(raw.data, options)


def read_document(data: bytes, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
    """Records of one CDA, wherever it was carried.

    Raises
    ------
    InputError
        It is not well formed, hostile, or has neither a header nor a body that can be read.
    """
    root = parse_xml(data, options.limits)
    carried = next(root.iter(f"{{{NAMESPACE.decode()}}}ClinicalDocument"), None)
    if carried is None:
        raise MalformedInput("this XML is not a CDA document")
    root = carried
    for element in root.iter():
        if isinstance(element.tag, str) and "}" in element.tag:
            element.tag = local(element)
    fallback = f"cda:sha:{hashlib.sha256(data).hexdigest()[:32]}"
    head = header(root, fallback)
    if head.patient is not None:
        yield head.patient
    if head.stay is not None:
        yield head.stay
    if root.find("component") is None:
        raise MalformedInput("this CDA has no body")
    structured = root.find("component/structuredBody")
    if structured is None:
        yield from _unstructured(root, head, options)
        return
    yield from _structured(root, structured, head, options)


def _unstructured(root: Any, head: Header, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
    """Level 1: one file in a ``nonXMLBody``."""
    text = root.find("component/nonXMLBody/text")
    if text is None:
        raise MalformedInput("this CDA has no body")
    mime = text.get("mediaType") or "text/plain"
    if text.find("reference") is not None:
        yield Problem("nonXMLBody", MalformedInput("the body is a reference to a file that did not come with it"))
        yield _document(root, head)
        return
    if (text.get("representation") or "").upper() == "B64":
        original = Attachment(mime, from_base64(text.text or ""), text_of(root.find("title")))
        yield _document(root, head, original=original)
    else:
        yield _document(root, head, text=(text.text or "").strip())


def _structured(root: Any, body: Any, head: Header, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
    words, found = sections(body, options.limits)
    copies, others, problems = _media(body)
    yield from problems
    if not words.strip() and copies:
        # Nothing but a PDF copy: its text is the document's.
        try:
            words = extract(copies[0].mime, copies[0].data, options)[0]
        except InputError as error:
            yield Problem("observationMedia", error)
    yield _document(root, head, text=words, sections=found, original=copies[0] if copies else None)
    for i, attachment in enumerate((*copies[1:], *others), 1):
        yield _attached(root, head, attachment, i)
    place = Place(head.key, head.about, head.stay_key, head.version, anchors(body))
    yield from entries(body, place)


def _document(root: Any, head: Header, **content: Any) -> Document:
    coded = code(root.find("code"))
    title = text_of(root.find("title")) or label(root.find("code"))
    kind = kind_from_loinc(coded.code) if coded else "document"
    if kind == "document":
        kind = kind_from_title(title)
    return Document(
        key=head.key,
        locator="/ClinicalDocument",
        patient=head.about,
        stay=head.stay_key,
        version=head.version,
        kind=kind,
        code=coded,
        title=title,
        at=_when(root),
        service=head.service,
        hospital=head.hospital,
        author=head.author,
        language=head.language,
        replaces=head.replaces if head.replaces != head.key else "",
        **content,
    )


def _attached(root: Any, head: Header, attachment: Attachment, number: int) -> Document:
    """A file that travels in the document without being its copy (a consent, a scanned page)."""
    title = attachment.title or f"{text_of(root.find('title'))} ({number})"
    return Document(
        key=f"{head.key}#attachment{number}",
        locator=f"observationMedia {number}",
        patient=head.about,
        stay=head.stay_key,
        version=head.version,
        kind=kind_from_title(title),
        title=title,
        at=_when(root),
        service=head.service,
        hospital=head.hospital,
        author=head.author,
        language=head.language,
        original=attachment,
    )


def _when(root: Any) -> Any:
    return moment(root.find("effectiveTime")) or moment(root.find("author/time"))


def _media(body: Any) -> tuple[list[Attachment], list[Attachment], list[Problem]]:
    """Files inside the entries: copies of the document first, then the others; and those that are broken."""
    copies: list[Attachment] = []
    others: list[Attachment] = []
    problems: list[Problem] = []
    for number, media in enumerate(body.iter("observationMedia"), 1):
        value = media.find("value")
        if value is None or (value.get("representation") or "").upper() != "B64":
            continue
        mime = value.get("mediaType") or "application/octet-stream"
        if mime.startswith("image/"):
            continue  # logos, barcodes and signatures; pictures of the patient come by DICOM
        section = next((e for e in media.iterancestors("section")), None)
        coded = code(section.find("code")) if section is not None else None
        title = text_of(section.find("title")) if section is not None else ""
        try:
            attachment = Attachment(mime, from_base64(value.text or ""), title)
        except InputError as error:
            problems.append(Problem(f"observationMedia {number}", error))
            continue
        (copies if coded is not None and coded.code == COPY else others).append(attachment)
    return copies, others, problems


source = _Cda()
