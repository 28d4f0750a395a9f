"""Events of the OMOP tables, for the clinical query (the port is `galien.query.events.Records`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from galien.model.units import convert
from galien.store.omop.cdm import Cdm

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Columns = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Floats, Floats]
UNDATED = -1_000_000
EVENT_TABLES = (
    "note_nlp",
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "measurement",
    "note",
    "observation",
)
_KINDS = {
    "condition": ("condition_occurrence", "condition", "condition_start_date", "condition_end_date"),
    "finding": ("condition_occurrence", "condition", "condition_start_date", "condition_end_date"),
    "drug": ("drug_exposure", "drug", "drug_exposure_start_date", "drug_exposure_end_date"),
    "class": ("drug_exposure", "drug", "drug_exposure_start_date", "drug_exposure_end_date"),
    "act": ("procedure_occurrence", "procedure", "procedure_date", "procedure_end_date"),
    "analyte": ("measurement", "measurement", "measurement_date", "measurement_date"),
}
_DOUBTFUL = "('provisional', 'differential', 'unconfirmed')"
_DENIED = "('refuted', 'entered-in-error')"
_NOT_DONE = "('cancelled', 'not-done', 'entered-in-error', 'not-taken', 'preparation', 'draft', 'stopped-before')"
_CONTEXT = "regexp_extract(l.term_modifiers, 'context=([a-z]*)', 1)"
_SAID = {
    "present": "l.term_exists = 'Y'",
    "denied": f"l.term_exists = 'N' AND {_CONTEXT} LIKE '%n%' AND {_CONTEXT} NOT LIKE '%f%'",
    "hedged": (
        f"l.term_exists = 'N' AND {_CONTEXT} LIKE '%h%' AND {_CONTEXT} NOT LIKE '%n%' AND {_CONTEXT} NOT LIKE '%f%'"
    ),
    "family": f"{_CONTEXT} LIKE '%f%' AND {_CONTEXT} NOT LIKE '%n%'",
    "any": "true",
}
_DAY = "CASE WHEN {0} IS NULL THEN -1000000 ELSE date_diff('day', DATE '1970-01-01', {0}) END"


class OmopEvents:
    """Reads events from the OMOP tables on DuckDB.

    Parameters
    ----------
    cdm : Cdm
    person : int, optional
        Read the events of this person alone.
    """

    def __init__(self, cdm: Cdm, person: int | None = None) -> None:
        self._cdm = cdm
        self._person = person

    def coded(self, kind: str, concepts: Ints, said: str) -> Columns:
        if not len(concepts) or kind not in _KINDS or said == "family":
            return _columns({})
        table, prefix, start, end = _KINDS[kind]
        if table == "condition_occurrence":
            status = "lower(coalesce(condition_status_source_value, ''))"
            limits = {
                "present": f"{status} NOT IN {_DOUBTFUL} AND {status} NOT IN {_DENIED}",
                "hedged": f"{status} IN {_DOUBTFUL}",
                "denied": f"{status} IN {_DENIED}",
                "any": "true",
            }
            limit = limits[said]
        elif said in ("present", "any"):
            state = {"drug_exposure": "stop_reason", "procedure_occurrence": "modifier_source_value"}.get(table)
            limit = f"lower(coalesce({state}, '')) NOT IN {_NOT_DONE}" if state and said == "present" else "true"
        else:
            return _columns({})
        return self._read(
            f"SELECT person_id AS person, {_day(start)} AS day, {_day(f'greatest({start}, coalesce({end}, {start}))')}"
            f" AS finish, coalesce(visit_occurrence_id, 0) AS stay,"
            f" {table}_id AS ref, {EVENT_TABLES.index(table)} AS place"
            f" FROM {table} WHERE {prefix}_source_concept_id IN (SELECT unnest(?)) AND {limit}{self._only()}",
            [concepts.tolist()],
        )

    def mentions(self, concepts: Ints, said: str, *, drugs: bool) -> Columns:
        if not len(concepts):
            return _columns({})
        allergies = " AND l.term_modifiers NOT LIKE '%section=allergy%'" if drugs else ""
        past = "CASE WHEN l.term_temporal = 'past' THEN NULL ELSE n.note_date END"
        return self._read(
            f"SELECT n.person_id AS person, {_day(past)} AS day, {_day(past)} AS finish,"
            " coalesce(n.visit_occurrence_id, 0) AS stay, l.note_nlp_id AS ref, 0 AS place"
            " FROM note_nlp l JOIN note n USING (note_id)"
            f" WHERE l.note_nlp_concept_id IN (SELECT unnest(?)) AND l.term_modifiers NOT LIKE 'kind=value%'"
            f" AND {_SAID[said]}{allergies}{self._only('n.')}",
            [concepts.tolist()],
        )

    def values(self, sources: Ints, concepts: Ints, unit: str, molar_mass: float | None) -> Columns:
        measured = self._rows(
            f"SELECT person_id AS person, {_day('measurement_date')} AS day, {_day('measurement_date')} AS finish,"
            " coalesce(visit_occurrence_id, 0) AS stay, measurement_id AS ref,"
            f" {EVENT_TABLES.index('measurement')} AS place,"
            " value_as_number AS low, value_as_number AS high, coalesce(unit_source_value, '') AS unit,"
            " coalesce(operator_concept_id, 0) AS operator FROM measurement"
            f" WHERE measurement_source_concept_id IN (SELECT unnest(?)) AND value_as_number IS NOT NULL{self._only()}",
            [sources.tolist()],
        )
        _convert(measured, unit, molar_mass)
        _open(
            measured,
            np.isin(measured["operator"], (4171756, 4171754)),
            np.isin(measured["operator"], (4172704, 4171755)),
        )
        written = self._rows(
            f"SELECT n.person_id AS person, {_day('n.note_date')} AS day, {_day('n.note_date')} AS finish,"
            " coalesce(n.visit_occurrence_id, 0) AS stay, l.note_nlp_id AS ref, 0 AS place,"
            " regexp_extract(l.term_modifiers, 'value=([-0-9.e]+)', 1)::DOUBLE AS low,"
            " regexp_extract(l.term_modifiers, 'value=([-0-9.e]+)', 1)::DOUBLE AS high,"
            " regexp_extract(l.term_modifiers, 'op=([<>=~.]*);', 1) AS operator"
            " FROM note_nlp l JOIN note n USING (note_id)"
            " WHERE l.note_nlp_concept_id IN (SELECT unnest(?)) AND l.term_modifiers LIKE 'kind=value%'"
            f"{self._only('n.')}",
            [concepts.tolist()],
        )
        _open(written, np.isin(written["operator"], ("<", "<=")), np.isin(written["operator"], (">", ">=")))
        first, second = _columns(measured), _columns(written)
        return tuple(np.concatenate(pair) for pair in zip(first, second, strict=True))  # type: ignore[return-value]

    def documents(self, kind: str) -> Columns:
        limit = "note_source_value = ?" if kind else "true"
        return self._read(
            f"SELECT person_id AS person, {_day('note_date')} AS day, {_day('note_date')} AS finish,"
            f" coalesce(visit_occurrence_id, 0) AS stay, note_id AS ref, {EVENT_TABLES.index('note')} AS place"
            f" FROM note WHERE {limit}{self._only()}",
            [kind] if kind else [],
        )

    def service(self, name: str) -> Columns:
        start, end = "visit_start_date", "coalesce(visit_end_date, visit_start_date)"
        return self._read(
            f"SELECT person_id AS person, {_day(start)} AS day, {_day(end)} AS finish,"
            " visit_occurrence_id AS stay, visit_occurrence_id AS ref, 6 AS place FROM visit_occurrence"
            f" WHERE strip_accents(lower(visit_source_value)) LIKE '%' || strip_accents(lower(?)) || '%'{self._only()}",
            [name],
        )

    def people(self) -> tuple[Ints, npt.NDArray[np.str_], Ints, Ints]:
        born = "make_date(year_of_birth, coalesce(month_of_birth, 7), coalesce(day_of_birth, 1))"
        rows = self._rows(
            "SELECT p.person_id AS person, coalesce(p.gender_source_value, '') AS sex,"
            f" {_day(f'CASE WHEN year_of_birth IS NULL THEN NULL ELSE {born} END')} AS born,"
            f" {_day('d.death_date')} AS died"
            f" FROM person p LEFT JOIN death d USING (person_id) WHERE true{self._only('p.')} ORDER BY 1",
            [],
        )
        return _ints(rows["person"]), rows["sex"].astype(str), _ints(rows["born"]), _ints(rows["died"])

    def told(self, ids: Sequence[int]) -> dict[int, tuple[int, int, int, str]]:
        rows = self._cdm.query(
            "SELECT l.note_nlp_id, l.note_id, split_part(l.\"offset\", '-', 1), split_part(l.\"offset\", '-', 2),"
            " coalesce(n.note_date::VARCHAR, '') FROM note_nlp l JOIN note n USING (note_id)"
            " WHERE l.note_nlp_id IN (SELECT unnest(?))",
            [list(ids)],
        )
        return {int(str(i)): (int(str(note)), int(str(a)), int(str(b)), str(day)) for i, note, a, b, day in rows}

    def spans(self, notes: Sequence[int], concepts: Ints) -> list[tuple[int, int, int, int, str]]:
        rows = self._cdm.query(
            "SELECT note_id, split_part(\"offset\", '-', 1), split_part(\"offset\", '-', 2), note_nlp_concept_id,"
            f" CASE WHEN term_exists = 'Y' THEN 'present' WHEN {_CONTEXT} LIKE '%f%' THEN 'family'"
            f" WHEN {_CONTEXT} LIKE '%n%' THEN 'denied' ELSE 'hedged' END FROM note_nlp l"
            " WHERE note_id IN (SELECT unnest(?)) AND note_nlp_concept_id IN (SELECT unnest(?))",
            [list(notes), concepts.tolist()],
        )
        return [(int(str(n)), int(str(a)), int(str(b)), int(str(k)), str(said)) for n, a, b, k, said in rows]

    def rows(self, table: str, ids: Sequence[int]) -> dict[int, tuple[str, str, str, str]]:
        if table == "visit_occurrence":
            return {}
        day, prefix = {
            "condition_occurrence": ("condition_start_date", "condition"),
            "drug_exposure": ("drug_exposure_start_date", "drug"),
            "procedure_occurrence": ("procedure_date", "procedure"),
            "measurement": ("measurement_date", "measurement"),
        }[table]
        value = (
            "coalesce(value_source_value, '') || '|' || coalesce(value_as_number::VARCHAR, '') || '|' ||"
            " coalesce(unit_source_value, '')"
            if table == "measurement"
            else "'||'"
        )
        found = self._cdm.query(
            f"SELECT t.{table}_id, coalesce(c.concept_name, t.{prefix}_source_value, ''),"
            " CASE WHEN c.vocabulary_id IS NULL OR c.vocabulary_id = 'text' THEN ''"
            f" ELSE c.vocabulary_id || ':' || c.concept_code END, {value}, coalesce(t.{day}::VARCHAR, '')"
            f" FROM {table} t LEFT JOIN concept c ON c.concept_id = t.{prefix}_source_concept_id"
            f" WHERE t.{table}_id IN (SELECT unnest(?))",
            [list(ids)],
        )
        return {
            int(str(id)): (str(label), str(code), _shown(str(told)), str(at)) for id, label, code, told, at in found
        }

    def last_commit(self) -> int:
        return self._cdm.last_commit()

    def _only(self, table: str = "") -> str:
        """The restriction to one person, where there is one."""
        return f" AND {table}person_id = {self._person:d}" if self._person is not None else ""

    def _read(self, sql: str, parameters: Sequence[object]) -> Columns:
        return _columns(self._rows(sql, parameters))

    def _rows(self, sql: str, parameters: Sequence[object]) -> dict[str, npt.NDArray[np.generic]]:
        answer = self._cdm.cursor().execute(sql, list(parameters)).fetchnumpy()
        return {name: np.ma.getdata(column) for name, column in answer.items()}


def _shown(told: str) -> str:
    """A value as stored, or its number without a useless decimal, and its unit."""
    text, number, unit = told.split("|", 2)
    if not text and number:
        text = f"{float(number):g}"
    return f"{text} {unit}".strip() if text else ""


def _day(column: str) -> str:
    return _DAY.format(column)


def _ints(column: npt.NDArray[np.generic]) -> Ints:
    return column.astype(np.int64)


def _columns(rows: dict[str, npt.NDArray[np.generic]]) -> Columns:
    if not rows or not len(rows["person"]):
        empty = np.empty(0, np.int64)
        return empty, empty, empty, empty, empty, empty, np.empty(0), np.empty(0)
    none = np.full(len(rows["person"]), np.nan)
    return (
        _ints(rows["person"]),
        _ints(rows["day"]),
        _ints(rows["finish"]),
        _ints(rows["stay"]),
        _ints(rows["ref"]),
        _ints(rows["place"]),
        rows["low"].astype(np.float64) if "low" in rows else none,
        rows["high"].astype(np.float64) if "high" in rows else none,
    )


def _convert(rows: dict[str, npt.NDArray[np.generic]], unit: str, molar_mass: float | None) -> None:
    """Values to the analyte's own unit; those in a unit that measures something else become unknown."""
    values = rows["low"].astype(np.float64)
    units = rows["unit"].astype(str)
    for written in np.unique(units):
        if written in ("", unit):
            continue
        one, ten = convert(1.0, str(written), unit, molar_mass), convert(11.0, str(written), unit, molar_mass)
        these = units == written
        if one is None or ten is None:
            values[these] = np.nan
        else:
            slope = (ten - one) / 10
            values[these] = values[these] * slope + (one - slope)
    rows["low"] = rows["high"] = np.round(values, 6)


def _open(rows: dict[str, npt.NDArray[np.generic]], below: npt.NDArray[np.bool_], above: npt.NDArray[np.bool_]) -> None:
    """``< 5`` has no lower bound, ``> 5`` no upper one."""
    low, high = rows["low"].astype(np.float64).copy(), rows["high"].astype(np.float64).copy()
    low[below] = -np.inf
    high[above] = np.inf
    rows["low"], rows["high"] = low, high


__all__ = ["EVENT_TABLES", "UNDATED", "Columns", "OmopEvents"]
