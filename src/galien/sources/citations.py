"""RIS and BibTeX: reference lists exported from bibliographic software."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import rispy

from galien.model.errors import MalformedInput
from galien.model.records import AnySourceRecord, Article
from galien.model.time import Moment, parse_moment
from galien.sources.encoding import decode, looks_like_text
from galien.sources.jats import ABSTRACT, key
from galien.sources.port import Problem, Raw, ReadOptions

_RIS = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:\d+\.\s*)?TY  - ", re.MULTILINE)
_BIB = re.compile(
    rb"^\s*@(?:article|book|inproceedings|misc|phdthesis|incollection|techreport|conference)\s*\{",
    re.IGNORECASE | re.MULTILINE,
)
_ENTRY = re.compile(r"@(?P<kind>[A-Za-z]+)\s*\{\s*(?P<cite>[^,\s}]*)\s*,")
_FIELD = re.compile(r"\s*(?P<name>[A-Za-z][\w-]*)\s*=\s*")
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308",
    "~": "\u0303", "c": "\u0327", "v": "\u030c", "r": "\u030a",
}  # fmt: skip
_ACCENT = re.compile(r"\{?\\(?P<mark>[`'^\"~cvr])\s*(?:\{(?P<in>[A-Za-z])\}|(?P<bare>[A-Za-z]))\}?")
_LETTERS = {
    r"\oe": "œ", r"\OE": "Œ", r"\ae": "æ", r"\AE": "Æ", r"\ss": "ß", r"\o": "ø", r"\O": "Ø", r"\i": "i",
    r"\&": "&", r"\%": "%", r"\_": "_", r"\$": "$", r"\#": "#", "--": "–",
}  # fmt: skip


class _Citations:
    name = "citations"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if not looks_like_text(head):
            return 0
        if _RIS.search(head[:4096]):
            return 92
        return 88 if _BIB.search(head) else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        text = decode(raw.data)
        if _RIS.search(raw.data[:4096]):
            yield from _ris(text)
        else:
            yield from _bibtex(text)


def _ris(text: str) -> Iterator[AnySourceRecord | Problem]:
    """Entries one by one, so that a broken one does not take the others with it."""
    blocks = re.split(r"(?m)^ER  -.*$", text)
    for number, block in enumerate(blocks, 1):
        if "TY  - " not in block:
            continue
        entry: dict[str, Any] = {}
        try:
            entry = rispy.loads(block[block.index("TY  - ") :] + "ER  - \n")[0]
        except (OSError, IndexError, KeyError, ValueError, TypeError):
            yield Problem(f"entry {number}", MalformedInput("this RIS entry cannot be read"))
            continue
        title = entry.get("title") or entry.get("primary_title") or ""
        doi = _doi(str(entry.get("doi") or ""))
        abstract = str(entry.get("abstract") or entry.get("notes_abstract") or "")
        pmid = str(entry.get("accession_number") or "") if entry.get("accession_number", "").isdigit() else ""
        if not title:
            yield Problem(f"entry {number}", MalformedInput("this entry has no title"))
            continue
        yield Article(
            key=key(doi, pmid, "", title + abstract),
            locator=f"entry {number}",
            version=ABSTRACT,
            title=title,
            abstract=abstract,
            text=abstract,
            journal=str(
                entry.get("journal_name") or entry.get("secondary_title") or entry.get("alternate_title1") or ""
            ),
            authors=tuple(str(a) for a in entry.get("authors") or entry.get("first_authors") or ()),
            at=_date(str(entry.get("date") or entry.get("year") or entry.get("publication_year") or "")),
            doi=doi,
            pmid=pmid,
            keywords=tuple(str(k) for k in entry.get("keywords") or ()),
        )


def _bibtex(text: str) -> Iterator[AnySourceRecord | Problem]:
    for number, found in enumerate(_ENTRY.finditer(text), 1):
        if found["kind"].lower() in ("comment", "string", "preamble"):
            continue
        fields = _fields(text, found.end())
        title = fields.get("title", "")
        if not title:
            yield Problem(f"entry {number}", MalformedInput("this entry has no title"))
            continue
        doi, abstract = _doi(fields.get("doi", "")), fields.get("abstract", "")
        pmid = fields.get("pmid", "")
        date = fields.get("date") or "-".join(
            filter(None, (fields.get("year", ""), _month(fields.get("month", "")) if fields.get("year") else ""))
        )
        yield Article(
            key=key(doi, pmid, "", title + abstract),
            locator=f"entry {number}",
            version=ABSTRACT,
            title=title,
            abstract=abstract,
            text=abstract,
            journal=fields.get("journal") or fields.get("journaltitle") or fields.get("booktitle", ""),
            authors=tuple(filter(None, (a.strip() for a in re.split(r"\s+and\s+", fields.get("author", ""))))),
            at=_date(date),
            doi=doi,
            pmid=pmid,
            keywords=tuple(filter(None, (k.strip() for k in re.split(r"[;,]", fields.get("keywords", ""))))),
            language={"french": "fr", "english": "en"}.get(fields.get("language", "").lower(), ""),
        )


def _fields(text: str, place: int) -> dict[str, str]:
    """Fields of one entry from ``place``, until its closing brace (BibTeX, 1988: braces or quotes, nested)."""
    fields: dict[str, str] = {}
    while found := _FIELD.match(text, place):
        value, place = _value(text, found.end())
        fields[found["name"].lower()] = _plain(value)
        while place < len(text) and text[place] in " \t\r\n,":
            place += 1
    return fields


def _value(text: str, place: int) -> tuple[str, int]:
    """A value and the place after it; strings joined by ``#`` are joined."""
    parts = []
    while place < len(text):
        opening = text[place]
        if opening == "{":
            end = _closing(text, place)
            parts.append(text[place + 1 : end])
            place = end + 1
        elif opening == '"':
            end = text.find('"', place + 1)
            end = len(text) if end < 0 else end
            parts.append(text[place + 1 : end])
            place = end + 1
        else:
            bare = re.compile(r"[^,}\s#]*").match(text, place)
            assert bare is not None
            parts.append(bare[0])
            place = bare.end()
        joined = re.compile(r"\s*#\s*").match(text, place)
        if not joined:
            break
        place = joined.end()
    return "".join(parts), place


def _closing(text: str, place: int) -> int:
    depth = 0
    for at in range(place, len(text)):
        if text[at] == "{" and text[at - 1] != "\\":
            depth += 1
        elif text[at] == "}" and text[at - 1] != "\\":
            depth -= 1
            if depth == 0:
                return at
    return len(text)


def _plain(value: str) -> str:
    """TeX accents and braces to plain text."""
    value = _ACCENT.sub(lambda m: (m["in"] or m["bare"]) + _ACCENTS[m["mark"]], value)
    for tex, letter in _LETTERS.items():
        value = re.sub(re.escape(tex) + (r"(?![A-Za-z])\s*" if tex[1:].isalpha() else ""), letter, value)
    return unicodedata.normalize("NFC", " ".join(re.sub(r"[{}]", "", value).split()))


def _doi(text: str) -> str:
    return re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", "", text.strip(), flags=re.IGNORECASE).lower()


def _month(text: str) -> str:
    names = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    short = text.strip().lower()[:3]
    return f"{names.index(short) + 1:02d}" if short in names else text.zfill(2) if text.isdigit() else ""


def _date(text: str) -> Moment | None:
    return parse_moment(text.strip().strip("/").replace("/", "-")) or parse_moment(text.strip()[:4])


source = _Citations()
