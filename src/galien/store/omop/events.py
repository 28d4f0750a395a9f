"""Events of the OMOP tables, for the clinical query (the port is `galien.query.events.Records`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from galien.model.units import convert
from galien.store.omop.cdm import Cdm, among
from galien.store.omop.rows import finding_of, note_nlp_id
from galien.store.told import ALLERGY, OPERATORS, Passage, Postings, Told, bits

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Columns = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Floats, Floats]
People = tuple[Ints, npt.NDArray[np.str_], Ints, Ints]
UNDATED = -1_000_000
EVENT_TABLES = (
    "note_nlp",
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "measurement",
    "note",
    "visit_occurrence",
)
_KINDS = {
    "condition": ("condition_occurrence", "condition", "condition_start_date", "condition_end_date"),
    "finding": ("condition_occurrence", "condition", "condition_start_date", "condition_end_date"),
    "drug": ("drug_exposure", "drug", "drug_exposure_start_date", "drug_exposure_end_date"),
    "class": ("drug_exposure", "drug", "drug_exposure_start_date", "drug_exposure_end_date"),
    "act": ("procedure_occurrence", "procedure", "procedure_date", "procedure_end_date"),
    "analyte": ("measurement", "measurement", "measurement_date", "measurement_date"),
}
_STAYS = {"inpatient": (9201, 262), "emergency": (9203, 262), "outpatient": (9202, 5083, 581476)}
"""Visit concepts of a kind; 262 is a stay that began in the emergency department."""
DOUBTFUL = ("provisional", "differential", "unconfirmed")
DENIED = ("refuted", "entered-in-error")
NOT_DONE = ("cancelled", "not-done", "entered-in-error", "not-taken", "preparation", "draft", "stopped-before")
"""States of a condition that is not sure, that is refuted, and of a drug or an act that was not given or done."""
_UNSURE = bits("nhcfl")
_NEGATED, _HEDGED, _FAMILY = bits("n"), bits("h"), bits("f")
_DAY = "CASE WHEN {0} IS NULL THEN -1000000 ELSE date_diff('day', DATE '1970-01-01', {0}) END"


class OmopEvents:
    """Reads events from the OMOP tables on DuckDB.

    Parameters
    ----------
    cdm : Cdm
    told : Told
        What the documents say, by document.
    person : int, optional
        Read the events of this person alone.
    """

    def __init__(self, cdm: Cdm, told: Told, person: int | None = None) -> None:
        self._cdm = cdm
        self._told = told
        self._person = person
        self._people: tuple[int, People] | None = None
        self._documents: tuple[int, int, tuple[Ints, Ints, Ints, Ints]] | None = None

    def coded(self, kind: str, concepts: Ints, said: str) -> Columns:
        if not len(concepts) or kind not in _KINDS or said == "family":
            return _columns({})
        table, prefix, start, end = _KINDS[kind]
        if table == "condition_occurrence":
            status = "lower(coalesce(condition_status_source_value, ''))"
            limits = {
                "present": f"{status} NOT IN {DOUBTFUL} AND {status} NOT IN {DENIED}",
                "hedged": f"{status} IN {DOUBTFUL}",
                "denied": f"{status} IN {DENIED}",
                "any": "true",
            }
            limit = limits[said]
        elif said in ("present", "any"):
            state = {"drug_exposure": "stop_reason", "procedure_occurrence": "modifier_source_value"}.get(table)
            limit = f"lower(coalesce({state}, '')) NOT IN {NOT_DONE}" if state and said == "present" else "true"
        else:
            return _columns({})
        return self._read(
            f"SELECT person_id AS person, {_day(start)} AS day, {_day(f'greatest({start}, coalesce({end}, {start}))')}"
            f" AS finish, coalesce(visit_occurrence_id, 0) AS stay,"
            f" {table}_id AS ref, {EVENT_TABLES.index(table)} AS place"
            f" FROM {table} WHERE {among(f'{prefix}_source_concept_id', concepts)} AND {limit}{self._only()}",
        )

    def mentions(self, concepts: frozenset[str], said: str, *, drugs: bool) -> Columns:
        rows = self._told.named(concepts)
        heard = rows["said"].astype(np.int64)
        kept = _heard(heard, said)
        if drugs:
            kept &= (heard & ALLERGY) == 0
        rows, heard = rows[kept], heard[kept]
        columns, live = self._of_notes(rows)
        # What is told as past happened on no known day; what is told as planned, on that of the telling.
        past = ((heard & bits("ar")) != 0) & ((heard & bits("l")) == 0)
        undated = past[live]
        columns["day"][undated] = columns["finish"][undated] = UNDATED
        return _columns(columns)

    def values(self, sources: Ints, concepts: frozenset[str], unit: str, molar_mass: float | None) -> Columns:
        measured = self._rows(
            f"SELECT person_id AS person, {_day('measurement_date')} AS day, {_day('measurement_date')} AS finish,"
            " coalesce(visit_occurrence_id, 0) AS stay, measurement_id AS ref,"
            f" {EVENT_TABLES.index('measurement')} AS place,"
            " value_as_number AS low, value_as_number AS high, coalesce(unit_source_value, '') AS unit,"
            " coalesce(operator_concept_id, 0) AS operator FROM measurement"
            f" WHERE {among('measurement_source_concept_id', sources)} AND value_as_number IS NOT NULL{self._only()}",
        )
        _convert(measured, unit, molar_mass)
        _open(
            measured,
            np.isin(measured["operator"], (4171756, 4171754)),
            np.isin(measured["operator"], (4172704, 4171755)),
        )
        rows = self._told.valued(concepts)
        written, live = self._of_notes(rows)
        written["low"] = written["high"] = rows["value"][live]
        operator = np.array(OPERATORS)[rows["operator"][live]]
        _open(written, np.isin(operator, ("<", "<=")), np.isin(operator, (">", ">=")))
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

    def stays(self, kind: str, service: str) -> Columns:
        start, end = "visit_start_date", "coalesce(visit_end_date, visit_start_date)"
        limits, parameters = ["true"], []
        if kind != "any":
            limits.append(among("visit_concept_id", _STAYS[kind]))
        if service:
            limits.append("strip_accents(lower(visit_source_value)) LIKE '%' || strip_accents(lower(?)) || '%'")
            parameters.append(service)
        return self._read(
            f"SELECT person_id AS person, {_day(start)} AS day, {_day(end)} AS finish,"
            " visit_occurrence_id AS stay, visit_occurrence_id AS ref,"
            f" {EVENT_TABLES.index('visit_occurrence')} AS place FROM visit_occurrence"
            f" WHERE {' AND '.join(limits)}{self._only()}",
            parameters,
        )

    def _of_notes(self, rows: Postings) -> tuple[dict[str, npt.NDArray[np.generic]], Mask]:
        """Postings as events of the patients whose documents they are in, and which of them still stand."""
        ids, person, day, stay = self._notes()
        place = np.searchsorted(ids, rows["record"])
        place[place == len(ids)] = 0
        live = ids[place] == rows["record"] if len(ids) else np.zeros(len(rows), bool)
        place, rows = place[live], rows[live]
        columns: dict[str, npt.NDArray[np.generic]] = {
            "person": person[place],
            "day": day[place],
            "finish": day[place],
            "stay": stay[place],
            "ref": note_nlp_id(rows["record"], rows["ordinal"].astype(np.int64)),
            "place": np.zeros(len(rows), np.int64),
        }
        return columns, live

    def _notes(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Documents of patients: id (sorted), person, day, stay; of a commit that only added, just that is read."""
        commit, upsets = self._cdm.last_commit(), self._cdm.upsets
        known = self._documents
        if known is not None and known[0] == commit:
            return known[2]
        held = known[2] if known is not None and known[1] == upsets else None
        last = int(held[0][-1]) if held is not None and len(held[0]) else -1
        rows = self._rows(
            f"SELECT note_id, person_id, {_day('note_date')} AS day, coalesce(visit_occurrence_id, 0) AS stay"
            f" FROM note WHERE note_id > {last}{self._only()} ORDER BY note_id"
        )
        columns = (_ints(rows["note_id"]), _ints(rows["person_id"]), _ints(rows["day"]), _ints(rows["stay"]))
        if held is not None:
            columns = tuple(np.concatenate(pair) for pair in zip(held, columns, strict=True))  # type: ignore[assignment]
        self._documents = (commit, upsets, columns)
        return columns

    def people(self) -> People:
        commit = self._cdm.last_commit()
        if self._people is None or self._people[0] != commit:
            self._people = (commit, self._read_people())
        return self._people[1]

    def _read_people(self) -> People:
        born = "make_date(year_of_birth, coalesce(month_of_birth, 7), coalesce(day_of_birth, 1))"
        rows = self._rows(
            "SELECT p.person_id AS person, coalesce(p.gender_source_value, '') AS sex,"
            f" {_day(f'CASE WHEN year_of_birth IS NULL THEN NULL ELSE {born} END')} AS born,"
            f" {_day('d.death_date')} AS died"
            f" FROM person p LEFT JOIN death d USING (person_id) WHERE true{self._only('p.')} ORDER BY 1",
        )
        return _ints(rows["person"]), rows["sex"].astype(str), _ints(rows["born"]), _ints(rows["died"])

    def told(self, ids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
        places = {id: finding_of(id) for id in ids}
        said = self._told.of(sorted({note for note, _ in places.values()}))
        found = {}
        for id, (note, ordinal) in places.items():
            if ordinal < len(said.get(note, ())):
                passage = said[note][ordinal]
                found[id] = (note, passage.start, passage.end)
        return found

    def said(self, records: Sequence[int]) -> dict[int, list[Passage]]:
        return self._told.of(records)

    def rows(self, table: str, ids: Sequence[int]) -> dict[int, tuple[str, str, str, str]]:
        if table == "visit_occurrence":
            return self._visits(ids)
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
            f" WHERE {among(f't.{table}_id', ids)}",
        )
        return {
            int(str(id)): (str(label), str(code), _shown(str(told)), str(at)) for id, label, code, told, at in found
        }

    def _visits(self, ids: Sequence[int]) -> dict[int, tuple[str, str, str, str]]:
        found = self._cdm.query(
            "SELECT visit_occurrence_id, coalesce(visit_source_value, ''), coalesce(visit_start_date::VARCHAR, ''),"
            f" coalesce(visit_end_date::VARCHAR, '') FROM visit_occurrence WHERE {among('visit_occurrence_id', ids)}"
        )
        return {
            int(str(id)): (f"{service} ({start} – {end})" if end and end != start else str(service), "", "", str(start))
            for id, service, start, end in found
        }

    def last_commit(self) -> int:
        return self._cdm.last_commit()

    def _only(self, table: str = "") -> str:
        """The restriction to one person, where there is one."""
        return f" AND {table}person_id = {self._person:d}" if self._person is not None else ""

    def _read(self, sql: str, parameters: Sequence[object] = ()) -> Columns:
        return _columns(self._rows(sql, parameters))

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> dict[str, npt.NDArray[np.generic]]:
        answer = self._cdm.cursor().execute(sql, list(parameters)).fetchnumpy()
        return {name: np.ma.getdata(column) for name, column in answer.items()}


def _heard(heard: Ints, said: str) -> Mask:
    """Which mentions are said so: `galien.store.reading.heard_as`, on bits."""
    negated, hedged, family = (heard & _NEGATED) != 0, (heard & _HEDGED) != 0, (heard & _FAMILY) != 0
    kept: Mask
    match said:
        case "present":
            kept = (heard & _UNSURE) == 0
        case "denied":
            kept = negated & ~family
        case "hedged":
            kept = hedged & ~negated & ~family
        case "family":
            kept = family & ~negated
        case _:
            kept = np.ones(len(heard), bool)
    return kept


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
