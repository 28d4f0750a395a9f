"""The clinical query: what is asked, as a typed tree, whatever the words it was asked in.

It has three equivalent forms: medical language (`galien.query.medical`), a compact explicit syntax
(`galien.query.compact`) and JSON (`to_json`, `from_json`). The form of the tree is versioned; `from_json`
reads every version that was ever written.
"""

from __future__ import annotations

from typing import Any as AnyValue
from typing import Literal

import msgspec

from galien.model.errors import QueryError

VERSION = 2

Kind = Literal["condition", "finding", "drug", "class", "analyte", "act", "body"]
Said = Literal["present", "denied", "hedged", "family", "any"]
Comparator = Literal["<", "<=", ">", ">=", "=", ".."]
TimeUnit = Literal["h", "d", "w", "mo", "y"]
StayKind = Literal["any", "inpatient", "emergency", "outpatient"]
Relation = Literal["after", "before", "around", "same-stay", "overlap"]
DAYS: dict[str, float] = {"h": 1 / 24, "d": 1.0, "w": 7.0, "mo": 30.4375, "y": 365.25}


class Lapse(msgspec.Struct, frozen=True):
    """A length of time, as it was said."""

    n: float
    unit: TimeUnit

    @property
    def days(self) -> float:
        return self.n * DAYS[self.unit]


class Concept(msgspec.Struct, frozen=True, tag="concept"):
    """The patient has this concept, or one below it.

    ``said`` is how it must be said: ``present`` (affirmed of the patient, or coded), ``denied`` in writing,
    ``hedged``, of the ``family``, or ``any``. ``exact`` leaves out the concepts below.
    """

    id: str
    kind: Kind = "condition"
    said: Said = "present"
    exact: bool = False


class Value(msgspec.Struct, frozen=True, tag="value"):
    """An analyte has a value within bounds; ``..`` includes both. Without a unit, the analyte's own."""

    id: str
    op: Comparator
    number: float
    high: float | None = None
    unit: str = ""


class Sex(msgspec.Struct, frozen=True, tag="sex"):
    """The patient's sex as recorded."""

    value: Literal["female", "male"]


class Age(msgspec.Struct, frozen=True, tag="age"):
    """Age in whole years: at the event that the other criteria find; without one, today or at death."""

    op: Comparator
    number: float
    high: float | None = None


class Period(msgspec.Struct, frozen=True, tag="period"):
    """The events lie within these ISO days, both included; an empty bound is open."""

    since: str = ""
    until: str = ""


class DocumentKind(msgspec.Struct, frozen=True, tag="document"):
    """A document of this kind (`galien.model.kinds.DOCUMENT_KINDS`)."""

    kind: str


class Service(msgspec.Struct, frozen=True, tag="service"):
    """Something from this service."""

    name: str


class Stay(msgspec.Struct, frozen=True, tag="stay"):
    """A stay of this kind, in a service whose name holds these words (any service when empty)."""

    kind: StayKind = "any"
    service: str = ""


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Plain words in a document; a phrase when they must stand together."""

    text: str
    phrase: bool = False


class Picked(msgspec.Struct, frozen=True, tag="picked"):
    """Of the events of one criterion of a patient, the first or the last; the bounds of a value apply to that one."""

    which: Literal["first", "last"]
    part: Node


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """At least so many events, on different days."""

    least: int
    part: Node


class Related(msgspec.Struct, frozen=True, tag="related"):
    """Events of ``left`` that stand in a relation of time to one of ``right``.

    ``after``: left lies between ``low`` and ``high`` after right (the same day counts when ``low`` is
    none); ``before``: as much before; ``around``: within ``high`` on either side; ``same-stay``: in one stay;
    ``overlap``: their spans share a day.
    """

    relation: Relation
    left: Node
    right: Node
    low: Lapse | None = None
    high: Lapse | None = None


class Not(msgspec.Struct, frozen=True, tag="not"):
    """The patient has no such event."""

    part: Node


class All(msgspec.Struct, frozen=True, tag="all"):
    """Every part holds, of the patient's whole record."""

    parts: tuple[Node, ...] = ()


class Any(msgspec.Struct, frozen=True, tag="any"):
    """At least one part holds."""

    parts: tuple[Node, ...]


Node = (
    Concept
    | Value
    | Sex
    | Age
    | Period
    | DocumentKind
    | Service
    | Stay
    | Text
    | Picked
    | Counted
    | Related
    | Not
    | All
    | Any
)
Leaf = Concept | Value | Sex | Age | Period | DocumentKind | Service | Stay | Text
LEAVES = (Concept, Value, Sex, Age, Period, DocumentKind, Service, Stay, Text)
_DECODER: msgspec.json.Decoder[Node] = msgspec.json.Decoder(Node)


def to_json(query: Node) -> bytes:
    """The query as JSON, with the version of its form.

    >>> to_json(Sex("female"))
    b'{"version":2,"query":{"type":"sex","value":"female"}}'
    """
    return msgspec.json.encode({"version": VERSION, "query": query})


def from_json(data: bytes) -> Node:
    """Read a query of any version.

    Raises
    ------
    QueryError
        Not a query, or of a version to come.
    """
    try:
        raw: dict[str, AnyValue] = msgspec.json.decode(data)
        version, body = int(raw["version"]), raw["query"]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise QueryError("this is no query in JSON") from error
    if version > VERSION:
        raise QueryError("this query was written by a newer Galien", version=version)
    for step in range(version, VERSION):
        body = _MIGRATIONS[step](body)
    try:
        return _DECODER.decode(msgspec.json.encode(body))
    except msgspec.ValidationError as error:
        raise QueryError("this query has a part that is not known", hint=str(error)) from error


def _from_1(body: AnyValue) -> AnyValue:
    """Version 1 said ``context: negated`` where version 2 says ``said: denied``."""
    if isinstance(body, list):
        return [_from_1(item) for item in body]
    if not isinstance(body, dict):
        return body
    renamed = {key: _from_1(value) for key, value in body.items()}
    if renamed.get("type") == "concept" and "context" in renamed:
        old = renamed.pop("context")
        renamed["said"] = {"negated": "denied"}.get(old, old)
    return renamed


_MIGRATIONS = {1: _from_1}


def joined(parts: list[Node]) -> Node:
    """Parts that must all hold, flat."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, All) else (part,))
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def either(parts: list[Node]) -> Node:
    """Parts of which one must hold, flat."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Any) else (part,))
    return flat[0] if len(flat) == 1 else Any(tuple(flat))
