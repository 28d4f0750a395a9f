"""Rebuilding projections from stored bytes and the ledger alone, and catching up after a crash.

Bytes are read again by the same sources; the ledger says which record got which id. What a source no
longer yields (it was upgraded) or yields anew is left for a re-ingest to decide: ids never change here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from galien.app.projection import Projector
from galien.app.reading import Context, read_file
from galien.index.port import SearchIndex
from galien.sources.port import Limits
from galien.store.ledger import Ledger
from galien.store.omop.cdm import Cdm
from galien.store.reading import ReadFile
from galien.store.registration import Outcome, Registered
from galien.store.told import Told


class Replay:
    """Replays commits into projections."""

    def __init__(
        self, ledger: Ledger, cdm: Cdm, told: Told, index: SearchIndex, projector: Projector, limits: Limits
    ) -> None:
        self._ledger = ledger
        self._cdm = cdm
        self._told = told
        self._index = index
        self._projector = projector
        self._limits = limits

    def catch_up(self) -> int:
        """Project the commits that a crash left out; returns how many."""
        behind = min(self._cdm.last_commit(), self._told.last_commit(), self._index.sequence())
        count = 0
        for commit_id in self._commits(behind):
            outcome = self._outcome(commit_id, fresh=False)
            self._projector.apply(commit_id, outcome)
            count += 1
        return count

    def rebuild(self, what: str, progress: Callable[[int, int], None] | None = None) -> int:
        """Empty one projection (``omop`` or ``index``) and make it again; returns the commits replayed."""
        if what == "omop":
            self._cdm.clear()
            self._told.clear()
        else:
            self._index.clear()
        commits = list(self._commits(0))
        for done, commit_id in enumerate(commits, 1):
            outcome = self._outcome(commit_id, fresh=True)
            if what == "omop":
                self._projector.apply_omop(commit_id, outcome)
            else:
                self._projector.apply_index(commit_id, outcome)
            if progress is not None:
                progress(done, len(commits))
        return len(commits)

    def _commits(self, after: int) -> Iterator[int]:
        rows = self._ledger.db.execute(
            "SELECT commit_id FROM commits WHERE commit_id > ? ORDER BY commit_id", (after,)
        ).fetchall()
        return (row[0] for row in rows)

    def _outcome(self, commit_id: int, *, fresh: bool) -> Outcome:
        """What a commit did, read back; ``fresh`` projections hold nothing that must leave."""
        db = self._ledger.db
        outcome = Outcome([], [])
        files = db.execute(
            "SELECT file_id, path, sha, feed, context, source FROM files WHERE commit_id = ? ORDER BY file_id",
            (commit_id,),
        ).fetchall()
        for file_id, path, sha, feed, context, source in files:
            read = read_file(
                self._ledger.read(sha),
                path,
                feed,
                msgspec.msgpack.decode(context, type=Context),
                self._limits,
                understanding=self._projector.understanding,
            )
            outcome.registered.extend(self._registered(file_id, read, source))
        for item in outcome.registered:
            if item.fact_id is not None:
                outcome.facts.add(item.fact_id)
            if item.patient_id is not None:
                outcome.touched_patients.add(item.patient_id)
        outcome.touched_patients.update(
            row[0]
            for row in db.execute(
                "SELECT survivor FROM identity_events WHERE commit_id = ?1 UNION"
                " SELECT absorbed FROM identity_events WHERE commit_id = ?1",
                (commit_id,),
            )
        )
        records = [item.record_id for item in outcome.registered]
        studies = self._ledger.many("SELECT DISTINCT study_id FROM instances WHERE record_id IN ({})", records)
        outcome.studies.update(int(str(row[0])) for row in studies)
        if not fresh:
            gone = db.execute(
                "SELECT r.record_id, r.fact_id, i.study_id FROM records r LEFT JOIN instances i USING (record_id)"
                " WHERE r.state <> 'current'"
            )
            for record, fact, study in gone:
                outcome.removed.append(record)
                outcome.facts.update({fact} - {None})
                outcome.studies.update({study} - {None})
            outcome.changed_patients = set(outcome.touched_patients)
        return outcome

    def _registered(self, file_id: int, read: ReadFile, source: str) -> Iterator[Registered]:
        rows = self._ledger.db.execute(
            "SELECT ordinal, record_id, patient_id, stay_id, concept_id, fact_id, state FROM records"
            " WHERE file_id = ? ORDER BY ordinal",
            (file_id,),
        )
        for ordinal, record_id, patient_id, stay_id, concept_id, fact_id, state in rows:
            if ordinal >= len(read.records):
                continue
            item = read.records[ordinal]
            yield Registered(
                record_id,
                item,
                source,
                patient_id,
                stay_id,
                concept_id,
                self._value_concept(item),
                fact_id,
                state == "current",
            )

    def _value_concept(self, item: object) -> int | None:
        code = getattr(getattr(item, "record", None), "value_code", None)
        if code is None:
            return None
        row = self._ledger.db.execute(
            "SELECT concept_id FROM concepts WHERE vocabulary = ? AND code = ?", (code.vocabulary, code.code)
        ).fetchone()
        return row[0] if row else None
