"""Running a clinical query: exactly, on the structured record and on what the documents say.

The semantics, which `docs/semantics.md` tells to users:

- A concept is *present* when a row is coded with it (or with a concept below it) and is neither refuted nor
  doubtful, or when a document affirms it of the patient. Denied, suspected, conditional, planned mentions and
  those of relatives do not count.
- ``Not`` means that the record holds no such event; it does not need a written denial.
- Past history counts for *ever*; having no day of its own, it never stands in a relation of time.
- Age is taken at the events of the first criterion that has events; without one, today or at death.
- *After* includes the same day; *before* too; a bound of 6 months is 182 days (a month is 30.4375 days).
- A value counts when all of what it may be lies within the bounds: ``< 5`` does not show ``> 3``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from galien.model.concepts import Concept as Known
from galien.model.units import convert
from galien.query import events as ev
from galien.query.criteria import (
    Age,
    All,
    Any,
    Concept,
    Counted,
    DocumentKind,
    Node,
    Not,
    Period,
    Picked,
    Related,
    Service,
    Sex,
    Stay,
    Text,
    Value,
)
from galien.query.events import UNDATED, Events, Ints, Records

Mask = npt.NDArray[np.bool_]
Ages = tuple[Ints, npt.NDArray[np.float64], Ints]
"""Persons, whole years, and the days at which they have them; a person may come often."""


class Links(Protocol):
    """Which rows mean which concepts."""

    def sources(self, concepts: frozenset[str]) -> Ints:
        """Local OMOP source concepts that were linked to any of these."""


class Hierarchy(Protocol):
    """What the lexicon says of a concept."""

    def descendants(self, id: str) -> frozenset[str]: ...
    def get(self, id: str) -> Known | None: ...


class Outcome(msgspec.Struct, frozen=True):
    """Patients that answer, sorted, and the step of each criterion.

    ``counts`` gives for each top-level part how many patients it alone has, and how many are left
    when the parts up to it are applied in order; ``alone`` those that it alone has.
    """

    patients: Ints
    counts: tuple[tuple[int, int], ...]
    alone: tuple[Ints, ...]
    everyone: Ints

    def missing_only(self, place: int) -> Ints:
        """Patients that miss this part and no other."""
        left = self.everyone
        for n, found in enumerate(self.alone):
            if n != place:
                left = _both(left, found)
        missing: Ints = np.setdiff1d(left, self.alone[place], assume_unique=True)
        return missing


class Execution:
    """One run of a query on one state of the record; criteria are evaluated once.

    Parameters
    ----------
    records, links, hierarchy
        The data, and what they mean.
    words : callable
        Patients in whose documents words stand (by text and whether they are a phrase).
    today : int
        Days since 1970-01-01.
    known : dict, optional
        Events found before on the same state of the record.
    services : callable
        The services of this hospital whose names hold some words.
    """

    def __init__(
        self,
        records: Records,
        links: Links,
        hierarchy: Hierarchy,
        words: Callable[[str, bool], Ints],
        today: int,
        known: dict[Node, Events] | None = None,
        services: Callable[[str], tuple[str, ...]] = lambda name: (name,),
    ) -> None:
        self._records = records
        self._links = links
        self._hierarchy = hierarchy
        self._words = words
        self._today = today
        self._people = records.people()
        self._known: dict[Node, Events] = known if known is not None else {}
        self._outcomes: dict[Node, Outcome] = {}
        self.services = services

    def run(self, query: Node) -> Outcome:
        """Patients of a query, with the attrition along its parts."""
        found = self._outcomes.get(query)
        if found is None:
            found = self._outcomes[query] = self._run(query)
        return found

    def _run(self, query: Node) -> Outcome:
        parts = parts_of(query)
        anchor = self._anchor(parts)
        left = self.everyone
        counts, alone = [], []
        for part in parts:
            found = self._patients(part, anchor, self._periods(parts))
            left = _both(left, found)
            counts.append((len(found), len(left)))
            alone.append(found)
        return Outcome(left, tuple(counts), tuple(alone), self.everyone)

    @property
    def everyone(self) -> Ints:
        return self._people[0]

    def patients(self, query: Node) -> Ints:
        """Patients of a query."""
        return self._patients(query, None, ())

    def events(self, node: Node) -> Events:
        """Events that a part finds; none for what is no event (an age, a sex, a denial)."""
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = self._find(node)
        return found

    def matching(self, node: Node, within: Node) -> Events:
        """Events of a part of a query, within the query's periods."""
        return self._during(self.events(node), self._periods(parts_of(within)))

    def values(self, id: str, within: Node) -> Events:
        """Every value of an analyte, whatever its bounds, within the periods of a query."""
        return self._during(self._values(id), self._periods(parts_of(within)))

    def ages(self, within: Node) -> Ages:
        """Ages at what the query takes them at."""
        return self._ages(self._anchor(parts_of(within)))

    def stands(self, node: Related, left: Events, right: Events) -> Mask:
        """Which of ``left`` stand in this relation to one of ``right``."""
        return self._stands(node, left, right)

    # -- who

    def _patients(self, node: Node, anchor: Events | None, periods: tuple[Period, ...]) -> Ints:
        match node:
            case All(parts):
                inner = self._anchor(parts)
                spans = (*periods, *self._periods(parts))
                left = self.everyone
                for part in parts:
                    left = _both(left, self._patients(part, inner, spans))
                return left
            case Any(parts):
                found = [self._patients(part, anchor, periods) for part in parts]
                return _unique(np.concatenate([np.empty(0, np.int64), *found]))
            case Not(part):
                others: Ints = np.setdiff1d(self.everyone, self._patients(part, anchor, periods), assume_unique=True)
                return others
            case Sex(value):
                of_sex: Ints = self._people[0][self._people[1] == value]
                return of_sex
            case Age():
                persons, years, _ = self._ages(anchor)
                return _unique(persons[_within(years, years, node)])
            case Period():
                # Alone, it asks for any document of those days; beside events, it limits them.
                return self.everyone if anchor is not None else self._during(self._records_of(""), (node,)).persons
            case Text(text, phrase):
                return _both(self._words(text, phrase).astype(np.int64), self.everyone)
            case _:
                persons = self._during(self.events(node), periods).persons
                return _both(persons, self.everyone)

    def _anchor(self, parts: tuple[Node, ...]) -> Events | None:
        """Events at which ages are taken: those of the first part that has events."""
        for part in parts:
            if _has_events(part):
                return self._during(self.events(part), self._periods(parts))
        return None

    @staticmethod
    def _periods(parts: tuple[Node, ...]) -> tuple[Period, ...]:
        return tuple(part for part in parts if isinstance(part, Period))

    def _ages(self, anchor: Events | None) -> Ages:
        persons, _, born, died = self._people
        if anchor is None:
            last = np.where(died != UNDATED, died, self._today)
            known = born != UNDATED
            return persons[known], _years(born[known], last[known]), last[known]
        place = np.searchsorted(persons, anchor.person)
        place = np.minimum(place, max(len(persons) - 1, 0))
        births = born[place] if len(persons) else anchor.person
        # An undated event (past history) cannot show an age: the person's present age serves.
        last = np.where(died[place] != UNDATED, died[place], self._today) if len(persons) else anchor.person
        days = np.where(anchor.day == UNDATED, last, anchor.day)
        known = births != UNDATED
        return anchor.person[known], _years(births[known], days[known]), days[known]

    @staticmethod
    def _during(events: Events, periods: tuple[Period, ...]) -> Events:
        for period in periods:
            kept = events.day != UNDATED
            if period.since:
                kept &= events.end >= day_number(period.since)
            if period.until:
                kept &= events.day <= day_number(period.until)
            events = events.where(kept)
        return events

    # -- what happened

    def _find(self, node: Node) -> Events:
        match node:
            case Concept():
                return self._concept(node)
            case Value():
                return self._values(node.id).where(self._holds(node))
            case DocumentKind(kind):
                return self._records_of(kind)
            case Service(name):
                return Events(*self._records.stays("any", name))
            case Stay(kind, name):
                return Events(*self._records.stays(kind, name))
            case Any(parts):
                return ev.together([self.events(part) for part in parts])
            case All(parts):
                for part in parts:
                    if _has_events(part):
                        found = self.events(part)
                        return found.where(np.isin(found.person, self.patients(node)))
                return ev.nothing()
            case Picked(which, part):
                return self._picked(which, part)
            case Counted(least, part):
                found = self.events(part)
                persons, days = ev.days_of(found)
                return found.where(np.isin(found.person, persons[days >= least]))
            case Related():
                left, right = self.events(node.left), self.events(node.right)
                return left.where(self._stands(node, left, right))
            case _:
                return ev.nothing()

    def _picked(self, which: str, part: Node) -> Events:
        """*The last HbA1c > 8*: the last value, if it is above; not the last of those above."""
        if isinstance(part, Value):
            last = ev.extreme(self._values(part.id), which)
            return last.where(self._within_bounds(last, part))
        return ev.extreme(self.events(part), which)

    @staticmethod
    def _stands(node: Related, left: Events, right: Events) -> Mask:
        low = node.low.days if node.low else 0.0
        high = float(int(node.high.days + 1e-9)) if node.high else float(ev.FAR)
        right = right.dated
        match node.relation:
            case "after":
                return ev.after(left, right, low, high)
            case "before":
                return ev.before(left, right, low, high)
            case "around":
                return ev.after(left, right, 0, high) | ev.before(left, right, 0, high)
            case "same-stay":
                return ev.same_stay(left, right)
            case _:
                return ev.overlapping(left, right)

    def _concept(self, node: Concept) -> Events:
        below = frozenset({node.id}) if node.exact else self._hierarchy.descendants(node.id)
        drugs = node.kind in ("drug", "class")
        coded = Events(*self._records.coded(node.kind, self._links.sources(below), node.said))
        told = Events(*self._records.mentions(below, node.said, drugs=drugs))
        if node.kind == "analyte" and node.said == "present":
            coded = self._values(node.id) if len(below) == 1 else ev.together([self._values(id) for id in below])
        if node.kind == "act" and len(coded):
            # Reports speak of an operation long after it: its own date is that of the coded act.
            dated = np.isin(told.person, coded.person)
            told = replace(told, day=np.where(dated, UNDATED, told.day), end=np.where(dated, UNDATED, told.end))
        return ev.together([coded, told])

    def _values(self, id: str) -> Events:
        key = Concept(id, "analyte", "any", exact=True)
        if key not in self._known:
            concept = self._hierarchy.get(id)
            measure = concept.measure if concept else None
            just = frozenset({id})
            self._known[key] = Events(
                *self._records.values(
                    self._links.sources(just),
                    just,
                    measure.unit if measure else "",
                    measure.molar_mass if measure else None,
                )
            )
        return self._known[key]

    def _holds(self, node: Value) -> Mask:
        return self._within_bounds(self._values(node.id), node)

    def _within_bounds(self, found: Events, node: Value) -> Mask:
        asked = self.canonical(node)
        return _within(found.low, found.high, asked) if asked is not None else np.zeros(len(found), bool)

    def canonical(self, node: Value) -> Value | None:
        """The bounds in the analyte's own unit; ``None`` when the unit measures something else."""
        concept = self._hierarchy.get(node.id)
        measure = concept.measure if concept else None
        if not node.unit or measure is None:
            return node
        low = convert(node.number, node.unit, measure.unit, measure.molar_mass)
        high = convert(node.high, node.unit, measure.unit, measure.molar_mass) if node.high is not None else None
        if low is None or (node.high is not None and high is None):
            return None
        rounded = round(high, 6) if high is not None else None
        return Value(node.id, node.op, round(low, 6), rounded, measure.unit)

    def _records_of(self, kind: str) -> Events:
        return Events(*self._records.documents(kind))


def parts_of(query: Node) -> tuple[Node, ...]:
    """The criteria that must all hold."""
    return query.parts if isinstance(query, All) else (query,)


def _both(left: Ints, right: Ints) -> Ints:
    found: Ints = np.intersect1d(left, right, assume_unique=True)
    return found


def _unique(numbers: Ints) -> Ints:
    found: Ints = np.unique(numbers)
    return found


def day_number(day: str) -> int:
    """ISO day as days since 1970-01-01."""
    return int(np.datetime64(day, "D").astype(np.int64))


def iso_day(number: int) -> str:
    """Days since 1970-01-01 as an ISO day; empty for `UNDATED`.

    >>> iso_day(day_number("2024-03-12"))
    '2024-03-12'
    """
    return str(np.datetime64(number, "D")) if number != UNDATED else ""


def _has_events(node: Node) -> bool:
    match node:
        case Concept() | Value() | DocumentKind() | Service() | Stay() | Picked() | Counted() | Related():
            return True
        case Any(parts):
            return all(_has_events(part) for part in parts)
        case All(parts):
            return any(_has_events(part) for part in parts)
        case _:
            return False


def _years(born: Ints, at: Ints) -> npt.NDArray[np.float64]:
    """Whole years between two days, by the calendar."""
    first = born.astype("datetime64[D]")
    last = at.astype("datetime64[D]")
    years = last.astype("datetime64[Y]").astype(np.int64) - first.astype("datetime64[Y]").astype(np.int64)
    birthday, today = _day_of_year(first), _day_of_year(last)
    return np.asarray(years - (today < birthday), np.float64)


def _day_of_year(days: npt.NDArray[np.datetime64]) -> Ints:
    """Month and day as a number that grows through the year."""
    months = days.astype("datetime64[M]")
    number: Ints = 100 * (months.astype(np.int64) % 12) + (days - months).astype(np.int64)
    return number


def _within(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], asked: Value | Age) -> Mask:
    """Whether all that a value may be lies within the bounds asked for."""
    with np.errstate(invalid="ignore"):
        match asked.op:
            case ">":
                return np.asarray(low > asked.number)
            case ">=":
                return np.asarray(low >= asked.number)
            case "<":
                return np.asarray(high < asked.number)
            case "<=":
                return np.asarray(high <= asked.number)
            case "=":
                return np.asarray((low == asked.number) & (high == asked.number))
            case _:
                top = asked.high if asked.high is not None else asked.number
                return np.asarray((low >= asked.number) & (high <= top))
