"""FHIR resources of a small hospital, for tests."""

from __future__ import annotations

import base64
import json

IPP = "urn:oid:1.2.250.1.71.4.2.2"


def patient(number: int, family: str, sex: str = "female", born: str = "1957-05-02") -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "identifier": [{"system": IPP, "value": str(number)}],
        "name": [{"family": family, "given": ["Anne"]}],
        "gender": sex,
        "birthDate": born,
    }


def note(id: str, number: int, title: str, text: str, at: str = "2024-03-12", version: str = "") -> dict[str, object]:
    return {
        "resourceType": "DocumentReference",
        "id": id,
        "meta": {"versionId": version} if version else {},
        "status": "current",
        "subject": {"reference": f"Patient/p{number}"},
        "date": f"{at}T08:00:00+01:00",
        "type": {"text": title},
        "description": title,
        "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}}],
    }


def measure(id: str, number: int, value: float, at: str) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "subject": {"reference": f"Patient/p{number}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hémoglobine glyquée"}]},
        "effectiveDateTime": at,
        "valueQuantity": {"value": value, "unit": "%"},
    }


def bundle(*resources: dict[str, object]) -> str:
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]})
