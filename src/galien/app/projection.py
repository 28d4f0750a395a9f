"""Projections of a commit: OMOP rows and index entries, from ledger rows and the records as read.

The same functions serve ingest, catching up after a crash, and rebuilding from nothing: what they give
depends only on the ledger and the stored bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from galien.app.meanings import Meanings
from galien.app.understanding import Understanding, shipped_understanding
from galien.index.port import Entry, SearchIndex
from galien.language import analyse
from galien.language.analysis import Analysed
from galien.model.records import Article, Document
from galien.model.time import Moment
from galien.store.identity import members, root_of
from galien.store.ledger import Ledger
from galien.store.omop.cdm import Cdm, by_table, death_row, person_row
from galien.store.omop.rows import note_nlp, row_of, table_of
from galien.store.reading import affirmed
from galien.store.registration import Outcome, Registered
from galien.store.told import Passage, Told

DOMAIN_TITLES = {
    "condition": "diagnosis",
    "measurement": "measurement",
    "exposure": "drug",
    "procedure": "procedure",
    "observation": "observation",
}


class Person(msgspec.Struct, frozen=True):
    """Demographics of a root identity, as facets need them."""

    root: int
    family: str
    given: str
    birth_date: str
    sex: str
    deceased: str


class Projector:
    """Writes the projections of commits.

    Parameters
    ----------
    ledger, cdm, told, index
        The truth and its projections.
    understanding : Understanding, optional
        What links codes to concepts.
    meanings : Meanings, optional
        The vectors, where there is an encoder.
    """

    def __init__(
        self,
        ledger: Ledger,
        cdm: Cdm,
        told: Told,
        index: SearchIndex,
        understanding: Understanding | None = None,
        meanings: Meanings | None = None,
    ) -> None:
        self.understanding = understanding or shipped_understanding()
        self._links: dict[int, tuple[str, ...]] = {}
        self._ledger = ledger
        self._cdm = cdm
        self._told = told
        self._index = index
        self._meanings = meanings

    def apply(self, commit_id: int, outcome: Outcome) -> None:
        """Project one commit into all; each skips what it already holds."""
        self.apply_omop(commit_id, outcome)
        self.apply_meanings(commit_id, outcome)
        self.apply_index(commit_id, outcome)

    def apply_meanings(self, commit_id: int, outcome: Outcome) -> None:
        if self._meanings is not None:
            self._meanings.apply(commit_id, outcome)

    def _apply_told(self, commit_id: int, outcome: Outcome) -> None:
        if self._told.last_commit() >= commit_id:
            return
        found = {item.record_id: item.read.findings for item in outcome.registered if item.current}
        self._told.apply(commit_id, {record: all for record, all in found.items() if all}, outcome.removed)

    def apply_omop(self, commit_id: int, outcome: Outcome) -> None:
        # First by document: no row of NOTE_NLP may point to what is not there yet.
        self._apply_told(commit_id, outcome)
        if self._cdm.last_commit() >= commit_id:
            return
        people = People(self._ledger.db)
        live = [item for item in outcome.registered if item.current and item.patient_id is not None]
        pairs = (row_of(item, people.root(item.patient_id or 0)) for item in live)
        touched = sorted({people.root(p) for p in outcome.touched_patients})
        persons = [people.get(root) for root in touched]
        absorbed, moved = self._moved(outcome, people)
        registered = outcome.registered
        concepts = {item.concept_id for item in registered} | {item.value_concept_id for item in registered}
        self._cdm.apply(
            commit_id,
            by_table(pair for pair in pairs if pair is not None),
            removed=outcome.removed,
            persons=[person_row(p.root, p.sex, p.birth_date, f"p{p.root}") for p in persons],
            deaths=[death_row(p.root, _day(p.deceased)) for p in persons if p.deceased],
            moved=moved,
            absorbed=absorbed,
            concepts=list(self._concepts([c for c in concepts if c is not None])),
            columns={"note_nlp": note_nlp(live)},
        )

    def apply_index(self, commit_id: int, outcome: Outcome) -> None:
        if self._index.sequence() >= commit_id:
            return
        people = People(self._ledger.db)
        entries: dict[str, Entry] = {}
        for item in outcome.registered:
            if item.current:
                entry = self._text_entry(item, people)
                if entry is not None:
                    entries[entry.id] = entry
        removed = [f"{prefix}{record}" for record in outcome.removed for prefix in "da"]
        for entry in self._fact_entries(sorted(outcome.facts), people):
            entries[entry.id] = entry
        removed += [f"f{fact}" for fact in outcome.facts if f"f{fact}" not in entries]
        for entry in self._study_entries(sorted(outcome.studies), people):
            entries[entry.id] = entry
        removed += [f"i{study}" for study in outcome.studies if f"i{study}" not in entries]
        for root in sorted({people.root(p) for p in outcome.changed_patients}):
            for entry in self.patient_entries(root, people):
                entries.setdefault(entry.id, entry)
        roots = {people.root(p) for p in outcome.touched_patients}
        for root in sorted(roots):
            entry = self._patient_entry(people.get(root))
            entries[entry.id] = entry
        removed += [f"p{p}" for p in outcome.touched_patients if p not in roots]
        self._index.apply(commit_id, entries.values(), removed)

    def patient_entries(self, root: int, people: People) -> Iterable[Entry]:
        """Entries of everything known of a patient, analysed again from stored text."""
        who = members(self._ledger.db, root)
        facts = [row[0] for row in self._ledger.many("SELECT fact_id FROM facts WHERE patient_id IN ({})", who)]
        yield from self._fact_entries([int(str(f)) for f in facts], people)
        studies = self._ledger.many(
            "SELECT DISTINCT i.study_id FROM instances i JOIN records r USING (record_id) WHERE r.patient_id IN ({})",
            who,
        )
        yield from self._study_entries([int(str(row[0])) for row in studies], people)
        documents = self._ledger.many(
            "SELECT r.record_id, r.patient_id, r.at, f.source, t.title, t.type, t.service, t.hospital, t.author,"
            " t.language, t.text_sha FROM records r JOIN texts t USING (record_id) JOIN files f USING (file_id)"
            " WHERE r.state = 'current' AND r.kind = 'document' AND r.patient_id IN ({})",
            who,
        )
        rows = list(documents)
        told = self._told.of([int(str(row[0])) for row in rows])
        for row in rows:
            record, patient, at, source, title, kind, service, hospital, author, language, sha = row
            assert isinstance(sha, bytes)
            text = self._ledger.read(sha).decode()
            yield self._document_entry(
                int(str(record)), people.get(people.root(int(str(patient)))), str(at), str(source), str(kind),
                str(service), str(hospital), str(author), analyse(str(title), text, str(language)),
                tags(told.get(int(str(record)), ())),
            )  # fmt: skip

    def _text_entry(self, item: Registered, people: People) -> Entry | None:
        record = item.read.record
        words = item.read.words
        if words is None:
            return None
        said = [Passage(f.start, f.end, f.concept, f.context) for f in item.read.findings]
        text = Analysed(words.title_stem, words.title_exact, words.body_stem, words.body_exact, words.language)
        at = record.at.text if isinstance(record, Document | Article) and record.at else ""
        if isinstance(record, Document):
            person = people.get(people.root(item.patient_id)) if item.patient_id is not None else None
            return self._document_entry(
                item.record_id, person, at, item.source, record.kind, record.service, record.hospital,
                record.author, text, tags(said),
            )  # fmt: skip
        if isinstance(record, Article):
            return Entry(
                id=f"a{item.record_id}",
                kind="article",
                text=text,
                # An article is about what it names, whatever it says of it.
                codes=(
                    *(c for c in (record.doi, record.pmid, record.pmcid) if c),
                    *dict.fromkeys(f"={passage.concept}" for passage in said),
                ),
                type=record.kinds[0] if record.kinds else "",
                journal=record.journal,
                author=", ".join(record.authors),
                language=words.language,
                date=at,
                source=item.source,
            )
        return None

    def _document_entry(
        self,
        record_id: int,
        person: Person | None,
        at: str,
        source: str,
        kind: str,
        service: str,
        hospital: str,
        author: str,
        text: Analysed,
        codes: tuple[str, ...] = (),
    ) -> Entry:
        return Entry(
            id=f"d{record_id}",
            kind="document",
            text=text,
            codes=codes,
            patient=person.root if person else 0,
            type=kind,
            service=service,
            hospital=hospital,
            author=author,
            language=text.language,
            date=at,
            sex=person.sex if person else "",
            age=age_at(person.birth_date, at) if person else None,
            source=source,
        )

    def _fact_entries(self, facts: Sequence[int], people: People) -> Iterable[Entry]:
        rows = self._ledger.many(
            "SELECT f.fact_id, f.patient_id, f.domain, c.vocabulary, c.code, c.label, f.last_at, c.concept_id"
            " FROM facts f"
            " JOIN concepts c USING (concept_id) WHERE f.occurrences > 0 AND f.fact_id IN ({})",
            facts,
        )
        for fact, patient, domain, vocabulary, code, label, at, concept in rows:
            person = people.get(people.root(int(str(patient))))
            coded = vocabulary != "text"
            yield Entry(
                id=f"f{fact}",
                kind="fact",
                text=analyse(str(label), "", ""),
                patient=person.root,
                codes=(
                    *((str(code), f"{vocabulary}:{code}") if coded else ()),
                    *(f"={id}" for id in self._linked(int(str(concept)), str(vocabulary), str(code), str(label))),
                ),
                type=DOMAIN_TITLES[str(domain)],
                date=str(at),
                sex=person.sex,
                age=age_at(person.birth_date, str(at)),
            )

    def _linked(self, concept: int, vocabulary: str, code: str, label: str) -> tuple[str, ...]:
        if concept not in self._links:
            vocabulary = "" if vocabulary == "text" else vocabulary
            self._links[concept] = tuple(self.understanding.linked(vocabulary, code, label))
        return self._links[concept]

    def _study_entries(self, studies: Sequence[int], people: People) -> Iterable[Entry]:
        rows = self._ledger.many(
            "SELECT i.study_id, min(r.patient_id), min(nullif(r.at, '')), max(i.title),"
            " group_concat(DISTINCT i.series_title), max(i.modality), max(i.body_part),"
            " max(i.service), max(i.hospital), max(i.report), max(f.source),"
            " group_concat(DISTINCT i.accession)"
            " FROM instances i JOIN records r USING (record_id) JOIN files f USING (file_id)"
            " WHERE r.state = 'current' AND i.study_id IN ({}) GROUP BY i.study_id",
            studies,
        )
        for (
            study,
            patient,
            at,
            title,
            series,
            modality,
            part,
            service,
            hospital,
            report,
            source,
            accession,
        ) in rows:
            person = people.get(people.root(int(str(patient)))) if patient is not None else None
            when = str(at or "")
            words = study_text(str(series or ""), str(modality), str(part), str(report))
            named = self.understanding.passages(f"{title}\n{words}")
            acts = [f"={act}" for act in self.understanding.imaged(str(modality), str(part))]
            yield Entry(
                id=f"i{study}",
                kind="image",
                text=analyse(str(title), words, ""),
                patient=person.root if person else 0,
                codes=(*(a for a in str(accession or "").split(",") if a), *dict.fromkeys((*tags(named), *acts))),
                type=str(modality),
                service=str(service),
                hospital=str(hospital),
                date=when,
                sex=person.sex if person else "",
                age=age_at(person.birth_date, when) if person else None,
                modality=str(modality),
                source=str(source),
            )

    def _patient_entry(self, person: Person) -> Entry:
        who = members(self._ledger.db, person.root)
        values = [
            str(row[0]) for row in self._ledger.many("SELECT value FROM identifiers WHERE patient_id IN ({})", who)
        ]
        return Entry(
            id=f"p{person.root}",
            kind="patient",
            text=analyse(f"{person.given} {person.family}".strip(), "", "fr"),
            patient=person.root,
            codes=tuple(values),
            sex=person.sex,
        )

    def _concepts(self, concepts: Sequence[int]) -> Iterable[tuple[int, str, str, str]]:
        rows = self._ledger.many(
            "SELECT concept_id, vocabulary, code, label FROM concepts WHERE concept_id IN ({})", concepts
        )
        for concept, vocabulary, code, label in rows:
            yield int(str(concept)), str(vocabulary), str(code), str(label)

    def _moved(self, outcome: Outcome, people: People) -> tuple[list[int], dict[str, list[tuple[int, int]]]]:
        """Rows whose person changed through merges or their undoing in this commit."""
        roots = {people.root(p) for p in outcome.touched_patients}
        absorbed = [p for p in outcome.touched_patients if p not in roots]
        parted = [
            int(str(row[0]))
            for row in self._ledger.many(
                "SELECT absorbed FROM identity_events WHERE kind = 'undo' AND absorbed IN ({})",
                sorted(outcome.touched_patients),
            )
        ]
        moved: dict[str, list[tuple[int, int]]] = {}
        rows = self._ledger.many(
            "SELECT record_id, stay_id, kind, patient_id FROM records WHERE state = 'current' AND patient_id IN ({})",
            sorted({*absorbed, *parted}),
        )
        for record, stay, kind, patient in rows:
            table = table_of(str(kind))
            if table is not None:
                row_id = stay if table == "visit_occurrence" else record
                moved.setdefault(table, []).append((int(str(row_id)), people.root(int(str(patient)))))
        return absorbed, moved


def tags(said: Iterable[Passage]) -> tuple[str, ...]:
    """What an entry can be found by, a sign and a concept.

    ``=hypertension`` is affirmed, ``-`` denied, ``?`` not sure, ``~`` a relative's.
    """
    found = dict.fromkeys(f"{_sign(item.context)}{item.concept}" for item in said)
    return tuple(found)


def _sign(said: str) -> str:
    if "f" in said:
        return "~"
    if "n" in said:
        return "-"
    return "=" if affirmed(said) else "?"


class People:
    """Root identities and demographics, remembered for the time of one commit."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._roots: dict[int, int] = {}
        self._people: dict[int, Person] = {}

    def root(self, patient_id: int) -> int:
        if patient_id not in self._roots:
            self._roots[patient_id] = root_of(self._db, patient_id)
        return self._roots[patient_id]

    def get(self, root: int) -> Person:
        if root not in self._people:
            row = self._db.execute(
                "SELECT patient_id, family, given, birth_date, sex, deceased FROM patients WHERE patient_id = ?",
                (root,),
            ).fetchone()
            self._people[root] = Person(*row)
        return self._people[root]


def study_text(series: str, modality: str, body_part: str, report: str) -> str:
    """The words that an imaging study is found by, besides its title; also what its quotes are cut from."""
    described = " · ".join(part for part in (modality, body_part, series.replace(",", " · ")) if part)
    return f"{described}\n{report}" if report else described


def age_at(birth_date: str, at: str) -> int | None:
    """Age in whole years on a day; None when either is unknown.

    >>> age_at("1950-06-15", "2024-03-01")
    73
    """
    if not birth_date or not at:
        return None
    born, then = Moment(birth_date).day, Moment(at).day
    years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
    return years if 0 <= years <= 130 else None


def _day(text: str) -> date | None:
    return Moment(text).day if text else None
