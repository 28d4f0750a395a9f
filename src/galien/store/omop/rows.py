"""One record, one row: how each record kind is written in OMOP CDM 5.4."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from galien.model.records import (
    Condition,
    Document,
    Exposure,
    Image,
    Measurement,
    Observation,
    Procedure,
    Stay,
)
from galien.model.time import Moment
from galien.store.omop.tables import EHR, LANGUAGES, OPERATORS, VISITS
from galien.store.reading import Finding, affirmed
from galien.store.registration import Registered

Number = TypeVar("Number", int, npt.NDArray[np.int64])
Row = dict[str, object]
Columns = dict[str, list[object]]
READER = "galien.language/2"
_LEXICON = 4_000_000_000
_MOST_FINDINGS = 100_000
_NOTE_NLP = (
    "note_nlp_id",
    "note_id",
    "section_concept_id",
    "offset",
    "lexical_variant",
    "note_nlp_concept_id",
    "note_nlp_source_concept_id",
    "nlp_system",
    "nlp_date",
    "term_exists",
    "term_temporal",
    "term_modifiers",
)


def table_of(kind: str) -> str | None:
    """OMOP table of a record kind; None for kinds that have no row of their own."""
    return {
        "stay": "visit_occurrence",
        "condition": "condition_occurrence",
        "measurement": "measurement",
        "observation": "observation",
        "exposure": "drug_exposure",
        "procedure": "procedure_occurrence",
        "document": "note",
        "image": "image_occurrence",
    }.get(kind)


def row_of(item: Registered, person: int) -> tuple[str, Row] | None:
    """Table and row of a current record of a patient; None when OMOP holds nothing of it.

    The row's id is the record's id in the ledger, so that projections are stable over rebuilds
    (a stay keeps the stay's id over its versions, as others point to it).
    """
    record = item.read.record
    base: Row = {"person_id": person, "visit_occurrence_id": item.stay_id}
    concept = item.concept_id or 0
    match record:
        case Stay():
            return "visit_occurrence", {
                "visit_occurrence_id": item.stay_id,
                "person_id": person,
                "visit_concept_id": VISITS.get(record.kind, 0),
                **_span("visit_start", "visit_end", record.start, record.end),
                "visit_type_concept_id": EHR,
                "visit_source_value": record.service or record.kind,
            }
        case Condition():
            return "condition_occurrence", base | {
                "condition_occurrence_id": item.record_id,
                "condition_concept_id": 0,
                **_span("condition_start", "condition_end", record.start, record.end),
                "condition_type_concept_id": EHR,
                "condition_source_value": _source(record.code.code if record.code else record.text),
                "condition_source_concept_id": concept,
                "condition_status_source_value": record.certainty,
                "stop_reason": record.clinical_status,
            }
        case Exposure():
            return "drug_exposure", base | {
                "drug_exposure_id": item.record_id,
                "drug_concept_id": 0,
                **_span("drug_exposure_start", "drug_exposure_end", record.start, record.end),
                "drug_type_concept_id": EHR,
                "stop_reason": record.state,
                "sig": record.dose,
                "drug_source_value": _source(record.code.code if record.code else record.text),
                "drug_source_concept_id": concept,
                "route_source_value": record.route,
            }
        case Procedure():
            return "procedure_occurrence", base | {
                "procedure_occurrence_id": item.record_id,
                "procedure_concept_id": 0,
                "procedure_date": _day(record.start),
                "procedure_datetime": _time(record.start),
                "procedure_end_date": _day(record.end),
                "procedure_end_datetime": _time(record.end),
                "procedure_type_concept_id": EHR,
                "procedure_source_value": _source(record.code.code if record.code else record.text),
                "procedure_source_concept_id": concept,
                "modifier_source_value": record.state,
            }
        case Measurement():
            return "measurement", base | _measurement(item, record, concept)
        case Observation():
            return "observation", base | {
                "observation_id": item.record_id,
                "observation_concept_id": 0,
                "observation_date": _day(record.at),
                "observation_datetime": _time(record.at),
                "observation_type_concept_id": EHR,
                "value_as_number": record.value_number,
                "value_as_string": record.value_text or None,
                "value_as_concept_id": item.value_concept_id,
                "observation_source_value": _source(record.code.code if record.code else record.text),
                "observation_source_concept_id": concept,
                "unit_source_value": record.unit,
                "qualifier_source_value": record.category,
                "value_source_value": record.value_text[:200],
            }
        case Document():
            return "note", base | {
                "note_id": item.record_id,
                "note_date": _day(record.at),
                "note_datetime": _time(record.at),
                "note_type_concept_id": EHR,
                "note_class_concept_id": 0,
                "note_title": record.title,
                "note_text": record.text,
                "encoding_concept_id": 32678,
                "language_concept_id": LANGUAGES.get(item.read.words.language if item.read.words else "", 0),
                "note_source_value": record.kind,
            }
        case Image():
            return "image_occurrence", base | {
                "image_occurrence_id": item.record_id,
                "image_occurrence_date": _day(record.at),
                "image_study_uid": record.study,
                "image_series_uid": record.series,
                "modality_source_value": record.modality,
                "anatomic_site_source_value": record.body_part,
            }
        case _:
            return None


@cache
def concept_number(concept: str) -> int:
    """A stable OMOP concept id for a concept of the lexicon, above those that OMOP reserves for local use."""
    return _LEXICON + int.from_bytes(hashlib.blake2b(concept.encode(), digest_size=6).digest(), "big")


def note_nlp(items: Iterable[Registered]) -> Columns:
    """NOTE_NLP of some documents, by column: what was read in them, with offsets into their texts.

    ``term_exists`` is Y for what the patient has or had for a fact; ``term_temporal`` past, present or future;
    ``term_modifiers`` says the rest, as ``context=ah;section=history;side=left;op=<;value=8.4;unit=%``. Columns, since
    there are some fifteen findings a document: a dictionary for each doubled the time of this table.
    """
    table: Columns = {name: [] for name in _NOTE_NLP}
    fill = [table[name].append for name in _NOTE_NLP]
    for item in items:
        record = item.read.record
        if not isinstance(record, Document):
            continue
        day = _day(record.at)
        for ordinal, finding in enumerate(item.read.findings):
            said = finding.context
            row = (
                note_nlp_id(item.record_id, ordinal),
                item.record_id,
                0,
                f"{finding.start}-{finding.end}",
                record.text[finding.start : finding.end][:250],
                concept_number(finding.concept),
                0,
                READER,
                day,
                "Y" if affirmed(said) else "N",
                "future" if "l" in said else "past" if "a" in said or "r" in said else "present",
                _modifiers(finding),
            )
            for append, cell in zip(fill, row, strict=True):
                append(cell)
    return table


def note_nlp_id(record: Number, ordinal: Number) -> Number:
    """Row id of the n-th finding of a document (of many, given as arrays); `finding_of` is its inverse."""
    return record * _MOST_FINDINGS + ordinal % _MOST_FINDINGS


def finding_of(note_nlp_id: int) -> tuple[int, int]:
    """Document and ordinal of a NOTE_NLP row.

    >>> finding_of(note_nlp_id(7, 12))
    (7, 12)
    """
    return divmod(note_nlp_id, _MOST_FINDINGS)


def _modifiers(finding: Finding) -> str:
    told = f"kind={finding.kind}"
    if finding.context:
        told += f";context={finding.context}"
    if finding.section:
        told += f";section={finding.section}"
    if finding.side:
        told += f";side={finding.side}"
    if finding.kind == "value":
        told += f";op={finding.comparator};value={finding.value:.10g};unit={finding.unit}"
    return told


def _measurement(item: Registered, record: Measurement, concept: int) -> Row:
    return {
        "measurement_id": item.record_id,
        "measurement_concept_id": 0,
        "measurement_date": _day(record.at),
        "measurement_datetime": _time(record.at),
        "measurement_type_concept_id": EHR,
        "operator_concept_id": OPERATORS.get(record.comparator),
        "value_as_number": record.number,
        "value_as_concept_id": item.value_concept_id,
        "range_low": record.low,
        "range_high": record.high,
        "measurement_source_value": _source(record.code.code if record.code else record.text),
        "measurement_source_concept_id": concept,
        "unit_source_value": record.unit or record.ucum,
        "value_source_value": (record.value_text or (record.value_code.label if record.value_code else ""))[:200],
    }


def _span(start: str, end: str, first: Moment | None, last: Moment | None) -> Row:
    return {
        f"{start}_date": _day(first),
        f"{start}_datetime": _time(first),
        f"{end}_date": _day(last),
        f"{end}_datetime": _time(last),
    }


def _day(moment: Moment | None) -> date | None:
    return moment.day if moment else None


def _time(moment: Moment | None) -> datetime | None:
    return moment.moment if moment and len(moment.text) > 10 else None


def _source(text: str) -> str:
    return text[:200]
