"""The header of a CDA: whose, by whom, when, during which stay, replacing what (CDA R2, section 4.2)."""

from __future__ import annotations

from typing import Any

import msgspec

from galien.model.records import WEAK, Patient, PatientRef, Sex, Stay
from galien.sources.cda.values import address, identifier, label, moment, period, person, unique
from galien.sources.xml import text_of

_SEXES: dict[str, Sex] = {"F": "female", "M": "male", "UN": "other"}
_STAYS = {
    "IMP": "IMP", "AMB": "AMB", "EMER": "EMER", "HH": "HH", "VR": "VR", "ACUTE": "IMP", "SS": "AMB", "EXTERNE": "AMB",
}  # fmt: skip


class Header(msgspec.Struct, frozen=True):
    """What the header says, in our words."""

    key: str
    version: str
    replaces: str
    patient: Patient | None
    stay: Stay | None
    author: str
    service: str
    hospital: str
    language: str

    @property
    def about(self) -> PatientRef | None:
        return self.patient.patient if self.patient else None

    @property
    def stay_key(self) -> str:
        return self.stay.key if self.stay else ""


def header(root: Any, fallback: str) -> Header:
    """Read the header.

    Parameters
    ----------
    root : lxml element
        ``ClinicalDocument``, namespaces stripped.
    fallback : str
        Key of a document that has neither ``setId`` nor ``id``.
    """
    own = unique(root.find("setId")) or unique(root.find("id"))
    version = root.find("versionNumber")
    who = _patient(root.find("recordTarget/patientRole"))
    author = root.find("author/assignedAuthor")
    return Header(
        key=f"cda:{own}" if own else fallback,
        version=version.get("value", "") if version is not None else "",
        replaces=_replaced(root),
        patient=who,
        stay=_stay(root.find("componentOf/encompassingEncounter"), who.patient if who else None),
        author=person(author.find("assignedPerson")) if author is not None else "",
        service=_service(root, author),
        hospital=_first(root, "custodian/assignedCustodian/representedCustodianOrganization/name"),
        language=(root.find("languageCode").get("code") or "")[:2].lower()
        if root.find("languageCode") is not None
        else "",
    )


def _replaced(root: Any) -> str:
    for related in root.findall("relatedDocument"):
        if related.get("typeCode") == "RPLC":
            parent = related.find("parentDocument")
            name = unique(parent.find("setId")) or unique(parent.find("id")) if parent is not None else ""
            return f"cda:{name}" if name else ""
    return ""


def _patient(role: Any) -> Patient | None:
    if role is None:
        return None
    ids = tuple(dict.fromkeys(found for e in role.findall("id") if (found := identifier(e))))
    if not ids:
        return None
    who = role.find("patient")
    name = who.find("name") if who is not None else None
    gender = who.find("administrativeGenderCode") if who is not None else None
    deceased = who.find("deceasedTime") if who is not None else None
    phone = next((t.get("value", "") for t in role.findall("telecom") if "tel:" in t.get("value", "")), "")
    return Patient(
        key=f"{ids[0].system}|{ids[0].value}",
        locator="/ClinicalDocument/recordTarget",
        patient=PatientRef(ids),
        family=_part(name, "family"),
        given=_part(name, "given"),
        birth_date=moment(who.find("birthTime")) if who is not None else None,
        sex=_SEXES.get(gender.get("code") or "", "unknown") if gender is not None else "unknown",
        deceased=moment(deceased),
        address=address(role.find("addr")),
        phone=phone.removeprefix("tel:"),
    )


def _part(name: Any, tag: str) -> str:
    """The part of a name in use: usual (CL, SP), else of birth, else whatever comes first."""
    if name is None:
        return ""
    parts = {part.get("qualifier", ""): text_of(part) for part in reversed(name.findall(tag))}
    for qualifier in ("CL", "SP", "BR", ""):
        if parts.get(qualifier):
            return parts[qualifier]
    return next((text for text in parts.values() if text), "")


def _stay(encounter: Any, who: PatientRef | None) -> Stay | None:
    if encounter is None or who is None:
        return None
    name = unique(encounter.find("id"))
    start, end = period(encounter.find("effectiveTime"))
    if not name or start is None:
        return None
    kind = encounter.find("code")
    responsible = encounter.find("responsibleParty/assignedEntity")
    place = "location/healthCareFacility"
    return Stay(
        key=_stay_key(encounter.find("id")),
        version=WEAK,  # a document knows less of its stay than the admissions do
        locator="/ClinicalDocument/componentOf/encompassingEncounter",
        patient=who,
        kind=_STAYS.get((kind.get("code") or "").upper(), "") if kind is not None else "",
        start=start,
        end=end,
        service=_first(encounter, f"{place}/location/name") or label(encounter.find(f"{place}/code")),
        hospital=_first(encounter, f"{place}/serviceProviderOrganization/name"),
        practitioner=person(responsible.find("assignedPerson")) if responsible is not None else "",
    )


def _stay_key(id: Any) -> str:
    """The same key as HL7 v2 and FHIR give to the same visit number of the same issuer."""
    root, extension = id.get("root", ""), id.get("extension", "")
    return f"stay:urn:oid:{root}|{extension}" if root and extension else f"cda:stay:{unique(id)}"


def _service(root: Any, author: Any) -> str:
    place = "componentOf/encompassingEncounter/location/healthCareFacility"
    return _first(root, f"{place}/location/name") or (
        _first(author, "representedOrganization/name") if author is not None else ""
    )


def _first(element: Any, path: str) -> str:
    found = element.find(path) if element is not None else None
    return text_of(found)
