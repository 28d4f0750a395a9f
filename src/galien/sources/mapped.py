"""One row of a hospital's table to one record, as its mapping says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from galien.model.codes import Code, vocabulary
from galien.model.errors import MalformedInput
from galien.model.kinds import DOCUMENT_KINDS
from galien.model.records import (
    AnySourceRecord,
    Article,
    Condition,
    Document,
    Exposure,
    Identifier,
    Measurement,
    Observation,
    Patient,
    PatientRef,
    Procedure,
    Sex,
    Stay,
)
from galien.model.time import Moment, parse_moment
from galien.sources.encoding import normal
from galien.sources.plain import find_sections, first_line, opening
from galien.sources.rows import Row
from galien.sources.titles import kind_from_title

_SEXES: dict[str, Sex] = {
    "f": "female", "female": "female", "femme": "female", "2": "female", "w": "female", "féminin": "female",
    "m": "male", "male": "male", "homme": "male", "1": "male", "h": "male", "masculin": "male",
}  # fmt: skip
_NUMBER = re.compile(r"^\s*([<>]=?|≤|≥)?\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*$")
_COMMON = {"id", "patient", "stay", "code", "label", "at"}

COLUMNS: dict[str, set[str]] = {
    "patient": {"id", "patient", "family", "given", "birth_date", "sex", "deceased", "address", "phone"},
    "stay": {"id", "patient", "start", "end", "service", "hospital", "kind", "reason", "practitioner"},
    "condition": _COMMON | {"end", "certainty"},
    "measurement": _COMMON | {"value", "unit", "low", "high", "interpretation", "panel"},
    "observation": _COMMON | {"value", "unit", "category"},
    "exposure": _COMMON | {"end", "dose", "route", "kind"},
    "procedure": _COMMON | {"end", "service"},
    "document": {"id", "patient", "stay", "text", "title", "kind", "at", "service", "hospital", "author",
        "language", "version"},
    "article": {"id", "title", "text", "journal", "at", "doi", "pmid", "language", "authors", "keywords"},
}  # fmt: skip
"""What may be filled, by record."""
RECORDS = tuple(COLUMNS)


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[[table]]`` of a mapping file.

    Attributes
    ----------
    files : str
        Which files it is about, as a glob on their names.
    record : str
        What a row is: ``patient``, ``stay``, ``measurement``, ``document``...
    columns : mapping
        Field of the record to column of the table.
    constants : mapping
        Field of the record to the same value for every row; also ``vocabulary`` of the codes.
    patient_system, stay_system : str
        Issuer of the identifiers in the ``patient`` column; prefix of the stays of another feed.
    dates : str
        ``strptime`` format of the dates, when they are not ISO 8601.
    decimal : str
        Decimal sign of the numbers.
    values : mapping
        Field to a dictionary of translations (``{"kind": {"CRO": "operative-report"}}``).
    """

    record: str
    columns: dict[str, str]
    name: str = ""
    files: str = "*"
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    patient_system: str = ""
    patient_use: str = ""
    dates: str = ""
    decimal: str = ","
    delimiter: str = ""
    encoding: str = ""


class _Cells:
    """The cells of one row by field, translated."""

    def __init__(self, row: Row, table: Table) -> None:
        self._row = row
        self._table = table

    def text(self, field: str) -> str:
        column = self._table.columns.get(field)
        found = self._row.get(column, "").strip() if column else ""
        found = found or self._table.constants.get(field, "")
        return self._table.values.get(field, {}).get(found, found)

    def moment(self, field: str) -> Moment | None:
        """A date, by the format of the mapping or ISO 8601.

        Raises
        ------
        MalformedInput
            There is one, and it cannot be read.
        """
        text = self.text(field)
        if not text:
            return None
        if self._table.dates:
            try:
                return _moment(datetime.strptime(text, self._table.dates), self._table.dates)
            except ValueError:
                raise MalformedInput(f"the {field} of this row does not follow {self._table.dates}") from None
        found = parse_moment(text.replace(" 00:00:00", "").split(".")[0] if " " in text else text)
        if found is None:
            raise MalformedInput(f"the {field} of this row is not a date", hint='Give its format: dates = "%d/%m/%Y".')
        return found

    def number(self, field: str) -> tuple[str, float] | None:
        text = self.text(field)
        if self._table.decimal != ".":
            text = text.replace(self._table.decimal, ".")
        found = _NUMBER.match(text)
        if not found:
            return None
        return {"≤": "<=", "≥": ">="}.get(found[1] or "", found[1] or ""), float(found[2])

    def code(self) -> Code | None:
        value = self.text("code")
        name = self._table.constants.get("vocabulary", "")
        return Code(vocabulary(name) if name else "local", value, self.text("label")) if value else None


def _moment(at: datetime, pattern: str) -> Moment | None:
    precise = any(sign in pattern for sign in ("%H", "%I", "%X", "%c", "%T"))
    return parse_moment(at.isoformat() if precise else at.date().isoformat())


def record(row: Row, table: Table, *, key: str, feed: str, place: str) -> AnySourceRecord:
    """The record of one row.

    Raises
    ------
    MalformedInput
        A cell cannot be read as what the mapping says it is, or the patient is missing.
    """
    cells = _Cells(row, table)
    who = cells.text("patient")
    system = table.patient_system or f"urn:galien:feed:{feed}:patient"
    reference = PatientRef((Identifier(system, who, table.patient_use),)) if who else None
    if reference is None and table.record not in ("document", "article"):
        raise MalformedInput("this row names no patient")
    stay = cells.text("stay")
    base: dict[str, Any] = {"key": key, "locator": place, "patient": reference}
    if stay:
        base["stay"] = f"table:{feed}:stay:{stay}"
    made: AnySourceRecord = _MAKERS[table.record](cells, base, table)
    if table.record == "stay" and table.columns.get("id"):
        made = msgspec.structs.replace(made, key=f"table:{feed}:stay:{cells.text('id')}")
    return made


def _patient(cells: _Cells, base: Mapping[str, Any], table: Table) -> Patient:
    return Patient(
        **base,
        family=cells.text("family"),
        given=cells.text("given"),
        birth_date=cells.moment("birth_date"),
        sex=_SEXES.get(cells.text("sex").lower(), "unknown"),
        deceased=cells.moment("deceased"),
        address=cells.text("address"),
        phone=cells.text("phone"),
    )


def _stay(cells: _Cells, base: Mapping[str, Any], table: Table) -> Stay:
    return Stay(
        **base,
        kind=cells.text("kind"),
        start=cells.moment("start"),
        end=cells.moment("end"),
        service=cells.text("service"),
        hospital=cells.text("hospital"),
        reason_text=cells.text("reason"),
        practitioner=cells.text("practitioner"),
    )


def _condition(cells: _Cells, base: Mapping[str, Any], table: Table) -> Condition:
    return Condition(
        **base,
        code=cells.code(),
        text=cells.text("label"),
        start=cells.moment("at"),
        end=cells.moment("end"),
        certainty=cells.text("certainty") or "confirmed",
    )


def _measurement(cells: _Cells, base: Mapping[str, Any], table: Table) -> Measurement:
    value = cells.number("value")
    low, high = cells.number("low"), cells.number("high")
    return Measurement(
        **base,
        code=cells.code(),
        text=cells.text("label"),
        at=cells.moment("at"),
        number=value[1] if value else None,
        comparator=value[0] if value else "",
        value_text="" if value else cells.text("value"),
        unit=cells.text("unit"),
        low=low[1] if low else None,
        high=high[1] if high else None,
        interpretation=cells.text("interpretation"),
        panel=cells.text("panel"),
    )


def _observation(cells: _Cells, base: Mapping[str, Any], table: Table) -> Observation:
    value = cells.number("value")
    return Observation(
        **base,
        code=cells.code(),
        text=cells.text("label"),
        at=cells.moment("at"),
        value_number=value[1] if value else None,
        value_text="" if value else cells.text("value"),
        unit=cells.text("unit"),
        category=cells.text("category") or "survey",
    )


def _exposure(cells: _Cells, base: Mapping[str, Any], table: Table) -> Exposure:
    return Exposure(
        **base,
        code=cells.code(),
        text=cells.text("label"),
        start=cells.moment("at"),
        end=cells.moment("end"),
        kind=cells.text("kind") or "prescription",
        dose=cells.text("dose"),
        route=cells.text("route"),
    )


def _procedure(cells: _Cells, base: Mapping[str, Any], table: Table) -> Procedure:
    return Procedure(
        **base,
        code=cells.code(),
        text=cells.text("label"),
        start=cells.moment("at"),
        end=cells.moment("end"),
        state="done",
        service=cells.text("service"),
    )


def _document(cells: _Cells, base: Mapping[str, Any], table: Table) -> Document:
    text = normal(cells.text("text"))
    if not text.strip():
        raise MalformedInput("the text of this row is empty")
    sections = tuple(find_sections(text))
    title = cells.text("title") or first_line(text)
    if not title or any(title.lower().startswith(section.title.lower()) for section in sections[:1]):
        title = opening(text)
    kind = cells.text("kind")
    if kind not in DOCUMENT_KINDS:
        kind = kind_from_title(kind) if kind_from_title(kind) != "document" else kind_from_title(title)
    return Document(
        **base,
        kind=kind,
        title=title[:200],
        at=cells.moment("at"),
        service=cells.text("service"),
        hospital=cells.text("hospital"),
        author=cells.text("author"),
        language=cells.text("language")[:2].lower(),
        version=cells.text("version"),
        text=text,
        sections=sections,
    )


def _article(cells: _Cells, base: Mapping[str, Any], table: Table) -> Article:
    text = normal(cells.text("text"))
    title = cells.text("title") or first_line(text)
    if not title:
        raise MalformedInput("this row has neither title nor text")
    return Article(
        **{k: v for k, v in base.items() if k != "patient"},
        title=title,
        abstract=text,
        text=text,
        journal=cells.text("journal"),
        authors=tuple(filter(None, (a.strip() for a in cells.text("authors").split(";")))),
        at=cells.moment("at"),
        doi=cells.text("doi"),
        pmid=cells.text("pmid"),
        language=cells.text("language")[:2].lower(),
        keywords=tuple(filter(None, (k.strip() for k in cells.text("keywords").split(";")))),
    )


_MAKERS: dict[str, Callable[[_Cells, Mapping[str, Any], Table], Any]] = {
    "patient": _patient,
    "stay": _stay,
    "condition": _condition,
    "measurement": _measurement,
    "observation": _observation,
    "exposure": _exposure,
    "procedure": _procedure,
    "document": _document,
    "article": _article,
}
