"""HL7 v2.5 messages: admissions and discharges, results, documents, a merge."""

from __future__ import annotations

from datetime import date

from galien.synthetic.course import Stay
from galien.synthetic.formats.plain import plain
from galien.synthetic.laboratory import Result
from galien.synthetic.lexicon import HOSPITAL, SERVICES
from galien.synthetic.people import INS_OID, IPP_OID, Person
from galien.synthetic.text import Mention
from galien.synthetic.writing import Report

_LOINC = {
    "operative-report": "11504-8",
    "imaging-report": "18748-4",
    "anaesthesia": "77436-4",
    "consultation": "11488-4",
    "discharge-letter": "11490-0",
    "progress-note": "11506-3",
    "pathology-report": "34122-2",
    "nursing-note": "34746-8",
}


def admission(person: Person, stay: Stay, reason: str, *, out: bool) -> bytes:
    """ADT^A01, or ADT^A03 with the end; ``reason`` is that of the stay, in words."""
    event, day = ("A03", stay.end) if out else ("A01", stay.start)
    at = f"{day:%Y%m%d}{'1600' if out else '0930'}"
    end = f"{stay.end:%Y%m%d}1600" if out else ""
    service = SERVICES[stay.service][0]
    kind = "O" if stay.kind == "AMB" else "I"
    pv1 = f"PV1|1|{kind}|{_escape(service)}^^^{HOSPITAL}||||||||||||||||{stay.number}^^^CHU&{IPP_OID}.2&ISO^VN"
    return _message(
        at,
        f"ADT^{event}",
        f"{stay.number}{event}",
        [
            f"EVN||{at}||||{at}",
            _pid(person),
            f"{pv1}{'|' * 25}{stay.start:%Y%m%d}0930|{end}",
            f"PV2|||^{_escape(reason)}",
        ],
    )


def results(person: Person, at: date, found: list[Result], stay: str, number: int) -> bytes:
    """ORU^R01 of one panel."""
    when = f"{at:%Y%m%d}0745"
    lines = [_pid(person), _visit(stay), f"OBR|1||L{person.ipp}{number}|26436-6^Examens biologiques^LN|||{when}"]
    for i, r in enumerate(found, 1):
        lines.append(
            f"OBX|{i}|NM|{r.loinc}^{_escape(r.label)}^LN||{r.value}|{r.unit}|{r.low:g}-{r.high:g}|{r.flag}|||F|||{when}"
        )
    return _message(when, "ORU^R01", f"R{person.ipp}{number}", [line for line in lines if line])


def note(report: Report, number: int) -> tuple[bytes, list[Mention]]:
    """MDM^T02 with the text of a report in its OBX, a line each."""
    text, mentions = plain(report, header=False)
    when = f"{report.at:%Y%m%d}1500"
    code = _LOINC.get(report.kind, "11506-3")
    title = _escape(report.title)
    author = f"^{_escape(report.author.name)}^{_escape(report.author.given)}"
    lines = [
        f"EVN||{when}",
        _pid(report.person),
        _visit(report.stay, SERVICES[report.service][0]),
        f"TXA|1|{code}^{title}^LN|TX|{when}|{author}|||||||D{report.person.ipp}.{number}|||||AU",
    ]
    lines += [
        f"OBX|{i}|TX|{code}^{title}^LN||{_escape(line)}||||||F" for i, line in enumerate(text.rstrip().split("\n"), 1)
    ]
    return _message(when, "MDM^T02", f"D{report.person.ipp}{number}", [line for line in lines if line]), mentions


def merge(person: Person, old_ipp: str, at: date) -> bytes:
    """ADT^A40: the identity ``old_ipp``, opened by mistake, is this patient's."""
    when = f"{at:%Y%m%d}1100"
    return _message(
        when,
        "ADT^A40",
        f"M{person.ipp}",
        [
            f"EVN||{when}",
            _pid(person),
            f"MRG|{old_ipp}^^^CHU&{IPP_OID}&ISO^PI",
        ],
    )


def _pid(person: Person) -> str:
    sex = "F" if person.sex == "female" else "M"
    street, code, city = person.address
    return (
        f"PID|1||{person.ipp}^^^CHU&{IPP_OID}&ISO^PI~{person.ins}^^^INS&{INS_OID}&ISO^INS||"
        f"{_escape(person.family)}^{_escape(person.given)}^^^^^D||{person.birth:%Y%m%d}|{sex}|||{street}^^{city}^^{code}^FRA"
    )


def _visit(stay: str, service: str = "") -> str:
    return f"PV1|1|I|{_escape(service)}{'|' * 16}{stay}^^^CHU&{IPP_OID}.2&ISO^VN" if stay else ""


def _message(at: str, kind: str, control: str, segments: list[str]) -> bytes:
    first = f"MSH|^~\\&|SIH|{HOSPITAL}|GALIEN|{HOSPITAL}|{at}||{kind}|{control}|P|2.5|||||FRA|UNICODE UTF-8"
    return "\r".join([first, *segments, ""]).encode()


def _escape(text: str) -> str:
    """HL7 v2.5, 2.7.1."""
    for sign, code in (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\")):
        text = text.replace(sign, code)
    return text
