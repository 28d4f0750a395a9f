"""PubMed and MEDLINE XML: citations with abstracts, MeSH headings and publication types (NLM DTD 2019 on)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from galien.model.errors import HostileInput, MalformedInput
from galien.model.records import AnySourceRecord, Article, Section, Withdrawal
from galien.model.time import Moment, parse_moment
from galien.sources.encoding import normal
from galien.sources.jats import ABSTRACT, key
from galien.sources.port import Problem, Raw, ReadOptions
from galien.sources.xml import root_name, text_of

_ROOTS = {"PubmedArticleSet", "PubmedArticle", "MedlineCitationSet", "MedlineCitation"}
_MONTHS = {
    "jan": "01", "feb": "02", "mar": "03", "apr": "04", "may": "05", "jun": "06",
    "jul": "07", "aug": "08", "sep": "09", "oct": "10", "nov": "11", "dec": "12",
}  # fmt: skip
_LANGUAGES = {"eng": "en", "fre": "fr"}
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


class _Pubmed:
    name = "pubmed"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        root = root_name(head)
        return 97 if root is not None and root[1] in _ROOTS else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        if _ENTITY.search(raw.data[: 1 << 16]):
            raise HostileInput("the XML declares entities", hint="Have it sent without a DOCTYPE.")
        count = 0
        citations = etree.iterparse(
            io.BytesIO(raw.data), tag=("MedlineCitation", "DeleteCitation"), resolve_entities=False,
            no_network=True, load_dtd=False, dtd_validation=False, huge_tree=True,
        )  # fmt: skip
        try:
            for _, element in citations:
                if element.tag == "DeleteCitation":
                    for pmid in element.findall("PMID"):
                        yield Withdrawal(key=f"pmid:{text_of(pmid)}", reason="deleted by PubMed")
                    continue
                count += 1
                yield _citation(element, f"citation {count}")
                _release(element)
        except etree.XMLSyntaxError as error:
            broken = MalformedInput("the XML is not well formed", line=error.lineno or 0)
            if not count:
                raise broken from None
            yield Problem(f"after citation {count}", broken)


def _release(element: Any) -> None:
    """Free what was read: a baseline file holds 30,000 citations."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _citation(citation: Any, locator: str) -> Article:
    article = citation.find("Article")
    if article is None:
        raise MalformedInput("this citation has no article")
    pmid = text_of(citation.find("PMID"))
    doi = next((text_of(e) for e in article.findall("ELocationID") if e.get("EIdType") == "doi"), "").lower()
    pmcid = ""
    data = citation.getnext()
    if data is not None and data.tag == "PubmedData":
        ids = {e.get("IdType", ""): text_of(e) for e in data.findall("ArticleIdList/ArticleId")}
        doi, pmcid = doi or ids.get("doi", "").lower(), ids.get("pmc", "")
    title = normal(text_of(article.find("ArticleTitle"))).strip("[]")
    abstract, sections = _abstract(article.find("Abstract"))
    language = _LANGUAGES.get(text_of(article.find("Language")).lower(), "en")
    return Article(
        key=key(doi, pmid, pmcid, title + abstract),
        locator=locator,
        version=ABSTRACT,
        title=title,
        abstract=abstract,
        text=abstract,
        sections=sections,
        journal=text_of(article.find("Journal/Title")) or text_of(citation.find("MedlineJournalInfo/MedlineTA")),
        authors=tuple(_authors(article)),
        at=_published(article),
        doi=doi,
        pmid=pmid,
        pmcid=pmcid,
        language="en" if abstract else language,  # MEDLINE abstracts are English, whatever the article
        kinds=tuple(text_of(e) for e in article.findall("PublicationTypeList/PublicationType")),
        keywords=tuple(filter(None, (text_of(e) for e in citation.findall("KeywordList/Keyword")))),
        mesh=tuple(filter(None, (text_of(e) for e in citation.findall("MeshHeadingList/MeshHeading/DescriptorName")))),
    )


def _abstract(element: Any) -> tuple[str, tuple[Section, ...]]:
    """A structured abstract keeps its labels as sections."""
    if element is None:
        return "", ()
    parts: list[str] = []
    sections: list[Section] = []
    length = 0
    for part in element.findall("AbstractText"):
        title = (part.get("Label") or "").strip().capitalize()
        piece = normal(f"{title}\n{text_of(part)}\n" if title else f"{text_of(part)}\n")
        if title and title.lower() != "unlabelled":
            sections.append(Section(title, length, length + len(piece)))
        parts.append(piece)
        length += len(piece)
    return "".join(parts), tuple(sections)


def _authors(article: Any) -> Iterator[str]:
    for author in article.findall("AuthorList/Author"):
        name = f"{text_of(author.find('LastName'))} {text_of(author.find('ForeName'))}".strip()
        if name or author.find("CollectiveName") is not None:
            yield name or text_of(author.find("CollectiveName"))


def _published(article: Any) -> Moment | None:
    for path in ("ArticleDate", "Journal/JournalIssue/PubDate"):
        date = article.find(path)
        if date is None:
            continue
        year, month, day = (text_of(date.find(p)) for p in ("Year", "Month", "Day"))
        if not year:
            year = text_of(date.find("MedlineDate"))[:4]
        month = _MONTHS.get(month[:3].lower(), month.zfill(2) if month.isdigit() else "")
        parts = [year, month, day.zfill(2) if day else ""]
        moment = parse_moment("-".join(parts[: 1 + bool(month) + bool(month and day)]))
        if moment is not None:
            return moment
    return None


source = _Pubmed()
