"""CDA data types to ours (HL7 V3 Data Types R1): II, CD, TS, IVL, PQ, names.

Elements come here with their namespaces already stripped, see `galien.sources.cda.reading`.
"""

from __future__ import annotations

from typing import Any

from galien.model.codes import Code, vocabulary
from galien.model.records import Identifier
from galien.model.time import Moment, parse_moment
from galien.sources.xml import text_of

INS_OIDS = {
    "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11",
}  # fmt: skip
"""INS-NIR, INS-NIA and their two test spaces (ANS, INS reference frame)."""
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def identifier(element: Any) -> Identifier | None:
    """An II with root and extension; the use is ``NI`` for a French national identity."""
    root, extension = element.get("root", "").strip(), (element.get("extension") or "").strip()
    if not root or not extension or element.get("nullFlavor"):
        return None
    return Identifier(f"urn:oid:{root}", extension, "NI" if root in INS_OIDS else "")


def unique(element: Any) -> str:
    """``root^extension`` of an II, whichever are given; ``""`` when neither is."""
    if element is None:
        return ""
    return "^".join(part for part in (element.get("root", ""), element.get("extension", "")) if part)


def code(element: Any) -> Code | None:
    """A CD, CE or CV; its first translation when the code itself is null."""
    if element is None:
        return None
    for candidate in (element, *element.findall("translation")):
        value = (candidate.get("code") or "").strip()
        if value:
            return Code(vocabulary(candidate.get("codeSystem", "")), value, label(candidate))
    return None


def label(element: Any, texts: dict[str, str] | None = None) -> str:
    """Readable name of a coded element: displayName, else its original text, followed to the narrative."""
    if element is None:
        return ""
    shown = (element.get("displayName") or "").strip()
    if shown:
        return " ".join(shown.split())
    original = element.find("originalText")
    if original is None:
        return ""
    words = text_of(original)
    return words or referenced(original, texts or {})


def referenced(element: Any, texts: dict[str, str]) -> str:
    """The narrative that an element points to with ``<reference value="#id"/>``."""
    if element is None:
        return ""
    target = element.find("reference")
    if target is None:
        target = element.find("text/reference")
    return texts.get((target.get("value") or "").lstrip("#"), "") if target is not None else ""


def moment(element: Any) -> Moment | None:
    return parse_moment(element.get("value")) if element is not None else None


def period(element: Any) -> tuple[Moment | None, Moment | None]:
    """Start and end of an IVL_TS; a lone value is a start."""
    if element is None:
        return None, None
    start = moment(element.find("low")) or moment(element) or moment(element.find("center"))
    return start, moment(element.find("high"))


def kind_of_value(element: Any) -> str:
    """The ``xsi:type`` of a value, without its prefix."""
    return str(element.get(_TYPE, "")).rsplit(":", 1)[-1]


def number(text: str | None) -> float | None:
    """A finite decimal number."""
    try:
        value = float((text or "").strip())
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def person(element: Any) -> str:
    """A person's name as one writes it on a letter: prefix, given names, family name."""
    name = element.find("name") if element is not None else None
    if name is None:
        return ""
    parts = [text_of(part) for part in name if part.tag in ("prefix", "given", "family", "suffix")]
    return " ".join(part for part in parts if part) or text_of(name)


def address(element: Any) -> str:
    """Postal address on one line."""
    if element is None or element.get("nullFlavor"):
        return ""
    parts = [text_of(part) for part in element]
    return " ".join(part for part in parts if part) or text_of(element)
