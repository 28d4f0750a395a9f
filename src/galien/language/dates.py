"""Dates and durations, and what day they mean: ``12/03/2024``, ``il y a 3 semaines``, ``J+2``, ``since age 12``.

Relative expressions need the date of the text; ages need the date of birth; ``J+2`` needs the day of the
operation, when it is known. Without them an expression is still found, unresolved.
"""

from __future__ import annotations

import calendar
import re
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from importlib.resources import files
from itertools import compress

from galien.language.analysis import fold
from galien.language.memo import Memo
from galien.language.words import Words
from galien.model.readings import TimeExpression

_MONTHS = {
    "janvier": 1, "janv": 1, "fevrier": 2, "fevr": 2, "fev": 2, "mars": 3, "avril": 4, "avr": 4, "mai": 5, "juin": 6,
    "juillet": 7, "juil": 7, "aout": 8, "septembre": 9, "sept": 9, "octobre": 10, "oct": 10, "novembre": 11, "nov": 11,
    "decembre": 12, "dec": 12, "january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4,
    "apr": 4, "may": 5, "june": 6, "jun": 6, "july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9, "sep": 9,
    "october": 10, "november": 11, "december": 12,
}  # fmt: skip
_NUMBERS = {
    "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9,
    "dix": 10, "onze": 11, "douze": 12, "quinze": 15, "vingt": 20, "trente": 30, "a": 1, "an": 1, "one": 1, "two": 2,
    "three": 3, "four": 4, "five": 5, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "quelques": 3, "several": 3, "few": 3, "a few": 3, "plusieurs": 3,
}  # fmt: skip
_UNITS = frozenset({
    "jour", "jours", "j", "semaine", "semaines", "sem", "mois", "an", "ans", "annee", "annees", "heure", "heures", "h",
    "day", "days", "week", "weeks", "wk", "wks", "month", "months", "year", "years", "yr", "yrs", "hour", "hours", "hr",
    "hrs",
})  # fmt: skip
_DAYS = {"j": 1.0, "d": 1.0, "h": 1 / 24, "s": 7.0, "w": 7.0, "m": 30.4375, "a": 365.25, "y": 365.25}
_YEAR = r"(?:19|20)\d\d"
_MONTH = "|".join(
    sorted(({*_MONTHS} | {"février", "févr", "fév", "août", "décembre", "déc"}) - {"mar", "a"}, key=len, reverse=True)
)
_N = r"\d{1,3}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_UNIT = r"jours?|j|semaines?|sem|mois|ans?|années?|heures?|h|days?|weeks?|wks?|months?|years?|yrs?|hours?|hrs?"
_DATA = tomllib.loads((files("galien.language") / "data" / "dates.toml").read_text("utf-8"))
_MEANT = {"YEAR": _YEAR, "MONTH": _MONTH, "N": _N, "UNIT": _UNIT}
_EACH = {
    name: re.compile(re.sub(r"\{([A-Z]+)\}", lambda found: _MEANT[found.group(1)], pattern), re.IGNORECASE)
    for name, pattern in _DATA["patterns"].items()
}
_NUMERIC = ("iso", "dmy", "my", "d_month_y", "d_month", "dm", "year", "ago", "ahead", "during")
_COUNTED = ("ago", "ahead", "during")
_STARTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_MONTHS, ("month_d_y", "month_y", "month_d", "in_month")),
    **{number: _COUNTED for number in _NUMBERS if " " not in number},
    **{word: tuple(names) for word, names in _DATA["begins"].items()},
}
_POSTOP = re.compile(r"(?:[jhd]|pod)\d{1,3}$")
_WORDS = {
    "avant-hier": -2, "hier": -1, "yesterday": -1, "la veille": -1, "the day before": -1, "demain": 1, "tomorrow": 1,
    "le lendemain": 1, "the next day": 1,
}  # fmt: skip
Span = tuple[date, date]


_Beginning = tuple[tuple[str, ...], frozenset[str]]


def _begins(form: str) -> _Beginning | tuple[()]:
    """Which patterns may begin with a word, and the words that go on so when only these can; mostly nothing."""
    names = _STARTS.get(form)
    if names is None:
        names = _NUMERIC if form[0].isdigit() else ("postop",) if _POSTOP.match(form) else ()
    if not names:
        return ()
    goes_on = frozenset(_DATA["next"].get(form, ()))
    if form == "a" or (form in _NUMBERS and names == _COUNTED):
        goes_on |= _UNITS
    elif names == _NUMERIC and form.isdigit() and len(form) != len("2024"):
        goes_on |= _UNITS | _MONTHS.keys() | set("/-.")
    return names, goes_on


_BEGINS = Memo(_begins)


class DateReader:
    """Reads dates of one text.

    Parameters
    ----------
    at : str
        ISO day of the text, or ``""``.
    language : {"fr", "en"}
        In English, ``3/4/2020`` is the fourth of March.
    birth : str
        ISO day of birth of the patient, or ``""``.
    operation : str
        ISO day that ``J0`` is, or ``""``.
    """

    def __init__(self, at: str = "", language: str = "fr", birth: str = "", operation: str = "") -> None:
        self._at, self._birth, self._operation = _day(at), _day(birth), _day(operation)
        self._us = language == "en"

    def read(self, words: Words) -> list[TimeExpression]:
        """Dates and durations, in their order."""
        found = []
        text, starts, forms = words.text, words.starts, words.forms
        reached, count = 0, len(words)
        begun = list(map(_BEGINS.__getitem__, forms))
        for i in compress(range(count), begun):
            names, goes_on = begun[i]  # type: ignore[misc]
            start = starts[i]
            if start < reached:
                continue
            if goes_on:  # mostly, the next word shows that it is no date
                after = i + 1
                while after < count and forms[after] == "\n":
                    after += 1
                if after == count or (forms[after] not in goes_on and not forms[after][0].isdigit()):
                    continue
            for name in names:
                match = _EACH[name].match(text, start)
                item = self._one(name, [g for g in match.groups() if g], match) if match else None
                if item is not None:
                    found.append(item)
                    reached = item.end
                    break
        return found

    def _one(self, name: str, groups: list[str], match: re.Match[str]) -> TimeExpression | None:
        start, end = match.start(), match.end()
        try:
            if name in ("during", "since", "ago", "ahead"):
                days = _length(groups[0], groups[1])
                if name == "during":
                    return TimeExpression(start=start, end=end, kind="duration", days=days)
                way = 1 if name == "ahead" else -1
                span = self._away(way * days, _slack(groups[1]) if name != "since" else 0)
                if name == "since":
                    if span is None:
                        return TimeExpression(start=start, end=end, kind="period", days=days)
                    assert self._at is not None
                    return TimeExpression(
                        start=start,
                        end=end,
                        kind="period",
                        first=span[0].isoformat(),
                        last=self._at.isoformat(),
                        days=days,
                    )
                return _expression(start, end, span, days)
            reader: Callable[[list[str]], Span | None] = getattr(self, f"_{name}")
            span = reader(groups)
        except (ValueError, OverflowError):
            return None
        if span is None and name in ("iso", "dmy", "d_month_y", "month_d_y", "my", "month_y", "year"):
            return None
        return _expression(start, end, span, None)

    def _iso(self, groups: list[str]) -> Span | None:
        return _one_day(int(groups[0]), int(groups[1]), int(groups[2]))

    def _dmy(self, groups: list[str]) -> Span | None:
        first, second = int(groups[0]), int(groups[1])
        year = _century(groups[2], self._at)
        day, month = (second, first) if self._us and first <= 12 else (first, second)
        return _one_day(year, month, day)

    def _my(self, groups: list[str]) -> Span | None:
        return _month(int(groups[1]), int(groups[0]))

    def _d_month_y(self, groups: list[str]) -> Span | None:
        return _one_day(int(groups[2]), _MONTHS[fold(groups[1])], int(groups[0].lower().replace("er", "")))

    def _month_d_y(self, groups: list[str]) -> Span | None:
        return _one_day(int(groups[2]), _MONTHS[fold(groups[0])], int(groups[1]))

    def _month_y(self, groups: list[str]) -> Span | None:
        return _month(int(groups[1]), _MONTHS[fold(groups[0])])

    def _d_month(self, groups: list[str]) -> Span | None:
        return self._nearest(_MONTHS[fold(groups[1])], int(groups[0].lower().replace("er", "")))

    def _month_d(self, groups: list[str]) -> Span | None:
        return self._nearest(_MONTHS[fold(groups[0])], int(groups[1]))

    def _dm(self, groups: list[str]) -> Span | None:
        return self._nearest(int(groups[1]), int(groups[0]))

    def _in_month(self, groups: list[str]) -> Span | None:
        if self._at is None:
            return None
        month = _MONTHS[fold(groups[0])]
        return _month(self._at.year - (month > self._at.month), month)

    def _year(self, groups: list[str]) -> Span | None:
        year = int(groups[0])
        return date(year, 1, 1), date(year, 12, 31)

    def _age(self, groups: list[str]) -> Span | None:
        if self._birth is None:
            return None
        year = self._birth.year + int(_count(groups[0]))
        birthday = date(year, self._birth.month, min(self._birth.day, 28))
        return birthday, birthday + timedelta(days=364)

    def _postop(self, groups: list[str]) -> Span | None:
        if self._operation is None:
            return None
        day = self._operation + timedelta(days=int(groups[0]))
        return day, day

    def _word(self, groups: list[str]) -> Span | None:
        if self._at is None:
            return None
        day = self._at + timedelta(days=_WORDS.get(groups[0].lower(), 0))
        return day, day

    def _last(self, groups: list[str]) -> Span | None:
        if self._at is None:
            return None
        unit = fold(groups[0]) if groups else "an"
        days = {"semaine": 7, "week": 7, "mois": 30, "month": 30}.get(unit, 365)
        return self._at - timedelta(days=days), self._at

    def _away(self, days: float, slack: float) -> Span | None:
        if self._at is None:
            return None
        middle = self._at + timedelta(days=round(days))
        return middle - timedelta(days=slack), middle + timedelta(days=slack)

    def _nearest(self, month: int, day: int) -> Span | None:
        """The last such day up to the date of the text (or the next, when that is within a month)."""
        if self._at is None:
            if not 1 <= month <= 12 or not 1 <= day <= 31:
                raise ValueError
            return None
        years = (self._at.year, self._at.year - 1)
        near = [d for y in (self._at.year + 1, *years) if (d := date(y, month, day)) <= self._at + timedelta(days=45)]
        return near[0], near[0]


def _expression(start: int, end: int, span: Span | None, days: float | None) -> TimeExpression:
    first, last = (span[0].isoformat(), span[1].isoformat()) if span else ("", "")
    return TimeExpression(start=start, end=end, kind="date", first=first, last=last, days=days)


def _one_day(year: int, month: int, day: int) -> Span:
    found = date(year, month, day)
    return found, found


def _month(year: int, month: int) -> Span:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _century(written: str, at: date | None) -> int:
    if len(written) == 4:
        return int(written)
    year = int(written)
    return 2000 + year if year <= ((at.year if at else 2050) % 100) + 1 else 1900 + year


def _count(written: str) -> float:
    return float(written) if written.isdigit() else float(_NUMBERS[fold(written)])


def _length(count: str, unit: str) -> float:
    return _count(count) * _DAYS[{"s": "s", "m": "m"}.get(fold(unit)[0], fold(unit)[0])]


def _slack(unit: str) -> float:
    """How precise the person was: "three months ago" is so to the fortnight."""
    return {"s": 3, "w": 3, "m": 15, "a": 182, "y": 182}.get(fold(unit)[0], 0)


def _day(text: str) -> date | None:
    return date.fromisoformat(text[:10]) if len(text) >= 10 else None
