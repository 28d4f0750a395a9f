"""Who is who: patients linked by identifier with its issuer, never by name.

Every identifier belongs to the patient it was first seen on. When one description of a person carries
identifiers of two known patients, they are one person: the younger identity is merged into the older,
in a journal from which the merge can be undone, and nothing is rewritten: ``merged_into`` is followed.
Two descriptions that disagree on sex or birth date are *not* merged: the conflict is journalled for a
person to decide (IHE PIX/PAM; the French "identitovigilance" rules ask for the same care).
"""

from __future__ import annotations

import sqlite3

from galien.model.records import Identifier, Patient, PatientRef


class Identities:
    """Resolution of patients inside one write transaction.

    ``touched`` gathers patients (roots) whose demographics or membership changed: their entries in the
    projections have to be made again; ``listed`` those who only gained an identifier; ``new`` those made here.
    """

    def __init__(self, db: sqlite3.Connection, commit_id: int, at: str) -> None:
        self._db = db
        self._commit = commit_id
        self._at = at
        self._known: dict[tuple[str, str], int] = {}
        self._roots: dict[int, int] = {}
        self.touched: set[int] = set()
        self.listed: set[int] = set()
        self.new: set[int] = set()

    def resolve(self, ref: PatientRef) -> int:
        """The patient of a record: the owner of its first known identifier, else a new patient."""
        owners = [self._owner(i) for i in ref.identifiers]
        known = next((owner for owner in owners if owner is not None), None)
        if known is None:
            known = self._create()
        for identifier, owner in zip(ref.identifiers, owners, strict=True):
            if owner is None:
                self._attach(identifier, known)
        return known

    def describe(self, patient: Patient) -> int:
        """Resolve a description of a person, merge what it shows to be one, keep its demographics."""
        ref = patient.patient
        if ref is None:
            return self._create()
        patient_id = self.resolve(ref)
        for identifier in ref.identifiers:
            other = self._owner(identifier)
            if other is not None and self.root(other) != self.root(patient_id):
                self._join(self.root(patient_id), self.root(other))
        self._demographics(self.root(patient_id), patient)
        return patient_id

    def merge(self, survivor: PatientRef, absorbed: PatientRef, *, undo: bool = False) -> None:
        """A merge that the sender declares, or takes back."""
        kept, gone = self.resolve(survivor), self.resolve(absorbed)
        if undo:
            self.undo(gone)
        elif self.root(kept) != self.root(gone):
            self._merge(self.root(kept), self.root(gone), "declared by the sender")

    def undo(self, absorbed: int) -> bool:
        """Take back the merge that absorbed this identity; False when there is none."""
        row = self._db.execute(
            "SELECT event_id, survivor FROM identity_events WHERE kind = 'merge' AND absorbed = ?"
            " AND undone_by IS NULL ORDER BY event_id DESC LIMIT 1",
            (absorbed,),
        ).fetchone()
        if row is None:
            return False
        self.touched.update((self.root(absorbed), absorbed))
        event = self._journal("undo", row[1], absorbed, "merge taken back")
        self._db.execute("UPDATE identity_events SET undone_by = ? WHERE event_id = ?", (event, row[0]))
        self._db.execute("UPDATE patients SET merged_into = NULL WHERE patient_id = ?", (absorbed,))
        self._roots.clear()
        return True

    def root(self, patient_id: int) -> int:
        """The surviving identity."""
        found = self._roots.get(patient_id)
        if found is None:
            found = root_of(self._db, patient_id)
            self._roots[patient_id] = found
        return found

    def _owner(self, identifier: Identifier) -> int | None:
        key = (identifier.system, identifier.value)
        if key not in self._known:
            row = self._db.execute("SELECT patient_id FROM identifiers WHERE system = ? AND value = ?", key).fetchone()
            if row is None:
                return None
            self._known[key] = row[0]
        return self._known[key]

    def _create(self) -> int:
        created = self._db.execute("INSERT INTO patients DEFAULT VALUES").lastrowid
        assert created is not None
        self.new.add(created)
        self.touched.add(created)
        return created

    def _attach(self, identifier: Identifier, patient_id: int) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO identifiers VALUES (?, ?, ?, ?)",
            (identifier.system, identifier.value, identifier.use, patient_id),
        )
        self._known[identifier.system, identifier.value] = patient_id
        self.listed.add(self.root(patient_id))

    def _join(self, one: int, other: int) -> None:
        rows = {
            row[0]: row[1:]
            for row in self._db.execute(
                "SELECT patient_id, birth_date, sex FROM patients WHERE patient_id IN (?, ?)", (one, other)
            )
        }
        (birth_a, sex_a), (birth_b, sex_b) = rows[one], rows[other]
        births_differ = birth_a and birth_b and birth_a != birth_b
        sexes_differ = "unknown" not in (sex_a, sex_b) and sex_a != sex_b
        kept, gone = min(one, other), max(one, other)
        if births_differ or sexes_differ:
            seen = self._db.execute(
                "SELECT 1 FROM identity_events WHERE kind = 'conflict' AND survivor = ? AND absorbed = ?",
                (kept, gone),
            ).fetchone()
            if not seen:
                self._journal("conflict", kept, gone, "shared identifier, but sex or birth date differ")
            return
        self._merge(kept, gone, "one description carries identifiers of both")

    def _merge(self, kept: int, gone: int, reason: str) -> None:
        self._journal("merge", kept, gone, reason)
        self._db.execute("UPDATE patients SET merged_into = ? WHERE patient_id = ?", (kept, gone))
        self._roots.clear()
        self.touched.update((kept, gone))

    def _journal(self, kind: str, survivor: int, absorbed: int, reason: str) -> int:
        event = self._db.execute(
            "INSERT INTO identity_events (at, commit_id, kind, survivor, absorbed, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (self._at, self._commit, kind, survivor, absorbed, reason),
        ).lastrowid
        assert event is not None
        return event

    def _demographics(self, patient_id: int, patient: Patient) -> None:
        before = self._db.execute(
            "SELECT family, given, birth_date, sex, deceased FROM patients WHERE patient_id = ?",
            (patient_id,),
        ).fetchone()
        birth = patient.birth_date.text if patient.birth_date else ""
        deceased = patient.deceased.text if patient.deceased else ""
        after = (
            patient.family or before[0],
            patient.given or before[1],
            birth or before[2],
            patient.sex if patient.sex != "unknown" else before[3],
            deceased or before[4],
        )
        if after != before:
            self._db.execute(
                "UPDATE patients SET family = ?, given = ?, birth_date = ?, sex = ?, deceased = ? WHERE patient_id = ?",
                (*after, patient_id),
            )
            self.touched.add(patient_id)


def root_of(db: sqlite3.Connection, patient_id: int) -> int:
    """Follow ``merged_into`` to the surviving identity."""
    while True:
        row = db.execute("SELECT merged_into FROM patients WHERE patient_id = ?", (patient_id,)).fetchone()
        if row is None or row[0] is None:
            return patient_id
        patient_id = row[0]


def members(db: sqlite3.Connection, root: int) -> tuple[int, ...]:
    """Every identity that was merged into ``root``, itself included."""
    rows = db.execute(
        "WITH RECURSIVE tree(id) AS (VALUES (?) UNION"
        " SELECT p.patient_id FROM patients p JOIN tree ON p.merged_into = tree.id) SELECT id FROM tree",
        (root,),
    )
    return tuple(row[0] for row in rows)
