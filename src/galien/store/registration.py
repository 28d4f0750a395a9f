"""From read files to ledger rows: what is new, what supersedes, what is unchanged, who it is about.

One call registers one file inside the owner's transaction. It is idempotent by content: the same
record again adds nothing; a new version of a record supersedes the old one, which stays readable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from galien.model.codes import Code
from galien.model.records import (
    WEAK,
    AnySourceRecord,
    Article,
    Condition,
    Document,
    Exposure,
    Image,
    Measurement,
    Merge,
    Observation,
    Patient,
    Procedure,
    Stay,
    Withdrawal,
)
from galien.store.identity import Identities
from galien.store.ledger import Ledger
from galien.store.reading import ReadFile, ReadRecord, key_of, kind_of

_NOT_DONE = {"planned", "ordered", "cancelled", "not-done", "draft", "proposed"}
_KINDS = (
    "patient", "stay", "condition", "measurement", "observation", "exposure", "procedure", "document",
    "image", "article",
)  # fmt: skip
_WHOLE = ("cda",)
"""Sources whose files are one document with its facts: a new version replaces them all."""
_OWN_LIFE = ("patient", "stay")
FIRST_CONCEPT = 2_000_000_001


class Registered(msgspec.Struct, frozen=True):
    """One record with the ids that the ledger gave it; the projections are made from these."""

    record_id: int
    read: ReadRecord
    source: str
    patient_id: int | None = None
    stay_id: int | None = None
    concept_id: int | None = None
    value_concept_id: int | None = None
    fact_id: int | None = None
    current: bool = True


class Outcome(msgspec.Struct):
    """What registering some files did."""

    registered: list[Registered]
    removed: list[int]
    """Record ids that left the current state: superseded or withdrawn."""
    unchanged: int = 0
    superseded: int = 0
    facts: set[int] = msgspec.field(default_factory=set)
    touched_patients: set[int] = msgspec.field(default_factory=set)
    """Patients whose PERSON row and own entry are made again."""
    changed_patients: set[int] = msgspec.field(default_factory=set)
    """Those among them whose every entry is: sex, birth date or membership changed."""
    studies: set[int] = msgspec.field(default_factory=set)


class Registrar:
    """Registers files within one commit."""

    def __init__(self, ledger: Ledger, db: sqlite3.Connection, commit_id: int, at: str) -> None:
        self._ledger = ledger
        self._db = db
        self._commit = commit_id
        self._concepts: dict[tuple[str, str], int] = {}
        self._late = False
        self.identities = Identities(db, commit_id, at)
        self.outcome = Outcome([], [])

    def register(self, file: ReadFile) -> None:
        """Store the blobs and the rows of one file."""
        self._ledger.keep(self._db, file.blobs)
        file_id = self._db.execute(
            "INSERT INTO files (commit_id, path, sha, feed, source, source_version, context, records)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._commit, file.path, file.sha, file.feed, file.source, file.source_version,
                file.context, len(file.records),
            ),
        ).lastrowid  # fmt: skip
        assert file_id is not None
        current = self._current([read.key for read in file.records])
        self._late = False
        replaced: set[int] = set()
        for ordinal, read in enumerate(file.records):
            self._record(file_id, file, ordinal, read, current, replaced)
        if file.source in _WHOLE:
            self._leave_behind(replaced, file_id)

    def finish(self) -> Outcome:
        """Refresh the facts that changed, and return what happened."""
        refresh_facts(self._db, self.outcome.facts)
        gone = set(self.outcome.removed)  # superseded later in the same commit, too
        self.outcome.registered = [
            msgspec.structs.replace(item, current=False) if item.record_id in gone else item
            for item in self.outcome.registered
        ]
        who = self.identities
        self.outcome.touched_patients = who.touched | who.listed
        self.outcome.changed_patients = who.touched - who.new
        return self.outcome

    def _record(
        self,
        file_id: int,
        file: ReadFile,
        ordinal: int,
        read: ReadRecord,
        current: dict[int, tuple[int, int, str, str]],
        replaced: set[int],
    ) -> None:
        record = read.record
        if isinstance(record, Merge):
            if record.patient is not None:
                self.identities.merge(record.patient, record.absorbed, undo=record.undo)
            return
        if isinstance(record, Withdrawal):
            self._withdraw(record)
            return
        patient_id = self._patient_of(record)
        known = current.get(read.key)
        if known is not None and known[1] == read.digest:
            self.outcome.unchanged += 1
            return
        stay_id = self._stay(record)
        concept_id = self._concept(_code(record), _text(record))
        older = known is not None and _older(record.version, known[2])
        if file.source in _WHOLE and isinstance(record, Document):
            self._late = self._late or older
        elif self._late and kind_of(record) not in _OWN_LIFE:
            older = True
        state = "superseded" if older else record.status
        fact_id = None
        if patient_id is not None and concept_id is not None and _counts(record):
            fact_id = self._fact(patient_id, kind_of(record), concept_id)
        record_id = self._db.execute(
            "INSERT INTO records (key, digest, kind, file_id, ordinal, patient_id, stay_id, concept_id,"
            " fact_id, at, value, version, state, superseded_by) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                read.key, read.digest, kind_of(record), file_id, ordinal, patient_id, stay_id, concept_id,
                fact_id, moment_of(record), value_of(record), record.version, state,
                known[0] if older and known else None,
            ),
        ).lastrowid  # fmt: skip
        assert record_id is not None
        if known is not None and not older:
            replaced.add(known[0])
            self._supersede(known[0], record_id)
        if isinstance(record, Document) and record.replaces and not older:
            replaced.update(self._replace(record.replaces, record_id))
        if not older:
            current[read.key] = (record_id, read.digest, record.version, state)
        if fact_id is not None:
            self.outcome.facts.add(fact_id)
        if isinstance(record, Stay):
            self._db.execute("UPDATE stays SET record_id = ? WHERE stay_id = ?", (record_id, stay_id))
        elif isinstance(record, Document | Article):
            self._text_row(record_id, record, read)
        elif isinstance(record, Image):
            self._instance_row(record_id, record, read, file)
        value_code = record.value_code if isinstance(record, Measurement | Observation) else None
        self.outcome.registered.append(
            Registered(
                record_id,
                read,
                file.source,
                patient_id,
                stay_id,
                concept_id,
                self._concept(value_code, ""),
                fact_id,
                state == "current",
            )
        )

    def _current(self, keys: list[int]) -> dict[int, tuple[int, int, str, str]]:
        rows = self._ledger.many(
            "SELECT key, record_id, digest, version, state FROM records"
            " WHERE superseded_by IS NULL AND state <> 'superseded' AND key IN ({})",
            keys,
        )
        return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}

    def _patient_of(self, record: AnySourceRecord) -> int | None:
        if isinstance(record, Patient):
            return self.identities.describe(record)
        if record.patient is None or not record.patient.identifiers:
            return None
        return self.identities.resolve(record.patient)

    def _stay(self, record: AnySourceRecord) -> int | None:
        name = record.key if isinstance(record, Stay) else record.stay
        if not name:
            return None
        key = key_of("stay", name)
        row = self._db.execute("SELECT stay_id FROM stays WHERE key = ?", (key,)).fetchone()
        if row is None:
            return self._db.execute("INSERT INTO stays (key) VALUES (?)", (key,)).lastrowid
        return int(row[0])

    def _concept(self, code: Code | None, text: str) -> int | None:
        """Local OMOP concept of a code, or of a bare text under the vocabulary ``text``."""
        if code is None or not code.code:
            if not text:
                return None
            code = Code("text", text[:200], text[:200])
        name = (code.vocabulary, code.code)
        found = self._concepts.get(name)
        if found is None:
            row = self._db.execute(
                "SELECT concept_id, label FROM concepts WHERE vocabulary = ? AND code = ?", name
            ).fetchone()
            label = code.label or text or code.code
            if row is None:
                last = self._db.execute("SELECT max(concept_id) FROM concepts").fetchone()[0]
                found = (last or FIRST_CONCEPT - 1) + 1
                self._db.execute("INSERT INTO concepts VALUES (?, ?, ?, ?)", (found, *name, label))
            else:
                found = int(row[0])
                if row[1] == code.code != label:
                    self._db.execute("UPDATE concepts SET label = ? WHERE concept_id = ?", (label, found))
            self._concepts[name] = found
        return found

    def _fact(self, patient_id: int, domain: str, concept_id: int) -> int:
        row = self._db.execute(
            "SELECT fact_id FROM facts WHERE patient_id = ? AND domain = ? AND concept_id = ?",
            (patient_id, domain, concept_id),
        ).fetchone()
        if row is not None:
            return int(row[0])
        created = self._db.execute(
            "INSERT INTO facts (patient_id, domain, concept_id, label)"
            " SELECT ?, ?, concept_id, label FROM concepts WHERE concept_id = ?",
            (patient_id, domain, concept_id),
        ).lastrowid
        assert created is not None
        return created

    def _supersede(self, old: int, new: int) -> None:
        self._db.execute(
            "UPDATE records SET superseded_by = ?, state = CASE state WHEN 'current' THEN 'superseded'"
            " ELSE state END WHERE record_id = ?",
            (new, old),
        )
        self.outcome.superseded += 1
        self._leave(old)

    def _replace(self, name: str, new: int) -> list[int]:
        """A document that names another which it replaces."""
        gone = [row[0] for row in self._current([key_of("document", name)]).values() if row[0] != new]
        for old in gone:
            self._supersede(old, new)
        return gone

    def _leave_behind(self, replaced: set[int], file_id: int) -> None:
        """Facts that the former version of a document held, and the new one holds no more."""
        for record_id in sorted(replaced):
            row = self._db.execute(
                "SELECT file_id FROM records WHERE record_id = ? AND kind = 'document'", (record_id,)
            ).fetchone()
            if row is None or row[0] == file_id:
                continue
            rest = self._db.execute(
                "SELECT record_id FROM records WHERE file_id = ? AND state = 'current'"
                " AND kind NOT IN ('patient', 'stay')",
                (row[0],),
            ).fetchall()
            for (old,) in rest:
                self._db.execute("UPDATE records SET state = 'superseded' WHERE record_id = ?", (old,))
                self._leave(old)

    def _withdraw(self, record: Withdrawal) -> None:
        keys = [key_of(kind, record.key) for kind in _KINDS]
        for old, *_ in self._current(keys).values():
            self._db.execute("UPDATE records SET state = 'cancelled' WHERE record_id = ?", (old,))
            self._leave(old)

    def _leave(self, record_id: int) -> None:
        self.outcome.removed.append(record_id)
        row = self._db.execute("SELECT fact_id FROM records WHERE record_id = ?", (record_id,)).fetchone()
        if row and row[0] is not None:
            self.outcome.facts.add(row[0])
        study = self._db.execute("SELECT study_id FROM instances WHERE record_id = ?", (record_id,)).fetchone()
        if study:
            self.outcome.studies.add(study[0])

    def _text_row(self, record_id: int, record: Document | Article, read: ReadRecord) -> None:
        article = isinstance(record, Article)
        layout = msgspec.msgpack.encode((record.sections, () if isinstance(record, Article) else record.pages))
        if isinstance(record, Article):
            slim = msgspec.structs.replace(record, text="", abstract="", sections=())
            detail = msgspec.msgpack.encode(slim)
        else:
            detail = b""
        self._db.execute(
            "INSERT INTO texts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                record_id,
                record.title,
                (record.kinds[0] if record.kinds else "") if isinstance(record, Article) else record.kind,
                "" if isinstance(record, Article) else record.service,
                "" if isinstance(record, Article) else record.hospital,
                ", ".join(record.authors[:3]) if isinstance(record, Article) else record.author,
                record.journal if isinstance(record, Article) else "",
                read.words.language if read.words else record.language,
                read.text_sha,
                None if article else read.original_sha or None,
                read.original_mime,
                layout,
                detail,
            ),
        )

    def _instance_row(self, record_id: int, record: Image, read: ReadRecord, file: ReadFile) -> None:
        row = self._db.execute("SELECT study_id FROM studies WHERE uid = ?", (record.study,)).fetchone()
        if row is None:
            self._db.execute("INSERT INTO studies (uid) VALUES (?)", (record.study,))
            row = self._db.execute("SELECT last_insert_rowid()").fetchone()
        study = int(row[0])
        has_pixels = file.source in ("dicom", "picture")
        self._db.execute(
            "INSERT INTO instances VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                record_id, study, record.series, record.series_title, record.title, record.modality,
                record.body_part, record.service, record.hospital, record.accession, record.report,
                record.instance.number, record.instance.frames, record.instance.rows,
                record.instance.columns, file.sha if has_pixels else None, read.thumbnail_sha or None,
            ),
        )  # fmt: skip
        self.outcome.studies.add(study)


def refresh_facts(db: sqlite3.Connection, facts: Iterable[int]) -> None:
    """Recompute occurrences and the latest value of facts from the current records."""
    db.executemany(
        "UPDATE facts SET (occurrences, last_record, last_at, last_value) = ("
        " SELECT count(*), record_id, coalesce(max(at), ''), coalesce(value, '') FROM records"
        " WHERE fact_id = facts.fact_id AND state = 'current') WHERE fact_id = ?",
        ((fact,) for fact in sorted(facts)),
    )


def moment_of(record: AnySourceRecord) -> str:
    """ISO text of when a record happened, or ``""``."""
    match record:
        case Measurement() | Observation() | Document() | Image() | Article():
            at = record.at
        case Stay() | Condition() | Exposure() | Procedure():
            at = record.start
        case _:
            at = None
    return at.text if at else ""


def value_of(record: AnySourceRecord) -> str:
    """Short value of a fact as a clinician writes it: ``8.4 %``, ``< 5 mg/L``, a coded answer."""
    match record:
        case Measurement(number=number) if number is not None:
            return f"{record.comparator} {number:.10g} {record.unit or record.ucum}".strip()
        case Measurement() | Observation():
            coded = record.value_code.label or record.value_code.code if record.value_code else ""
            number_text = ""
            if isinstance(record, Observation) and record.value_number is not None:
                number_text = f"{record.value_number:.10g} {record.unit}".strip()
            return (number_text or coded or record.value_text)[:200]
        case Exposure():
            return record.dose[:200]
        case _:
            return ""


def _code(record: AnySourceRecord) -> Code | None:
    if isinstance(record, Condition | Measurement | Observation | Exposure | Procedure):
        return record.code
    return None


def _text(record: AnySourceRecord) -> str:
    if isinstance(record, Condition | Measurement | Observation | Exposure | Procedure):
        return record.text
    return ""


def _counts(record: AnySourceRecord) -> bool:
    """Whether a coded row says that something *is* the case of this patient."""
    match record:
        case Condition():
            return record.certainty != "refuted"
        case Observation():
            return record.category != "family-history"
        case Procedure() | Exposure():
            return record.state not in _NOT_DONE
        case Measurement():
            return True
        case _:
            return False


def _older(new: str, old: str) -> bool:
    """Whether version ``new`` is older than ``old``, when both are whole numbers; `WEAK` always is."""
    return new == WEAK or (new.isdigit() and old.isdigit() and int(new) < int(old))
