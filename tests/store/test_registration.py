"""What the ledger makes of records: identities, versions, facts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from galien.model.codes import Code
from galien.model.records import (
    AnySourceRecord,
    Condition,
    Identifier,
    Measurement,
    Merge,
    Patient,
    PatientRef,
    Withdrawal,
)
from galien.model.time import parse_moment
from galien.store.identity import members, root_of
from galien.store.ledger import Ledger
from galien.store.packs import blob_of
from galien.store.reading import ReadFile, ReadRecord, digest_of, key_of, kind_of
from galien.store.registration import Outcome, Registrar

IPP = "urn:oid:1.2.3"
INS = "urn:oid:1.2.250.1.213.1.4.10"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


def put(ledger: Ledger, *records: AnySourceRecord) -> Outcome:
    """Register records as one file, one commit."""
    name = repr(records).encode()
    file = ReadFile(
        path="test",
        sha=hashlib.sha256(name).digest(),
        size=len(name),
        feed="test",
        source="fhir",
        blobs=(blob_of(name),),
        records=tuple(ReadRecord(r, key_of(kind_of(r), r.key), digest_of(r)) for r in records),
    )
    with ledger.transaction() as db:
        commit = db.execute("INSERT INTO commits (batch_id, at) VALUES (1, 'now')").lastrowid
        registrar = Registrar(ledger, db, commit or 0, "2024-01-01T00:00:00")
        registrar.register(file)
        return registrar.finish()


def ref(*pairs: tuple[str, str]) -> PatientRef:
    return PatientRef(tuple(Identifier(system, value) for system, value in pairs))


def person(key: str, who: PatientRef, birth: str = "1950-06-15", sex: str = "female") -> Patient:
    return Patient(key=key, patient=who, family="Durand", birth_date=parse_moment(birth), sex=sex)  # type: ignore[arg-type]


def hba1c(key: str, value: float, at: str, who: PatientRef) -> Measurement:
    return Measurement(
        key=key,
        patient=who,
        code=Code("LOINC", "4548-4", "HbA1c"),
        number=value,
        unit="%",
        at=parse_moment(at),
    )


def roots(ledger: Ledger) -> int:
    return int(ledger.db.execute("SELECT count(*) FROM patients WHERE merged_into IS NULL").fetchone()[0])


def test_one_identifier_with_its_issuer_is_one_patient(ledger: Ledger) -> None:
    put(ledger, person("a", ref((IPP, "1"))), hba1c("m", 7.0, "2024-01-02", ref((IPP, "1"))))
    assert roots(ledger) == 1


def test_the_same_number_from_another_issuer_is_another_patient(ledger: Ledger) -> None:
    put(ledger, person("a", ref((IPP, "1"))), person("b", ref(("urn:oid:9.9", "1"))))
    assert roots(ledger) == 2


def test_equal_names_never_link(ledger: Ledger) -> None:
    put(ledger, person("a", ref((IPP, "1"))), person("b", ref((IPP, "2"))))
    assert roots(ledger) == 2


def test_a_description_with_identifiers_of_two_patients_merges_them_in_the_journal(ledger: Ledger) -> None:
    put(ledger, person("a", ref((IPP, "1"))))
    put(ledger, person("b", ref((INS, "2"))))
    put(ledger, person("c", ref((IPP, "1"), (INS, "2"))))
    assert roots(ledger) == 1
    assert members(ledger.db, 1) == (1, 2)
    kinds = [row[0] for row in ledger.db.execute("SELECT kind FROM identity_events")]
    assert kinds == ["merge"]


def test_a_conflict_of_birth_dates_is_journalled_and_not_merged(ledger: Ledger) -> None:
    put(ledger, person("a", ref((IPP, "1")), birth="1950-06-15"))
    put(ledger, person("b", ref((INS, "2")), birth="1981-01-01"))
    put(ledger, person("c", ref((IPP, "1"), (INS, "2"))))
    assert roots(ledger) == 2
    assert [row[0] for row in ledger.db.execute("SELECT kind FROM identity_events")] == ["conflict"]


def test_a_declared_merge_can_be_taken_back(ledger: Ledger) -> None:
    one, two = ref((IPP, "1")), ref((IPP, "2"))
    put(ledger, person("a", one), person("b", two, birth="1981-01-01"))
    put(ledger, Merge(key="m", patient=one, absorbed=two))
    assert root_of(ledger.db, 2) == 1
    put(ledger, Merge(key="u", patient=one, absorbed=two, undo=True))
    assert root_of(ledger.db, 2) == 2
    assert [r[0] for r in ledger.db.execute("SELECT kind FROM identity_events")] == ["merge", "undo"]


def test_the_same_record_again_adds_nothing(ledger: Ledger) -> None:
    who = ref((IPP, "1"))
    put(ledger, hba1c("m", 8.4, "2024-06-05", who))
    again = put(ledger, hba1c("m", 8.4, "2024-06-05", who), hba1c("other", 7.0, "2024-01-05", who))
    assert again.unchanged == 1
    assert len(again.registered) == 1


def test_a_new_version_supersedes_and_the_fact_follows(ledger: Ledger) -> None:
    who = ref((IPP, "1"))
    put(ledger, hba1c("m", 8.4, "2024-06-05", who))
    outcome = put(ledger, hba1c("m", 7.9, "2024-06-05", who))
    assert outcome.superseded == 1
    assert outcome.removed == [1]
    assert ledger.db.execute("SELECT occurrences, last_value FROM facts").fetchall() == [(1, "7.9 %")]
    assert [r[0] for r in ledger.db.execute("SELECT state FROM records ORDER BY record_id")] == [
        "superseded",
        "current",
    ]


def test_an_older_version_that_arrives_late_does_not_win(ledger: Ledger) -> None:
    who = ref((IPP, "1"))
    new = Condition(key="c", patient=who, text="coxarthrose", version="3")
    old = Condition(key="c", patient=who, text="douleur de hanche", version="2")
    put(ledger, new)
    outcome = put(ledger, old)
    assert outcome.registered[0].current is False
    current = ledger.db.execute("SELECT record_id FROM records WHERE state = 'current'").fetchall()
    assert current == [(1,)]


def test_a_withdrawal_takes_the_record_out_of_the_facts(ledger: Ledger) -> None:
    put(ledger, hba1c("m", 8.4, "2024-06-05", ref((IPP, "1"))))
    outcome = put(ledger, Withdrawal(key="m"))
    assert outcome.removed == [1]
    assert ledger.db.execute("SELECT occurrences FROM facts").fetchall() == [(0,)]


def test_a_refuted_condition_is_never_a_fact(ledger: Ledger) -> None:
    put(ledger, Condition(key="c", patient=ref((IPP, "1")), text="diabète", certainty="refuted"))
    assert ledger.db.execute("SELECT count(*) FROM facts").fetchone()[0] == 0


def test_a_failed_transaction_leaves_nothing(ledger: Ledger) -> None:
    class Boom(Exception):
        pass

    def fail() -> None:
        with ledger.transaction() as db:
            db.execute("INSERT INTO commits (batch_id, at) VALUES (1, 'now')")
            ledger.keep(db, [blob_of(b"lost")])
            raise Boom

    with pytest.raises(Boom):
        fail()
    assert ledger.db.execute("SELECT (SELECT count(*) FROM commits) + (SELECT count(*) FROM blobs)").fetchone() == (0,)
