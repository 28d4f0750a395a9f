"""What an index is asked: a small tree of clauses that any engine can run."""

from __future__ import annotations

import msgspec


class Word(msgspec.Struct, frozen=True, tag="word"):
    """One word: any of its stems, or its exact form, which counts more."""

    exact: str
    stems: tuple[str, ...]


class Phrase(msgspec.Struct, frozen=True, tag="phrase"):
    """Words in order, at most ``slop`` apart; ``stems`` holds one variant of the words per language."""

    exact: tuple[str, ...]
    stems: tuple[tuple[str, ...], ...]
    slop: int = 0


class Term(msgspec.Struct, frozen=True, tag="term"):
    """One word as a ranking weighs it: the weighted sum of its scores in each field, not the best of them.

    ``stems`` alone (no ``exact``) is how words taken from texts come.
    """

    stems: tuple[str, ...]
    exact: str = ""


class Nearby(msgspec.Struct, frozen=True, tag="nearby"):
    """Words in order, at most ``slop`` apart, weighed as `Term` weighs one; a variant of the stems per language."""

    stems: tuple[tuple[str, ...], ...]
    slop: int = 1


class Prefix(msgspec.Struct, frozen=True, tag="prefix"):
    """Words that begin so (exact form)."""

    prefix: str


class Fuzzy(msgspec.Struct, frozen=True, tag="fuzzy"):
    """Words within ``distance`` edits (exact form)."""

    exact: str
    distance: int = 1


class Coded(msgspec.Struct, frozen=True, tag="coded"):
    """A code or identifier, exactly."""

    code: str


class Tagged(msgspec.Struct, frozen=True, tag="tagged"):
    """Entries that were read to say one of these: a sign (``=`` affirmed, ``-`` denied...) and a concept."""

    tags: tuple[str, ...]


class Value(msgspec.Struct, frozen=True, tag="value"):
    """A facet with any of these values."""

    name: str
    values: tuple[str, ...]


class Range(msgspec.Struct, frozen=True, tag="range"):
    """A number within bounds, both included: ``date`` as yyyymmdd, ``age`` in years."""

    name: str
    low: int | None = None
    high: int | None = None


class Patients(msgspec.Struct, frozen=True, tag="patients"):
    """Entries of one of these patients."""

    numbers: tuple[int, ...]


class All(msgspec.Struct, frozen=True, tag="all"):
    """Every clause; none of ``without``; ``better`` only raise the score. Empty: everything."""

    clauses: tuple[Clause, ...] = ()
    without: tuple[Clause, ...] = ()
    better: tuple[Clause, ...] = ()


class Any(msgspec.Struct, frozen=True, tag="any"):
    """At least ``minimum`` of the clauses."""

    clauses: tuple[Clause, ...]
    minimum: int = 1


class Boosted(msgspec.Struct, frozen=True, tag="boosted"):
    """The same entries, their scores multiplied by ``weight``."""

    clause: Clause
    weight: float


class Best(msgspec.Struct, frozen=True, tag="best"):
    """Any of the clauses; an entry scores as the best of them: names of one thing count once."""

    clauses: tuple[Clause, ...]


class Constant(msgspec.Struct, frozen=True, tag="constant"):
    """The same entries, all with this score."""

    clause: Clause
    score: float


Clause = (
    Word
    | Phrase
    | Term
    | Nearby
    | Prefix
    | Fuzzy
    | Coded
    | Tagged
    | Value
    | Range
    | Patients
    | All
    | Any
    | Boosted
    | Best
    | Constant
)


class Found(msgspec.Struct, frozen=True):
    """One entry found: its id, its score, its patient (0 when none)."""

    id: str
    score: float
    patient: int = 0
