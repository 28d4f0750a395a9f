"""CIM-10 (France), ICD-10 (WHO) and ICD-10-CM (United States): ClaML, the files of their publishers, tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from lxml import etree

from galien.knowledge.codes import key
from galien.knowledge.terminologies.markup import elements
from galien.knowledge.terminologies.tables import rows, text_of
from galien.knowledge.terminologies.terms import Files, Layout, Term, labels, listed
from galien.model.concepts import ConceptKind
from galien.model.errors import MalformedInput

_ATIH = ("code", "type", "ssr", "psy", "short", "long")
_CATEGORY = re.compile(r"[A-Z]\d\d")
_BLOCK = re.compile(r"[A-Z]\d\d-[A-Z]\d\d")
_CAUSES = "VWXY"
"""Chapter XX, external causes: what befell, not what the patient has."""
_FACTORS = "ZU"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def _kind(code: str) -> ConceptKind:
    return "finding" if code[0] == "R" else "condition"


def _spoken(code: str) -> bool:
    """Titles of chapters, blocks, causes and factors are no names of diseases."""
    return bool(_CATEGORY.match(code)) and "-" not in code and code[0] not in _CAUSES + _FACTORS


def _term(vocabulary: str, code: str, label: str, parents: Iterable[str], names: Iterable[str] = ()) -> Term:
    language = "fr" if vocabulary == "CIM10" else "en"
    maps = (key("CIM10", code),) if vocabulary == "ICD10" and _CATEGORY.match(code) and "-" not in code else ()
    # ICD-10-CM is another modification: only its three-character categories are those of ICD-10.
    within = (key("CIM10", code[:3]),) if vocabulary == "ICD10CM" and _CATEGORY.match(code) and "-" not in code else ()
    return Term(
        vocabulary=vocabulary,
        code=code,
        names=labels(list(names), language, label),
        parents=tuple(parent for parent in parents if parent),
        maps=maps,
        within=within,
        kind=_kind(code),
        spoken=_spoken(code),
        **{language: label},
    )


def _by_prefix(vocabulary: str, found: Mapping[str, tuple[str, tuple[str, ...]]]) -> Iterator[Term]:
    """Codes whose hierarchy is in their letters: ``I21.0`` lies below ``I21``."""
    for code, (label, names) in found.items():
        above = (code[:length].rstrip("+.") for length in range(len(code) - 1, 2, -1))
        parent = next((stem for stem in above if stem in found and stem != code), "")
        yield _term(vocabulary, code, label, [parent], names)


def _atih(files: Files) -> Iterator[Term]:
    """``LIBCIM10MULTI.TXT``: code, kind of code, SSR, psychiatry, short and long label."""
    return _labelled(files["codes"], "code", "long", delimiter="|", header=_ATIH)


def _cim10_table(files: Files) -> Iterator[Term]:
    return _labelled(files["table"], "code", "long")


def _snds_table(files: Files) -> Iterator[Term]:
    return _labelled(files["table"], "CIM_COD", "CIM_LIL")


def _labelled(
    path: Path, code: str, label: str, *, delimiter: str = ";", header: tuple[str, ...] = ()
) -> Iterator[Term]:
    found = {
        row[code]: (row[label], ())
        for row in rows(path, (code, label), delimiter=delimiter, header=header)
        if row[code]
    }
    odd = [written for written in found if not _CATEGORY.match(written)]
    if len(odd) > len(found) // 10:
        raise MalformedInput(f"{path.name} holds no ICD-10 codes", hint="Give the file of the ATIH, or a ClaML file.")
    return _by_prefix("CIM10", found)


def _who_table(files: Files) -> Iterator[Term]:
    for row in rows(files["table"], ("code", "description", "parent")):
        yield _term("ICD10", row["code"], row["description"], [row["parent"]])


def _cm_table(files: Files) -> Iterator[Term]:
    for row in rows(files["table"], ("code", "description", "parent", "inclusion")):
        yield _term("ICD10CM", row["code"], row["description"], [row["parent"]], listed(row["inclusion"]))


def _cm_order(files: Files) -> Iterator[Term]:
    """The order file of the CDC: columns 7-13 the code, 15 whether billable, 17-76 short, 78 on long label."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for number, line in enumerate(text_of(files["order"]).splitlines(), 1):
        if not line.strip():
            continue
        code, label = line[6:14].strip(), line[77:].strip()
        if not (line[:5].isdigit() and _CATEGORY.match(code) and label):
            raise MalformedInput(
                f"{files['order'].name} is cut short or broken at line {number}", hint="Download the order file again."
            )
        found[code] = (label, ())
    return _by_prefix("ICD10CM", found)


def _claml(vocabulary: str, files: Files) -> Iterator[Term]:
    """ClaML (CEN/TS 14463): classes with their rubrics; *preferred* is the label, *inclusion* terms are names."""
    count = 0
    for item in elements(files["claml"], "Class"):
        count += 1
        code = item.get("code", "")
        above = item.find("SuperClass")
        preferred = _rubrics(item, "preferred")
        if not code or not preferred:
            raise MalformedInput(f"{files['claml'].name} has a class without code or label", hint="", item=count)
        parents = [above.get("code", "")] if above is not None else []
        yield _term(vocabulary, code, preferred[0], parents, _rubrics(item, "inclusion"))
    if not count:
        raise MalformedInput(f"{files['claml'].name} is no ClaML file", hint="It has no element Class.")


def _rubrics(item: etree._Element, kind: str) -> list[str]:
    found = item.iterfind(f"Rubric[@kind='{kind}']/Label")
    return [text for label in found if (text := " ".join("".join(label.itertext()).split()))]


CIM10 = (
    Layout("LIBCIM10MULTI.TXT of the ATIH", {"codes": ("LIBCIM10MULTI*.TXT", "libcim10multi*.txt")}, _atih),
    Layout("ClaML", {"claml": ("*cim*10*.xml", "*CIM*10*.xml")}, partial(_claml, "CIM10")),
    Layout("a table cim10_fr_atih*.parquet", {"table": ("cim10_fr_atih*.parquet",)}, _cim10_table),
    Layout("a table cim10_fr_snds*.parquet", {"table": ("cim10_fr_snds*.parquet",)}, _snds_table),
)
ICD10 = (
    Layout("ClaML", {"claml": ("*icd*10*.xml",)}, partial(_claml, "ICD10")),
    Layout("a table icd10_who*.parquet", {"table": ("icd10_who*.parquet",)}, _who_table),
)
ICD10CM = (
    Layout("the order file of the CDC", {"order": ("icd10cm*order*.txt",)}, _cm_order),
    Layout("a table icd10cm*.parquet", {"table": ("icd10cm*.parquet",)}, _cm_table),
)
