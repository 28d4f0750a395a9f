"""The resources that travel together, and references among them (HL7 FHIR R4, sections 2.3 and 3.1.6)."""

from __future__ import annotations

from galien.model.records import Identifier, PatientRef
from galien.sources.fhir.values import Json, identifiers, obj, objs, string


class Together:
    """Resources of one file, found by any style of reference.

    Parameters
    ----------
    feed : str
        Issuer of resource ids whose server is not named.
    """

    def __init__(self, feed: str) -> None:
        self.feed = feed
        self._by_reference: dict[str, Json] = {}
        self._patients: dict[str, PatientRef] = {}

    def add(self, resource: Json, full_url: str) -> None:
        kind, id = string(resource.get("resourceType")), string(resource.get("id"))
        if full_url:
            self._by_reference[full_url] = resource
        if id:
            self._by_reference[f"{kind}/{id}"] = resource
            self._by_reference.setdefault(f"urn:uuid:{id}", resource)

    def find(self, reference: object, inside: Json) -> Json:
        """The resource that a reference of ``inside`` leads to; empty when it is not in this file."""
        to = string(obj(reference).get("reference"))
        if to.startswith("#"):
            return next((c for c in objs(inside.get("contained")) if c.get("id") == to[1:]), {})
        if to in self._by_reference:
            return self._by_reference[to]
        tail = "/".join(to.split("/_history")[0].split("/")[-2:])
        return self._by_reference.get(tail, {})

    def key(self, kind: str, id: str) -> str:
        """Natural key of a resource.

        A visit with a number of its own has the key that HL7 v2 and CDA give to the same visit.
        """
        visit = self._by_reference.get(f"Encounter/{id}", {}) if kind == "Encounter" else {}
        for found in identifiers(visit.get("identifier")):
            if found.system.startswith("urn:oid:"):
                return f"stay:{found.system}|{found.value}"
        return f"fhir:{self.feed}:{kind}/{id}"

    def key_of(self, reference: object, kind: str, inside: Json) -> str:
        """Key of what a reference leads to, whether it came in this file or not."""
        found = self.find(reference, inside)
        if found.get("id"):
            return self.key(kind, string(found["id"]))
        to = string(obj(reference).get("reference")).split("/_history")[0]
        tail = to.removeprefix("urn:uuid:").rsplit("/", 1)[-1]
        return self.key(kind, tail) if tail and not to.startswith("#") else ""

    def patient_of(self, patient: Json) -> PatientRef:
        """Every identifier of a Patient, its resource id included."""
        id = string(patient.get("id"))
        found = identifiers(patient.get("identifier"))
        if id:
            found.append(self._local(id))
        return PatientRef(tuple(dict.fromkeys(found)))

    def subject(self, resource: Json) -> PatientRef | None:
        """Whom a resource is about; None for a group, a device, or nobody."""
        reference = obj(resource.get("subject") or resource.get("patient") or resource.get("individual"))
        to = string(reference.get("reference"))
        if to and to in self._patients:
            return self._patients[to]
        found = self.find(reference, resource)
        ref: PatientRef | None = None
        if found.get("resourceType") == "Patient":
            ref = self.patient_of(found)
        elif "Patient?" in to and "identifier=" in to:
            system, _, value = to.split("identifier=", 1)[1].split("&")[0].partition("|")
            ref = PatientRef((Identifier(system, value),)) if value else None
        elif to and not to.startswith("#"):
            kind, _, id = to.split("/_history")[0].removeprefix("urn:uuid:").rpartition("/")
            if id and kind.rsplit("/", 1)[-1] in ("", "Patient"):
                ref = PatientRef((self._local(id),))
        elif reference.get("identifier"):
            logical = identifiers(reference.get("identifier"))
            ref = PatientRef(tuple(logical)) if logical else None
        if ref is not None and not ref.identifiers:
            ref = None
        if to and ref is not None and not to.startswith("#"):
            self._patients[to] = ref
        return ref

    def name(self, reference: object, inside: Json) -> str:
        """Display name of an organisation, practitioner or place."""
        shown = string(obj(reference).get("display"))
        found = self.find(reference, inside)
        name = found.get("name")
        if isinstance(name, str):
            return shown or name
        for human in objs(name):
            given = " ".join(g for g in human.get("given") or () if isinstance(g, str))
            return shown or string(human.get("text")) or f"{given} {_family(human)}".strip()
        return shown

    def _local(self, id: str) -> Identifier:
        return Identifier(f"urn:galien:feed:{self.feed}:Patient", id)


def _family(human: Json) -> str:
    family = human.get("family")
    return " ".join(family) if isinstance(family, list) else string(family)
