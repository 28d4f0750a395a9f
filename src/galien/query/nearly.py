"""Nearly: how close patients come to a criterion that they miss (HbA1c 7,9 % for > 8 %, at 7 months for 6).

Distances have no unit, so that criteria can be compared: a gap over the bound it falls short of; days in excess over
the window; for what is said otherwise than asked, how far saying it so is from saying it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from galien.query import events as ev
from galien.query.criteria import (
    Age,
    Any,
    Concept,
    Counted,
    Node,
    Not,
    Picked,
    Related,
    Said,
    Value,
)
from galien.query.events import UNDATED, Events, Ints
from galien.query.execution import Execution

Floats = npt.NDArray[np.float64]
Reason = Literal["value", "lapse", "age", "hedged", "family", "denied", "present", "count"]
_OTHERWISE: tuple[tuple[Said, Reason, float], ...] = (
    ("hedged", "hedged", 0.25),
    ("family", "family", 0.75),
    ("denied", "denied", 0.9),
)
_PRESENT = 0.5
_LEAST_WINDOW = 30.0
_SPAN = 4_000_000


@dataclass(frozen=True, slots=True)
class Near:
    """How close patients come, one row each.

    Attributes
    ----------
    reason : Reason
        ``value``: the value nearest the bounds; ``lapse``: the lapse nearest the window; ``age``; said otherwise
        (``hedged``, of the ``family``, ``denied``); ``present``, of what should be absent; ``count``.
    person : int64
    distance : float64
        0 and up; how `closest` orders.
    number : float64
        The value in the analyte's own unit, the lapse in days (negative: before), the age in years, or the count.
    events : Events
        What shows it, a row for each person; an age has none, and gives its days only.
    """

    reason: Reason
    person: Ints
    distance: Floats
    number: Floats
    events: Events

    def __len__(self) -> int:
        return len(self.person)

    def where(self, kept: npt.NDArray[np.bool_] | Ints) -> Near:
        """Some of the rows."""
        return Near(self.reason, self.person[kept], self.distance[kept], self.number[kept], self.events.where(kept))

    def of(self, persons: Ints) -> Near:
        """The rows of these persons, the nearest of each."""
        mine = self.where(np.isin(self.person, persons) & np.isfinite(self.distance))
        order = np.lexsort((-mine.events.day, mine.distance, mine.person))
        _, first = np.unique(mine.person[order], return_index=True)
        return mine.where(order[first])


def closest(part: Node, persons: Ints, query: Node, execution: Execution) -> list[Near]:
    """How close these patients come to a part of a query that they miss, by reason.

    A patient may come under several reasons; one that nothing brings near comes under none.
    """
    found = [near.of(persons) for near in _near(part, query, execution)]
    return [near for near in found if len(near)]


def _near(part: Node, query: Node, execution: Execution) -> Iterator[Near]:
    match part:
        case Value():
            yield _by_value(part, execution.values(part.id, query), execution)
        case Picked(which, Value() as inner):
            yield _by_value(inner, ev.extreme(execution.values(inner.id, query), which), execution)
        case Age():
            persons, years, days = execution.ages(query)
            yield Near("age", persons, _gap(years, part) / max(abs(part.number), 1), years, _on_days(persons, days))
        case Concept(id, kind, "present", exact):
            for said, reason, distance in _OTHERWISE:
                found = execution.matching(Concept(id, kind, said, exact), query)
                yield _flat(reason, found, distance)
        case Counted(least, inner):
            found = execution.matching(inner, query)
            persons, days = ev.days_of(found)
            number = days[np.searchsorted(persons, found.person)].astype(np.float64) if len(persons) else np.empty(0)
            if len(persons):
                yield Near("count", found.person, (least - number) / least, number, found)
        case Related("after" | "before" | "around", left, right):
            facing = execution.events(right)
            yield _by_lapse(part, execution.matching(left, query).dated, facing.dated)
            if isinstance(left, Value):
                # The moment is right and the value is not: "HbA1c 7,9 %" within the six months.
                any_value = execution.values(left.id, query)
                yield _by_value(left, any_value.where(execution.stands(part, any_value, facing)), execution)
        case Not(inner):
            yield _flat("present", execution.matching(inner, query), _PRESENT)
        case Any(parts):
            for one in parts:
                yield from _near(one, query, execution)
        case _:
            return


def _flat(reason: Reason, found: Events, distance: float) -> Near:
    size = len(found)
    return Near(reason, found.person, np.full(size, distance), np.full(size, np.nan), found)


def _by_value(node: Value, found: Events, execution: Execution) -> Near:
    """By how much values miss the bounds, as a part of the bound."""
    asked = execution.canonical(node)
    values = np.where(np.isfinite(found.low), found.low, found.high)
    if asked is None:
        return Near("value", found.person, np.full(len(found), np.inf), values, found)
    bound = max(abs(asked.number), abs(asked.high or 0.0), 1e-9)
    return Near("value", found.person, np.nan_to_num(_gap(values, asked) / bound, nan=np.inf), values, found)


def _gap(values: Floats, asked: Value | Age) -> Floats:
    """How far numbers lie outside the bounds; 0 inside or on them."""
    low = {">": asked.number, ">=": asked.number, "=": asked.number, "..": asked.number}.get(asked.op, -np.inf)
    high = {"<": asked.number, "<=": asked.number, "=": asked.number, "..": asked.high or asked.number}.get(
        asked.op, np.inf
    )
    return np.maximum(np.maximum(low - values, values - high), 0.0)


def _by_lapse(node: Related, left: Events, right: Events) -> Near:
    """By how many days the nearest event on the other side lies outside the window."""
    low = node.low.days if node.low else 0.0
    high = node.high.days if node.high else None
    least, most = int(np.ceil(low)), int(high + 1e-9) if high is not None else ev.FAR
    first, last = {
        "after": (left.day - most, left.day - least),
        "before": (left.day + least, left.day + most),
        "around": (left.day - most, left.day + most),
    }[node.relation]
    keys = np.sort(right.person * _SPAN + right.day)
    if not len(keys) or not len(left):
        return _flat("lapse", ev.nothing(), 0.0)
    own = left.person * _SPAN
    before = np.searchsorted(keys, own + first, "left") - 1
    after = np.searchsorted(keys, own + last, "right")
    excess = np.full(len(left), np.inf)
    lapse = np.full(len(left), np.nan)
    for place, bound, sign in ((before, first, -1), (after, last, 1)):
        inside = (place >= 0) & (place < len(keys))
        facing = keys[np.clip(place, 0, len(keys) - 1)]
        # The neighbour in the order of persons and days must be of the same person.
        same = inside & (np.abs(facing - own) < _SPAN // 2)
        day = facing - own
        beyond = sign * (day - bound)
        better = same & (beyond >= 0) & (beyond < excess)
        excess = np.where(better, beyond, excess)
        lapse = np.where(better, left.day - day, lapse)
    window = max(high or 0.0, _LEAST_WINDOW)
    return Near("lapse", left.person, excess / window, lapse, left)


def _on_days(persons: Ints, days: Ints) -> Events:
    """Days as events, of which there is no row."""
    none = np.zeros(len(persons), np.int64)
    nan = np.full(len(persons), np.nan)
    return Events(persons, days, days, none, none - 1, none - 1, nan, nan)


__all__ = ["UNDATED", "Near", "Reason", "closest"]
