"""Random small hospitals, random queries, and a slow, obvious oracle that answers them in plain Python."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from galien.model.concepts import Concept as Known
from galien.model.concepts import Measure
from galien.query.criteria import Age, All, Any, Concept, Counted, Lapse, Node, Not, Period, Picked, Related, Sex, Value
from galien.query.events import UNDATED
from galien.query.execution import day_number

TODAY = day_number("2024-06-01")
BELOW = {"heart": {"heart", "stroke"}, "stroke": {"stroke"}, "diabetes": {"diabetes"}}
CODES = {"heart": 1, "stroke": 2, "diabetes": 3, "hba1c": 9}


@dataclass(frozen=True)
class Row:
    person: int
    concept: str
    day: int
    stay: int
    ref: int
    number: float | None = None


@dataclass(frozen=True)
class Hospital:
    """The record as plain rows: what `Records`, `Links` and `Hierarchy` are made of, and the oracle reads."""

    people: tuple[tuple[int, str, int], ...]
    rows: tuple[Row, ...]

    def _columns(self, rows: list[Row]) -> tuple[np.ndarray, ...]:  # type: ignore[type-arg]
        ints = [
            np.array(c, np.int64) for c in zip(*[(r.person, r.day, r.day, r.stay, r.ref, 1) for r in rows], strict=True)
        ]
        if not rows:
            ints = [np.empty(0, np.int64)] * 6
        numbers = np.array([np.nan if r.number is None else r.number for r in rows], np.float64)
        return (*ints, numbers, numbers)

    def coded(self, kind, concepts, said):  # type: ignore[no-untyped-def]
        return self._columns([r for r in self.rows if CODES[r.concept] in concepts and r.number is None])

    def mentions(self, concepts, said, *, drugs):  # type: ignore[no-untyped-def]
        return self._columns([])

    def values(self, sources, concepts, unit, molar_mass):  # type: ignore[no-untyped-def]
        return self._columns([r for r in self.rows if CODES[r.concept] in sources and r.number is not None])

    def documents(self, kind):  # type: ignore[no-untyped-def]
        return self._columns([])

    def stays(self, kind, service):  # type: ignore[no-untyped-def]
        return self._columns([])

    def persons(self):  # type: ignore[no-untyped-def]
        return sorted(p for p, _, _ in self.people)


class Records(Hospital):
    def people_(self):  # type: ignore[no-untyped-def]
        order = sorted(self.people)
        return (
            np.array([p for p, _, _ in order], np.int64),
            np.array([s for _, s, _ in order], str),
            np.array([b for _, _, b in order], np.int64),
            np.full(len(order), UNDATED, np.int64),
        )


class Adapter:
    """A hospital behind the ports of the engine."""

    def __init__(self, hospital: Records) -> None:
        self._hospital = hospital
        for name in ("coded", "mentions", "values", "documents", "stays"):
            setattr(self, name, getattr(hospital, name))

    def people(self):  # type: ignore[no-untyped-def]
        return self._hospital.people_()

    def sources(self, concepts):  # type: ignore[no-untyped-def]
        return np.array(sorted(CODES[c] for c in concepts), np.int64)

    def descendants(self, id):  # type: ignore[no-untyped-def]
        return frozenset(BELOW.get(id, {id}))

    def get(self, id):  # type: ignore[no-untyped-def]
        return Known(id=id, kind="analyte", fr=id, en=id, measure=Measure("%"))


# -- the oracle


def events(hospital: Records, node: Node) -> list[Row]:
    match node:
        case Concept(id):
            return [r for r in hospital.rows if r.concept in BELOW.get(id, {id}) and r.number is None]
        case Value(id):
            return [r for r in hospital.rows if r.concept == id and r.number is not None and holds(r.number, node)]
        case Any(parts):
            return [r for part in parts for r in events(hospital, part)]
        case All(parts):
            first = next((part for part in parts if is_event(part)), None)
            found = events(hospital, first) if first is not None else []
            return [r for r in found if answers_for(hospital, node, r.person, None, ())]
        case Picked(which, part):
            base = Value(part.id, ">", -1e9) if isinstance(part, Value) else part
            chosen = []
            for person in hospital.persons():
                mine = sorted((r for r in events(hospital, base) if r.person == person), key=lambda r: (r.day, r.ref))
                if mine:
                    chosen.append(mine[0 if which == "first" else -1])
            return [r for r in chosen if not isinstance(part, Value) or holds(r.number or 0, part)]
        case Counted(least, part):
            found = events(hospital, part)
            return [r for r in found if len({o.day for o in found if o.person == r.person}) >= least]
        case Related(relation, left, right, low, high):
            least, most = (low.days if low else 0), (high.days if high else 1e9)
            return [
                r
                for r in events(hospital, left)
                if any(stands(relation, r, o, least, most) for o in events(hospital, right) if o.person == r.person)
            ]
        case _:
            return []


def stands(relation: str, row: Row, other: Row, least: float, most: float) -> bool:
    lapse = row.day - other.day
    if relation == "before":
        lapse = -lapse
    if relation == "around":
        return abs(lapse) <= most
    if relation == "same-stay":
        return row.stay == other.stay and row.stay > 0
    return least <= lapse <= most


def holds(number: float, asked: Value | Age) -> bool:
    return {
        ">": number > asked.number,
        ">=": number >= asked.number,
        "<": number < asked.number,
        "<=": number <= asked.number,
        "=": number == asked.number,
    }[asked.op]


def answers(hospital: Records, query: Node) -> list[int]:
    return [person for person in hospital.persons() if answers_for(hospital, query, person, None, ())]


def answers_for(
    hospital: Records, node: Node, person: int, anchor: list[Row] | None, periods: tuple[Period, ...]
) -> bool:
    match node:
        case All(parts):
            inner = tuple(p for p in parts if isinstance(p, Period))
            first = next((p for p in parts if is_event(p)), None)
            at = during(events(hospital, first), inner) if first is not None else None
            return all(answers_for(hospital, p, person, at, (*periods, *inner)) for p in parts)
        case Any(parts):
            return any(answers_for(hospital, p, person, anchor, periods) for p in parts)
        case Not(part):
            return not answers_for(hospital, part, person, anchor, periods)
        case Sex(value):
            return any(p == person and s == value for p, s, _ in hospital.people)
        case Age():
            born = next(b for p, _, b in hospital.people if p == person)
            days = [TODAY] if anchor is None else [r.day for r in anchor if r.person == person]
            return any(holds(years(born, day), node) for day in days)
        case Period():
            return anchor is not None
        case _:
            return any(r.person == person for r in during(events(hospital, node), periods))


def is_event(node: Node) -> bool:
    if isinstance(node, Any):
        return all(is_event(p) for p in node.parts)
    if isinstance(node, All):
        return any(is_event(p) for p in node.parts)
    return isinstance(node, Concept | Value | Picked | Counted | Related)


def during(rows: list[Row], periods: tuple[Period, ...]) -> list[Row]:
    return [r for r in rows if all(day_number(p.since) <= r.day <= day_number(p.until) for p in periods)]


def years(born: int, day: int) -> int:
    first, last = np.datetime64(born, "D").item(), np.datetime64(day, "D").item()
    return int(last.year - first.year - ((last.month, last.day) < (first.month, first.day)))


# -- random hospitals, random queries

DAYS = st.integers(TODAY - 900, TODAY)
PEOPLE = st.lists(st.tuples(st.sampled_from(["female", "male"]), st.integers(-20_000, 5_000)), min_size=1, max_size=5)


@st.composite
def hospitals(draw: st.DrawFn) -> Records:
    people = tuple((i + 1, sex, born) for i, (sex, born) in enumerate(draw(PEOPLE)))
    rows = []
    for ref in range(draw(st.integers(0, 14))):
        concept = draw(st.sampled_from(["heart", "stroke", "diabetes", "hba1c"]))
        number = float(draw(st.integers(5, 10))) if concept == "hba1c" else None
        rows.append(
            Row(draw(st.integers(1, len(people))), concept, draw(DAYS), draw(st.integers(0, 2)), ref + 1, number)
        )
    # A stay belongs to one person.
    return Records(
        people, tuple(Row(r.person, r.concept, r.day, r.stay and r.stay + 10 * r.person, r.ref, r.number) for r in rows)
    )


CONCEPTS = st.sampled_from(["heart", "stroke", "diabetes"]).map(Concept)
VALUES = st.builds(Value, st.just("hba1c"), st.sampled_from(["<", ">", ">=", "="]), st.integers(5, 10).map(float))
EVENT = CONCEPTS | VALUES
LAPSE = st.none() | st.builds(Lapse, st.integers(0, 400).map(float), st.just("d"))
DAYS_APART = st.builds(Lapse, st.integers(0, 200).map(float), st.just("d"))
TIMED = st.one_of(
    st.builds(Related, st.sampled_from(["after", "before"]), EVENT, EVENT, LAPSE, LAPSE),
    st.builds(
        Related,
        st.just("around"),
        EVENT,
        EVENT,
        st.none(),
        st.builds(Lapse, st.integers(0, 200).map(float), st.just("d")),
    ),
    st.builds(Related, st.just("same-stay"), EVENT, EVENT),
    st.builds(Picked, st.sampled_from(["first", "last"]), EVENT),
    st.builds(Counted, st.integers(1, 3), EVENT),
)
SIMPLE = st.one_of(
    EVENT,
    TIMED,
    st.builds(Sex, st.sampled_from(["female", "male"])),
    st.builds(Age, st.sampled_from(["<", ">", ">="]), st.integers(10, 70).map(float)),
)
QUERIES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Any(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=5,
)
WITH_PERIOD = st.tuples(EVENT, QUERIES).map(lambda pair: All((pair[0], Period("2023-01-01", "2023-12-31"), pair[1])))
