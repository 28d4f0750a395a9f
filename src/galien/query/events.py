"""Events: who, on which day, during which stay, and in which row of the record. Arrays, and their algebra in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from galien.store.omop.events import EVENT_TABLES, UNDATED, Columns

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_SPAN = 4_000_000
FAR = 1_000_000


@dataclass(frozen=True, slots=True)
class Events:
    """Rows of the record, as parallel arrays.

    Attributes
    ----------
    person : int64
    day, end : int64
        Days since 1970-01-01; ``end`` is ``day`` for what has no length.
    stay : int64
        0 outside of any.
    ref : int64
        Row id in ``table``.
    table : int64
        Place of the table in `EVENT_TABLES`.
    low, high : float64
        Bounds of a value (equal for an exact one); NaN for what has none.
    """

    person: Ints
    day: Ints
    end: Ints
    stay: Ints
    ref: Ints
    table: Ints
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.person)

    def where(self, kept: npt.NDArray[np.bool_] | Ints) -> Events:
        """Some of the rows."""
        return Events(*cast("Columns", tuple(column[kept] for column in self.columns)))

    @property
    def columns(self) -> Columns:
        """The arrays, in their order."""
        return (self.person, self.day, self.end, self.stay, self.ref, self.table, self.low, self.high)

    @property
    def persons(self) -> Ints:
        """Whose they are, once each, sorted."""
        return np.unique(self.person)

    @property
    def dated(self) -> Events:
        """Those whose day is known."""
        return self.where(self.day != UNDATED)


def nothing() -> Events:
    """No event."""
    empty = np.empty(0, np.int64)
    return Events(empty, empty, empty, empty, empty, empty, np.empty(0), np.empty(0))


def together(parts: Sequence[Events]) -> Events:
    """The rows of all."""
    real = [part.columns for part in parts if len(part)]
    if not real:
        return nothing()
    return Events(*cast("Columns", tuple(np.concatenate(columns) for columns in zip(*real, strict=True))))


class Records(Protocol):
    """Where events come from: the OMOP tables. `galien.store.omop.events` is the adapter."""

    def coded(self, kind: str, concepts: Ints, said: str) -> Columns:
        """Coded rows of a kind (condition, drug, act...) whose source concept is one of these."""

    def mentions(self, concepts: frozenset[str], said: str, *, drugs: bool) -> Columns:
        """What documents say of these lexicon concepts, in this context; ``drugs`` leaves allergies out."""

    def values(self, sources: Ints, concepts: frozenset[str], unit: str, molar_mass: float | None) -> Columns:
        """Values of an analyte in this unit, measured (by source concept) or written (by lexicon concept)."""

    def documents(self, kind: str) -> Columns:
        """Documents of a kind; of any when empty."""

    def stays(self, kind: str, service: str) -> Columns:
        """Stays of a kind (or ``any``), in a service whose name holds these words (or any when empty)."""

    def people(self) -> tuple[Ints, npt.NDArray[np.str_], Ints, Ints]:
        """Person ids (sorted), sexes, birth days and death days (`UNDATED` when unknown)."""


def after(left: Events, right: Events, low: float, high: float) -> npt.NDArray[np.bool_]:
    """Which of ``left`` have one of ``right``, of the same person, ``low`` to ``high`` days before them."""
    keys = np.sort(right.person * _SPAN + right.day)
    first = np.searchsorted(keys, left.person * _SPAN + (left.day - int(min(high, FAR))), "left")
    last = np.searchsorted(keys, left.person * _SPAN + (left.day - int(np.ceil(low))), "right")
    found: Mask = np.logical_and(last > first, left.day != UNDATED)
    return found


def before(left: Events, right: Events, low: float, high: float) -> npt.NDArray[np.bool_]:
    """Which of ``left`` have one of ``right`` ``low`` to ``high`` days after them."""
    keys = np.sort(right.person * _SPAN + right.day)
    first = np.searchsorted(keys, left.person * _SPAN + (left.day + int(np.ceil(low))), "left")
    last = np.searchsorted(keys, left.person * _SPAN + (left.day + int(min(high, FAR))), "right")
    found: Mask = np.logical_and(last > first, left.day != UNDATED)
    return found


def same_stay(left: Events, right: Events) -> npt.NDArray[np.bool_]:
    """Which of ``left`` happened in a stay in which one of ``right`` did."""
    found: Mask = np.logical_and(np.isin(left.stay, right.stay[right.stay > 0]), left.stay > 0)
    return found


def overlapping(left: Events, right: Events) -> npt.NDArray[np.bool_]:
    """Which of ``left`` share a day with one of ``right``."""
    order = np.argsort(right.person * _SPAN + right.day, kind="stable")
    starts = (right.person * _SPAN + right.day)[order]
    # The farthest end so far of the same person: persons are in order, so that one running maximum serves all.
    ends = np.maximum.accumulate((right.person * _SPAN + right.end)[order]) if len(order) else starts
    place = np.searchsorted(starts, left.person * _SPAN + left.end, "right") - 1
    found = place >= 0
    reached = ends[np.maximum(place, 0)] >= left.person * _SPAN + left.day if len(ends) else found & False
    shared: Mask = np.logical_and.reduce([found, reached, left.day != UNDATED])
    return shared


def extreme(events: Events, which: str) -> Events:
    """The first or the last event of each person."""
    dated = events.dated
    order = np.lexsort((dated.ref, dated.day, dated.person))
    if which == "last":
        order = order[::-1]
    _, first = np.unique(dated.person[order], return_index=True)
    return dated.where(order[first])


def days_of(events: Events) -> tuple[Ints, Ints]:
    """Persons, and on how many different days each has a dated event."""
    dated = events.dated
    keys = np.unique(dated.person * _SPAN + dated.day + FAR)
    return np.unique(keys // _SPAN, return_counts=True)


__all__ = [
    "EVENT_TABLES",
    "UNDATED",
    "Events",
    "Records",
    "after",
    "before",
    "days_of",
    "extreme",
    "nothing",
    "overlapping",
    "same_stay",
    "together",
]
