"""Codes and their vocabularies.

A code is (vocabulary, code, label). Vocabularies are named the OMOP way where OMOP names them
(``SNOMED``, ``LOINC``, ``RxNorm``, ``ICD10``, ``ICD10CM``, ``ATC``, ``CCAM``, ``CIM10``...), so that the
same code sent through FHIR, CDA or HL7 v2 is the same value.
"""

from __future__ import annotations

import msgspec


class Code(msgspec.Struct, frozen=True):
    """A code in a vocabulary, with the label that the sender gave.

    ``vocabulary`` is a short name from `VOCABULARIES`, or the sender's own URI or OID when unknown.
    """

    vocabulary: str
    code: str
    label: str = ""


VOCABULARIES: dict[str, str] = {
    # FHIR URI / OID (urn:oid: prefix dropped) / HL7 v2 table 0396 name -> short name
    "http://snomed.info/sct": "SNOMED",
    "2.16.840.1.113883.6.96": "SNOMED",
    "SCT": "SNOMED",
    "SNOMED-CT": "SNOMED",
    "1.2.250.1.213.2.12": "SNOMED35VF",
    "http://loinc.org": "LOINC",
    "2.16.840.1.113883.6.1": "LOINC",
    "LN": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "2.16.840.1.113883.6.88": "RxNorm",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "2.16.840.1.113883.12.292": "CVX",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "2.16.840.1.113883.6.3": "ICD10",
    "I10": "ICD10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "2.16.840.1.113883.6.90": "ICD10CM",
    "I10C": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "2.16.840.1.113883.6.103": "ICD9CM",
    "2.16.840.1.113883.6.104": "ICD9Proc",
    "I9C": "ICD9CM",
    "https://smt.esante.gouv.fr/terminologie-cim-10": "CIM10",
    "1.2.250.1.213.2.59": "CIM10",
    "https://smt.esante.gouv.fr/terminologie-ccam": "CCAM",
    "1.2.250.1.213.2.5": "CCAM",
    "http://www.whocc.no/atc": "ATC",
    "https://smt.esante.gouv.fr/terminologie-atc": "ATC",
    "2.16.840.1.113883.6.73": "ATC",
    "2.16.840.1.113883.6.12": "CPT4",
    "http://www.ama-assn.org/go/cpt": "CPT4",
    "2.16.840.1.113883.6.69": "NDC",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://unitsofmeasure.org": "UCUM",
    "2.16.840.1.113883.6.8": "UCUM",
    "DCM": "DICOM",
    "http://dicom.nema.org/resources/ontology/DCM": "DICOM",
    "1.2.840.10008.2.16.4": "DICOM",
    "http://www.orpha.net": "Orphanet",
    "http://human-phenotype-ontology.org": "HPO",
    "http://purl.obolibrary.org/obo/hp.owl": "HPO",
    "2.16.840.1.113883.6.139": "ICPC2",
    "1.2.250.1.213.2.3.1": "CIP",
    "1.2.250.1.213.2.60": "CIS",
    "1.2.250.1.213.2.61": "UCD",
}


def vocabulary(system: str) -> str:
    """Short name of a code system given as URI, OID (with or without ``urn:oid:``) or v2 name.

    >>> vocabulary("urn:oid:2.16.840.1.113883.6.1")
    'LOINC'
    >>> vocabulary("http://example.org/local")
    'http://example.org/local'
    """
    bare = system.strip().removeprefix("urn:oid:")
    return VOCABULARIES.get(bare) or VOCABULARIES.get(bare.rstrip("/")) or bare
