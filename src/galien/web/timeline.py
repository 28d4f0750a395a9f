"""A patient's years in one picture: stays as bars, everything else as marks on its own lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from galien.model.answers import PatientPage
from galien.web.charts import day

WIDTH = 1000.0
_Scale = Callable[[int], float]

LEFT = 96.0
LANE = 24.0
TOP = 22.0


@dataclass(frozen=True)
class Bar:
    """Something on a lane; ``label`` says what and ``href`` opens it where there is a page.

    ``count`` is how many things fall on the same spot and are drawn as one.
    """

    x: float
    width: float
    label: str
    date: str
    href: str = ""
    count: int = 1


@dataclass(frozen=True)
class Lane:
    name: str
    y: float
    bars: tuple[Bar, ...]
    total: int


@dataclass(frozen=True)
class Timeline:
    lanes: tuple[Lane, ...]
    years: tuple[tuple[float, int], ...]
    height: float


@dataclass(frozen=True)
class _Thing:
    start: str
    end: str
    label: str
    href: str = ""


def timeline(page: PatientPage, years: int = 0, today: date | None = None) -> Timeline | None:
    """Place everything dated of a patient; ``years`` keeps only the last ones (0: all)."""
    lanes: dict[str, list[_Thing]] = {
        "stays": [_Thing(s.start, s.end, s.service or s.reason or s.kind, f"#stay-{s.id}") for s in page.stays],
        "documents": [_Thing(d.date, "", d.title, f"/documents/{d.id}") for d in page.documents],
        "results": [_Thing(p.at, "", r.label) for r in page.results for p in r.points],
        "procedures": [_Thing(f.start, f.end, f.label) for f in page.procedures],
        "exposures": [_Thing(f.start, f.end, f.label) for f in page.exposures],
        "images": [_Thing(s.date, "", s.title, f"/studies/{s.id}") for s in page.studies],
    }
    days = [d for things in lanes.values() for t in things for d in (day(t.start), day(t.end)) if d is not None]
    if not days:
        return None
    first, last = min(days), max(days)
    if years and today is not None:
        last = max(last, min(today.toordinal(), last))
        first = max(first, last - int(years * 365.25))
    margin = max((last - first) // 50, 15)
    first, last = first - margin, last + margin

    def x(at: int) -> float:
        return round(LEFT + (WIDTH - LEFT - 8) * (at - first) / (last - first), 1)

    drawn: list[Lane] = []
    for name, things in lanes.items():
        bars = tuple(_bars(things, first, last, x))
        if bars:
            drawn.append(Lane(name, TOP + LANE * len(drawn), bars, len(things)))
    return Timeline(tuple(drawn), _years(first, last, x), TOP + LANE * len(drawn) + 4)


def _bars(things: Iterable[_Thing], first: int, last: int, x: _Scale) -> Iterable[Bar]:
    """Bars of one lane; marks that would cover each other become one that says how many."""
    spots: dict[tuple[int, int], tuple[Bar, int]] = {}
    for thing in things:
        start = day(thing.start)
        if start is None or start > last:
            continue
        end = max(day(thing.end) or start, start)
        if end < first:
            continue
        left, right = x(max(start, first)), x(min(end, last))
        width = max(right - left, 6.0)
        key = (int(left / 7), int(width / 7))
        if key in spots:
            bar, n = spots[key]
            spots[key] = (bar, n + 1)
        else:
            spots[key] = (Bar(left, round(width, 1), thing.label, thing.start, thing.href), 1)
    for bar, n in spots.values():
        yield bar if n == 1 else Bar(bar.x, bar.width, bar.label, bar.date, bar.href, n)


def _years(first: int, last: int, x: _Scale) -> tuple[tuple[float, int], ...]:
    begin, end = date.fromordinal(max(first, 1)).year + 1, date.fromordinal(last).year
    step = max(1, (end - begin) // 10 + (1 if end - begin >= 10 else 0))
    return tuple((x(date(year, 1, 1).toordinal()), year) for year in range(begin, end + 1, step))
