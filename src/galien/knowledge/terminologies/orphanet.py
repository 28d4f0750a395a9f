"""Orphanet's rare diseases: ``fr_product1.xml`` and ``en_product1.xml`` of Orphadata, or a table.

Cross-maps carry how exact they are: *E* is the same disease, *NTBT* (narrower) lies below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from galien.knowledge.codes import key
from galien.knowledge.terminologies.markup import elements
from galien.knowledge.terminologies.tables import rows
from galien.knowledge.terminologies.terms import Files, Layout, Term, labels, listed
from galien.model.concepts import Label
from galien.model.errors import MalformedInput


def _products(files: Files) -> Iterator[Term]:
    english = dict(_disorders(files["english"])) if "english" in files else {}
    for code, item in _disorders(files["french"]):
        name, synonyms, same, broader = item
        other = english.get(code)
        names = labels(synonyms, "fr", name)
        names += labels(other[1], "en", other[0]) if other else ()
        yield _term(code, name, other[0] if other else "", names, same, broader)


_Disorder = tuple[str, list[str], list[str], list[str]]


def _disorders(path: Path) -> Iterator[tuple[str, _Disorder]]:
    count = 0
    for item in elements(path, "Disorder"):
        code, name = item.findtext("OrphaCode"), item.findtext("Name")
        if not code or not name:
            continue  # a disorder inside a list of associations has none of its own
        count += 1
        synonyms = [text for one in item.iterfind("SynonymList/Synonym") if (text := one.text)]
        same, broader = _references(item)
        yield code, (name, synonyms, same, broader)
    if not count:
        raise MalformedInput(f"{path.name} has no disorder", hint="Give product 1 (cross-references) of Orphadata.")


def _references(item: etree._Element) -> tuple[list[str], list[str]]:
    same, broader = [], []
    for reference in item.iterfind("ExternalReferenceList/ExternalReference"):
        source, code = reference.findtext("Source") or "", reference.findtext("Reference") or ""
        relation = (reference.findtext("DisorderMappingRelation/Name") or "").split(" ")[0]
        if relation == "E":
            same.append(key(source, code))
        elif relation == "NTBT":
            broader.append(key(source, code))
    return same, broader


def _table(files: Files) -> Iterator[Term]:
    """The table does not say how exact its links are: classifications are taken for broader, the rest for the same."""
    for row in rows(files["table"], ("orphanumber", "name", "synonymes", "icd10", "omim", "umls", "mesh")):
        same = [
            key(source, code)
            for source, column in (("OMIM", "omim"), ("UMLS", "umls"), ("MESH", "mesh"))
            if len(codes := listed(row[column], ";")) == 1
            for code in codes
        ]
        broader = [key("CIM10", code) for code in listed(row["icd10"], ";")]
        names = tuple(Label(text, "fr") for text in listed(row["synonymes"], " ; "))
        yield _term(row["orphanumber"], row["name"], "", names, same, broader)


def _term(code: str, fr: str, en: str, names: tuple[Label, ...], same: list[str], broader: list[str]) -> Term:
    fr = re.sub(r"^OBSOLETE ?: ?", "", fr)
    return Term(vocabulary="Orphanet", code=code, fr=fr, en=en, names=names, maps=tuple(same), within=tuple(broader))


ORPHANET = (
    Layout(
        "fr_product1.xml, with en_product1.xml for the English",
        {"french": ("fr_product1*.xml",)},
        _products,
        {"english": ("en_product1*.xml",)},
    ),
    Layout("a table orphanet*.parquet", {"table": ("orphanet*.parquet",)}, _table),
)
