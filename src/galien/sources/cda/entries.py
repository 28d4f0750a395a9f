"""Coded entries of a CDA to records: problems, results, drugs, vaccines, acts, allergies, family history.

What an entry is follows its templates (IHE PCC and PaLM, CI-SIS, C-CDA 2.1), then its class and mood
(CDA R2, section 4.3.6). A negated entry never becomes a positive fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from galien.model.codes import Code
from galien.model.errors import MalformedInput
from galien.model.records import (
    AnySourceRecord,
    Condition,
    Exposure,
    Measurement,
    Observation,
    PatientRef,
    Procedure,
)
from galien.sources.cda.narrative import walk
from galien.sources.cda.values import (
    code,
    kind_of_value,
    label,
    moment,
    number,
    period,
    referenced,
)
from galien.sources.port import Problem
from galien.sources.xml import text_of

_PROBLEM = {
    "1.3.6.1.4.1.19376.1.5.3.1.4.5", "1.2.250.1.213.1.1.3.37", "2.16.840.1.113883.10.20.22.4.4",
    "2.16.840.1.113883.10.20.1.28",
}  # fmt: skip
_ALLERGY = {
    "1.3.6.1.4.1.19376.1.5.3.1.4.6", "1.2.250.1.213.1.1.3.40", "2.16.840.1.113883.10.20.22.4.7",
    "2.16.840.1.113883.10.20.24.3.90",
}  # fmt: skip
_FAMILY = {
    "1.3.6.1.4.1.19376.1.5.3.1.4.13.3", "1.2.250.1.213.1.1.3.51", "2.16.840.1.113883.10.20.22.4.46",
    "2.16.840.1.113883.10.20.1.22",
}  # fmt: skip
_IMMUNIZATION = {
    "1.3.6.1.4.1.19376.1.5.3.1.4.12", "1.2.250.1.213.1.1.3.45", "2.16.840.1.113883.10.20.22.4.52",
}  # fmt: skip
_RESULT = {
    "1.3.6.1.4.1.19376.1.3.1.6", "1.2.250.1.213.1.1.3.80", "2.16.840.1.113883.10.20.22.4.2",
    "2.16.840.1.113883.10.20.1.31", "1.3.6.1.4.1.19376.1.5.3.1.4.13.2", "1.2.250.1.213.1.1.3.50",
    "2.16.840.1.113883.10.20.22.4.27", "1.3.6.1.4.1.19376.1.5.3.1.4.13.1",
}  # fmt: skip
_SOCIAL = {"1.3.6.1.4.1.19376.1.5.3.1.4.13.4", "1.2.250.1.213.1.1.3.52", "2.16.840.1.113883.10.20.22.4.38"}
_STATEMENTS = {
    "observation",
    "act",
    "procedure",
    "substanceAdministration",
    "organizer",
    "supply",
    "encounter",
}
_DONE = {"EVN"}
_NULL = ("UNK", "NI", "NA", "ASKU", "NAV", "NASK")


class Place(msgspec.Struct, frozen=True):
    """What every entry of one document shares."""

    key: str
    patient: PatientRef | None
    stay: str
    version: str
    texts: dict[str, str]


def entries(body: Any, place: Place) -> Iterator[AnySourceRecord | Problem]:
    """Records of all coded entries of a ``structuredBody``."""
    if place.patient is None:
        return
    count = 0
    for section, _ in walk(body):
        for entry in section.findall("entry"):
            for statement, panel in _statements(entry):
                count += 1
                locator = f"entry {count}"
                try:
                    record = _record(statement, panel, place, f"{place.key}#{count}", locator)
                except (AttributeError, TypeError, ValueError) as error:
                    yield Problem(locator, MalformedInput(f"this entry cannot be read ({type(error).__name__})"))
                    continue
                if record is not None:
                    yield record


def _statements(entry: Any) -> Iterator[tuple[Any, str]]:
    """Every clinical statement under an entry, with the name of the panel that it is a part of."""
    stack: list[tuple[Any, str]] = [(child, "") for child in reversed(entry) if child.tag in _STATEMENTS]
    while stack:
        statement, panel = stack.pop()
        yield statement, panel
        if _is(statement, _PROBLEM | _ALLERGY | _FAMILY):
            continue  # what is below tells of its severity and status
        inner = label(statement.find("code")) if statement.tag == "organizer" else panel
        below = [
            child
            for link in statement
            if link.tag in ("entryRelationship", "component")
            for child in link
            if child.tag in _STATEMENTS
        ]
        stack.extend((child, inner) for child in reversed(below))


def _is(statement: Any, templates: set[str]) -> bool:
    return any(t.get("root") in templates for t in statement.findall("templateId"))


def _record(statement: Any, panel: str, place: Place, key: str, locator: str) -> AnySourceRecord | None:
    mood = statement.get("moodCode", "EVN")
    base: dict[str, Any] = {
        "key": key,
        "locator": locator,
        "patient": place.patient,
        "stay": place.stay,
        "version": place.version,
        "status": "cancelled" if _state(statement) in ("cancelled", "nullified") else "current",
    }
    negated = statement.get("negationInd") == "true"
    match statement.tag:
        case "observation" if mood in _DONE:
            return _observation(statement, panel, base, negated, place)
        case "substanceAdministration":
            return _exposure(statement, base, negated, place)
        case "procedure":
            return _procedure(statement, base, negated, place)
        case "encounter" | "act" | "supply" | "organizer" | "observation":
            return None
    return None


def _state(statement: Any) -> str:
    status = statement.find("statusCode")
    return str(status.get("code", "")) if status is not None else ""


def _observation(
    statement: Any, panel: str, base: dict[str, Any], negated: bool, place: Place
) -> AnySourceRecord | None:
    value = statement.find("value")
    start, end = period(statement.find("effectiveTime"))
    if _is(statement, _PROBLEM):
        coded = code(value)
        text = label(value, place.texts) or referenced(statement, place.texts) or text_of(value)
        if coded is None and not text:
            return None
        return Condition(
            **base, code=coded, text=text, start=start, end=end,
            certainty="refuted" if negated else "confirmed",
        )  # fmt: skip
    if _is(statement, _ALLERGY):
        return _allergy(statement, base, negated, place)
    if _is(statement, _FAMILY):
        coded = code(value)
        if (coded is None and not label(value, place.texts)) or negated:
            return None
        return Observation(**base, code=coded, text=label(value, place.texts), at=start, category="family-history")
    if negated:
        return None
    return _measured(statement, value, panel, base, place)


def _allergy(statement: Any, base: dict[str, Any], negated: bool, place: Place) -> Observation | None:
    if negated:
        return None
    substance = statement.find("participant/participantRole/playingEntity/code")
    named = statement.find("participant/participantRole/playingEntity/name")
    value = statement.find("value")
    coded = code(substance) or code(value)
    text = (
        label(substance, place.texts)
        or text_of(named)
        or label(value, place.texts)
        or referenced(statement, place.texts)
    )
    if coded is None and not text:
        return None
    start, _ = period(statement.find("effectiveTime"))
    reaction = statement.find("entryRelationship[@typeCode='MFST']/observation/value")
    return Observation(
        **base, code=coded, text=text, at=start, value_text=label(reaction, place.texts), category="allergy"
    )


def _measured(
    statement: Any, value: Any, panel: str, base: dict[str, Any], place: Place
) -> Measurement | Observation | None:
    """An observation with a value: a measurement when it is a result or a number, else an observation."""
    coded = code(statement.find("code"))
    text = label(statement.find("code"), place.texts)
    at, _ = period(statement.find("effectiveTime"))
    found = _value(value, place.texts)
    if found is None or (coded is None and not text):
        return None
    result = _is(statement, _RESULT)
    if "number" in found or result:
        low, high = _range(statement)
        interpretation = statement.find("interpretationCode")
        return Measurement(
            **base, code=coded, text=text, at=at, panel=panel, low=low, high=high,
            interpretation=interpretation.get("code") or "" if interpretation is not None else "",
            **found,
        )  # fmt: skip
    return Observation(
        **base, code=coded, text=text, at=at,
        value_text=str(found.get("value_text", "")), value_code=found.get("value_code"),
        category="social-history" if _is(statement, _SOCIAL) else "survey",
    )  # fmt: skip


def _value(value: Any, texts: dict[str, str]) -> dict[str, Any] | None:
    """Fields of a measurement for one value of any type; None when there is no value."""
    if value is None or value.get("nullFlavor") in _NULL:
        return None
    kind = kind_of_value(value)
    if kind in ("PQ", "INT", "REAL", "MO", "PQR"):
        found = number(value.get("value"))
        if found is None:
            return None
        unit = value.get("unit") or ""
        return {"number": found, "unit": "" if unit == "1" else unit, "ucum": "" if unit == "1" else unit}
    if kind in ("IVL_PQ", "IVL_INT", "IVL_REAL"):
        return _bound(value)
    if kind in ("CD", "CE", "CV", "CO", "CS"):
        coded: Code | None = code(value)
        text = label(value, texts)
        return {"value_code": coded, "value_text": text} if coded or text else None
    if kind in ("BL", "TS"):
        shown = value.get("value") or ""
        return {"value_text": shown} if shown else None
    text = text_of(value) or referenced(value, texts)
    if not text or value.get("representation") == "B64":
        return None
    plain = number(text.replace(",", ".")) if kind == "" else None
    return {"value_text": text[:2000]} if plain is None else {"number": plain}


def _bound(value: Any) -> dict[str, Any] | None:
    low, high = value.find("low"), value.find("high")
    below = number(high.get("value")) if high is not None else None
    above = number(low.get("value")) if low is not None else None
    unit = next((e.get("unit") or "" for e in (low, high) if e is not None and e.get("unit")), "")
    if below is not None and above is not None:
        return {"value_text": f"{above:g} - {below:g} {unit}".strip()}
    if below is not None:
        sign = "<" if high.get("inclusive") == "false" else "<="
        return {"number": below, "comparator": sign, "unit": unit, "ucum": unit}
    if above is not None:
        sign = ">" if low.get("inclusive") == "false" else ">="
        return {"number": above, "comparator": sign, "unit": unit, "ucum": unit}
    return None


def _range(statement: Any) -> tuple[float | None, float | None]:
    value = statement.find("referenceRange/observationRange/value")
    if value is None:
        return None, None
    low, high = value.find("low"), value.find("high")
    return (
        number(low.get("value")) if low is not None else None,
        number(high.get("value")) if high is not None else None,
    )


def _exposure(statement: Any, base: dict[str, Any], negated: bool, place: Place) -> Exposure | None:
    material = statement.find("consumable/manufacturedProduct/manufacturedMaterial")
    product = material.find("code") if material is not None else None
    text = label(product, place.texts) or (text_of(material.find("name")) if material is not None else "")
    coded = code(product)
    text = text or referenced(statement, place.texts)
    if (coded is None and not text) or (coded is not None and coded.code in _NULL):
        return None
    times = statement.findall("effectiveTime")
    start, end = period(times[0]) if times else (None, None)
    start = start or moment(statement.find("author/time"))
    ordered = statement.get("moodCode") in ("INT", "RQO", "PRMS")
    vaccine = _is(statement, _IMMUNIZATION)
    dose = statement.find("doseQuantity")
    amount = "" if dose is None else f"{dose.get('value') or ''} {dose.get('unit') or ''}".strip()
    if vaccine:
        kind, state = "immunization", "not-done" if negated else "proposed" if ordered else "completed"
    else:
        kind, state = ("prescription" if ordered else "statement"), "not-done" if negated else ""
    return Exposure(
        **base, code=coded, text=text, start=start, end=end, kind=kind, dose=amount,
        route=label(statement.find("routeCode"), place.texts), state=state,
    )  # fmt: skip


def _procedure(statement: Any, base: dict[str, Any], negated: bool, place: Place) -> Procedure | None:
    coded = code(statement.find("code"))
    text = label(statement.find("code"), place.texts) or referenced(statement, place.texts)
    if coded is None and not text:
        return None
    start, end = period(statement.find("effectiveTime"))
    planned = statement.get("moodCode", "EVN") != "EVN"
    return Procedure(
        **base, code=coded, text=text, start=start, end=end,
        state="not-done" if negated else "planned" if planned else "done",
    )  # fmt: skip
