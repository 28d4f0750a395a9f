"""What a document is, from its title: French and American hospital usage."""

from __future__ import annotations

import re

_KINDS: tuple[tuple[str, str], ...] = (
    ("referral", r"^demande d.(?:acte|examen|avis)|courrier d.adressage|lettre d.adressage|referral"),
    ("operative-report", r"compte[- ]?rendu op[ée]ratoire|protocole op[ée]ratoire|\bcro\b|operative (?:report|note)|operation report|surgical procedure note"),
    ("anaesthesia", r"an[ae]?esth[ée]si"),
    ("pathology-report", r"anatomo[- ]?(?:cyto)?[- ]?pathologi|anapath|histopatholog|\bacp\b|pathology"),
    ("tumour-board", r"r[ée]union de concertation|\brcp\b|tumou?r board|multidisciplinary"),
    ("imaging-report", r"radio(?:graphie|logie)|scanner|\btdm\b|\birm\b|[ée]chographi|scintigraphi|mammograph|imagerie|\bct\b|\bmri\b|x-?ray|ultrasound|imaging|radiology|sonogram"),
    ("laboratory-report", r"biologi|laboratoire|bilan sanguin|microbiolog|\blab(?:oratory)?\b"),
    ("discharge-letter", r"sortie|compte[- ]?rendu d.hospitalisation|\bcrh\b|discharge"),
    ("emergency", r"urgence|\bsmur\b|emergency|\bed note\b"),
    ("prescription", r"ordonnance|prescription"),
    ("nursing-note", r"infirmi|transmissions|nursing"),
    ("consultation", r"consultation|avis sp[ée]cialis|consult"),
    ("certificate", r"certificat|certificate"),
    ("vaccination", r"vaccin|immuni[sz]ation"),
    ("history-physical", r"history and physical|observation m[ée]dicale|h&p"),
    ("progress-note", r"[ée]volution|progress note|soap"),
    ("procedure-report", r"endoscop|coloscop|fibroscop|coronarograph|cath[ée]t[ée]risme|procedure"),
    ("summary", r"synth[èe]se|volet m[ée]dical|summary"),
    ("care-plan", r"plan (?:personnalis[ée] )?de soins|\bpps\b|care plan"),
    ("consent", r"consentement|consent"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)


def kind_from_title(title: str) -> str:
    """Our document kind for a title; ``document`` when it says nothing.

    >>> kind_from_title("COMPTE RENDU OPÉRATOIRE"), kind_from_title("Discharge Summary")
    ('operative-report', 'discharge-letter')
    """
    for kind, pattern in _PATTERNS:
        if pattern.search(title):
            return kind
    return "document"
