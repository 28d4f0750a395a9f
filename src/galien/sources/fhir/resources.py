"""One resource, its records: how each FHIR R4 resource type is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from galien.model.kinds import kind_from_loinc
from galien.model.records import (
    AnySourceRecord,
    Attachment,
    Condition,
    Document,
    Exposure,
    Image,
    Instance,
    Measurement,
    Merge,
    Observation,
    Patient,
    Procedure,
    Section,
    Stay,
)
from galien.model.time import Moment
from galien.sources.encoding import decode
from galien.sources.fhir.bundle import Together
from galien.sources.fhir.values import (
    Json,
    code,
    decoded,
    first_code,
    moment,
    number,
    obj,
    objs,
    period,
    string,
    text,
)
from galien.sources.html import html_text
from galien.sources.port import Limits
from galien.sources.titles import kind_from_title

Reader = Callable[[Json, Together], Iterator[AnySourceRecord]]
_SEXES = {"female": "female", "male": "male", "other": "other"}
_LIMITS = Limits()


def _base(resource: Json, together: Together, states: str = "status") -> dict[str, Any]:
    """Fields that every record of a resource shares."""
    kind, id = string(resource.get("resourceType")), string(resource.get("id"))
    status = string(resource.get(states))
    state = "entered-in-error" if status == "entered-in-error" else "cancelled" if status == "cancelled" else "current"
    encounter = resource.get("encounter") or resource.get("context")
    if isinstance(encounter, dict) and "encounter" in encounter:  # DocumentReference.context.encounter
        encounter = next(iter(objs(encounter.get("encounter"))), {})
    return {
        "key": together.key(kind, id),
        "patient": together.subject(resource),
        "stay": together.key_of(encounter, "Encounter", resource) if encounter else "",
        "status": state,
        "version": string(obj(resource.get("meta")).get("versionId")),
    }


def patient(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    names = objs(resource.get("name"))
    chosen = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
    family = chosen.get("family")
    address = next(iter(objs(resource.get("address"))), {})
    who = together.patient_of(resource)
    sex = string(resource.get("gender"))
    deceased = moment(resource.get("deceasedDateTime"))
    yield Patient(
        key=together.key("Patient", string(resource.get("id"))),
        patient=who,
        family=" ".join(f for f in family if isinstance(f, str)) if isinstance(family, list) else string(family),
        given=" ".join(g for g in chosen.get("given") or () if isinstance(g, str)),
        birth_date=moment(resource.get("birthDate")),
        sex=_SEXES.get(sex, "unknown"),  # type: ignore[arg-type]
        deceased=deceased,
        address=", ".join(
            part
            for part in (*(address.get("line") or ()), address.get("postalCode"), address.get("city"))
            if isinstance(part, str)
        ),
        phone=next((string(t.get("value")) for t in objs(resource.get("telecom")) if t.get("system") == "phone"), ""),
        version=string(obj(resource.get("meta")).get("versionId")),
    )
    for link in objs(resource.get("link")):
        other = together.subject({"subject": link.get("other")})
        if other is None:
            continue
        if link.get("type") == "replaces":
            yield Merge(key=f"{together.key('Patient', string(resource.get('id')))}#link", patient=who, absorbed=other)
        elif link.get("type") == "replaced-by":
            yield Merge(key=f"{together.key('Patient', string(resource.get('id')))}#link", patient=other, absorbed=who)


def encounter(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    start, end = period(resource.get("period"))
    reasons = objs(resource.get("reasonCode")) or objs(resource.get("reason"))
    kind = resource.get("class")
    place = next(iter(objs(resource.get("location"))), {})
    service = together.name(place.get("location"), resource) or text(resource.get("serviceType"))
    practitioner = next(iter(objs(resource.get("participant"))), {})
    yield Stay(
        **_base(resource, together) | {"stay": ""},
        kind=string(obj(kind).get("code")) if isinstance(kind, dict) else string(kind),
        start=start,
        end=end,
        service=service or next((text(t) for t in objs(resource.get("type"))), ""),
        hospital=together.name(resource.get("serviceProvider"), resource),
        reason=code(reasons[0]) if reasons else None,
        reason_text=text(reasons[0]) if reasons else "",
        practitioner=together.name(practitioner.get("individual"), resource),
    )


def condition(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    certainty = resource.get("verificationStatus")
    clinical = resource.get("clinicalStatus")
    base = _base(resource, together, "")
    wrong = (first_code(certainty) or string(certainty)) == "entered-in-error"
    yield Condition(
        **base | ({"status": "entered-in-error"} if wrong else {}),
        code=code(resource.get("code")),
        text=text(resource.get("code")),
        start=moment(resource.get("onsetDateTime")) or period(resource.get("onsetPeriod"))[0]
        or moment(resource.get("recordedDate")) or moment(resource.get("assertedDate")),
        end=moment(resource.get("abatementDateTime")) or period(resource.get("abatementPeriod"))[1],
        certainty=first_code(certainty) or string(certainty) or "confirmed",
        clinical_status=first_code(clinical) or string(clinical),
        category=next((first_code(c) for c in objs(resource.get("category"))), ""),
    )  # fmt: skip


def observation(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    base = _base(resource, together)
    at = moment(resource.get("effectiveDateTime")) or period(resource.get("effectivePeriod"))[0]
    at = at or moment(resource.get("effectiveInstant")) or moment(resource.get("issued"))
    category = next((first_code(c) for c in objs(resource.get("category"))), "")
    parts = objs(resource.get("component"))
    whole = text(resource.get("code"))
    if _has_value(resource) or not parts:
        yield _observed(resource, base, at, category, "")
    for i, part in enumerate(parts):
        yield _observed(part, base | {"key": f"{base['key']}#{i}"}, at, category, whole)


def _has_value(resource: Json) -> bool:
    return any(name.startswith("value") for name in resource)


def _observed(part: Json, base: dict[str, Any], at: Moment | None, category: str, panel: str) -> AnySourceRecord:
    quantity = obj(part.get("valueQuantity"))
    value = number(quantity.get("value"))
    if value is None:
        value = number(part.get("valueInteger"))
    span = obj(part.get("valueRange"))
    coded = code(part.get("valueCodeableConcept"))
    words = (
        string(part.get("valueString")) or text(part.get("valueCodeableConcept")) or string(part.get("valueDateTime"))
        or string(part.get("valueTime")) or _range(span) or _ratio(obj(part.get("valueRatio")))
        or _period(obj(part.get("valuePeriod"))) or string(obj(part.get("valueSampledData")).get("data"))[:2000]
    )  # fmt: skip
    if isinstance(part.get("valueBoolean"), bool):
        words = "true" if part["valueBoolean"] else "false"
    if category in ("social-history", "survey") and value is None:
        return Observation(
            **base, code=code(part.get("code")), text=text(part.get("code")), at=at, value_text=words,
            value_code=coded, category=category,
        )  # fmt: skip
    reference = next(iter(objs(part.get("referenceRange"))), {})
    interpretation = part.get("interpretation")
    return Measurement(
        **base,
        code=code(part.get("code")),
        text=text(part.get("code")),
        at=at,
        number=value,
        comparator=string(quantity.get("comparator")),
        unit=string(quantity.get("unit")) or string(quantity.get("code")),
        ucum=string(quantity.get("code")) if "unitsofmeasure" in string(quantity.get("system")) else "",
        value_text="" if value is not None else words,
        value_code=coded,
        low=number(obj(reference.get("low")).get("value")),
        high=number(obj(reference.get("high")).get("value")),
        interpretation=next((first_code(i) for i in objs(interpretation)), ""),
        panel=panel,
    )


def _period(span: Json) -> str:
    start, end = string(span.get("start")), string(span.get("end"))
    return f"{start} – {end}" if start or end else ""


def _range(span: Json) -> str:
    low, high = obj(span.get("low")), obj(span.get("high"))
    if not low and not high:
        return ""
    return f"{low.get('value', '')}–{high.get('value', '')} {high.get('unit') or low.get('unit') or ''}".strip()


def _ratio(ratio: Json) -> str:
    above, below = obj(ratio.get("numerator")), obj(ratio.get("denominator"))
    return f"{above.get('value')}/{below.get('value')}" if above and below else ""


def procedure(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    start, end = period(resource.get("performedPeriod"))
    yield Procedure(
        **_base(resource, together),
        code=code(resource.get("code")),
        text=text(resource.get("code")),
        start=moment(resource.get("performedDateTime")) or start,
        end=end,
        state={"preparation": "planned", "not-done": "not-done"}.get(string(resource.get("status")), "done"),
        service=together.name(resource.get("location"), resource),
    )


def medication(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    concept = resource.get("medicationCodeableConcept")
    if concept is None:
        reference = resource.get("medicationReference")
        concept = together.find(reference, resource).get("code") or {"text": obj(reference).get("display")}
    dosage = next(iter(objs(resource.get("dosageInstruction")) or objs(resource.get("dosage"))), {})
    start, end = period(resource.get("effectivePeriod"))
    kind = string(resource.get("resourceType")).removeprefix("Medication").lower()
    yield Exposure(
        **_base(resource, together),
        code=code(concept),
        text=text(concept),
        start=moment(resource.get("authoredOn")) or moment(resource.get("effectiveDateTime")) or start
        or moment(resource.get("dateAsserted")) or moment(resource.get("whenHandedOver")),
        end=end,
        kind={"request": "prescription"}.get(kind, kind),
        dose=_dose(dosage),
        route=text(dosage.get("route")),
        state=string(resource.get("status")),
    )  # fmt: skip


def _dose(dosage: Json) -> str:
    words = string(dosage.get("text"))
    if words:
        return words
    rate = next(iter(objs(dosage.get("doseAndRate"))), {})
    dose = obj(rate.get("doseQuantity") or dosage.get("dose") or dosage.get("doseQuantity"))
    repeat = obj(obj(dosage.get("timing")).get("repeat"))
    amount = f"{dose.get('value', '')} {dose.get('unit', '')}".strip()
    every = (
        f"{repeat.get('frequency')}/{repeat.get('period')}{repeat.get('periodUnit')}" if repeat.get("period") else ""
    )
    return f"{amount} {every}".strip()


def immunization(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    yield Exposure(
        **_base(resource, together),
        code=code(resource.get("vaccineCode")),
        text=text(resource.get("vaccineCode")),
        start=moment(resource.get("occurrenceDateTime")) or moment(resource.get("date")),
        kind="immunization",
        state="not-done" if resource.get("status") == "not-done" or resource.get("notGiven") is True else "completed",
    )


def allergy(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    reactions = [text(m) for r in objs(resource.get("reaction")) for m in objs(r.get("manifestation"))]
    yield Observation(
        **_base(resource, together, ""),
        code=code(resource.get("code")),
        text=text(resource.get("code")),
        at=moment(resource.get("onsetDateTime")) or moment(resource.get("recordedDate"))
        or moment(resource.get("assertedDate")),
        value_text=", ".join(r for r in reactions if r),
        category="allergy",
    )  # fmt: skip


def family_history(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    base = _base(resource, together)
    relation = text(resource.get("relationship"))
    for i, found in enumerate(objs(resource.get("condition"))):
        yield Observation(
            **base | {"key": f"{base['key']}#{i}"},
            code=code(found.get("code")),
            text=text(found.get("code")),
            at=moment(resource.get("date")),
            value_text=relation,
            category="family-history",
        )


def care_plan(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    start, _ = period(resource.get("period"))
    activities = [text(obj(a.get("detail")).get("code")) for a in objs(resource.get("activity"))]
    title = string(resource.get("title")) or next((text(c) for c in objs(resource.get("category"))), "")
    yield Observation(
        **_base(resource, together),
        code=next((code(c) for c in objs(resource.get("category"))), None),
        text=title or string(resource.get("description")),
        at=start,
        value_text="; ".join(a for a in activities if a)[:2000],
        category="care-plan",
    )


def diagnostic_report(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    base = _base(resource, together)
    at = moment(resource.get("effectiveDateTime")) or period(resource.get("effectivePeriod"))[0]
    at = at or moment(resource.get("issued"))
    forms = objs(resource.get("presentedForm"))
    conclusion = string(resource.get("conclusion"))
    narrative = _narrative(resource) if not forms and not resource.get("result") else ""
    about = _about(resource, together, resource.get("code"), at)
    for i, form in enumerate(forms):
        yield _attached(form, {}, {**base, "key": f"{base['key']}#{i}"}, about)
    if conclusion or narrative:
        yield Document(**base, **about, text=conclusion or narrative)


def document_reference(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    base = _base(resource, together)
    if string(resource.get("status")) == "superseded":
        base["version"] = base["version"] or "0"
    start, _ = period(obj(resource.get("context")).get("period"))
    at = start or moment(resource.get("date")) or moment(resource.get("created")) or moment(resource.get("indexed"))
    about = _about(resource, together, resource.get("type"), at)
    replaces = next(
        (
            together.key_of(r.get("target"), "DocumentReference", resource)
            for r in objs(resource.get("relatesTo"))
            if r.get("code") == "replaces"
        ),
        "",
    )
    contents = objs(resource.get("content"))
    for i, content in enumerate(contents):
        attachment = obj(content.get("attachment"))
        binary = together.find({"reference": attachment.get("url")}, resource)
        own = base if len(contents) == 1 else {**base, "key": f"{base['key']}#{i}"}
        yield _attached(attachment, binary, own, {**about, "replaces": replaces})


def _about(resource: Json, together: Together, kind: object, at: Moment | None) -> dict[str, Any]:
    coded = code(kind)
    named = string(resource.get("description")) or text(kind) or string(resource.get("title"))
    loinc = next(
        (string(c.get("code")) for c in objs(obj(kind).get("coding")) if "loinc" in string(c.get("system"))),
        "",
    )
    found = kind_from_loinc(loinc)
    authors = objs(resource.get("author")) or objs(resource.get("performer"))
    return {
        "kind": found if found != "document" else kind_from_title(named),
        "code": coded,
        "title": named,
        "at": at,
        "author": together.name(authors[0], resource) if authors else "",
        "hospital": together.name(resource.get("custodian"), resource),
        "service": next((text(c) for c in objs(resource.get("category"))), ""),
        "language": string(resource.get("language"))[:2],
    }


def _attached(attachment: Json, binary: Json, base: dict[str, Any], about: dict[str, Any]) -> Document:
    """A document from an attachment, inline or in a Binary of the same file."""
    data = decoded(attachment.get("data") or binary.get("data") or binary.get("content") or "")
    mime = string(attachment.get("contentType")) or string(binary.get("contentType")) or "application/octet-stream"
    title = string(attachment.get("title")) or about["title"]
    about = {**about, "title": title}
    if mime.startswith("text/plain"):
        return Document(**base, **about, text=decode(data) if data else "")
    if mime.startswith(("text/html", "application/xhtml")):
        words, sections, _ = html_text(decode(data), _LIMITS)
        return Document(**base, **about, text=words, sections=sections)
    return Document(**base, **about, original=Attachment(mime, data, title) if data else None)


def composition(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    parts: list[str] = []
    sections: list[Section] = []
    length = 0
    stack = list(reversed(objs(resource.get("section"))))
    while stack:
        section = stack.pop()
        title = string(section.get("title")) or text(section.get("code"))
        body = html_text(string(obj(section.get("text")).get("div")), _LIMITS)[0]
        piece = f"{title}\n{body}\n" if body else f"{title}\n"
        sections.append(Section(title, length, length + len(piece), code(section.get("code"))))
        parts.append(piece)
        length += len(piece)
        stack.extend(reversed(objs(section.get("section"))))
    about = _about(resource, together, resource.get("type"), moment(resource.get("date")))
    about["title"] = string(resource.get("title")) or about["title"]
    yield Document(
        **_base(resource, together),
        **about,
        text="".join(parts) or _narrative(resource),
        sections=tuple(sections),
    )


def _narrative(resource: Json) -> str:
    return html_text(string(obj(resource.get("text")).get("div")), _LIMITS)[0]


def imaging_study(resource: Json, together: Together) -> Iterator[AnySourceRecord]:
    base = _base(resource, together)
    uid = next(
        (
            string(i.get("value")).removeprefix("urn:oid:")
            for i in objs(resource.get("identifier"))
            if string(i.get("value")).startswith("urn:oid:")
        ),
        "",
    ) or string(resource.get("uid")).removeprefix("urn:oid:") or base["key"]  # fmt: skip
    at = moment(resource.get("started"))
    title = string(resource.get("description")) or next((text(c) for c in objs(resource.get("procedureCode"))), "")
    for series in objs(resource.get("series")):
        shared: dict[str, Any] = {
            "study": uid,
            "series": string(series.get("uid")).removeprefix("urn:oid:"),
            "modality": string(obj(series.get("modality")).get("code")),
            "body_part": string(obj(series.get("bodySite")).get("display")),
            "series_title": string(series.get("description")),
            "title": title,
            "at": at or moment(series.get("started")),
        }
        for instance in objs(series.get("instance")) or [{}]:
            name = string(instance.get("uid")).removeprefix("urn:oid:") or shared["series"]
            yield Image(
                **base | {"key": f"announced:{name}"},
                **shared,
                instance=Instance(name, int(number(instance.get("number")) or 0)),
            )


READERS: dict[str, Reader] = {
    "Patient": patient,
    "Encounter": encounter,
    "Condition": condition,
    "Observation": observation,
    "Procedure": procedure,
    "MedicationRequest": medication,
    "MedicationOrder": medication,
    "MedicationAdministration": medication,
    "MedicationStatement": medication,
    "MedicationDispense": medication,
    "Immunization": immunization,
    "AllergyIntolerance": allergy,
    "FamilyMemberHistory": family_history,
    "CarePlan": care_plan,
    "DiagnosticReport": diagnostic_report,
    "DocumentReference": document_reference,
    "Composition": composition,
    "ImagingStudy": imaging_study,
}
"""What is read. Organization, Practitioner, Location, Medication and Binary are read through references;
every other type (Claim, Coverage, Provenance...) is kept in the source bytes only."""
