"""LOINC and SNOMED CT, from the user's own licensed files: ``Loinc.csv``, and an RF2 snapshot."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from galien.knowledge.terminologies.tables import rows
from galien.knowledge.terminologies.terms import Files, Layout, Term, labels
from galien.model.concepts import ConceptKind, Label
from galien.model.errors import MalformedInput

_IS_A = "116680003"
_FULL_NAME = "900000000000003001"
_TAG = re.compile(r" \(([^()]+)\)$")
_KINDS: dict[str, ConceptKind] = {
    "disorder": "condition",
    "finding": "finding",
    "situation": "finding",
    "procedure": "act",
    "regime/therapy": "act",
    "observable entity": "analyte",
    "body structure": "body",
    "substance": "drug",
    "product": "drug",
    "medicinal product": "drug",
    "clinical drug": "drug",
    "medicinal product form": "drug",
}
_SPOKEN = ("condition", "finding", "act")


def _loinc(files: Files) -> Iterator[Term]:
    """Laboratory and clinical observations; deprecated ones are left out."""
    french: dict[str, str] = {}
    if "french" in files:
        for row in rows(files["french"], ("LOINC_NUM", "LONG_COMMON_NAME"), delimiter=","):
            french[row["LOINC_NUM"]] = row.get("LinguisticVariantDisplayName", "") or row["LONG_COMMON_NAME"]
    for row in rows(files["codes"], ("LOINC_NUM", "COMPONENT", "LONG_COMMON_NAME", "SHORTNAME"), delimiter=","):
        if row.get("STATUS", "ACTIVE") not in ("DEPRECATED", "DISCOURAGED"):
            yield Term(
                vocabulary="LOINC",
                code=row["LOINC_NUM"],
                en=row["LONG_COMMON_NAME"],
                fr=french.get(row["LOINC_NUM"], ""),
                names=labels([row["SHORTNAME"], row["COMPONENT"]], "en", row["LONG_COMMON_NAME"]),
                kind="analyte",
                spoken=False,  # "Creatinine [Mass/volume] in Serum": the words of codes, not of texts
            )


def _snomed(files: Files) -> Iterator[Term]:
    active = {row["id"] for row in rows(files["concepts"], ("id", "active"), delimiter="\t") if row["active"] == "1"}
    full: dict[str, str] = {}
    names: dict[str, list[Label]] = defaultdict(list)
    columns = ("conceptId", "active", "languageCode", "typeId", "term")
    for role, path in files.items():
        if role.startswith("descriptions"):
            for row in rows(path, columns, delimiter="\t"):
                if row["active"] != "1" or row["conceptId"] not in active:
                    continue
                if row["typeId"] == _FULL_NAME and row["languageCode"] == "en":
                    full[row["conceptId"]] = row["term"]
                elif row["typeId"] != _FULL_NAME and row["languageCode"] in ("en", "fr"):
                    names[row["conceptId"]].append(Label(row["term"], row["languageCode"]))
    above: dict[str, list[str]] = defaultdict(list)
    related = ("sourceId", "destinationId", "typeId", "active")
    for row in rows(files["relationships"], related, delimiter="\t"):
        if row["typeId"] == _IS_A and row["active"] == "1":
            above[row["sourceId"]].append(row["destinationId"])
    if not full:
        raise MalformedInput("the descriptions hold no full name", hint="Give the Snapshot folder of the release.")
    for code, whole in full.items():
        tag = _TAG.search(whole)
        kind = _KINDS.get(tag[1] if tag else "", "code")
        plain = _TAG.sub("", whole)
        french = [label.text for label in names[code] if label.language == "fr"]
        fr = french[0] if french else ""
        yield Term(
            vocabulary="SNOMED",
            code=code,
            en=plain,
            fr=fr,
            names=tuple(label for label in dict.fromkeys(names[code]) if label.text not in (plain, fr)),
            parents=tuple(dict.fromkeys(above[code])),
            kind=kind,
            spoken=kind in _SPOKEN,
        )


LOINC = (
    Layout(
        "Loinc.csv, with frFR*LinguisticVariant.csv for the French",
        {"codes": ("Loinc.csv",)},
        _loinc,
        {"french": ("frFR*LinguisticVariant.csv",)},
    ),
)
SNOMED = (
    Layout(
        "an RF2 release: the files of Snapshot/Terminology",
        {
            "concepts": ("sct2_Concept_Snapshot_*.txt",),
            "descriptions": ("sct2_Description_Snapshot-en*.txt", "sct2_Description_Snapshot_*.txt"),
            "relationships": ("sct2_Relationship_Snapshot_*.txt",),
        },
        _snomed,
        {"descriptions fr": ("sct2_Description_Snapshot-fr*.txt",)},
    ),
)
