"""The answer to a question about one patient: one sentence, the facts behind it, and where Galien looked."""

from __future__ import annotations

from typing import Literal

import msgspec

from galien.model.answers import ResultSeries
from galien.model.evidence import Evidence

Verdict = Literal["found", "yes", "no", "both", "nothing", "unknown"]
"""``no`` is a written absence (or a written end); ``nothing`` that nothing says so; ``both`` that the record says two
things; ``unknown`` that the question was not understood."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question about one patient.

    Attributes
    ----------
    patient : str
        Public id (``p12``), or the value of one of the patient's identifiers.
    question : str
        As typed, in French or English.
    language : str
        Of the reader (``fr`` or ``en``), where the question does not show its own.
    """

    patient: str
    question: str
    language: str = "fr"


class ReplyFact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of an answer.

    Attributes
    ----------
    text : str
        What it says, in the language of the question.
    at : str
        ISO day, with its hour where it is known; ``""`` when it has none.
    said : str
        How it stands: ``present``, ``current``, ``stopped``, ``denied``, ``hedged``, ``planned``, ``family``,
        ``taken`` (before it ended), ``other``.
    evidence : Evidence
        The coded row, or the words as stored.
    """

    text: str
    at: str = ""
    until: str = ""
    said: str = "present"
    evidence: Evidence


class Looked(msgspec.Struct, frozen=True):
    """A table that was looked at, with this patient's number of rows and their first and last ISO day."""

    table: str
    rows: int
    since: str
    until: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a question about one patient.

    Attributes
    ----------
    understood : str
        The question as it was read, in a few words.
    sentence : str
        The answer, in the language of the question.
    value : str
        The bare answer where it is one: ``82 µmol/L``, ``2024-03-12``, ``3``.
    facts : tuple of ReplyFact
        Latest first; ``more`` counts those not shown.
    series : ResultSeries or None
        Every value of the analyte asked about, for a curve.
    looked : tuple of Looked
        Where the answer was looked for.
    words : tuple of str
        What was not understood; ``examples`` are questions that are.
    """

    question: str
    patient: str
    language: str
    form: str
    verdict: Verdict
    sentence: str
    understood: str = ""
    value: str = ""
    facts: tuple[ReplyFact, ...] = ()
    more: int = 0
    series: ResultSeries | None = None
    looked: tuple[Looked, ...] = ()
    words: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    examples: tuple[str, ...] = ()
    snapshot: str = ""
    took_ms: float = 0.0
