"""Values of one analyte in one record: the last, the first, the extremes, the trend."""

from __future__ import annotations

import math

import msgspec

from galien.model.answers import ResultPoint, ResultSeries
from galien.model.replies import Reply, ReplyFact
from galien.model.units import convert
from galien.query.asking.dossier import Dossier, inside
from galien.query.asking.questions import Question
from galien.query.asking.replying import FEW, MANY, reply
from galien.query.asking.wording import Wording
from galien.query.criteria import Concept, Node, Related, Value
from galien.query.events import EVENT_TABLES
from galien.store.omop.record import Result

_MOST_GROUPS = 3
_MEASURED = EVENT_TABLES.index("measurement")


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One value: ``number`` in the analyte's own unit, ``shown`` as stored."""

    at: str
    number: float | None
    shown: str
    result: Result | None = None
    written: tuple[int, int, int] | None = None
    """Note, start and end, where a document says it."""
    id: int = 0
    concept: str = ""


def value(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """Answer about the values of an analyte (or of those that stand in a relation of time).

    What lies below it is another quantity (systolic and diastolic pressure, fasting glucose): each that has values is
    answered for itself, the analyte asked about first; none is mixed with another.
    """
    analyte = _analyte(question.about)
    assert analyte is not None
    groups = _groups(dossier, question, analyte)
    if not groups:
        name = _name(dossier, analyte, words)
        sentence = words.say("nothing", "found", name=name, within=words.within(question.period))
        return reply(dossier, question, "nothing", sentence, [])
    replies = [_of(dossier, question, id, points, words) for id, points in groups[:_MOST_GROUPS]]
    if len(replies) == 1:
        return replies[0]
    facts = [fact for found in replies for fact in found.facts[:2]]
    return msgspec.structs.replace(
        replies[0],
        sentence=" ".join(found.sentence for found in replies),
        facts=tuple(facts),
        more=max(0, sum(len(points) for _, points in groups) - len(facts)),
    )


def _groups(dossier: Dossier, question: Question, analyte: str) -> list[tuple[str, list[Point]]]:
    """Values by what they measure, within the period: the analyte itself, then those below it, in their order."""
    points = [p for p in _points(dossier, question.about, analyte) if inside(p.at, question.period)]
    by_concept: dict[str, list[Point]] = {}
    for point in points:
        by_concept.setdefault(point.concept, []).append(point)
    if question.pick in ("highest", "lowest", "trend"):
        by_concept = {id: mine for id, mine in by_concept.items() if any(p.number is not None for p in mine)}
    order = {id: place for place, id in enumerate([analyte, *dossier.lexicon.children(analyte)])}
    return sorted(by_concept.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _name(dossier: Dossier, analyte: str, words: Wording) -> str:
    name = dossier.name(analyte, words)
    return name[:1].upper() + name[1:]


def _of(dossier: Dossier, question: Question, analyte: str, points: list[Point], words: Wording) -> Reply:
    """The answer from the values of one quantity, latest first."""
    name = _name(dossier, analyte, words)
    pick = question.pick or "last"
    numeric = [p for p in points if p.number is not None]
    series = _series(dossier, analyte, name, numeric)
    low = min(numeric, key=lambda p: (p.number, p.at)) if numeric else points[0]
    high = max(numeric, key=lambda p: (p.number, p.at)) if numeric else points[0]
    last, first = points[0], points[-1]
    chosen = {"highest": high, "lowest": low, "first": first}.get(pick, last)
    shown = {
        "highest": [high],
        "lowest": [low],
        "first": [first],
        "last": points[: FEW - 1],
        "all": points[:MANY],
        "trend": [last, first, high, low],
    }[pick]
    facts = [fact for point in dict.fromkeys(shown) if (fact := _fact(dossier, point)) is not None]
    form = "written" if pick == "last" and chosen.written is not None else pick
    sentence = words.say(
        "value",
        form,
        name=name,
        value=_said(chosen, words),
        date=words.date(chosen.at),
        n=len(numeric) if pick == "trend" else len(points),
        since=words.date(first.at),
        until=words.date(last.at),
        first=_said(first, words),
        low=_said(low, words),
        low_date=words.date(low.at),
        high=_said(high, words),
        high_date=words.date(high.at),
    )
    found = reply(
        dossier, question, "found", sentence + _outside(chosen, words), facts, more=len(points) - len(facts),
        value=chosen.shown,
    )  # fmt: skip
    return msgspec.structs.replace(found, series=series)


def count(dossier: Dossier, analyte: str, question: Question) -> tuple[int, list[ReplyFact]]:
    """How many values there are, and the latest of them as facts."""
    groups = _groups(dossier, question, analyte)
    points = groups[0][1] if groups else []
    return len(points), [fact for p in points[:FEW] if (fact := _fact(dossier, p)) is not None]


def _analyte(node: Node | None) -> str | None:
    if isinstance(node, Related):
        return _analyte(node.left)
    return node.id if isinstance(node, Concept | Value) else None


def _points(dossier: Dossier, node: Node | None, analyte: str) -> list[Point]:
    """All values, latest first; what documents repeat after it was measured is left out."""
    concept = dossier.lexicon.get(analyte)
    unit = concept.measure.unit if concept and concept.measure else ""
    below = frozenset(
        id
        for id in dossier.lexicon.descendants(analyte)
        if (c := dossier.lexicon.get(id)) and (c.measure.unit if c.measure else "") == unit
    )
    mass = concept.measure.molar_mass if concept and concept.measure else None
    sources = {source: id for id in _widest_first(dossier, below) for source in dossier.sources(frozenset({id}))}
    numbers = dossier.numbers(below)
    measured = [
        _measured(row, sources[row.source], unit, mass)
        for row in dossier.rows.results(sorted(sources))
        if row.number is not None or row.text
    ]
    written = [
        Point(at=w.day, number=w.number, shown="", written=w[1:4], id=w.id, concept=numbers[w.concept])
        for w in dossier.rows.written(sorted(numbers))
    ]
    if isinstance(node, Related):
        events = dossier.execution.events(node)
        kept = set(zip(events.table.tolist(), events.ref.tolist(), strict=True))
        measured = [p for p in measured if (_MEASURED, p.id) in kept]
        written = [p for p in written if (0, p.id) in kept]
    new = _once([point for point in written if not _repeats(point, measured)])
    dossier.quotes.fetch(p.written[0] for p in new if p.written)
    new = [msgspec.structs.replace(p, shown=_text(dossier, p.written)) for p in new if p.written]
    return sorted([*measured, *new], key=lambda p: (p.at[:10], p.result is not None, p.at), reverse=True)


def _text(dossier: Dossier, place: tuple[int, int, int]) -> str:
    return " ".join(dossier.quotes.text(*place).split())


def _widest_first(dossier: Dossier, ids: frozenset[str]) -> list[str]:
    """Concepts so that, of two that a row is linked to, the more exact comes last."""
    return sorted(ids, key=lambda id: (len(dossier.lexicon.ancestors(id)), id))


def _measured(row: Result, concept: str, unit: str, molar_mass: float | None) -> Point:
    """A row in the analyte's own unit; in a unit that measures something else, its number is not comparable."""
    number = row.number
    if number is not None and row.unit not in ("", unit):
        converted = convert(number, row.unit, unit, molar_mass)
        number = round(converted, 6) if converted is not None else None
    return Point(at=row.at, number=number, shown=_shown(row), result=row, id=row.id, concept=concept)


def _repeats(point: Point, measured: list[Point]) -> bool:
    """Whether a document repeats what was measured on its day or before."""
    if point.number is None:
        return True
    digits = len(f"{point.number:.10g}".partition(".")[2])
    return any(
        m.number is not None and m.at[:10] <= point.at and abs(round(m.number, digits) - point.number) < 1e-9
        for m in measured
    )


def _once(points: list[Point]) -> list[Point]:
    """Of one value copied from document to document, the first writing."""
    seen: dict[float | None, Point] = {}
    kept = []
    for point in sorted(points, key=lambda p: p.at):
        if point.number not in seen:
            seen[point.number] = point
            kept.append(point)
    return kept


def _shown(row: Result) -> str:
    text = row.text if row.number is None else f"{row.comparator} {row.number:.10g}".strip()
    return f"{text} {row.unit}".strip()


def _said(point: Point, words: Wording) -> str:
    """A value as a person reads it: the decimal sign of the language."""
    row = point.result
    if row is None or row.number is None:
        return point.shown or (words.number(point.number) if point.number is not None else "")
    return f"{row.comparator} {words.number(row.number)} {row.unit}".strip()


def _fact(dossier: Dossier, point: Point) -> ReplyFact | None:
    if point.result is not None:
        return dossier.of_result(point.result, point.shown)
    assert point.written is not None
    quote = dossier.quotes.quote(*point.written, point.shown)
    return ReplyFact(text=point.shown, at=point.at, evidence=quote) if quote is not None else None


def _outside(point: Point, words: Wording) -> str:
    """What a value outside the laboratory's limits adds to the sentence."""
    row = point.result
    if row is None or row.number is None or row.comparator:
        return ""
    below = row.low is not None and row.number < row.low
    above = row.high is not None and row.number > row.high
    if not below and not above:
        return ""
    low = words.number(row.low) if row.low is not None else ""
    high = words.number(row.high) if row.high is not None else ""
    return words.word(
        "value", "outside", limits=f"{low} – {high} {row.unit}".strip(" –") if low and high else low or high
    )


def _series(dossier: Dossier, analyte: str, name: str, points: list[Point]) -> ResultSeries | None:
    """Every number, in the order of time, for a curve; none for fewer than two."""
    if len(points) < 2:
        return None
    rows = [p.result for p in points if p.result is not None]
    units = {row.unit for row in rows}
    same = len(units) == 1 and all(_as_written(p) for p in points)
    ranged = next((row for row in rows if row.low is not None or row.high is not None), None) if same else None
    concept = dossier.lexicon.get(analyte)
    measure = concept.measure if concept else None
    return ResultSeries(
        label=name,
        code=rows[0].code if rows else "",
        unit=units.pop() if same else (measure.unit if measure else ""),
        low=ranged.low if ranged else None,
        high=ranged.high if ranged else None,
        points=tuple(
            ResultPoint(
                at=p.at, number=p.number, comparator=p.result.comparator if p.result else "",
                record=p.result.id if p.result else 0,
            )
            for p in reversed(points)
        ),
    )  # fmt: skip


def _as_written(point: Point) -> bool:
    """Whether a value needed no change of unit."""
    row, number = point.result, point.number
    return row is None or row.number is None or number is None or math.isclose(row.number, number, rel_tol=1e-6)
