"""What medical language says around concepts: ages, periods, values, relations of time.

All on folded text (`plain`), at a given place; each function gives what it read and where it ends, or ``None``.
The patterns are data (``data/medical.toml``).
"""

from __future__ import annotations

import calendar
import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any as AnyValue
from typing import NamedTuple

from galien.language.analysis import fold
from galien.model.units import UNIT_PATTERN, unit
from galien.query.criteria import Age, Lapse, Period, Relation, Service, Stay, Value

_DATA: dict[str, AnyValue] = tomllib.loads((files("galien.query") / "data" / "medical.toml").read_text("utf-8"))
TIME_UNITS: dict[str, str] = {word: unit for unit, words in _DATA["time_units"].items() for word in words}
COUNTS: dict[str, int] = _DATA["numbers"]
_N = r"(?P<n>\d+(?:[.,]\d+)?|" + "|".join(sorted(COUNTS, key=len, reverse=True)) + ")"
_U = r"(?P<u>" + "|".join(sorted(TIME_UNITS, key=len, reverse=True)) + r")"
_END = r"(?![\w])"
_NUMBER = r"\d+(?:[.,]\d+)?"
_SIGNS = [item["sign"] for item in _DATA["op"]]
_OP = "(?:" + "|".join(f"(?P<op{i}>{item['pattern']})" for i, item in enumerate(_DATA["op"])) + ")"
_VALUE = re.compile(
    rf"(?:2?\+)?\s*(?:est |etait |is |was |a |of |de |at |: ?)?(?:(?P<between>entre|between|from|de)\s+)?(?:{_OP}\s*)?"
    rf"(?P<low>{_NUMBER})(?:\s*(?P<join>et|a|and|to|-|–)\s*(?P<high>{_NUMBER}))?(?![\d/])",
)
_UNIT = re.compile(rf"\s?(?P<unit>{UNIT_PATTERN})")
_YEARS = r"(?:ans|an|years?(?: old)?|yrs?|yo|y/o|y\.o\.|a)"
_AGED = r"(?:age(?:e?s?|d)? (?:de )?|aged? |age |d'age )?"
_AGES = [
    (re.compile(item["pattern"].replace("{AGED}", _AGED).replace("{YEARS}", _YEARS) + _END), item["op"])
    for item in _DATA["age"]
]
_MONTHS = {
    "janvier": 1, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "aout": 8, "septembre": 9,
    "octobre": 10, "novembre": 11, "decembre": 12, "january": 1, "february": 2, "march": 3, "april": 4, "may": 5,
    "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip
_DAY = (
    r"(?:(?P<{0}iso>\d{{4}}-\d\d-\d\d)|(?P<{0}d>\d{{1,2}})/(?P<{0}m>\d{{1,2}})/(?P<{0}y>\d{{4}})"
    rf"|(?:(?P<{{0}}md>\d{{{{1,2}}}})(?:er)? )?(?P<{{0}}mon>{'|'.join(_MONTHS)}) (?P<{{0}}my>(?:19|20)\d\d)"
    r"|(?P<{0}yr>(?:19|20)\d\d))"
)
_PERIODS = tuple(
    (re.compile(pattern.replace("DAY1", _DAY.format("p")).replace("DAY2", _DAY.format("q")) + r"(?![\w/])"), way)
    for pattern, way in (
        (r"(?:entre|between|de|from|du) DAY1 (?:et|and|a|to|au|until) DAY2", "between"),
        (r"(?:depuis|since|a partir de|a partir du|from|des) (?:le )?DAY1", "since"),
        (r"(?:apres|after) (?:le )?DAY1", "after"),
        (r"(?:avant|before|prior to) (?:le )?DAY1", "before"),
        (r"(?:jusqu'en|jusqu'au|jusqu'a|until|up to|through) DAY1", "until"),
        (r"(?:en|in|during|le|on|au cours de|courant|de|annee|l'annee) ?DAY1", "in"),
    )
)
SERVICE_WORDS = {form: name for name, forms in _DATA["services"].items() for form in forms}
_SERVICE = "(?P<service>" + "|".join(sorted(map(re.escape, SERVICE_WORDS), key=len, reverse=True)) + ")"
_STAYS = [(item["kind"], re.compile(item["pattern"].replace("{SERVICE}", _SERVICE) + _END)) for item in _DATA["stay"]]
_MORE_THAN = re.compile(_DATA["around"]["more_than"])
PICK, _AT_LEAST, FAMILY_AFTER, HEDGED_AFTER, DENIED_AFTER = (
    re.compile(_DATA["around"][name]) for name in ("pick", "at_least", "family_after", "hedged_after", "denied_after")
)


class TimeRelation(NamedTuple):
    """A relation of time with its bounds."""

    relation: Relation
    low: Lapse | None
    high: Lapse | None


def _float(text: str) -> float:
    return float(text.replace(",", "."))


def plain_of(text: str) -> str:
    """The text folded letter by letter, so that places stay the same."""
    return "".join(folded if len(folded := fold(c)) == 1 else c.lower()[:1] for c in text.replace("’", "'"))


def _lapse(count: str | None, written: str | None) -> Lapse | None:
    if written is None:
        return None
    number = 1.0 if count is None else _float(count) if count[0].isdigit() else float(COUNTS[count])
    return Lapse(number, TIME_UNITS[written])  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def _relations() -> list[tuple[Relation, str, re.Pattern[str]]]:
    return list(_compiled())


def _compiled() -> Iterator[tuple[Relation, str, re.Pattern[str]]]:
    forms = {"": "within", "_least": "least", "_between": "between", "_any": "any"}
    for name, patterns in _DATA["relations"].items():
        base, _, form = name.partition("_")
        for pattern in patterns:
            filled = pattern.replace("{N2}", r"(?P<n2>\d+(?:[.,]\d+)?)").replace("{N}", _N).replace("{U}", _U)
            yield (
                base,
                forms[f"_{form}" if form else ""],
                re.compile(rf"(?:{filled})(?:(?<=')|{_END})"),
            )


def age_at(plain: str, at: int) -> tuple[Age, int] | None:
    """An age."""
    if at and plain[at - 1].isalnum():
        return None
    best: tuple[Age, int] | None = None
    for pattern, op in _AGES:
        match = pattern.match(plain, at)
        if match and (best is None or match.end() > best[1]):
            low = float(match["low"])
            high = float(match["high"]) if op == ".." else None
            if low <= 120:
                if op == "decade":
                    best = Age("..", low, low + 9), match.end()
                    continue
                best = Age(op, low, high), match.end()
    return best


def count_at(plain: str, at: int) -> tuple[int, int] | None:
    """*Au moins 2*."""
    match = _AT_LEAST.match(plain, at)
    more = _MORE_THAN.match(plain, at)
    if more is not None:
        return int(more["n"]) + 1, more.end()
    if match is None:
        return None
    count = int(match["n"]) if match["n"].isdigit() else COUNTS[match["n"]]
    return (count, match.end()) if 1 < count < 100 else None


def stay_at(plain: str, at: int) -> tuple[Stay | Service, bool, int] | None:
    """A stay (*hospitalisé en cardiologie*), whether it is a return, or a service (*service de neurologie*)."""
    if at and plain[at - 1].isalnum():
        return None
    for kind, pattern in _STAYS:
        match = pattern.match(plain, at)
        if match:
            name = SERVICE_WORDS.get(match.groupdict().get("service") or "", "")
            if kind == "service":
                return Service(name), False, match.end()
            return Stay("inpatient", name), kind == "again", match.end()
    return None


def period_at(plain: str, at: int) -> tuple[Period, int] | None:
    """Calendar days: *en 2023*, *depuis mars 2021*."""
    for pattern, way in _PERIODS:
        match = pattern.match(plain, at)
        if match is None:
            continue
        span = _days(match, "p")
        if span is None:
            continue
        since, until = span
        if way == "between":
            other = _days(match, "q")
            if other is None:
                continue
            until = other[1]
        elif way == "since":
            until = ""
        elif way == "after":
            since, until = _next_day(until), ""
        elif way == "before":
            since, until = "", _previous_day(since)
        elif way == "until":
            since = ""
        return Period(since, until), match.end()
    return None


def _days(match: re.Match[str], name: str) -> tuple[str, str] | None:
    def group(part: str) -> str | None:
        return match[name + part]

    try:
        if group("iso"):
            return str(group("iso")), str(group("iso"))
        if group("y"):
            day = f"{group('y')}-{int(group('m') or 0):02}-{int(group('d') or 0):02}"
            return day, day
        if group("mon"):
            year, month = int(group("my") or 0), _MONTHS[group("mon") or ""]
            if group("md"):
                day = f"{year}-{month:02}-{int(group('md') or 0):02}"
                return day, day
            return f"{year}-{month:02}-01", f"{year}-{month:02}-{calendar.monthrange(year, month)[1]:02}"
    except (ValueError, IndexError):
        return None
    return f"{group('yr')}-01-01", f"{group('yr')}-12-31"


def _next_day(day: str) -> str:
    return _shifted(day, 1)


def _previous_day(day: str) -> str:
    return _shifted(day, -1)


def _shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


@lru_cache(maxsize=1)
def phrases() -> dict[str, dict[str, list[str]]]:
    """Listed phrases by kind and first letter, longest first."""
    lists: dict[str, list[str]] = {kind: list(words) for kind, words in _DATA["words"].items()}
    lists |= {f"sex {sex}": words for sex, words in _DATA["sex"].items()}
    lists["ages"] = list(AGE_WORDS)
    lists["documents"] = list(DOCUMENT_WORDS)
    lists["articles"] = ["une", "un", "la", "le", "les", "des", "du", "de", "d'", "l'", "a", "an", "the", "of"]
    by_letter: dict[str, dict[str, list[str]]] = {}
    for kind, words in lists.items():
        plain = sorted({plain_of(word) for word in words}, key=len, reverse=True)
        by_letter[kind] = {}
        for word in plain:
            by_letter[kind].setdefault(word[0], []).append(word)
    return by_letter


def _read_age(spec: list[AnyValue]) -> Age:
    return Age("..", float(spec[1]), float(spec[2])) if spec[0] == ".." else Age(spec[0], float(spec[1]))


AGE_WORDS = {plain_of(word): _read_age(spec) for word, spec in _DATA["ages"].items()}
DOCUMENT_WORDS = {plain_of(word): kind for kind, words in _DATA["documents"].items() for word in words}


def value_at(plain: str, text: str, at: int, analyte: str) -> tuple[Value, int] | None:
    """The bounds after the name of an analyte: ``> 8 %``, *entre 5 et 7*, ``à 150``."""
    match = _VALUE.match(plain, at)
    if match is None:
        return None
    op = next((sign for i, sign in enumerate(_SIGNS) if match[f"op{i}"]), "=")
    low, high = _float(match["low"]), _float(match["high"]) if match["high"] else None
    stop = match.end() if match["high"] and (match["between"] or op == "=") else match.end("low")
    written = _UNIT.match(text, stop)
    ucum = ""
    if written:
        known = unit(" ".join(written["unit"].split()))
        if known is not None and known.dimension != "time":
            ucum, stop = known.ucum, written.end()
        elif known is not None and op == "=":
            return None  # "HbA1c 6 mois après": not a value
    if stop == match.end("low") and match["between"] and match["high"] is None and match["between"] != "de":
        return None
    if high is not None and stop >= match.end():
        return Value(analyte, "..", low, high, ucum), stop
    return Value(analyte, op, low, None, ucum), stop  # type: ignore[arg-type]


def relation_at(plain: str, at: int) -> tuple[TimeRelation, int] | None:
    """A relation of time, the longest that is written here."""
    best: tuple[TimeRelation, int] | None = None
    for relation, form, pattern in _relations():
        match = pattern.match(plain, at)
        if match is None or (best is not None and match.end() <= best[1]):
            continue
        if form == "any" and period_at(plain, at) is not None:
            continue
        groups = match.groupdict()
        lapse = _lapse(groups.get("n"), groups.get("u")) if groups.get("u") else None
        low = high = None
        if form == "between":
            low, high = lapse, _lapse(groups["n2"], groups["u"])
        elif form == "least":
            low = lapse
        else:
            high = lapse
        best = TimeRelation(relation, low, high), match.end()
    return best
