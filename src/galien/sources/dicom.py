"""DICOM files: patients, images by study and series, structured reports (PS3.3, PS3.10)."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError

from galien.model.codes import Code, vocabulary
from galien.model.errors import HostileInput, MalformedInput
from galien.model.records import (
    AnySourceRecord,
    Attachment,
    Document,
    Identifier,
    Image,
    Instance,
    Patient,
    PatientRef,
)
from galien.model.time import Moment, parse_moment
from galien.sources.encoding import normal
from galien.sources.port import Problem, Raw, ReadOptions

_SEXES = {"F": "female", "M": "male", "O": "other"}
_REPORTS = ("1.2.840.10008.5.1.4.1.1.88.",)
_DIRECTORY = "1.2.840.10008.1.3.10"
_REPRESENTATIONS = (b"UL", b"UI", b"OB", b"CS", b"SH", b"DA", b"TM", b"LO", b"PN")
_ITEMS = 5_000


class _Dicom:
    name = "dicom"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if head[128:132] == b"DICM":
            return 98
        # No preamble: a data set that starts with group 0002 or 0008, in either byte order.
        first = head[:2] in (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
        explicit = head[4:6] in _REPRESENTATIONS
        implicit = head[:2] == b"\x08\x00" and head[3:4] == b"\x00" and head[5:8] == b"\x00\x00\x00"
        return 70 if first and (explicit or implicit) and len(head) > 132 else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = _dataset(raw.data)
            try:
                yield from _records(dataset, raw, options)
            except (HostileInput, MalformedInput):
                raise
            except Exception as error:  # pydicom converts values lazily, and raises many kinds
                raise MalformedInput(f"a DICOM value is malformed ({type(error).__name__})") from error


def _dataset(data: bytes) -> Any:
    try:
        dataset = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=False, defer_size=None, force=True)
    except (InvalidDicomError, EOFError) as error:
        raise MalformedInput("the DICOM file is cut short or is not one") from error
    except (MemoryError, OverflowError) as error:
        raise HostileInput("the DICOM file declares absurd lengths") from error
    except Exception as error:
        raise MalformedInput(f"the DICOM file cannot be read ({type(error).__name__})") from error
    if not dataset:
        raise MalformedInput("the DICOM file holds no data set")
    return dataset


def _records(dataset: Any, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord]:
    meta = getattr(dataset, "file_meta", None)
    sop_class = _text(dataset, "SOPClassUID") or str(getattr(meta, "MediaStorageSOPClassUID", ""))
    if sop_class == _DIRECTORY or "DirectoryRecordSequence" in dataset:
        return  # an index of other files, which come by themselves
    uid = _text(dataset, "SOPInstanceUID") or str(getattr(meta, "MediaStorageSOPInstanceUID", ""))
    if not uid:
        raise MalformedInput("the DICOM object has no SOP Instance UID")
    who = _patient(dataset, options)
    if who is not None:
        yield who
    ref = who.patient if who is not None else None
    at = _at(dataset)
    if sop_class.startswith(_REPORTS) and "ContentSequence" in dataset:
        yield _report(dataset, uid, ref, at)
    elif "EncapsulatedDocument" in dataset:
        yield _encapsulated(dataset, uid, ref, at)
    yield _image(dataset, uid, sop_class, ref, at, meta)


def _patient(dataset: Any, options: ReadOptions) -> Patient | None:
    value = _text(dataset, "PatientID")
    if not value:
        return None
    qualifiers = dataset.get("IssuerOfPatientIDQualifiersSequence") or []
    universal = next((_text(q, "UniversalEntityID") for q in qualifiers), "")
    named = _text(dataset, "IssuerOfPatientID")
    if universal:
        system = f"urn:oid:{universal}"
    elif named:
        system = (
            f"urn:oid:{named}" if named[:2].isdigit() or named[:2] in ("1.", "2.") else f"urn:galien:authority:{named}"
        )
    else:
        system = f"urn:galien:feed:{options.feed}:dicom-patient"
    name = dataset.get("PatientName")
    birth = parse_moment(_text(dataset, "PatientBirthDate"))
    return Patient(
        key=f"dicom-patient:{system}:{value}",
        patient=PatientRef((Identifier(system, value, "PI"),)),
        family=str(getattr(name, "family_name", "") or "") if name else "",
        given=str(getattr(name, "given_name", "") or "") if name else "",
        birth_date=birth,
        sex=_SEXES.get(_text(dataset, "PatientSex"), "unknown"),  # type: ignore[arg-type]
    )


def _image(dataset: Any, uid: str, sop_class: str, ref: PatientRef | None, at: Moment | None, meta: Any) -> Image:
    study = _text(dataset, "StudyInstanceUID") or uid
    return Image(
        key=f"dicom:{uid}",
        patient=ref,
        study=study,
        series=_text(dataset, "SeriesInstanceUID") or study,
        instance=Instance(
            uid,
            _integer(dataset, "InstanceNumber"),
            max(1, _integer(dataset, "NumberOfFrames")),
            _integer(dataset, "Rows"),
            _integer(dataset, "Columns"),
            str(getattr(meta, "TransferSyntaxUID", "")),
            sop_class,
        ),
        modality=_text(dataset, "Modality"),
        body_part=_text(dataset, "BodyPartExamined"),
        laterality=_text(dataset, "ImageLaterality") or _text(dataset, "Laterality"),
        title=_text(dataset, "StudyDescription") or _text(dataset, "SeriesDescription"),
        series_title=_text(dataset, "SeriesDescription") or _text(dataset, "ProtocolName"),
        at=at,
        service=_text(dataset, "InstitutionalDepartmentName"),
        hospital=_text(dataset, "InstitutionName"),
        accession=_text(dataset, "AccessionNumber"),
    )


def _report(dataset: Any, uid: str, ref: PatientRef | None, at: Moment | None) -> Document:
    """A structured report as indented readable lines (PS3.3 C.17.3)."""
    title = _meaning(dataset, "ConceptNameCodeSequence") or _text(dataset, "SeriesDescription")
    lines: list[str] = []
    stack = [(item, 0) for item in reversed(dataset.ContentSequence)]
    while stack and len(lines) < _ITEMS:
        item, depth = stack.pop()
        name, value = _meaning(item, "ConceptNameCodeSequence"), _value(item)
        if name or value:
            lines.append(f"{'  ' * min(depth, 10)}{name}{': ' if name and value else ''}{value}")
        stack.extend((child, depth + 1) for child in reversed(item.get("ContentSequence") or []))
    first = next(iter(dataset.get("ConceptNameCodeSequence") or []), None)
    return Document(
        key=f"dicom-report:{uid}",
        patient=ref,
        kind="imaging-report",
        code=Code(vocabulary(_text(first, "CodingSchemeDesignator")), _text(first, "CodeValue"), title)
        if first
        else None,
        title=title or "Structured report",
        at=at,
        hospital=_text(dataset, "InstitutionName"),
        text="\n".join(lines),
    )


def _encapsulated(dataset: Any, uid: str, ref: PatientRef | None, at: Moment | None) -> Document:
    mime = _text(dataset, "MIMETypeOfEncapsulatedDocument") or "application/pdf"
    title = _text(dataset, "DocumentTitle") or _text(dataset, "SeriesDescription") or "Document"
    data = bytes(dataset.EncapsulatedDocument)
    return Document(
        key=f"dicom-document:{uid}", patient=ref, title=title, at=at, original=Attachment(mime, data, title)
    )


def _value(item: Any) -> str:
    kind = _text(item, "ValueType")
    if kind == "NUM":
        measured = next(iter(item.get("MeasuredValueSequence") or []), None)
        if measured is None:
            return ""
        unit = _meaning(measured, "MeasurementUnitsCodeSequence") or ""
        return f"{_text(measured, 'NumericValue')} {unit}".strip()
    if kind == "CODE":
        return _meaning(item, "ConceptCodeSequence")
    names = {
        "TEXT": "TextValue",
        "DATE": "Date",
        "TIME": "Time",
        "DATETIME": "DateTime",
        "PNAME": "PersonName",
        "UIDREF": "UID",
    }
    return _text(item, names[kind]) if kind in names else ""


def _meaning(item: Any, sequence: str) -> str:
    return next((_text(code, "CodeMeaning") for code in item.get(sequence) or []), "")


def _at(dataset: Any) -> Moment | None:
    for name in ("Study", "Acquisition", "Series", "Content"):
        day = _text(dataset, f"{name}Date")
        if day:
            hour = _text(dataset, f"{name}Time").split(".")[0]
            return parse_moment(day + hour) or parse_moment(day)
    return None


def _text(dataset: Any, name: str) -> str:
    try:
        value = dataset.get(name, "")
    except Exception:
        return ""  # an element that cannot be converted says nothing
    if value is None:
        return ""
    return normal(str(value)).strip().rstrip("\x00")


def _integer(dataset: Any, name: str) -> int:
    try:
        return int(float(_text(dataset, name) or 0))
    except (ValueError, OverflowError):
        return 0


source = _Dicom()
