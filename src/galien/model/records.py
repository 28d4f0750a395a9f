"""What Galien knows, as immutable values.

A *source* turns the bytes of one file into records. A record says who it is about (``PatientRef``),
where exactly it was read (``locator``), and carries a ``key``: its natural identity in the system
that sent it, so that a new version of the same thing supersedes the old one.

The shapes follow OMOP CDM 5.4 (one record, one row) with FHIR R4 wording where OMOP has none.
All are `msgspec.Struct`: frozen, typed, and encoded to msgpack in microseconds, which is how they
travel from the parsing processes to the owner of the workspace.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from galien.model.codes import Code
from galien.model.time import Moment

Sex = Literal["female", "male", "other", "unknown"]


WEAK = "0"
"""Version of a record that only fills a gap: it never replaces one that is already known."""


class Identifier(msgspec.Struct, frozen=True, order=True):
    """An identifier *with its issuer*; two equal pairs are the same person, equal names never are.

    Attributes
    ----------
    system : str
        The issuer: a URI or ``urn:oid:...``. For the local id of a resource in one feed,
        ``urn:galien:feed:<feed>:<type>``.
    value : str
    use : str
        HL7 table 0203 type when known (``MR``, ``NI`` (INS), ``VN``, ``SS``...), else ``""``.
    """

    system: str
    value: str
    use: str = ""


class PatientRef(msgspec.Struct, frozen=True):
    """Whom a record is about: every identifier that the record itself gives."""

    identifiers: tuple[Identifier, ...]


class Record(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """What all records share.

    Attributes
    ----------
    key : str
        Natural identity in the sending system, stable over versions (``Observation/123``,
        ``cda:1.2.3^setId``, ``dicom:study-uid``). Where the source gives none, derive it from
        content and position so that the same bytes give the same key.
    locator : str
        Where in the source file: a JSON pointer, XPath, segment number, row number.
    patient : PatientRef or None
        None for records about nobody (an article, an organisation).
    stay : str
        ``key`` of the `Stay` during which it happened, or ``""``.
    status : str
        ``current``, ``cancelled`` (the sender withdrew it) or ``entered-in-error``.
    version : str
        Version as the sender wrote it; higher supersedes lower, else later arrival wins.
    """

    key: str
    locator: str = ""
    patient: PatientRef | None = None
    stay: str = ""
    status: Literal["current", "cancelled", "entered-in-error"] = "current"
    version: str = ""


class Patient(Record, frozen=True, tag="patient", kw_only=True):
    """A person as one source describes them. Its ``patient`` field holds the same identifiers."""

    family: str = ""
    given: str = ""
    birth_date: Moment | None = None
    sex: Sex = "unknown"
    deceased: Moment | None = None
    address: str = ""
    phone: str = ""


class Merge(Record, frozen=True, tag="merge", kw_only=True):
    """The sender says that two identities are one person (HL7 ADT^A40, FHIR ``Patient.link``).

    ``patient`` is the surviving identity; ``absorbed`` the one that disappears.
    ``undo`` is true where the sender takes the merge back.
    """

    absorbed: PatientRef
    undo: bool = False


class Stay(Record, frozen=True, tag="stay", kw_only=True):
    """A stay or a contact (OMOP VISIT_OCCURRENCE).

    ``kind`` is an HL7 v3 ActCode where known: IMP, AMB, EMER, HH, VR, else ``""``.
    """

    kind: str = ""
    start: Moment | None = None
    end: Moment | None = None
    service: str = ""
    hospital: str = ""
    reason: Code | None = None
    reason_text: str = ""
    practitioner: str = ""


class Condition(Record, frozen=True, tag="condition", kw_only=True):
    """A coded or named health problem (OMOP CONDITION_OCCURRENCE).

    ``certainty`` follows FHIR verificationStatus: confirmed, provisional, differential, refuted...
    A refuted condition is kept, and must never count as present.
    """

    code: Code | None = None
    text: str = ""
    start: Moment | None = None
    end: Moment | None = None
    certainty: str = "confirmed"
    clinical_status: str = ""
    category: str = ""


class Measurement(Record, frozen=True, tag="measurement", kw_only=True):
    """One measured value (OMOP MEASUREMENT): exactly one of number, text or coded value.

    A panel or a blood pressure becomes one record per component, with ``panel`` naming the whole.
    ``comparator`` is ``<``, ``<=``, ``>=`` or ``>`` when the value is a bound; ``unit`` is as
    written by the sender, ``ucum`` the UCUM code when the sender gave one.
    """

    code: Code | None = None
    text: str = ""
    at: Moment | None = None
    number: float | None = None
    comparator: str = ""
    unit: str = ""
    ucum: str = ""
    value_text: str = ""
    value_code: Code | None = None
    low: float | None = None
    high: float | None = None
    interpretation: str = ""
    panel: str = ""


class Observation(Record, frozen=True, tag="observation", kw_only=True):
    """A fact that is not measured: allergy, social history, questionnaire answer (OMOP OBSERVATION).

    ``category`` says which: ``allergy``, ``social-history``, ``survey``, ``family-history``,
    ``care-plan``, ``device``...
    """

    code: Code | None = None
    text: str = ""
    at: Moment | None = None
    value_number: float | None = None
    unit: str = ""
    value_text: str = ""
    value_code: Code | None = None
    category: str = ""


class Exposure(Record, frozen=True, tag="exposure", kw_only=True):
    """A drug or vaccine prescribed, dispensed or given (OMOP DRUG_EXPOSURE).

    ``kind`` is ``prescription``, ``administration``, ``statement``, ``dispense`` or ``immunization``.
    """

    code: Code | None = None
    text: str = ""
    start: Moment | None = None
    end: Moment | None = None
    kind: str = "prescription"
    dose: str = ""
    route: str = ""
    state: str = ""


class Procedure(Record, frozen=True, tag="procedure", kw_only=True):
    """An act done on a patient (OMOP PROCEDURE_OCCURRENCE)."""

    code: Code | None = None
    text: str = ""
    start: Moment | None = None
    end: Moment | None = None
    state: str = ""
    service: str = ""


class Section(msgspec.Struct, frozen=True):
    """A titled part of a document: ``text[start:end]`` of the document's text (code points)."""

    title: str
    start: int
    end: int
    code: Code | None = None


class Attachment(msgspec.Struct, frozen=True):
    """Original bytes carried inside a record (an embedded PDF, a rendered picture).

    Attributes
    ----------
    mime : str
    data : bytes
        The bytes. The owner stores them by content and keeps only their sha-256.
    title : str
    """

    mime: str
    data: bytes
    title: str = ""


class Document(Record, frozen=True, tag="document", kw_only=True):
    """A text about a patient (OMOP NOTE): report, letter, note.

    Attributes
    ----------
    kind : str
        One of `galien.model.kinds.DOCUMENT_KINDS` (``operative-report``, ``discharge-letter``...).
    code : Code or None
        The sender's own type, kept.
    text : str
        The whole readable text, NFC, lines ended by ``\\n``. Offsets everywhere are code points in it.
    pages : tuple of int
        Start offset of each page, when the source has pages.
    original : Attachment or None
        What to show as the original when it is not the source file itself (a PDF inside a CDA).
    language : str
        ``fr``, ``en`` or ``""`` (to be detected).
    """

    kind: str = "document"
    code: Code | None = None
    title: str = ""
    at: Moment | None = None
    service: str = ""
    hospital: str = ""
    author: str = ""
    language: str = ""
    text: str = ""
    sections: tuple[Section, ...] = ()
    pages: tuple[int, ...] = ()
    original: Attachment | None = None
    replaces: str = ""


class Instance(msgspec.Struct, frozen=True):
    """One DICOM object or one picture: the unit that has pixels."""

    uid: str
    number: int = 0
    frames: int = 1
    rows: int = 0
    columns: int = 0
    transfer_syntax: str = ""
    sop_class: str = ""


class Image(Record, frozen=True, tag="image", kw_only=True):
    """One image instance as read from one file; instances of a study are gathered by the store.

    ``key`` is ``dicom:<SOPInstanceUID>`` (or a content key for a plain picture);
    ``study`` and ``series`` group instances (OMOP IMAGE_OCCURRENCE is one row per study).
    ``modality`` is the DICOM code (CT, MR, DX, US, XC...); ``thumbnail`` a small PNG or JPEG.
    """

    study: str
    series: str
    instance: Instance
    modality: str = ""
    body_part: str = ""
    laterality: str = ""
    title: str = ""
    series_title: str = ""
    at: Moment | None = None
    service: str = ""
    hospital: str = ""
    accession: str = ""
    report: str = ""
    thumbnail: Attachment | None = None


class Article(Record, frozen=True, tag="article", kw_only=True):
    """A scientific article: abstract or full text, about no patient.

    ``key`` is the strongest identifier: ``doi:...``, ``pmid:...``, ``pmcid:...``, else content.
    ``kinds`` are publication types as the source names them.
    """

    title: str = ""
    abstract: str = ""
    text: str = ""
    sections: tuple[Section, ...] = ()
    journal: str = ""
    authors: tuple[str, ...] = ()
    at: Moment | None = None
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    language: str = ""
    kinds: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    licence: str = ""


AnyRecord = (
    Patient | Merge | Stay | Condition | Measurement | Observation | Exposure | Procedure | Document | Image | Article
)
"""Every record kind; msgspec decodes by the ``type`` tag."""


class Withdrawal(Record, frozen=True, tag="withdrawal", kw_only=True):
    """The sender cancels a record it sent before (HL7 A11, TXA-17 deletion, FHIR DELETE).

    ``key`` is that record's key; the record stays readable, marked, and leaves every answer.
    """

    reason: str = ""


AnySourceRecord = AnyRecord | Withdrawal
"""What a source may yield."""
