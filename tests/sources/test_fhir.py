"""FHIR R4: every shape of file, every value type, references of every style."""

from __future__ import annotations

import base64
import json

import pytest

from galien.model.records import (
    Condition,
    Document,
    Exposure,
    Measurement,
    Merge,
    Observation,
    Patient,
    Procedure,
    Stay,
    Withdrawal,
)

LOINC = "http://loinc.org"
SUBJECT = {"reference": "Patient/p1"}
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "164019612345678"}],
    "name": [{"use": "official", "family": "LEFÈVRE", "given": ["Anne", "Marie"]}],
    "gender": "female",
    "birthDate": "1964-01-09",
}


def bundle(*resources: dict[str, object], kind: str = "collection") -> str:
    entries = [{"fullUrl": f"http://x.org/{r['resourceType']}/{r.get('id')}", "resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries})


def observation(**fields: object) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "subject": SUBJECT,
        "code": {"coding": [{"system": LOINC, "code": "4548-4", "display": "HbA1c"}]},
        "effectiveDateTime": "2024-03-12T08:30:00+01:00",
        **fields,
    }


@pytest.mark.parametrize("kind", ["transaction", "document", "searchset", "collection", "batch", "history"])
def test_a_bundle_of_any_type(read, one, kind):
    found = read(bundle(PATIENT, kind=kind))
    patient = one(found, Patient)
    assert (patient.family, patient.given, patient.sex) == ("LEFÈVRE", "Anne Marie", "female")
    assert ("urn:oid:1.2.250.1.213.1.4.8", "164019612345678") in {
        (i.system, i.value) for i in patient.patient.identifiers
    }


def test_a_single_resource_and_bulk_ndjson_give_the_same_records(read):
    alone = [read(json.dumps(r)).records[0].record for r in (PATIENT, observation(valueInteger=4))]
    lines = read("\n".join(json.dumps(r) for r in (PATIENT, observation(valueInteger=4))))
    assert [type(r) for r in alone] == [type(item.record) for item in lines.records]
    assert [r.key for r in alone] == [item.record.key for item in lines.records]


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ({"valueQuantity": {"value": 7.2, "unit": "%", "comparator": "<"}}, "number", 7.2),
        ({"valueInteger": 3}, "number", 3.0),
        ({"valueString": "traces"}, "value_text", "traces"),
        ({"valueBoolean": True}, "value_text", "true"),
        ({"valueCodeableConcept": {"text": "Positif"}}, "value_text", "Positif"),
    ],
)
def test_value_types(read, one, value, field, expected):
    measure = one(read(bundle(observation(**value))), Measurement)
    assert getattr(measure, field) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"valueRange": {"low": {"value": 3, "unit": "mm"}, "high": {"value": 5, "unit": "mm"}}},
        {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}},
        {"valueDateTime": "2023-04"},
        {"valuePeriod": {"start": "2023-04-01", "end": "2023-04-05"}},
        {"valueTime": "08:30:00"},
        {"valueSampledData": {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2 3"}},
    ],
)
def test_no_value_type_is_lost(read, value):
    found = read(bundle(observation(**value)))
    assert found.fatal is None
    (item,) = found.records
    record = item.record
    assert isinstance(record, Measurement | Observation)
    assert record.value_text or getattr(record, "number", None) is not None


def test_components_are_one_measure_each_named_after_their_panel(read):
    parts = [
        {"code": {"coding": [{"system": LOINC, "code": code}], "text": text}, "valueQuantity": {"value": v, "unit": u}}
        for code, text, v, u in (("8480-6", "PAS", 145, "mmHg"), ("8462-4", "PAD", 90, "mmHg"))
    ]
    code = {"coding": [{"system": LOINC, "code": "85354-9"}], "text": "Pression artérielle"}
    found = read(bundle(observation(code=code, component=parts)))
    measures = [item.record for item in found.records if isinstance(item.record, Measurement)]
    assert [(m.code.code, m.number, m.panel) for m in measures] == [
        ("8480-6", 145.0, "Pression artérielle"),
        ("8462-4", 90.0, "Pression artérielle"),
    ]
    assert len({m.key for m in measures}) == 2


def test_the_reference_range_and_interpretation(read, one):
    measure = one(
        read(
            bundle(
                observation(
                    valueQuantity={"value": 9.1, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
                    referenceRange=[{"low": {"value": 4}, "high": {"value": 6}}],
                    interpretation=[{"coding": [{"code": "H"}]}],
                )
            )
        ),
        Measurement,
    )
    assert (measure.low, measure.high, measure.interpretation, measure.ucum) == (4, 6, "H", "%")


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p1"},
        {"reference": "http://x.org/Patient/p1"},
        {"reference": "Patient/p1/_history/3"},
        {"identifier": {"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "164019612345678"}},
    ],
)
def test_references_of_every_style_lead_to_the_patient(read, one, subject):
    found = read(bundle(PATIENT, observation(subject=subject, valueInteger=1)))
    patient, measure = one(found, Patient), one(found, Measurement)
    assert set(measure.patient.identifiers) & set(patient.patient.identifiers)


def test_a_urn_reference_inside_a_bundle(read, one):
    entries = [
        {"fullUrl": "urn:uuid:aaaa", "resource": {**PATIENT, "id": "zz"}},
        {"fullUrl": "urn:uuid:bbbb", "resource": observation(subject={"reference": "urn:uuid:aaaa"}, valueInteger=1)},
    ]
    found = read(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    assert set(one(found, Measurement).patient.identifiers) & set(one(found, Patient).patient.identifiers)


def test_a_contained_medication_names_the_prescription(read, one):
    exposure = one(
        read(
            bundle(
                {
                    "resourceType": "MedicationRequest",
                    "id": "m1",
                    "status": "active",
                    "intent": "order",
                    "subject": SUBJECT,
                    "contained": [
                        {
                            "resourceType": "Medication",
                            "id": "med",
                            "code": {
                                "coding": [
                                    {"system": "http://www.whocc.no/atc", "code": "A10BA02", "display": "metformine"}
                                ]
                            },
                        }
                    ],
                    "medicationReference": {"reference": "#med"},
                    "authoredOn": "2024-03-01",
                    "dosageInstruction": [{"text": "1 cp matin et soir"}],
                }
            )
        ),
        Exposure,
    )
    assert exposure.code.code == "A10BA02"
    assert exposure.kind == "prescription"
    assert exposure.dose == "1 cp matin et soir"


@pytest.mark.parametrize(
    ("resource", "kind", "check"),
    [
        ({"resourceType": "Condition", "code": {"text": "Asthme"}}, Condition, lambda r: r.text == "Asthme"),
        (
            {"resourceType": "Procedure", "status": "completed", "code": {"text": "PTH droite"}},
            Procedure,
            lambda r: r.text == "PTH droite",
        ),
        (
            {"resourceType": "AllergyIntolerance", "code": {"text": "Pénicilline"}},
            Observation,
            lambda r: r.category == "allergy",
        ),
        (
            {"resourceType": "Immunization", "status": "completed", "vaccineCode": {"text": "Grippe"}},
            Exposure,
            lambda r: r.kind == "immunization",
        ),
        (
            {
                "resourceType": "MedicationAdministration",
                "status": "completed",
                "medicationCodeableConcept": {"text": "Héparine"},
            },
            Exposure,
            lambda r: r.kind == "administration",
        ),
        (
            {
                "resourceType": "MedicationStatement",
                "status": "active",
                "medicationCodeableConcept": {"text": "Aspirine"},
            },
            Exposure,
            lambda r: r.kind == "statement",
        ),
        (
            {"resourceType": "Encounter", "status": "finished", "class": {"code": "IMP"}},
            Stay,
            lambda r: r.kind == "IMP",
        ),
        (
            {"resourceType": "CarePlan", "status": "active", "intent": "plan", "title": "Éducation"},
            Observation,
            lambda r: r.category == "care-plan",
        ),
    ],
)
def test_each_resource_has_its_record(read, one, resource, kind, check):
    subject = "patient" if resource["resourceType"] in ("AllergyIntolerance", "Immunization") else "subject"
    record = one(read(json.dumps({"id": "x1", subject: SUBJECT, **resource})), kind)
    assert check(record)
    assert record.patient is not None


def test_what_is_refuted_or_entered_in_error_is_marked(read, one):
    refuted = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": SUBJECT,
        "code": {"text": "Embolie pulmonaire"},
        "verificationStatus": {"coding": [{"code": "refuted"}]},
    }
    assert one(read(json.dumps(refuted)), Condition).certainty == "refuted"
    wrong = {**refuted, "verificationStatus": {"coding": [{"code": "entered-in-error"}]}}
    assert one(read(json.dumps(wrong)), Condition).status == "entered-in-error"
    assert one(read(bundle(observation(status="entered-in-error", valueInteger=1))), Measurement).status != "current"


def test_a_text_attachment_and_a_binary_become_the_document(read, one):
    note = "Compte rendu opératoire. Prothèse totale de hanche droite."
    data = base64.b64encode(note.encode()).decode()
    reference = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": SUBJECT,
        "date": "2024-03-12T08:00:00+01:00",
        "type": {"coding": [{"system": LOINC, "code": "11504-8"}]},
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data}}],
    }
    document = one(read(bundle(reference)), Document)
    assert document.text == note
    assert document.kind == "operative-report"
    away = {**reference, "content": [{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}]}
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": data}
    assert one(read(bundle(away, binary)), Document).text == note


def test_links_between_patients_and_deletions(read):
    replaced = {**PATIENT, "id": "p2", "link": [{"other": SUBJECT, "type": "replaced-by"}]}
    assert any(isinstance(item.record, Merge) for item in read(bundle(PATIENT, replaced)).records)
    gone = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [{"request": {"method": "DELETE", "url": "Observation/o1"}}],
    }
    (item,) = read(json.dumps(gone)).records
    assert isinstance(item.record, Withdrawal)


def test_a_broken_entry_is_set_aside_and_the_rest_goes_in(read):
    found = read(bundle(PATIENT, {"resourceType": "Observation", "id": 7, "subject": "x", "code": 3}, observation()))
    assert found.fatal is None
    assert [type(i.record) for i in found.records if isinstance(i.record, Patient)] == [Patient]
    assert found.problems, "the broken entry is reported"
    assert "x" not in {p.reason for p in found.problems}


def test_broken_lines_of_ndjson_are_named(read):
    found = read(json.dumps(PATIENT) + "\n{broken\n" + json.dumps(observation(valueInteger=1)))
    assert len(found.records) == 2
    assert [p.locator for p in found.problems] == ["line 2"]
