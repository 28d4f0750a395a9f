"""The record of one patient as the tables hold it: small lists, read whole, for questions about that patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from galien.store.omop.cdm import Cdm, among
from galien.store.omop.tables import OPERATORS

_COMPARATORS = {concept: sign for sign, concept in OPERATORS.items()}
_CODED = {
    "condition_occurrence": (
        "condition", "condition_start_date", "condition_end_date", "condition_status_source_value", "''",
    ),
    "drug_exposure": ("drug", "drug_exposure_start_date", "drug_exposure_end_date", "stop_reason", "sig"),
    "procedure_occurrence": ("procedure", "procedure_date", "procedure_end_date", "modifier_source_value", "''"),
}  # fmt: skip
_EXTENT = {
    "visit_occurrence": "visit_start_date",
    "condition_occurrence": "condition_start_date",
    "procedure_occurrence": "procedure_date",
    "drug_exposure": "drug_exposure_start_date",
    "measurement": "measurement_date",
    "observation": "observation_date",
    "note": "note_date",
}


class CodedRow(NamedTuple):
    """A coded condition, drug or act; days are ISO, empty where unknown."""

    id: int
    source: int
    label: str
    code: str
    start: str
    end: str
    state: str
    detail: str
    stay: int


class Result(NamedTuple):
    """A measured result; ``at`` is an ISO day, with its hour where it is known."""

    id: int
    source: int
    label: str
    code: str
    at: str
    number: float | None
    comparator: str
    text: str
    unit: str
    low: float | None
    high: float | None


class Mentioned(NamedTuple):
    """What a document says of a concept: where, in which context letters, in which section."""

    id: int
    note: int
    start: int
    end: int
    day: str
    kind: str
    concept: int
    time: str
    said: str
    section: str


class Written(NamedTuple):
    """A value that a document writes, and where."""

    id: int
    note: int
    start: int
    end: int
    day: str
    concept: int
    number: float


class Stay(NamedTuple):
    id: int
    start: str
    end: str
    service: str
    concept: int


class Note(NamedTuple):
    id: int
    day: str
    kind: str
    title: str


class Extent(NamedTuple):
    """How many rows of a table are this patient's, and from which day to which."""

    table: str
    rows: int
    since: str
    until: str


class PatientRecord:
    """Reads the rows of one patient.

    Parameters
    ----------
    cdm : Cdm
    person : int
    """

    def __init__(self, cdm: Cdm, person: int) -> None:
        self._cdm = cdm
        self._person = person
        self._notes: list[Note] | None = None

    def coded(self, table: str) -> list[CodedRow]:
        """Rows of ``condition_occurrence``, ``drug_exposure`` or ``procedure_occurrence``, latest first."""
        prefix, start, end, state, detail = _CODED[table]
        rows = self._cdm.query(
            f"SELECT t.{table}_id, coalesce(t.{prefix}_source_concept_id, 0),"
            f" coalesce(c.concept_name, t.{prefix}_source_value, ''), {_CODE}, coalesce(t.{start}::VARCHAR, ''),"
            f" coalesce(t.{end}::VARCHAR, ''), lower(coalesce(t.{state}, '')), coalesce({detail}, ''),"
            f" coalesce(t.visit_occurrence_id, 0) FROM {table} t"
            f" LEFT JOIN concept c ON c.concept_id = t.{prefix}_source_concept_id WHERE t.person_id = {self._person:d}"
            f" ORDER BY t.{start} DESC NULLS LAST, 1 DESC",
        )
        return [
            CodedRow(
                _int(id),
                _int(source),
                str(label),
                str(code),
                str(start),
                str(end),
                str(state),
                str(detail),
                _int(stay),
            )
            for id, source, label, code, start, end, state, detail, stay in rows
        ]

    def results(self, sources: Sequence[int]) -> list[Result]:
        """Results whose source concept is one of these, latest first."""
        rows = self._cdm.query(
            "SELECT t.measurement_id, t.measurement_source_concept_id,"
            f" coalesce(c.concept_name, t.measurement_source_value, ''), {_CODE},"
            " coalesce(t.measurement_datetime::VARCHAR, t.measurement_date::VARCHAR, ''), t.value_as_number,"
            " coalesce(t.operator_concept_id, 0), coalesce(v.concept_name, t.value_source_value, ''),"
            " coalesce(t.unit_source_value, ''), t.range_low, t.range_high FROM measurement t"
            " LEFT JOIN concept c ON c.concept_id = t.measurement_source_concept_id"
            " LEFT JOIN concept v ON v.concept_id = t.value_as_concept_id"
            f" WHERE t.person_id = {self._person:d} AND {among('t.measurement_source_concept_id', sources)}"
            " ORDER BY coalesce(t.measurement_datetime, t.measurement_date) DESC NULLS LAST, 1 DESC",
        )
        return [
            Result(
                _int(id), _int(source), str(label), str(code), str(at).replace(" 00:00:00", "").replace(" ", "T"),
                _float(number), _COMPARATORS.get(_int(operator), ""), str(text), str(unit), _float(low), _float(high),
            )
            for id, source, label, code, at, number, operator, text, unit, low, high in rows
        ]  # fmt: skip

    def mentioned(self, concepts: Sequence[int]) -> list[Mentioned]:
        """What documents say of these lexicon concepts (values apart), latest document first."""
        return self._mentions(among("note_nlp_concept_id", concepts))

    def of_kind(self, kinds: Sequence[str]) -> list[Mentioned]:
        """Every mention of concepts of these kinds (``drug``, ``act``...)."""
        return self._mentions(
            " OR ".join(f"term_modifiers LIKE 'kind={kind};%' OR term_modifiers = 'kind={kind}'" for kind in kinds)
        )

    def of_section(self, section: str) -> list[Mentioned]:
        """Every mention in sections of this kind."""
        return self._mentions(f"term_modifiers LIKE '%section={section}%'")

    def written(self, concepts: Sequence[int]) -> list[Written]:
        """Values that documents write of these lexicon concepts, in the analyte's own unit, latest document first."""
        value = "regexp_extract(term_modifiers, 'value=([-0-9.e+]+)', 1)::DOUBLE"
        limit = f"{among('note_nlp_concept_id', concepts)} AND term_modifiers LIKE 'kind=value%'"
        return [
            Written(id, note, start, end, day, _int(concept), float(str(number)))
            for id, note, start, end, day, concept, number in self._told(f"note_nlp_concept_id, {value}", limit)
        ]

    def _mentions(self, limit: str) -> list[Mentioned]:
        columns = (
            "regexp_extract(term_modifiers, 'kind=([a-z]*)', 1), note_nlp_concept_id, coalesce(term_temporal, ''),"
            " regexp_extract(term_modifiers, 'context=([a-z]*)', 1),"
            " regexp_extract(term_modifiers, 'section=([a-z-]*)', 1)"
        )
        return [
            Mentioned(id, note, start, end, day, str(kind), _int(concept), str(time), str(said), str(section))
            for id, note, start, end, day, kind, concept, time, said, section in self._told(
                columns, f"term_modifiers NOT LIKE 'kind=value%' AND ({limit})"
            )
        ]

    def _told(self, columns: str, limit: str) -> list[tuple[Any, ...]]:
        """NOTE_NLP rows: id, note, start, end, day, then ``columns``; latest document first.

        The documents of the patient are named one by one: so named, whole blocks of NOTE_NLP are passed over.
        """
        days = {note.id: note.day for note in self.notes()}
        start, end = (f"split_part(\"offset\", '-', {place})::INTEGER" for place in (1, 2))
        rows = self._cdm.query(
            f"SELECT note_nlp_id, note_id, {start}, {end}, {columns} FROM note_nlp"
            f" WHERE {among('note_id', days)} AND {limit}"
        )
        told: list[tuple[Any, ...]] = [
            (_int(id), _int(note), _int(a), _int(b), days[_int(note)], *more) for id, note, a, b, *more in rows
        ]
        told.sort(key=lambda row: int(row[0]))
        return sorted(told, key=lambda row: (str(row[4]), int(row[1])), reverse=True)

    def allergies(self) -> list[CodedRow]:
        """Allergies as the sender recorded them."""
        rows = self._cdm.query(
            "SELECT t.observation_id, coalesce(t.observation_source_concept_id, 0),"
            f" coalesce(c.concept_name, t.observation_source_value, ''), {_CODE},"
            " coalesce(t.observation_date::VARCHAR, ''), coalesce(t.value_as_string, '')"
            " FROM observation t LEFT JOIN concept c ON c.concept_id = t.observation_source_concept_id"
            f" WHERE t.person_id = {self._person:d} AND t.qualifier_source_value = 'allergy'"
            " ORDER BY t.observation_date DESC, 1 DESC",
        )
        return [
            CodedRow(_int(id), _int(source), str(label), str(code), str(at), "", "", str(more), 0)
            for id, source, label, code, at, more in rows
        ]

    def stays(self) -> list[Stay]:
        """Stays and visits, latest first."""
        rows = self._cdm.query(
            "SELECT visit_occurrence_id, coalesce(visit_start_date::VARCHAR, ''),"
            " coalesce(visit_end_date::VARCHAR, ''), coalesce(visit_source_value, ''), coalesce(visit_concept_id, 0)"
            f" FROM visit_occurrence WHERE person_id = {self._person:d}"
            " ORDER BY visit_start_date DESC NULLS LAST, 1 DESC",
        )
        return [Stay(_int(id), str(a), str(b), str(service), _int(kind)) for id, a, b, service, kind in rows]

    def notes(self) -> list[Note]:
        """Documents, latest first; read once."""
        if self._notes is not None:
            return self._notes
        rows = self._cdm.query(
            "SELECT note_id, coalesce(note_date::VARCHAR, ''), coalesce(note_source_value, ''),"
            f" coalesce(note_title, '') FROM note WHERE person_id = {self._person:d}"
            " ORDER BY note_date DESC NULLS LAST, 1 DESC",
        )
        self._notes = [Note(_int(id), str(day), str(kind), str(title)) for id, day, kind, title in rows]
        return self._notes

    def extent(self) -> list[Extent]:
        """What there is to look at, table by table."""
        rows = self._cdm.query(
            " UNION ALL ".join(
                f"SELECT '{table}', count(*), coalesce(min({day})::VARCHAR, ''), coalesce(max({day})::VARCHAR, '')"
                f" FROM {table} WHERE person_id = {self._person:d}"
                for table, day in _EXTENT.items()
            )
        )
        found = {str(table): Extent(str(table), _int(n), str(a), str(b)) for table, n, a, b in rows}
        return [found[table] for table in _EXTENT]


_CODE = (
    "CASE WHEN c.vocabulary_id IS NULL OR c.vocabulary_id = 'text' THEN ''"
    " ELSE c.vocabulary_id || ':' || c.concept_code END"
)


def _int(value: object) -> int:
    return int(str(value))


def _float(value: object) -> float | None:
    return float(str(value)) if value is not None else None
