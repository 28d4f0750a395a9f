"""FHIR data types to ours: codings, quantities, times, identifiers (HL7 FHIR R4, section 2.24)."""

from __future__ import annotations

from typing import Any

from galien.model.codes import Code, vocabulary
from galien.model.records import Identifier
from galien.model.time import Moment, parse_moment
from galien.sources.encoding import from_base64

Json = dict[str, Any]
_PREFERRED = (
    "CIM10", "ICD10", "ICD10CM", "SNOMED", "LOINC", "CCAM", "ATC", "RxNorm", "CVX", "CPT4",
)  # fmt: skip


def obj(value: object) -> Json:
    """A JSON object, or an empty one when the sender wrote something else."""
    return value if isinstance(value, dict) else {}


def objs(value: object) -> list[Json]:
    """A JSON array of objects; one object counts as an array of one (STU3 writers do so)."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: object) -> str:
    return value if isinstance(value, str) else ""


def number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value == value and abs(value) != float("inf") else None


def moment(value: object) -> Moment | None:
    return parse_moment(value) if isinstance(value, str) else None


def code(concept: object) -> Code | None:
    """The most useful coding of a CodeableConcept; its label from the coding, else from the text."""
    codings = [c for c in objs(obj(concept).get("coding")) if string(c.get("code"))]
    if not codings:
        return None
    found = [Code(vocabulary(string(c.get("system"))), c["code"], string(c.get("display"))) for c in codings]
    best = min(found, key=lambda c: _PREFERRED.index(c.vocabulary) if c.vocabulary in _PREFERRED else 99)
    return best if best.label else Code(best.vocabulary, best.code, text(concept))


def text(concept: object) -> str:
    """Readable label of a CodeableConcept."""
    whole = obj(concept)
    return string(whole.get("text")) or next(
        (string(c.get("display")) for c in objs(whole.get("coding")) if c.get("display")), ""
    )


def first_code(concept: object) -> str:
    """Bare code of the first coding."""
    return next((string(c.get("code")) for c in objs(obj(concept).get("coding")) if c.get("code")), "")


def period(value: object) -> tuple[Moment | None, Moment | None]:
    return moment(obj(value).get("start")), moment(obj(value).get("end"))


def identifiers(values: object) -> list[Identifier]:
    """Identifiers that have both an issuer and a value."""
    found = []
    for item in objs(values):
        system, value = string(item.get("system")), string(item.get("value")).strip()
        if system and value and string(item.get("use")) != "old":
            found.append(Identifier(system, value, first_code(item.get("type"))))
    return found


def decoded(data: object) -> bytes:
    """Base64 content; empty when there is none.

    Raises
    ------
    MalformedInput
        It is not base64.
    """
    return from_base64(data) if isinstance(data, str) and data.strip() else b""
