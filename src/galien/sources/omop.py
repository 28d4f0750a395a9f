"""OMOP CDM 5.4 tables, as CSV or Parquet: another warehouse's patients come in whole.

The table is known by its primary key column, not by the name of the file. Concepts keep their source
code when the row has one, else the concept id under the vocabulary ``OMOP``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from galien.model.codes import Code
from galien.model.errors import InputError, MalformedInput, UnsupportedInput
from galien.model.kinds import kind_from_loinc
from galien.model.records import (
    AnySourceRecord,
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
from galien.sources.plain import find_sections
from galien.sources.port import Problem, Raw, ReadOptions
from galien.sources.rows import PARQUET, Row, header, rows
from galien.sources.titles import kind_from_title

_KEYS = {
    "condition_occurrence_id": "condition_occurrence",
    "drug_exposure_id": "drug_exposure",
    "procedure_occurrence_id": "procedure_occurrence",
    "measurement_id": "measurement",
    "observation_id": "observation",
    "note_id": "note",
    "visit_occurrence_id": "visit_occurrence",
    "person_id": "person",
}
"""Primary key to table, the most telling first: VISIT_OCCURRENCE_ID is also a foreign key elsewhere."""
_NEEDED = {
    "condition_occurrence": "condition_concept_id",
    "drug_exposure": "drug_concept_id",
    "procedure_occurrence": "procedure_concept_id",
    "measurement": "measurement_concept_id",
    "observation": "observation_concept_id",
    "note": "note_text",
    "visit_occurrence": "visit_concept_id",
    "person": "year_of_birth",
}
_ASIDE = {
    "concept_name": "CONCEPT", "concept_id_1": "CONCEPT_RELATIONSHIP", "ancestor_concept_id": "CONCEPT_ANCESTOR",
    "observation_period_id": "OBSERVATION_PERIOD", "condition_era_id": "CONDITION_ERA", "drug_era_id": "DRUG_ERA",
    "visit_detail_id": "VISIT_DETAIL", "cdm_source_name": "CDM_SOURCE", "concept_synonym_name": "CONCEPT_SYNONYM",
}  # fmt: skip
"""Tables of the CDM that hold no record of ours: vocabularies, and what is derived from the others."""
_SEXES: dict[str, Sex] = {"8507": "male", "8532": "female", "8521": "other"}
_VISITS = {
    "9201": "IMP",
    "9202": "AMB",
    "9203": "EMER",
    "262": "EMER",
    "581476": "HH",
    "5083": "VR",
    "38004515": "AMB",
}
_OPERATORS = {"4171756": "<", "4171754": "<=", "4172704": ">", "4171755": ">="}


class _Omop:
    name = "omop"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if head.startswith(PARQUET):
            low = head.lower()
            telling = any(key.encode() in low and _NEEDED[table].encode() in low for key, table in _KEYS.items())
            return 93 if telling else 0
        names = {name.lower() for name in header(head)}
        return 93 if _table_of(names) or (names & set(_ASIDE) and {n for n in names if n.endswith("_id")}) else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        names = _names(raw.data)
        table = _table_of(names)
        if table is None:
            aside = next((name for column, name in _ASIDE.items() if column in names), "")
            raise UnsupportedInput(
                f"the table {aside or '(unknown)'} holds no patient record",
                hint="Its content is made again from the other tables, or comes with a terminology.",
            )
        maker = _MAKERS[table]
        for item in rows(raw.data):
            if isinstance(item, Problem):
                yield item
                continue
            place, row = item
            try:
                yield maker(_Row(row, table, options.feed, place))
            except InputError as error:
                yield Problem(place, error)


def _names(data: bytes) -> set[str]:
    if data.startswith(PARQUET):
        try:
            return {name.lower() for name in pq.read_schema(io.BytesIO(data)).names}
        except (pa.ArrowException, OSError, ValueError) as error:
            raise MalformedInput("this Parquet file cannot be read") from error
    return {name.lower() for name in header(data[: 64 << 10])}


def _table_of(names: set[str]) -> str | None:
    for key, table in _KEYS.items():
        if key in names and _NEEDED[table] in names:
            return table
    return None


class _Row:
    """One row of the CDM: its cells by lower-case column name."""

    def __init__(self, row: Row, table: str, feed: str, place: str) -> None:
        self._row = {name.lower(): value.strip() for name, value in row.items()}
        self._feed = feed
        self._table = table
        self.place = place

    def text(self, name: str) -> str:
        found = self._row.get(name, "")
        return "" if found in ("NULL", "\\N") else found

    def base(self, key: str) -> dict[str, Any]:
        person, number = self.text("person_id"), self.text(key)
        if not person or not number:
            raise MalformedInput("this row lacks its person or its own id")
        visit = self.text("visit_occurrence_id")
        made: dict[str, Any] = {
            "key": f"omop:{self._feed}:{self._table}:{number}",
            "locator": self.place,
            "patient": PatientRef((Identifier(f"urn:galien:feed:{self._feed}:omop:person", person),)),
        }
        if visit and self._table != "visit_occurrence":
            made["stay"] = f"omop:{self._feed}:visit_occurrence:{visit}"
        return made

    def moment(self, stem: str) -> Moment | None:
        """``stem_datetime`` when it has an hour, else ``stem_date``."""
        exact = self.text(f"{stem}_datetime").split(".")[0]
        if exact.endswith(" 00:00:00"):
            exact = ""
        return parse_moment(exact) or parse_moment(self.text(f"{stem}_date")[:10])

    def number(self, name: str) -> float | None:
        try:
            value = float(self.text(name))
        except ValueError:
            return None
        return value if value == value and abs(value) != float("inf") else None

    def code(self, stem: str) -> tuple[Code | None, str]:
        """Code and label: the source value, which may read ``code: label`` or be a bare label."""
        source = self.text(f"{stem}_source_value")
        concept = self.text(f"{stem}_concept_id")
        name = self.text(f"{stem}_concept_name") or self.text(f"{stem}_source_concept_name")
        if source and (" " in source or len(source) > 24):
            return (Code("OMOP", concept, source) if concept not in ("", "0") else None), source
        if source:
            return Code("source", source, name or source), name or source
        return (Code("OMOP", concept, name or concept), name) if concept not in ("", "0") else (None, name)


def _person(row: _Row) -> Patient:
    year, month, day = (row.text(f"{part}_of_birth") for part in ("year", "month", "day"))
    birth = parse_moment(row.text("birth_datetime")[:10]) or parse_moment(
        "-".join([year.zfill(4), *([month.zfill(2)] if month else []), *([day.zfill(2)] if month and day else [])])
    )
    base = row.base("person_id")
    source = row.text("person_source_value")
    if source:
        mine = base["patient"].identifiers[0]
        other = Identifier(f"{mine.system}_source_value", source)
        base["patient"] = PatientRef((mine, other))
    return Patient(**base, birth_date=birth, sex=_SEXES.get(row.text("gender_concept_id"), "unknown"))


def _visit(row: _Row) -> Stay:
    return Stay(
        **row.base("visit_occurrence_id"),
        kind=_VISITS.get(row.text("visit_concept_id"), ""),
        start=row.moment("visit_start"),
        end=row.moment("visit_end"),
        service=row.text("care_site_name"),
    )


def _condition(row: _Row) -> Condition:
    code, text = row.code("condition")
    return Condition(
        **row.base("condition_occurrence_id"), code=code, text=text,
        start=row.moment("condition_start"), end=row.moment("condition_end"),
    )  # fmt: skip


def _drug(row: _Row) -> Exposure:
    code, text = row.code("drug")
    return Exposure(
        **row.base("drug_exposure_id"), code=code, text=text,
        start=row.moment("drug_exposure_start"), end=row.moment("drug_exposure_end"),
        dose=row.text("sig") or row.text("quantity"), route=row.text("route_source_value"), kind="statement",
    )  # fmt: skip


def _procedure(row: _Row) -> Procedure:
    code, text = row.code("procedure")
    return Procedure(
        **row.base("procedure_occurrence_id"), code=code, text=text,
        start=row.moment("procedure"), end=row.moment("procedure_end"), state="done",
    )  # fmt: skip


def _measurement(row: _Row) -> Measurement:
    code, text = row.code("measurement")
    number = row.number("value_as_number")
    return Measurement(
        **row.base("measurement_id"), code=code, text=text, at=row.moment("measurement"), number=number,
        comparator=_OPERATORS.get(row.text("operator_concept_id"), "") if number is not None else "",
        value_text="" if number is not None else row.text("value_source_value"),
        unit=row.text("unit_source_value"), low=row.number("range_low"), high=row.number("range_high"),
    )  # fmt: skip


def _observation(row: _Row) -> Observation:
    code, text = row.code("observation")
    return Observation(
        **row.base("observation_id"), code=code, text=text, at=row.moment("observation"),
        value_number=row.number("value_as_number"),
        value_text=row.text("value_as_string") or row.text("value_source_value"),
        unit=row.text("unit_source_value"), category="survey",
    )  # fmt: skip


def _note(row: _Row) -> Document:
    text = normal(row.text("note_text"))
    if not text.strip():
        raise MalformedInput("the text of this note is empty")
    title = row.text("note_title") or row.text("note_source_value")
    kind = kind_from_loinc(row.text("note_class_source_value"))
    return Document(
        **row.base("note_id"), kind=kind if kind != "document" else kind_from_title(title), title=title,
        at=row.moment("note"), text=text, sections=tuple(find_sections(text)),
        language={"4180186": "en", "4180190": "fr"}.get(row.text("language_concept_id"), ""),
    )  # fmt: skip


_MAKERS: dict[str, Callable[[_Row], AnySourceRecord]] = {
    "person": _person,
    "visit_occurrence": _visit,
    "condition_occurrence": _condition,
    "drug_exposure": _drug,
    "procedure_occurrence": _procedure,
    "measurement": _measurement,
    "observation": _observation,
    "note": _note,
}

source = _Omop()
