"""One FHIR R4 transaction bundle per patient: what is coded."""

from __future__ import annotations

from typing import Any

import msgspec

from galien.synthetic.course import Course
from galien.synthetic.laboratory import Result
from galien.synthetic.lexicon import HOSPITAL, SERVICES, Language, scenarios, table
from galien.synthetic.people import INS_OID, IPP_OID, Person
from galien.synthetic.text import unmark

_CIM10 = "https://smt.esante.gouv.fr/terminologie-cim-10"
_CCAM = "https://smt.esante.gouv.fr/terminologie-ccam"
_ATC = "http://www.whocc.no/atc"
_LOINC = "http://loinc.org"
_LABELS = {
    "fr": {
        "hypertension": "Hypertension artérielle",
        "diabetes": "Diabète de type 2",
        "atrial_fibrillation": "Fibrillation atriale",
        "dyslipidaemia": "Hyperlipidémie",
        "copd": "Bronchopneumopathie chronique obstructive",
        "hypothyroidism": "Hypothyroïdie",
        "depression": "Épisode dépressif",
        "asthma": "Asthme",
        "kidney": "Maladie rénale chronique, stade 3",
        "gout": "Goutte",
    },
    "en": {
        "hypertension": "Hypertension",
        "diabetes": "Type 2 diabetes",
        "atrial_fibrillation": "Atrial fibrillation",
        "dyslipidaemia": "Hyperlipidaemia",
        "copd": "Chronic obstructive pulmonary disease",
        "hypothyroidism": "Hypothyroidism",
        "depression": "Depressive episode",
        "asthma": "Asthma",
        "kidney": "Chronic kidney disease, stage 3",
        "gout": "Gout",
    },
}


def label(comorbidity: str, language: Language) -> str:
    return _LABELS[language][comorbidity]


def bundle(person: Person, course: Course, panels: list[tuple[Any, list[Result], str]], language: Language) -> bytes:
    """The bundle; ``panels`` are those that travel by FHIR rather than by CDA or HL7 v2."""
    index = 0 if language == "fr" else 1
    me = {"reference": f"urn:uuid:patient-{person.ipp}"}
    resources: list[dict[str, Any]] = [_patient(person)]
    for stay in course.stays:
        resources.append(
            {
                "resourceType": "Encounter",
                "id": f"stay-{stay.number}",
                "identifier": [{"system": f"urn:oid:{IPP_OID}.2", "value": stay.number}],
                "status": "finished",
                "subject": me,
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": stay.kind},
                "serviceType": {"text": SERVICES[stay.service][index]},
                "period": {"start": f"{stay.start}T09:30:00+01:00", "end": f"{stay.end}T16:00:00+01:00"},
                "serviceProvider": {"display": HOSPITAL},
                "reasonCode": [
                    _concept(
                        _CIM10,
                        scenarios()[stay.scenario]["diagnosis"]["code"],
                        scenarios()[stay.scenario]["diagnosis"][language],
                    )
                ],
            }
        )
    for item in person.comorbidities:
        resources.append(
            _condition(f"{person.ipp}-{item.name}", me, item.code, label(item.name, language), str(item.since))
        )
    for number, episode in enumerate(person.episodes):
        found = scenarios()[episode.scenario]["diagnosis"]
        resources.append(_condition(f"{person.ipp}-e{number}", me, found["code"], found[language], str(episode.day)))
        for drug in scenarios()[episode.scenario]["drugs"]:
            resources.append(_drug(f"{person.ipp}-e{number}-{drug}", me, drug, str(episode.day), language))
    for item in person.comorbidities:
        if item.drug:
            resources.append(_drug(f"{person.ipp}-{item.drug}", me, item.drug, str(item.since), language))
    for i, act in enumerate(course.acts):
        resources.append(
            {
                "resourceType": "Procedure",
                "id": f"{person.ipp}-act{i}",
                "status": "completed",
                "subject": me,
                "code": _concept(_CCAM, act.code, act.label),
                "performedDateTime": f"{act.at}T10:00:00+01:00",
                **_encounter(act.stay),
            }
        )
    for at, results, stay_number in panels:
        resources += [_observation(f"{person.ipp}-{r.analyte}-{at:%Y%m%d}", me, r, stay_number) for r in results]
    if person.allergic:
        words = table(language)["generic"]["allergy"]

        resources.append(
            {
                "resourceType": "AllergyIntolerance",
                "id": f"{person.ipp}-allergy",
                "patient": me,
                "code": {"text": unmark(words[person.number % len(words)])[0].rstrip(".")},
            }
        )
    entries = [
        {
            "fullUrl": f"urn:uuid:{'patient-' + person.ipp if r['resourceType'] == 'Patient' else r['id']}",
            "resource": r,
            "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"},
        }
        for r in resources
    ]
    return msgspec.json.format(
        msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries}), indent=1
    )


def _patient(person: Person) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": person.ipp,
        "gender": person.sex,
        "birthDate": str(person.birth),
        "identifier": [
            {"system": f"urn:oid:{IPP_OID}", "value": person.ipp, "type": {"coding": [{"code": "PI"}]}},
            {"system": f"urn:oid:{INS_OID}", "value": person.ins, "type": {"coding": [{"code": "NI"}]}},
        ],
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "address": [{"line": [person.address[0]], "postalCode": person.address[1], "city": person.address[2]}],
    }


def _concept(system: str, code: str, text: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _encounter(stay: str) -> dict[str, Any]:
    return {"encounter": {"reference": f"urn:uuid:stay-{stay}"}} if stay else {}


def _condition(id: str, me: dict[str, str], code: str, text: str, at: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": id,
        "subject": me,
        "code": _concept(_CIM10, code, text),
        "onsetDateTime": at,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
    }


def _drug(id: str, me: dict[str, str], drug: str, at: str, language: Language) -> dict[str, Any]:
    item = table("scenarios")["drugs"][drug]
    return {
        "resourceType": "MedicationRequest",
        "id": id,
        "status": "active",
        "intent": "order",
        "subject": me,
        "medicationCodeableConcept": _concept(_ATC, item["atc"], item[language]),
        "authoredOn": at,
        "dosageInstruction": [{"text": item["dose"] if language == "fr" else item["dose_en"]}],
    }


def _observation(id: str, me: dict[str, str], r: Result, stay: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "subject": me,
        **_encounter(stay),
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": _concept(_LOINC, r.loinc, r.label),
        "effectiveDateTime": f"{r.at}T07:45:00+01:00",
        "valueQuantity": {"value": r.value, "unit": r.unit, "system": "http://unitsofmeasure.org", "code": r.unit},
        "referenceRange": [{"low": {"value": r.low}, "high": {"value": r.high}}],
    }
