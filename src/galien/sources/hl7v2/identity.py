"""Who and where: PID, PV1, MRG (HL7 v2.5, chapter 3; IHE PAM, French extension)."""

from __future__ import annotations

import re

from galien.model.codes import Code
from galien.model.records import Identifier, Patient, PatientRef, Sex, Stay
from galien.sources.hl7v2.message import Message, Segment

_OID = re.compile(r"^\d+(?:\.\d+){3,}$")
_SEXES: dict[str, Sex] = {"F": "female", "M": "male", "O": "other", "A": "other"}
_STAYS = {"I": "IMP", "E": "EMER", "O": "AMB", "R": "AMB", "P": "IMP", "B": "IMP", "N": ""}
_TYPES = {
    "INS": "NI",
    "INS-NIR": "NI",
    "INS-C": "NI",
    "NI": "NI",
    "PI": "PI",
    "MR": "MR",
    "SS": "SS",
    "IPP": "PI",
}


def identifiers(segment: Segment, field: int, feed: str, sender: str) -> tuple[Identifier, ...]:
    """CX repetitions with their issuers; one without authority belongs to the sender of the feed."""
    found = []
    for repetition in segment.repetitions(field):
        value = segment.part(repetition, 1)
        if not value:
            continue
        use = segment.part(repetition, 5)
        system = authority(segment, repetition, 4, feed) or f"urn:galien:feed:{feed}:{sender}:{use or 'id'}"
        found.append(Identifier(system, value, _TYPES.get(use, use)))
    return tuple(dict.fromkeys(found))


def authority(segment: Segment, repetition: list[list[str]], component: int, feed: str) -> str:
    """URI of an assigning authority (HD): its OID, its other universal id, else its name within the feed."""
    space, universal, _ = (segment.part(repetition, component, i) for i in (1, 2, 3))
    if _OID.match(universal):
        return f"urn:oid:{universal}"
    if universal:
        return f"urn:galien:authority:{universal}"
    if _OID.match(space):
        return f"urn:oid:{space}"
    return f"urn:galien:feed:{feed}:authority:{space}" if space else ""


class Context:
    """What the segments of one message share: patient and stay."""

    def __init__(self, message: Message, feed: str) -> None:
        self.message = message
        self.feed = feed
        self.sender = message.header.text(4) or message.header.text(3) or "unknown"
        self.patient = self._reference()
        self.stay = self._stay_key()

    def _reference(self) -> PatientRef | None:
        pid = self.message.first("PID")
        if pid is None:
            return None
        found = identifiers(pid, 3, self.feed, self.sender)
        if not found:
            found = identifiers(pid, 2, self.feed, self.sender)
        return PatientRef(found) if found else None

    def _stay_key(self) -> str:
        pv1 = self.message.first("PV1")
        if pv1 is None or not pv1.text(19):
            return ""
        issuer = authority(pv1, pv1.repetitions(19)[0], 4, self.feed) or f"urn:galien:feed:{self.feed}:{self.sender}"
        return f"stay:{issuer}|{pv1.text(19)}"

    def describe(self) -> Patient | None:
        """PID as a Patient record."""
        pid = self.message.first("PID")
        if pid is None or self.patient is None:
            return None
        name = _name(pid)
        return Patient(
            key=f"{self.patient.identifiers[0].system}|{self.patient.identifiers[0].value}",
            locator="PID",
            patient=self.patient,
            family=pid.part(name, 1),
            given=pid.part(name, 2),
            birth_date=pid.moment(7),
            sex=_SEXES.get(pid.text(8).upper(), "unknown"),
            deceased=pid.moment(29),
            address=" ".join(part for i in (1, 5, 3, 4) if (part := pid.text(11, i))),
            phone=pid.text(13),
        )

    def visit(self, *, ended: bool = True) -> Stay | None:
        """PV1 and PV2 as a Stay; without a visit number there is none to follow over messages."""
        pv1 = self.message.first("PV1")
        if pv1 is None or self.patient is None or not self.stay:
            return None
        pv2, zbe = self.message.first("PV2"), self.message.first("ZBE")
        event = self.message.first("EVN")
        start = pv1.moment(44) or (event.moment(6) or event.moment(2) if event else None)
        if zbe is not None and self.message.event in ("A01", "A04") and not pv1.moment(44):
            start = zbe.moment(2) or start
        reason: Code | None = pv2.code(3) if pv2 else None
        end = pv1.moment(45)
        if end is None and self.message.event == "A03" and event is not None:
            end = event.moment(6) or event.moment(2)
        if start is None and end is None:
            return None
        return Stay(
            key=self.stay,
            locator="PV1",
            patient=self.patient,
            version=re.sub(r"\D", "", (event.text(2) if event else "") or self.message.header.text(7))[:14],
            kind=_STAYS.get(pv1.text(2).upper(), ""),
            start=start,
            end=end if ended else None,
            service=self._service(pv1, zbe),
            hospital=pv1.text(3, 4),
            reason=reason if reason and reason.vocabulary != "local" else None,
            reason_text=(pv2.label(3) or pv2.text(3) or pv2.text(12)) if pv2 else "",
            practitioner=pv1.person(7),
        )

    def _service(self, pv1: Segment, zbe: Segment | None) -> str:
        return (zbe.text(7) if zbe else "") or pv1.text(10) or pv1.text(3)


def _name(pid: Segment) -> list[list[str]]:
    """The name in use (D), else the legal one, else the first (HL7 table 0200)."""
    repetitions = pid.repetitions(5)
    for wanted in ("D", "L"):
        for repetition in repetitions:
            if pid.part(repetition, 7) == wanted:
                return repetition
    return repetitions[0] if repetitions else []
