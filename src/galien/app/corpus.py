"""The store as the query engine reads it: cards, texts and patients by public id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import msgspec

from galien.app.projection import age_at, study_text
from galien.index.port import Body, Card, Section
from galien.model.answers import PatientBrief
from galien.model.records import Section as TextSection
from galien.store.identity import members, root_of
from galien.store.ledger import Ledger
from galien.store.packs import Place


class StoreCorpus:
    """`galien.index.port.Corpus` over the ledger.

    Parameters
    ----------
    today : callable
        The day on which ages are told, injected.
    """

    def __init__(self, ledger: Ledger, today: Callable[[], date]) -> None:
        self._ledger = ledger
        self._today = today

    def cards(self, ids: Sequence[str]) -> dict[str, Card]:
        cards: dict[str, Card] = {}
        for prefix, read in (
            ("d", self._texts), ("a", self._texts), ("i", self._studies), ("f", self._facts), ("p", self._people)
        ):  # fmt: skip
            numbers = [int(i[1:]) for i in ids if i.startswith(prefix)]
            if numbers:
                cards.update({card.id: card for card in read(numbers, prefix)})
        return cards

    def bodies(self, ids: Sequence[str]) -> dict[str, Body]:
        names = {int(id[1:]): id for id in ids if id[:1] in ("d", "a")}
        rows = self._ledger.many(
            "SELECT t.record_id, t.layout, b.sha, b.pack, b.offset, b.stored, b.size FROM texts t"
            " JOIN blobs b ON b.sha = t.text_sha WHERE t.record_id IN ({})",
            list(names),
        )
        bodies = {}
        for record, layout, sha, *place in rows:
            text = self._ledger.packs.read(Place(*place), sha).decode()
            bodies[names[record]] = Body(text, self._titled(layout))
        bodies.update({id: Body(self._study_text(id)) for id in ids if id[:1] == "i"})
        return bodies

    def text(self, id: str) -> str:
        body = self.bodies([id]).get(id)
        return body.text if body is not None else ""

    @staticmethod
    def _titled(layout: bytes) -> tuple[Section, ...]:
        found, _ = msgspec.msgpack.decode(layout, type=tuple[tuple[TextSection, ...], tuple[int, ...]])
        return tuple(Section(s.title, s.start, s.end) for s in found)

    def _study_text(self, id: str) -> str:
        row = self._ledger.db.execute(
            "SELECT group_concat(DISTINCT i.series_title), max(i.modality), max(i.body_part), max(i.report)"
            " FROM instances i JOIN records r USING (record_id) WHERE i.study_id = ? AND r.state = 'current'",
            (int(id[1:]),),
        ).fetchone()
        return study_text(row[0] or "", row[1] or "", row[2] or "", row[3] or "") if row else ""

    def patients(self, ids: Sequence[int]) -> dict[int, PatientBrief]:
        rows = self._ledger.many(
            "SELECT patient_id, family, given, birth_date, sex, deceased FROM patients WHERE patient_id IN ({})",
            list(ids),
        )
        briefs: dict[int, PatientBrief] = {}
        for number, family, given, birth, sex, deceased in rows:
            until = str(deceased) or self._today().isoformat()
            briefs[int(number)] = PatientBrief(
                id=f"p{number}",
                name=f"{family} {given}".strip(),
                sex=str(sex),
                birth_date=str(birth),
                age=age_at(str(birth), until),
                deceased=str(deceased),
            )
        return briefs

    def snapshot(self) -> str:
        """The last commit and its time: two answers with one snapshot saw the same data."""
        row = self._ledger.db.execute("SELECT commit_id, at FROM commits ORDER BY commit_id DESC LIMIT 1").fetchone()
        return f"{row[0]}@{row[1]}" if row else "0"

    def not_searched(self) -> dict[str, int]:
        row = self._ledger.db.execute("SELECT count(*) FROM quarantine WHERE resolved IS NULL").fetchone()
        return {"quarantined": row[0]} if row[0] else {}

    def members(self, root: int) -> tuple[int, ...]:
        return members(self._ledger.db, root)

    def _texts(self, numbers: list[int], prefix: str) -> list[Card]:
        found = self._ledger.many(
            "SELECT r.record_id, r.patient_id, r.at, r.stay_id, t.title, t.type, t.service, t.hospital, t.author,"
            " t.journal, t.language, f.path, f.source, f.source_version FROM records r JOIN texts t USING (record_id)"
            " JOIN files f USING (file_id) WHERE r.record_id IN ({})",
            numbers,
        )
        rows = list(found)
        roots = self._roots(row[1] for row in rows)
        return [
            Card(
                id=f"{prefix}{record}",
                record=int(record),
                title=str(title),
                patient=roots.get(patient, 0),
                date=str(at),
                type=str(kind),
                service=str(service),
                hospital=str(hospital),
                stay=str(stay or ""),
                author=str(author),
                journal=str(journal),
                language=str(language),
                source_path=str(path),
                tool=f"galien.sources.{source}/{version}",
            )
            for (
                record, patient, at, stay, title, kind, service, hospital, author, journal, language, path,
                source, version,
            ) in rows
        ]  # fmt: skip

    def _studies(self, numbers: list[int], prefix: str) -> list[Card]:
        rows = self._ledger.many(
            "SELECT i.study_id, min(i.record_id), min(r.patient_id), min(nullif(r.at, '')), max(i.title),"
            " max(i.modality), max(i.service), max(i.hospital), min(f.path), max(f.source),"
            " max(f.source_version), count(*)"
            " FROM instances i JOIN records r USING (record_id) JOIN files f USING (file_id)"
            " WHERE i.study_id IN ({}) AND r.state = 'current' GROUP BY i.study_id",
            numbers,
        )
        return [
            Card(
                id=f"{prefix}{study}",
                record=int(record),
                title=str(title),
                patient=self._root(patient),
                date=str(at or ""),
                type=str(modality),
                service=str(service),
                hospital=str(hospital),
                source_path=str(path),
                tool=f"galien.sources.{source}/{version}",
                occurrences=int(count),
            )
            for study, record, patient, at, title, modality, service, hospital, path, source, version, count in rows
        ]

    def _facts(self, numbers: list[int], prefix: str) -> list[Card]:
        rows = self._ledger.many(
            "SELECT x.fact_id, x.last_record, x.patient_id, x.last_at, c.label, x.domain, x.last_value,"
            " x.occurrences, c.vocabulary, c.code, f.path, f.source, f.source_version FROM facts x"
            " JOIN concepts c USING (concept_id) JOIN records r ON r.record_id = x.last_record"
            " JOIN files f USING (file_id) WHERE x.fact_id IN ({})",
            numbers,
        )
        return [
            Card(
                id=f"{prefix}{fact}",
                record=int(record),
                title=str(label),
                patient=self._root(patient),
                date=str(at),
                type=str(domain),
                source_path=str(path),
                tool=f"galien.sources.{source}/{version}",
                code="" if vocabulary == "text" else f"{vocabulary}:{code}",
                value=str(value),
                occurrences=int(count),
            )
            for (
                fact, record, patient, at, label, domain, value, count, vocabulary, code, path, source, version,
            ) in rows
        ]  # fmt: skip

    def _people(self, numbers: list[int], prefix: str) -> list[Card]:
        return [
            Card(id=f"{prefix}{number}", title=brief.name, patient=number)
            for number, brief in self.patients(numbers).items()
        ]

    def _root(self, patient: object) -> int:
        return root_of(self._ledger.db, int(str(patient))) if patient is not None else 0

    def _roots(self, patients: Iterable[object]) -> dict[object, int]:
        """Surviving identities; nearly all patients are their own."""
        wanted = list({patient for patient in patients if patient is not None})
        rows = self._ledger.many("SELECT patient_id, merged_into FROM patients WHERE patient_id IN ({})", wanted)
        return {number: int(number) if into is None else self._root(into) for number, into in rows}
