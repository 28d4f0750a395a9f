"""HL7 v2: identities, stays, results, documents, cancellations and merges."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from galien.model.records import Document, Measurement, Merge, Patient, Stay, Withdrawal

INS = "260058815400233^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS"
PID = f"PID|||4711^^^CHU&1.2.3.4&ISO^PI~{INS}||DUPONT^Léa||19600510|F"
PV1 = "PV1||I|CARDIO^12^1||||||||||||||||S-77^^^CHU&1.2.250.1.9&ISO|||||||||||||||||||||||||20240310|20240315"

LETTER = """<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3"/>
<title>Lettre</title><effectiveTime value="20240312"/><component><structuredBody><component><section>
<title>Antécédents</title><text>Appendicectomie</text></section></component></structuredBody></component>
</ClinicalDocument>"""


def message(kind: str, *segments: str, charset: str = "UNICODE UTF-8", ending: str = "\r") -> str:
    head = f"MSH|^~\\&|GAM|CHU|GALIEN|CHU|20240312083000||{kind}|42|P|2.5|||||FRA|{charset}"
    return ending.join((head, *segments, ""))


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
def test_an_admission_gives_the_patient_and_the_stay(read, one, ending):
    found = read(message("ADT^A01^ADT_A01", "EVN||20240310", PID, PV1, ending=ending))
    patient, stay = one(found, Patient), one(found, Stay)
    assert (patient.family, patient.given, patient.sex) == ("DUPONT", "Léa", "female")
    assert {(i.system, i.value) for i in patient.patient.identifiers} == {
        ("urn:oid:1.2.3.4", "4711"),
        ("urn:oid:1.2.250.1.213.1.4.8", "260058815400233"),
    }
    assert stay.key == "stay:urn:oid:1.2.250.1.9|S-77"
    assert stay.kind == "IMP"
    assert stay.start.text.startswith("2024-03-10")


def test_an_admission_can_be_cancelled(read):
    admitted = read(message("ADT^A01^ADT_A01", "EVN||20240310", PID, PV1))
    cancelled = read(message("ADT^A11^ADT_A09", "EVN||20240310", PID, PV1))
    keys = {i.record.key for i in admitted.records if isinstance(i.record, Stay)}
    gone = {i.record.key for i in cancelled.records if isinstance(i.record, Withdrawal)}
    assert keys == gone


def test_a_merge_names_both_identities(read, one):
    found = read(message("ADT^A40^ADT_A39", "EVN||20240310", PID, "MRG|9999^^^CHU&1.2.3.4&ISO^PI"))
    merge = one(found, Merge)
    assert [(i.system, i.value) for i in merge.absorbed.identifiers] == [("urn:oid:1.2.3.4", "9999")]
    assert ("urn:oid:1.2.3.4", "4711") in {(i.system, i.value) for i in merge.patient.identifiers}


def test_results_keep_value_unit_range_and_flag(read):
    found = read(
        message(
            "ORU^R01^ORU_R01",
            PID,
            PV1,
            "OBR|1||L1|24323-8^Bilan^LN|||20240311080000",
            "OBX|1|NM|2160-0^Créatinine^LN||132|umol/L|45-84|H|||F|||20240311080000",
            "OBX|2|SN|30522-7^CRP^LN||<^5|mg/L|<5|N|||F",
            "OBX|3|ST|5778-6^Couleur^LN||jaune||||||F",
            "OBX|4|NM|2951-2^Sodium^LN||||||||X",
        )
    )
    measures = {i.record.code.code: i.record for i in found.records if isinstance(i.record, Measurement)}
    creatinine = measures["2160-0"]
    assert (creatinine.number, creatinine.unit, creatinine.low, creatinine.high, creatinine.interpretation) == (
        132, "umol/L", 45, 84, "H",
    )  # fmt: skip
    assert (measures["30522-7"].number, measures["30522-7"].comparator) == (5, "<")
    assert measures["5778-6"].value_text == "jaune"
    assert "2951-2" not in measures, "a result that was not obtained is none"


def test_a_document_in_base64_is_read_as_what_it_is(read, one):
    coded = base64.b64encode(LETTER.encode()).decode()
    found = read(
        message(
            "MDM^T02^MDM_T02",
            PID,
            PV1,
            "TXA|1|11490-0^Lettre^LN|TX|20240312|||||||DOC-1|||||LA",
            f"OBX|1|ED|11490-0^Lettre^LN||^TEXT^XML^Base64^{coded}||||||F",
        )
    )
    document = one(found, Document)
    assert "Appendicectomie" in document.text
    assert document.patient is not None


def test_a_note_in_lines_is_one_document(read, one):
    found = read(
        message(
            "MDM^T02^MDM_T02",
            PID,
            PV1,
            "TXA|1|CR|TX|20240312|||||||DOC-2|||||LA",
            "OBX|1|TX|CR^Compte rendu||Première ligne||||||F",
            "OBX|2|TX|CR^Compte rendu||Seconde \\T\\ dernière||||||F",
        )
    )
    document = one(found, Document)
    assert document.text.splitlines() == ["Première ligne", "Seconde & dernière"]


def test_latin_1_is_read_as_declared(read, one):
    data = message("ADT^A01^ADT_A01", PID, PV1, charset="8859/1").encode("latin-1")
    assert one(read(data), Patient).given == "Léa"


def test_a_batch_is_read_message_by_message_and_a_broken_one_is_named(read):
    good = message("ADT^A01^ADT_A01", PID, PV1)
    batch = f"FHS|^~\\&|GAM\rBHS|^~\\&|GAM\r{good}MSH|^~\\&\rPID\r{good.replace('4711', '4712')}BTS|2\rFTS|1\r"
    found = read(batch)
    patients = [i.record for i in found.records if isinstance(i.record, Patient)]
    assert len(patients) == 2
    assert found.fatal is None


def test_acknowledgements_hold_nothing_and_are_no_error(read):
    found = read(message("ACK^A01^ACK", "MSA|AA|42"))
    assert found.fatal is None
    assert found.records == ()


class TestRealMessages:
    def test_every_french_message_is_read(self, read, public_data: Path):
        files = sorted(p for p in (public_data / "records/hl7v2_fr").iterdir() if p.is_file())
        documents, patients = 0, 0
        for file in files:
            found = read(file.read_bytes(), file.name)
            assert found.fatal is None, (file.name, found.fatal)
            assert found.problems == (), (file.name, found.problems)
            documents += sum(isinstance(i.record, Document) for i in found.records)
            patients += sum(isinstance(i.record, Patient) for i in found.records)
        assert documents >= 15
        assert patients >= 20

    def test_every_american_message_is_read(self, read, public_data: Path):
        files = sorted((public_data / "records/hl7v2_ccda_fhir_converter/Hl7v2").glob("*.hl7"))
        assert len(files) > 100
        reasons = set()
        for file in files:
            found = read(file.read_bytes(), file.name)
            assert found.fatal is None, (file.name, found.fatal)
            reasons |= {p.reason for p in found.problems}
        assert reasons <= {"this encapsulated value is empty"}
