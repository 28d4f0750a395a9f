"""CDA R2 in the manner of the French CI-SIS: level 3 for laboratory and letters, level 1 with a PDF inside."""

from __future__ import annotations

import base64
from xml.sax.saxutils import escape, quoteattr

from galien.synthetic.formats.pdf import pdf
from galien.synthetic.lexicon import HOSPITAL, SERVICES
from galien.synthetic.people import INS_OID, IPP_OID
from galien.synthetic.text import Mention, unmark
from galien.synthetic.writing import Report

_TYPES = {
    "laboratory-report": ("11502-2", "CR d'examens biologiques"),
    "discharge-letter": ("11490-0", "Lettre de liaison"),
    "consultation": ("11488-4", "CR de consultation"),
    "imaging-report": ("18748-4", "CR d'imagerie médicale"),
    "operative-report": ("11504-8", "CR opératoire"),
    "anaesthesia": ("77436-4", "CR d'anesthésie"),
    "tumour-board": ("34794-8", "CR de RCP"),
    "pathology-report": ("34122-2", "CR d'anatomie pathologique"),
}


def cda(report: Report, number: int, *, level: int, coded: bool = True) -> tuple[bytes, list[Mention]]:
    """A document of level 3 (sections, and entries when ``coded``) or of level 1 (a PDF)."""
    if level == 1:
        data, mentions = pdf(report)
        packed = base64.b64encode(data).decode()
        body = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{packed}</text></nonXMLBody>'
    else:
        body, mentions = _structured(report, coded)
    return _document(report, number, f"<component>{body}</component>").encode(), mentions


def _structured(report: Report, coded: bool) -> tuple[str, list[Mention]]:
    parts: list[str] = []
    mentions: list[Mention] = []
    for block in report.blocks:
        if report.kind == "laboratory-report":
            break
        lines = []
        for line in block.lines:
            text, found = unmark(line)
            mentions += found
            lines.append(f"<paragraph>{escape(text)}</paragraph>")
        parts.append(
            f"<component><section><title>{escape(block.title or report.title)}</title><text>{''.join(lines)}</text>"
            "</section></component>"
        )
    if report.results:
        parts.append(_laboratory(report, coded and report.kind == "laboratory-report"))
    return f"<structuredBody>{''.join(parts)}</structuredBody>", mentions


def _laboratory(report: Report, coded: bool) -> str:
    rows, entries = [], []
    for i, r in enumerate(report.results):
        shown = r.text(report.language)
        rows.append(
            f'<tr><td><content ID="r{i}">{escape(r.label)}</content></td><td>{shown} {escape(r.unit)} {r.flag}</td>'
            f"<td>({r.low:g} - {r.high:g})</td></tr>"
        )
        unit = quoteattr(r.unit or "1")
        entries.append(
            '<entry><act classCode="ACT" moodCode="EVN"><entryRelationship typeCode="COMP">'
            '<observation classCode="OBS" moodCode="EVN"><templateId root="1.3.6.1.4.1.19376.1.3.1.6"/>'
            f'<code code="{r.loinc}" codeSystem="2.16.840.1.113883.6.1" displayName={quoteattr(r.label)}/>'
            f'<statusCode code="completed"/><effectiveTime value="{r.at:%Y%m%d}0745+0100"/>'
            f'<value xsi:type="PQ" value="{r.value}" unit={unit}/>'
            '<referenceRange><observationRange><value xsi:type="IVL_PQ">'
            f'<low value="{r.low:g}" unit={unit}/><high value="{r.high:g}" unit={unit}/></value></observationRange>'
            "</referenceRange></observation></entryRelationship></act></entry>"
        )
    table = f"<table><tbody>{''.join(rows)}</tbody></table>"
    title = "BIOLOGIE" if report.language == "fr" else "LABORATORY"
    below = "".join(entries) if coded else ""
    return f"<component><section><title>{title}</title><text>{table}</text>{below}</section></component>"


def _document(report: Report, number: int, component: str) -> str:
    person, author = report.person, report.author
    code, name = _TYPES.get(report.kind, ("34133-9", "Synthèse"))
    service = SERVICES[report.service][0 if report.language == "fr" else 1]
    stay = (
        f'<componentOf><encompassingEncounter><id root="{IPP_OID}.2" extension="{report.stay}"/>'
        f'<effectiveTime><low value="{report.at:%Y%m%d}"/></effectiveTime></encompassingEncounter></componentOf>'
        if report.stay
        else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        f'<id root="{IPP_OID}.1" extension="{person.ipp}.{number}"/>'
        f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1" displayName={quoteattr(name)}/>'
        f'<title>{escape(report.title)}</title><effectiveTime value="{report.at:%Y%m%d}1500+0100"/>'
        f'<languageCode code="{"fr-FR" if report.language == "fr" else "en-GB"}"/>'
        f'<setId root="{IPP_OID}.1" extension="{person.ipp}.{number}"/><versionNumber value="1"/>'
        f'<recordTarget><patientRole><id root="{INS_OID}" extension="{person.ins}"/>'
        f'<id root="{IPP_OID}" extension="{person.ipp}"/><patient><name><family>{escape(person.family)}</family>'
        f"<given>{escape(person.given)}</given></name>"
        f'<administrativeGenderCode code="{"F" if person.sex == "female" else "M"}"/>'
        f'<birthTime value="{person.birth:%Y%m%d}"/></patient></patientRole></recordTarget>'
        f'<author><time value="{report.at:%Y%m%d}"/><assignedAuthor><assignedPerson><name><prefix>Dr</prefix>'
        f"<given>{escape(author.given)}</given><family>{escape(author.name)}</family></name></assignedPerson>"
        f"<representedOrganization><name>{escape(service)}</name></representedOrganization></assignedAuthor></author>"
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        f"<name>{HOSPITAL}</name></representedCustodianOrganization></assignedCustodian></custodian>"
        f"{stay}{component}</ClinicalDocument>\n"
    )
