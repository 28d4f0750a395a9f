"""The explicit syntax: a query of a line that says exactly what it means.

::

    sex:female age>60 condition:hypertension NOT condition:diabetes (drug:metformin OR class:insulins)
    value:hba1c>8% AFTER[..6mo] act:total-hip-replacement

A space is AND; NOT binds tightest, then the relations of time, then AND, then OR; parentheses group.
``@denied``, ``@hedged``, ``@family``, ``@any`` after a concept say how it must be said, ``!`` that concepts below
do not count. ``stay:inpatient@cardiologie`` is a stay of a kind in a service.
Relations: ``AFTER``, ``BEFORE`` with optional ``[low..high]``, ``AROUND[30d]``, ``SAMESTAY``,
``OVERLAP``. ``FIRST``, ``LAST``, ``ATLEAST[2]`` stand before a part. Times: h, d, w, mo, y.
"""

from __future__ import annotations

import calendar
import re
from typing import get_args

from galien.model.errors import QueryError
from galien.query.criteria import (
    Age,
    All,
    Any,
    Concept,
    Counted,
    DocumentKind,
    Kind,
    Lapse,
    Node,
    Not,
    Period,
    Picked,
    Related,
    Relation,
    Service,
    Sex,
    Stay,
    StayKind,
    Text,
    Value,
    either,
    joined,
)

KINDS: tuple[str, ...] = get_args(Kind)
STAYS: tuple[str, ...] = get_args(StayKind)
MAX_DEPTH = 30
_NUMBER = r"-?\d+(?:\.\d+)?"
_LAPSE = rf"({_NUMBER})(h|d|w|mo|y)"
TOKEN = re.compile(
    rf"""\s*(?:
      (?P<open>\()|(?P<close>\))
    | (?P<or>OR\b)|(?P<and>AND\b)|(?P<not>NOT\b)
    | (?P<relation>(?:AFTER|BEFORE|AROUND|SAMESTAY|OVERLAP)\b)(?:\[(?P<bounds>[^\]]*)\])?
    | (?P<pick>(?:FIRST|LAST)\b)|(?P<count>ATLEAST\[(?P<least>\d+)\])
    | value:(?P<analyte>[\w-]+)(?P<vop><=|>=|<|>|=)(?P<vlow>{_NUMBER})(?:\.\.(?P<vhigh>{_NUMBER}))?
      (?P<unit>"[^"]*"|[^\s()"]*)
    | (?P<kind>{"|".join(KINDS)}):(?P<id>[\w:.*-]+)(?P<exact>!)?(?:@(?P<said>denied|hedged|family|any))?
    | sex:(?P<sex>female|male)
    | age(?P<aop><=|>=|<|>|=)(?P<alow>{_NUMBER})(?:\.\.(?P<ahigh>{_NUMBER}))?
    | date:(?P<since>[\d-]*)\.\.(?P<until>[\d-]*)
    | document:(?P<document>[\w-]+)
    | stay:(?P<stay>{"|".join(STAYS)})(?:@(?:"(?P<qward>[^"]+)"|(?P<ward>[^\s()"]+)))?
    | service:(?:"(?P<qservice>[^"]+)"|(?P<service>[^\s()]+))
    | "(?P<phrase>[^"]*)"
    | (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)
_RELATIONS: dict[str, Relation] = {
    "AFTER": "after",
    "BEFORE": "before",
    "AROUND": "around",
    "SAMESTAY": "same-stay",
    "OVERLAP": "overlap",
}
_NAMES = {relation: name for name, relation in _RELATIONS.items()}


def parse(text: str) -> Node:
    """Read the explicit syntax.

    Raises
    ------
    QueryError
        Where it stops making sense.

    >>> parse("sex:female age>60")
    All(parts=(Sex(value='female'), Age(op='>', number=60.0, high=None)))
    """
    return _Parser(text).whole()


def render(node: Node) -> str:
    """The line that `parse` reads as this query.

    >>> render(Not(Concept("diabetes")))
    'NOT condition:diabetes'
    """
    match node:
        case Concept(id, kind, said, exact):
            return f"{kind}:{id}{'!' if exact else ''}{'' if said == 'present' else '@' + said}"
        case Value(id, op, number, high, unit):
            written = f'"{unit}"' if re.search(r"[\s()]", unit) or unit[:1].isdigit() or unit[:1] == "." else unit
            return f"value:{id}{_bounds(op, number, high)}{written}"
        case Sex(value):
            return f"sex:{value}"
        case Age(op, number, high):
            return f"age{_bounds(op, number, high)}"
        case Period(since, until):
            return f"date:{since}..{until}"
        case DocumentKind(kind):
            return f"document:{kind}"
        case Service(name):
            return f'service:"{name}"'
        case Stay(kind, name):
            return f'stay:{kind}@"{name}"' if name else f"stay:{kind}"
        case Text(text, phrase):
            return f'"{text}"' if phrase else text
        case Picked(which, part):
            return f"{which.upper()} {_tight(part)}"
        case Counted(least, part):
            return f"ATLEAST[{least}] {_tight(part)}"
        case Related(relation, left, right, low, high):
            span = f"[{_lapse(low)}..{_lapse(high)}]" if relation in ("after", "before") and (low or high) else ""
            span = f"[{_lapse(high)}]" if relation == "around" else span
            return f"{_tight(left)} {_NAMES[relation]}{span} {_tight(right)}"
        case Not(part):
            return f"NOT {_tight(part)}"
        case All(parts):
            return " ".join(_inner(part, (All, Any)) for part in parts)
        case Any(parts):
            return " OR ".join(_inner(part, (Any, All)) for part in parts)


def _inner(part: Node, loose: tuple[type, ...]) -> str:
    return f"({render(part)})" if isinstance(part, loose) else render(part)


def _tight(part: Node) -> str:
    return f"({render(part)})" if isinstance(part, All | Any | Related) else render(part)


def _bounds(op: str, number: float, high: float | None) -> str:
    return f"={number:g}..{high:g}" if op == ".." and high is not None else f"{op}{number:.10g}"


def _lapse(lapse: Lapse | None) -> str:
    return f"{lapse.n:g}{lapse.unit}" if lapse else ""


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[re.Match[str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = TOKEN.match(text, at)
            if match is None:
                raise QueryError("the query cannot be read from here on", position=at)
            self._tokens.append(match)
            at = match.end()
        self._at = 0

    def whole(self) -> Node:
        node = self._either(0)
        if self._at < len(self._tokens):
            raise QueryError("a parenthesis closes nothing", position=self._tokens[self._at].start())
        return node

    def _is(self, name: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][name] is not None

    def _either(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise QueryError(f"a query nests at most {MAX_DEPTH} deep", limit=MAX_DEPTH)
        parts = [self._every(depth)]
        while self._is("or"):
            self._at += 1
            parts.append(self._every(depth))
        return either(parts) if len(parts) > 1 else parts[0]

    def _every(self, depth: int) -> Node:
        parts: list[Node] = []
        while self._at < len(self._tokens) and not self._is("or") and not self._is("close"):
            if self._is("and"):
                self._at += 1
                continue
            parts.append(self._related(depth))
        return joined(parts) if parts else All()

    def _related(self, depth: int) -> Node:
        left = self._one(depth)
        while self._is("relation"):
            token = self._tokens[self._at]
            self._at += 1
            relation, low, high = relation_of(token)
            left = Related(relation, left, self._one(depth), low, high)
        return left

    def _one(self, depth: int) -> Node:
        if self._at >= len(self._tokens):
            raise QueryError("the query ends where a criterion is expected")
        token = self._tokens[self._at]
        self._at += 1
        if token["not"]:
            return Not(self._one(depth + 1))
        if token["pick"]:
            return Picked("first" if token["pick"] == "FIRST" else "last", self._one(depth + 1))
        if token["count"]:
            return Counted(int(token["least"]), self._one(depth + 1))
        if token["open"]:
            inside = self._either(depth + 1)
            if not self._is("close"):
                raise QueryError("a parenthesis is not closed", position=token.start())
            self._at += 1
            return inside
        if token["close"] or token["relation"] or token["or"]:
            raise QueryError("a criterion is expected here", position=token.start())
        return leaf_of(token)


def leaf_of(token: re.Match[str]) -> Node:
    """The criterion of one token."""
    if token["analyte"]:
        high = float(token["vhigh"]) if token["vhigh"] else None
        op = ".." if high is not None else token["vop"]
        return Value(token["analyte"], op, float(token["vlow"]), high, (token["unit"] or "").strip('"'))  # type: ignore[arg-type]
    if token["kind"]:
        return Concept(token["id"], token["kind"], token["said"] or "present", bool(token["exact"]))  # type: ignore[arg-type]
    if token["sex"]:
        return Sex(token["sex"])  # type: ignore[arg-type]
    if token["aop"]:
        high = float(token["ahigh"]) if token["ahigh"] else None
        return Age(".." if high is not None else token["aop"], float(token["alow"]), high)  # type: ignore[arg-type]
    if token["since"] is not None:
        return Period(_whole_day(token["since"], last=False), _whole_day(token["until"], last=True))
    if token["document"]:
        return DocumentKind(token["document"])
    if token["qservice"] or token["service"]:
        return Service(token["qservice"] or token["service"])
    if token["stay"]:
        return Stay(token["stay"], token["qward"] or token["ward"] or "")  # type: ignore[arg-type]
    if token["phrase"] is not None:
        return Text(token["phrase"], phrase=True)
    return Text(token["word"])


def _whole_day(text: str, *, last: bool) -> str:
    """A day; of a year or a month, its first or last one."""
    parts = text.split("-")
    if not text or len(parts) == 3:
        return text
    try:
        year, month = int(parts[0]), int(parts[1]) if len(parts) == 2 else (12 if last else 1)
        day = calendar.monthrange(year, month)[1] if last else 1
    except (ValueError, calendar.IllegalMonthError) as error:
        raise QueryError("a date is written YYYY, YYYY-MM or YYYY-MM-DD", text=text) from error
    return f"{year:04}-{month:02}-{day:02}"


def relation_of(token: re.Match[str]) -> tuple[Relation, Lapse | None, Lapse | None]:
    """The relation of one token, with its bounds."""
    relation = _RELATIONS[token["relation"]]
    return relation, *_span(token["bounds"] or "", relation)


def _span(text: str, relation: Relation) -> tuple[Lapse | None, Lapse | None]:
    low, dots, high = text.partition("..")
    if relation == "around" and not dots:
        return None, _read_lapse(text)
    return _read_lapse(low), _read_lapse(high)


def _read_lapse(text: str) -> Lapse | None:
    if not text.strip():
        return None
    match = re.fullmatch(_LAPSE, text.strip())
    if match is None:
        raise QueryError("a length of time is a number and h, d, w, mo or y", text=text)
    return Lapse(float(match.group(1)), match.group(2))  # type: ignore[arg-type]
