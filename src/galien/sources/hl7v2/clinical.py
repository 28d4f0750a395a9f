"""Coded segments to records: OBX, DG1, PRB, AL1, PR1, RXA, RXE, RXO, RXD, SCH (HL7 v2.5, chapters 3 to 10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from galien.model.records import (
    AnySourceRecord,
    Condition,
    Exposure,
    Measurement,
    Observation,
    Procedure,
)
from galien.model.time import Moment, parse_moment
from galien.sources.hl7v2.identity import Context
from galien.sources.hl7v2.message import Segment

_RANGE = re.compile(r"^\s*(-?\d+(?:[.,]\d+)?)\s*[-–àa]\s*(-?\d+(?:[.,]\d+)?)")
_UPPER = re.compile(r"^\s*<\s*=?\s*(-?\d+(?:[.,]\d+)?)")
_LOWER = re.compile(r"^\s*>\s*=?\s*(-?\d+(?:[.,]\d+)?)")
_NUMBER = re.compile(r"^([<>]=?)?\s*(-?\d+(?:[.,]\d+)?)$")
_ORDERED = {"ORM", "OML", "OMG", "OMP", "RDE", "REF", "OMI"}


def result(obx: Segment, base: dict[str, Any], panel: str, at: Moment | None) -> Measurement | None:
    """One OBX as a measurement; None when it has no value."""
    coded, text = obx.code(3), obx.label(3)
    if (coded is None and not text) or not obx.raw(5).strip():
        return None
    low, high = _range(obx.text(7) or obx.raw(7))
    fields: dict[str, Any] = {
        "code": coded,
        "text": text,
        "at": obx.moment(14) or at,
        "panel": panel,
        "unit": obx.text(6),
        "ucum": obx.text(6) if obx.text(6, 3).upper() == "UCUM" else "",
        "low": low,
        "high": high,
        "interpretation": obx.text(8),
    }
    kind = obx.text(2)
    if kind in ("CE", "CWE", "CF", "CNE"):
        label = obx.label(5) or obx.text(5)
        return Measurement(**base, **fields, value_code=obx.code(5), value_text=label)
    if kind == "SN":
        return Measurement(**base, **fields, **_structured(obx))
    value = "\n".join(obx.readable(str(r[0][0])) for r in obx.repetitions(5)) if kind in ("TX", "FT") else obx.raw(5)
    found = _NUMBER.match(value.strip()) if kind in ("NM", "ST", "") else None
    if found:
        number = float(found[2].replace(",", "."))
        return Measurement(**base, **fields, number=number, comparator=found[1] or "")
    return Measurement(**base, **fields, value_text=value.strip()[:4000])


def _structured(obx: Segment) -> dict[str, Any]:
    """SN: comparator, number, separator, number (HL7 v2.5, 2.A.71)."""
    comparator, first, separator, second = (obx.text(5, i) for i in (1, 2, 3, 4))
    number = _NUMBER.match(first)
    if number and not separator and comparator in ("", "<", "<=", ">", ">=", "="):
        return {"number": float(number[2].replace(",", ".")), "comparator": comparator.strip("=") or ""}
    return {"value_text": f"{comparator}{first}{separator}{second}"}


def _range(text: str) -> tuple[float | None, float | None]:
    def value(found: re.Match[str], group: int) -> float:
        return float(found[group].replace(",", "."))

    if found := _RANGE.match(text):
        return value(found, 1), value(found, 2)
    if found := _UPPER.match(text):
        return None, value(found, 1)
    if found := _LOWER.match(text):
        return value(found, 1), None
    return None, None


def coded(context: Context, base_key: str) -> Iterator[AnySourceRecord]:
    """Diagnoses, problems, allergies, acts, drugs, vaccines and appointments of one message."""
    kind = context.message.type
    for number, segment in enumerate(context.message.segments):
        reader = _READERS.get(segment.name)
        if reader is None or context.patient is None:
            continue
        locator = f"{segment.name}[{number}]"
        base: dict[str, Any] = {
            "key": f"{base_key}:{segment.name}:{number}",
            "locator": locator,
            "patient": context.patient,
            "stay": context.stay,
        }
        record = reader(segment, base, kind, context)
        if record is not None:
            yield record


def _diagnosis(dg1: Segment, base: dict[str, Any], kind: str, context: Context) -> Condition | None:
    code, text = dg1.code(3), dg1.label(3) or dg1.text(4)
    if code is None and not text:
        return None
    if code is not None and context.stay:
        base = base | {"key": f"{context.stay}:DG1:{code.vocabulary}|{code.code}"}
    return Condition(
        **base, code=code, text=text, start=dg1.moment(5),
        certainty={"W": "provisional"}.get(dg1.text(6), "confirmed"), category="encounter-diagnosis",
    )  # fmt: skip


def _problem(prb: Segment, base: dict[str, Any], kind: str, context: Context) -> Condition | None:
    code, text = prb.code(3), prb.label(3)
    if code is None and not text:
        return None
    name = prb.text(4)
    if name:
        base = base | {"key": f"hl7v2:{context.feed}:{context.sender}:problem:{name}"}
    deleted = prb.text(1).upper() in ("DE", "D")
    base = base | {"status": "cancelled" if deleted else "current"}
    return Condition(
        **base,
        code=code,
        text=text,
        start=prb.moment(16) or prb.moment(7),
        end=prb.moment(9),
        category="problem-list-item",
    )


def _allergy(al1: Segment, base: dict[str, Any], kind: str, context: Context) -> Observation | None:
    code, text = al1.code(3), al1.label(3) or al1.text(3)
    if code is None and not text:
        return None
    name = (code.code if code else text).lower()
    base = base | {"key": f"hl7v2:{context.feed}:{context.sender}:{_who(context)}:allergy:{name}"}
    return Observation(**base, code=code, text=text, at=al1.moment(6), value_text=al1.text(5), category="allergy")


def _act(pr1: Segment, base: dict[str, Any], kind: str, context: Context) -> Procedure | None:
    code, text = pr1.code(3), pr1.label(3) or pr1.text(4)
    if code is None and not text:
        return None
    return Procedure(**base, code=code, text=text, start=pr1.moment(5), state="done")


def _administered(rxa: Segment, base: dict[str, Any], kind: str, context: Context) -> Exposure | None:
    code, text = rxa.code(5), rxa.label(5)
    if (code is None and not text) or (code is not None and code.code in ("998", "999")):
        return None
    not_done = rxa.text(20) in ("RE", "NA")
    amount = "" if rxa.text(6) in ("", "999") else f"{rxa.text(6)} {rxa.text(7)}".strip()
    return Exposure(
        **base, code=code, text=text, start=rxa.moment(3), end=rxa.moment(4),
        kind="immunization" if kind == "VXU" else "administration",
        dose=amount, state="not-done" if not_done else "completed",
    )  # fmt: skip


def _prescribed(rxe: Segment, base: dict[str, Any], kind: str, context: Context) -> Exposure | None:
    at = {"RXE": 2, "RXO": 1, "RXD": 2, "RXG": 4}[rxe.name]
    code, text = rxe.code(at), rxe.label(at)
    if code is None and not text:
        return None
    dose = {"RXE": (3, 5), "RXO": (2, 4), "RXD": (4, 5), "RXG": (5, 7)}[rxe.name]
    order = context.message.first("ORC")
    cancelled = order is not None and order.text(1) in ("CA", "DC", "OC")
    tq1 = context.message.first("TQ1")
    ordered = (tq1.moment(7) if tq1 else None) or (order.moment(9) if order else None)
    return Exposure(
        **base, code=code, text=text,
        start=rxe.moment(3) if rxe.name == "RXD" else ordered,
        kind="dispense" if rxe.name == "RXD" else "prescription",
        dose=f"{rxe.text(dose[0])} {rxe.text(dose[1])}".strip(),
        state="cancelled" if cancelled else "",
    )  # fmt: skip


def _ordered(obr: Segment, base: dict[str, Any], kind: str, context: Context) -> Procedure | None:
    if kind not in _ORDERED:
        return None
    code, text = obr.code(4), obr.label(4)
    if code is None and not text:
        return None
    return Procedure(**base, code=code, text=text, start=obr.moment(7) or obr.moment(6), state="ordered")


def _appointment(sch: Segment, base: dict[str, Any], kind: str, context: Context) -> Observation | None:
    name = sch.text(2) or sch.text(1)
    text = sch.label(7) or sch.text(7) or sch.label(8) or sch.text(8) or sch.label(6)
    at = sch.moment(11) or _fourth(sch)
    if not text or not name:
        return None
    base = base | {"key": f"hl7v2:{context.feed}:{context.sender}:appointment:{name}"}
    cancelled = context.message.event in ("S15", "S16", "S17")
    return Observation(
        **base | {"status": "cancelled" if cancelled else "current"},
        code=sch.code(7) if sch.label(7) else None, text=text, at=at, category="appointment",
    )  # fmt: skip


def _fourth(sch: Segment) -> Moment | None:
    """Start in the fourth component of SCH-11 (TQ)."""

    return parse_moment(sch.text(11, 4))


_READERS: dict[str, Any] = {
    "DG1": _diagnosis,
    "PRB": _problem,
    "AL1": _allergy,
    "PR1": _act,
    "RXA": _administered,
    "RXE": _prescribed,
    "RXO": _prescribed,
    "RXD": _prescribed,
    "OBR": _ordered,
    "SCH": _appointment,
}


def _who(context: Context) -> str:
    first = context.patient.identifiers[0] if context.patient else None
    return f"{first.system}|{first.value}" if first else ""
