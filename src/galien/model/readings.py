"""What reading a text gives: sentences, sections, mentions in context, quantities, dates.

Every item carries offsets in code points, so that ``text[start:end]`` is what was read.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from galien.model.evidence import Span

Subject = Literal["patient", "family", "other"]


class Sentence(msgspec.Struct, frozen=True):
    """``text[start:end]``, without the white space around it."""

    start: int
    end: int


class Section(msgspec.Struct, frozen=True):
    """A titled part of a report.

    Attributes
    ----------
    kind : str
        ``history``, ``family-history``, ``conclusion``... or ``""`` where the title is not a known one.
    title : str
        As written.
    start, end : int
        From the first character of the title to the end of the body.
    body : int
        Where the body begins.
    """

    kind: str
    title: str
    start: int
    end: int
    body: int


class Context(msgspec.Struct, frozen=True):
    """What is said *about* a mention. All false, and the patient: it is affirmed, now, of the patient.

    Attributes
    ----------
    negated : bool
        Said to be absent, ruled out, not done.
    hedged : bool
        Suspected, possible, to be ruled out.
    conditional : bool
        Only if something happens (``si fièvre``).
    subject : {"patient", "family", "other"}
        Whose it is.
    historical : bool
        Before this episode (``antécédent de``).
    planned : bool
        To come (``programmée``, ``prévoir``).
    resolved : bool
        Was there and is gone.
    reported : bool
        In somebody's words (``dit avoir``).
    cue : tuple of Span
        The words that decided, in the order of the fields above.
    """

    negated: bool = False
    hedged: bool = False
    conditional: bool = False
    subject: Subject = "patient"
    historical: bool = False
    planned: bool = False
    resolved: bool = False
    reported: bool = False
    cue: tuple[Span, ...] = ()

    @property
    def affirmed(self) -> bool:
        """Whether the patient has, or had, this for a fact."""
        return not (self.negated or self.hedged or self.conditional or self.planned) and self.subject == "patient"


PLAIN = Context()


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """Words that name a concept.

    Attributes
    ----------
    start, end : int
        From the first to the last word.
    parts : tuple of Span
        The words themselves where others lie between them (*douleurs* thoraciques et *abdominales*);
        empty where they are in one piece.
    concept : str
        Identifier of the concept meant.
    others : tuple of str
        Other senses that the words may have, likeliest first.
    side : {"", "left", "right", "bilateral"}
        Said in the same noun phrase.
    """

    start: int
    end: int
    concept: str
    kind: str
    context: Context = PLAIN
    parts: tuple[Span, ...] = ()
    others: tuple[str, ...] = ()
    section: str = ""
    side: str = ""


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """A number with its unit, and what it measures when that is said.

    Attributes
    ----------
    low, high : float
        The same for a single value; a range has two; ``None`` where open (``< 5`` has no low).
    comparator : {"=", "<", "<=", ">", ">=", "~", ".."}
    unit : str
        UCUM code of the unit written; ``""`` without one.
    concept : str
        The analyte, drug or sign that the number belongs to; ``""`` when unknown.
    value, value_unit : float, str
        The value in the canonical unit of the concept, when it could be converted.
    """

    start: int
    end: int
    low: float | None
    high: float | None
    comparator: str = "="
    unit: str = ""
    concept: str = ""
    value: float | None = None
    value_unit: str = ""
    per: str = ""


class TimeExpression(msgspec.Struct, frozen=True, kw_only=True):
    """A date or a duration.

    Attributes
    ----------
    kind : {"date", "duration", "period"}
    first, last : str
        ISO days that the expression may mean (equal when it is one day); ``""`` when it could not be
        resolved for want of a reference date.
    days : float
        Length of a duration.
    """

    start: int
    end: int
    kind: Literal["date", "duration", "period"]
    first: str = ""
    last: str = ""
    days: float | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All that was read in one text."""

    language: str
    sentences: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    mentions: tuple[Mention, ...]
    quantities: tuple[Quantity, ...]
    times: tuple[TimeExpression, ...]
