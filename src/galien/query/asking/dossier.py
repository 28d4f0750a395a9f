"""One patient's record: its rows, what its documents say, and how each becomes a fact with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from galien.index.port import Corpus
from galien.knowledge import Lexicon
from galien.language.reading import Reader
from galien.model.evidence import Evidence
from galien.model.replies import ReplyFact
from galien.query.asking.quotation import Quotations
from galien.query.asking.wording import Wording
from galien.query.criteria import Period
from galien.query.events import EVENT_TABLES, Events
from galien.query.execution import Execution, Links, iso_day
from galien.store.omop.events import DENIED, DOUBTFUL, NOT_DONE
from galien.store.omop.record import CodedRow, Extent, Mentioned, Note, Result, Stay, Written
from galien.store.omop.rows import concept_number
from galien.store.reading import heard_as

TABLES = {
    "condition": "condition_occurrence",
    "finding": "condition_occurrence",
    "drug": "drug_exposure",
    "class": "drug_exposure",
    "act": "procedure_occurrence",
}
NOT_SO = frozenset((*DOUBTFUL, *DENIED, *NOT_DONE))
"""States of a row that is no fact (the same that a search leaves out)."""


class Rows(Protocol):
    """The rows of one patient: `galien.store.omop.record.PatientRecord`."""

    def coded(self, table: str) -> list[CodedRow]: ...
    def results(self, sources: Sequence[int]) -> list[Result]: ...
    def mentioned(self, concepts: Sequence[int]) -> list[Mentioned]: ...
    def written(self, concepts: Sequence[int]) -> list[Written]: ...
    def of_kind(self, kinds: Sequence[str]) -> list[Mentioned]: ...
    def of_section(self, section: str) -> list[Mentioned]: ...
    def allergies(self) -> list[CodedRow]: ...
    def stays(self) -> list[Stay]: ...
    def notes(self) -> list[Note]: ...
    def extent(self) -> list[Extent]: ...


class Told(Protocol):
    """Where events stand: `galien.store.omop.events.OmopEvents` of one patient."""

    def told(self, ids: Sequence[int]) -> dict[int, tuple[int, int, int]]: ...
    def rows(self, table: str, ids: Sequence[int]) -> dict[int, tuple[str, str, str, str]]: ...


class Dossier:
    """Everything that answers need of one patient.

    Parameters
    ----------
    person : int
    rows : Rows
    told : Told
    execution : callable
        Makes an execution limited to this person; only whole criteria need one.
    lexicon, reader, links
        What is known of medicine, and which rows mean what.
    corpus : Corpus
        The documents.
    """

    def __init__(
        self,
        person: int,
        rows: Rows,
        told: Told,
        execution: Callable[[], Execution],
        lexicon: Lexicon,
        reader: Reader,
        links: Links,
        corpus: Corpus,
    ) -> None:
        self.person = person
        self.rows = rows
        self.told = told
        self._execute = execution
        self.lexicon = lexicon
        self.reader = reader
        self.links = links
        self.quotes = Quotations(corpus, person)

    @cached_property
    def execution(self) -> Execution:
        """A run of criteria on this record."""
        return self._execute()

    @cached_property
    def extent(self) -> list[Extent]:
        """What there is to look at."""
        return self.rows.extent()

    @property
    def last_day(self) -> str:
        """The last day of the record, of anything."""
        return max((table.until for table in self.extent), default="")

    def kind_name(self, kind: str, wording: Wording) -> str:
        """The name of a kind of documents."""
        return wording.word("document", kind or "document")

    def name(self, id: str, wording: Wording) -> str:
        """The name of a concept in the language of the question."""
        concept = self.lexicon.get(id)
        return concept.name(wording.language) if concept else id

    def sources(self, ids: frozenset[str]) -> set[int]:
        """Source concepts of rows that mean any of these."""
        return {int(number) for number in self.links.sources(ids)}

    def numbers(self, ids: Iterable[str]) -> dict[int, str]:
        """Concepts by their number in NOTE_NLP."""
        return {concept_number(id): id for id in ids}

    # -- facts

    def of_row(self, row: CodedRow, text: str = "", said: str = "present", code: str = "") -> ReplyFact:
        """A coded row as a fact."""
        quote = f"{row.label} {row.detail}".strip()
        evidence = Evidence(
            kind="code", record=row.id, quote=quote, document=f"p{self.person}", at=row.start, code=row.code
        )
        return ReplyFact(text=text or row.label, at=row.start, until=row.end, said=said, evidence=evidence)

    def of_result(self, result: Result, shown: str) -> ReplyFact:
        """A measured result as a fact."""
        evidence = Evidence(
            kind="value", record=result.id, quote=f"{result.label} {shown}", document=f"p{self.person}",
            at=result.at, code=result.code,
        )  # fmt: skip
        return ReplyFact(text=shown, at=result.at, evidence=evidence)

    def of_mention(self, mention: Mentioned, said: str = "", at: str | None = None) -> ReplyFact | None:
        """What a document says, as a fact; ``None`` where its words cannot be read again."""
        words = self.quotes.text(mention.note, mention.start, mention.end)
        evidence = self.quotes.quote(mention.note, mention.start, mention.end, words)
        if evidence is None:
            return None
        day = mention.day if at is None else at
        return ReplyFact(text=" ".join(words.split()), at=day, said=said or stance(mention), evidence=evidence)

    def of_note(self, note: Note) -> ReplyFact | None:
        """A document as a fact."""
        evidence = self.quotes.title(note.id, note.kind)
        return ReplyFact(text=note.title, at=note.day, evidence=evidence) if evidence else None

    def of_mentions(self, mentions: Iterable[Mentioned], most: int, said: str = "") -> list[ReplyFact]:
        """Facts of mentions, in their order; words that were copied from one document to the next count once."""
        kept: list[ReplyFact] = []
        seen: set[str] = set()
        among = list(mentions)[: most * 4]
        self.quotes.fetch(mention.note for mention in among)
        for mention in among:
            fact = self.of_mention(mention, said)
            words = " ".join(fact.evidence.quote.split()).lower() if fact else ""
            if fact is not None and words not in seen:
                seen.add(words)
                kept.append(fact)
            if len(kept) >= most:
                break
        return kept

    def of_events(self, events: Events, most: int) -> list[ReplyFact]:
        """Facts of any events, latest first."""
        order = np.lexsort((events.ref, events.day))[::-1][:most]
        found: list[ReplyFact] = []
        for place in order.tolist():
            table, ref = EVENT_TABLES[int(events.table[place])], int(events.ref[place])
            if table == "note_nlp":
                day = iso_day(int(events.day[place]))
                for note, start, end in self.told.told([ref]).values():
                    words = self.quotes.text(note, start, end)
                    quote = self.quotes.quote(note, start, end, words)
                    if quote is not None:
                        found.append(ReplyFact(text=" ".join(words.split()), at=day, evidence=quote))
            elif table == "note":
                title = self.quotes.title(ref, "")
                if title is not None:
                    found.append(ReplyFact(text=title.quote, at=title.at, evidence=title))
            elif table in TABLES.values() or table == "measurement":
                for label, code, value, day in self.told.rows(table, [ref]).values():
                    evidence = Evidence(
                        kind="value" if value else "code", record=ref, quote=f"{label} {value}".strip(),
                        document=f"p{self.person}", at=day, code=code,
                    )  # fmt: skip
                    found.append(ReplyFact(text=value or label, at=day, evidence=evidence))
        return found


def stance(mention: Mentioned) -> str:
    """How a mention stands, from its context letters."""
    heard = heard_as(mention.said)
    return "planned" if heard == "hedged" and not {"h", "c"} & set(mention.said) else heard


def inside(day: str, period: Period | None) -> bool:
    """Whether a day lies in a period; what has no day lies in none but the endless."""
    if period is None or not (period.since or period.until):
        return True
    return (
        bool(day) and (not period.since or day[:10] >= period.since) and (not period.until or day[:10] <= period.until)
    )
