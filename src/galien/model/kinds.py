"""Kinds of documents and of hits: one closed list, with the LOINC types they come from.

The list is short on purpose: a clinician filters by it. The sender's own code stays on the document.
"""

from __future__ import annotations

from typing import Literal, get_args

HitKind = Literal["patients", "documents", "images", "articles"]
HIT_KINDS: tuple[HitKind, ...] = get_args(HitKind)

DOCUMENT_KINDS: tuple[str, ...] = (
    "operative-report",
    "anaesthesia",
    "imaging-report",
    "pathology-report",
    "laboratory-report",
    "discharge-letter",
    "consultation",
    "emergency",
    "progress-note",
    "nursing-note",
    "prescription",
    "tumour-board",
    "summary",
    "certificate",
    "care-plan",
    "referral",
    "procedure-report",
    "history-physical",
    "vaccination",
    "consent",
    "form",
    "clinical-case",
    "document",
)

LOINC_KINDS: dict[str, str] = {
    "11504-8": "operative-report",
    "34874-8": "operative-report",
    "28570-0": "procedure-report",
    "34122-2": "pathology-report",
    "11526-1": "pathology-report",
    "60567-5": "pathology-report",
    "18748-4": "imaging-report",
    "18726-0": "imaging-report",
    "68604-8": "imaging-report",
    "11502-2": "laboratory-report",
    "26436-6": "laboratory-report",
    "18842-5": "discharge-letter",
    "34105-7": "discharge-letter",
    "34106-5": "discharge-letter",
    "11490-0": "discharge-letter",
    "34112-3": "discharge-letter",
    "11488-4": "consultation",
    "34133-9": "summary",
    "60591-5": "summary",
    "34117-2": "history-physical",
    "34111-5": "emergency",
    "51841-5": "emergency",
    "59258-4": "emergency",
    "11506-3": "progress-note",
    "34746-8": "nursing-note",
    "34109-9": "progress-note",
    "57833-6": "prescription",
    "57828-6": "prescription",
    "29551-9": "prescription",
    "60593-1": "prescription",
    "56445-0": "summary",
    "34083-6": "anaesthesia",
    "34750-0": "anaesthesia",
    "34749-2": "anaesthesia",
    "77436-4": "anaesthesia",
    "34776-5": "anaesthesia",
    "53576-5": "care-plan",
    "18776-5": "care-plan",
    "52521-2": "care-plan",
    "57133-1": "referral",
    "18761-7": "referral",
    "57134-9": "referral",
    "11369-6": "vaccination",
    "87273-9": "vaccination",
    "82593-5": "vaccination",
    "59284-0": "consent",
    "64292-6": "consent",
    "83980-3": "care-plan",
    "28653-4": "prescription",
    "74465-6": "form",
    "51969-4": "laboratory-report",
    "34827-6": "tumour-board",
    "55113-5": "imaging-report",
    "47045-0": "imaging-report",
    "11503-0": "summary",
    "34099-2": "consultation",
    "34794-8": "tumour-board",
    "96173-0": "laboratory-report",
    "75492-9": "procedure-report",
    "55115-0": "referral",
    "78489-2": "summary",
    "57075-4": "summary",
    "57057-2": "summary",
    "57055-6": "summary",
    "89235-6": "summary",
    "74207-2": "summary",
    "75496-0": "referral",
    "81334-5": "care-plan",
    "CERT_DECL": "certificate",
    "SYNTH": "summary",
    "REMB": "form",
}
"""LOINC document types, as used by CI-SIS, C-CDA and FHIR, to our kinds."""


def kind_from_loinc(code: str) -> str:
    """Our kind for a LOINC document type; ``document`` when unknown."""
    return LOINC_KINDS.get(code, "document")
