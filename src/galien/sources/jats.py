"""JATS: full-text scientific articles (ANSI/NISO Z39.96, and the older NLM DTDs)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from galien.model.errors import InputError, MalformedInput
from galien.model.records import AnySourceRecord, Article, Section
from galien.model.time import Moment, parse_moment
from galien.sources.encoding import normal
from galien.sources.html import tree_text
from galien.sources.port import Limits, Problem, Raw, ReadOptions
from galien.sources.xml import local, parse_xml, root_name, text_of

_SIGNS = (b"article-meta", b"journal-meta", b"JATS", b"NLM//DTD", b"<front")
_CARRIERS = {"pmc-articleset", "OAI-PMH", "articles"}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_HREF = "{http://www.w3.org/1999/xlink}href"
_ABSTRACTS_ASIDE = {"graphical", "toc", "teaser", "short", "author-summary", "editor"}
FULL_TEXT = "2"
"""Version of an article with its body; an abstract alone (version 1) never replaces it."""
ABSTRACT = "1"


class _Jats:
    name = "jats"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        root = root_name(head)
        if root is None or root[1] not in {"article", *_CARRIERS}:
            return 0
        return 96 if any(sign in head for sign in _SIGNS) else 20

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        root = parse_xml(raw.data, options.limits)
        for element in root.iter():
            if isinstance(element.tag, str) and "}" in element.tag and "MathML" not in element.tag:
                element.tag = local(element)
        articles = [root] if root.tag == "article" else list(root.iter("article"))
        if not articles:
            raise MalformedInput("this XML holds no article")
        for number, article in enumerate(articles, 1):
            try:
                yield _article(article, options.limits, f"article {number}")
            except InputError as error:
                yield Problem(f"article {number}", error)


def _article(root: Any, limits: Limits, locator: str) -> Article:
    meta = root.find("front/article-meta")
    if meta is None:
        meta = root.find(".//article-meta")
    if meta is None:
        raise MalformedInput("this article has no metadata")
    ids = {e.get("pub-id-type", ""): text_of(e) for e in meta.findall("article-id")}
    doi, pmid = ids.get("doi", "").lower(), ids.get("pmid", "")
    pmcid = (ids.get("pmc") or ids.get("pmcid") or ids.get("pmcaid") or "").removeprefix("PMC")
    title = text_of(meta.find("title-group/article-title")) or text_of(meta.find("article-title"))
    abstract = "\n".join(
        tree_text(e, limits).strip() for e in meta.findall("abstract") if e.get("abstract-type") not in _ABSTRACTS_ASIDE
    )
    language = (root.get(_LANG) or "").lower()[:2]
    text, sections = _body(root, normal(abstract), language, limits)
    return Article(
        key=key(doi, pmid, pmcid, f"{title}\n{abstract}{text[:2000]}"),
        locator=locator,
        version=FULL_TEXT if root.find("body") is not None else ABSTRACT,
        title=title,
        abstract=normal(abstract),
        text=text,
        sections=sections,
        journal=text_of(root.find(".//journal-meta//journal-title"))
        or text_of(root.find(".//journal-meta/journal-id")),
        authors=tuple(_authors(meta)),
        at=_published(meta),
        doi=doi,
        pmid=pmid,
        pmcid=f"PMC{pmcid}" if pmcid else "",
        language=language if language in ("fr", "en") else "",
        kinds=tuple(dict.fromkeys(filter(None, [root.get("article-type", "").replace("-", " ")]))),
        keywords=tuple(dict.fromkeys(filter(None, (text_of(e) for e in meta.iter("kwd"))))),
        licence=_licence(meta),
    )


def key(doi: str, pmid: str, pmcid: str, content: str) -> str:
    """The strongest identifier of an article, else its content."""
    if doi:
        return f"doi:{doi}"
    if pmid:
        return f"pmid:{pmid}"
    if pmcid:
        return f"pmcid:PMC{pmcid.removeprefix('PMC')}"
    return f"article:{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _authors(meta: Any) -> Iterator[str]:
    for contributor in meta.findall("contrib-group/contrib"):
        if contributor.get("contrib-type", "author") != "author":
            continue
        name = contributor.find("name")
        if name is not None:
            yield f"{text_of(name.find('surname'))} {text_of(name.find('given-names'))}".strip()
        elif contributor.find("collab") is not None:
            yield text_of(contributor.find("collab"))


def _published(meta: Any) -> Moment | None:
    """The earliest publication date."""
    found = []
    for date in meta.findall("pub-date"):
        parts = [text_of(date.find(p)) for p in ("year", "month", "day")]
        moment = parse_moment("-".join(p.zfill(2) for p in parts if p and p.isdigit()))
        if moment is not None:
            found.append(moment)
    return min(found) if found else None


def _licence(meta: Any) -> str:
    licence = meta.find("permissions/license")
    if licence is None:
        return ""
    link = licence.get(_HREF) or next((e.get(_HREF) for e in licence.iter("ext-link") if e.get(_HREF)), "")
    return str(link) or text_of(licence)[:200]


def _body(root: Any, abstract: str, language: str, limits: Limits) -> tuple[str, tuple[Section, ...]]:
    """Abstract, then the body with its section titles, as one text."""
    parts: list[str] = []
    sections: list[Section] = []
    length = 0

    def write(title: str, words: str, depth: int) -> None:
        nonlocal length
        piece = normal("\n".join(part for part in (title, words) if part) + "\n\n")
        if title and depth < 4:
            sections.append(Section(title, length, length + len(piece)))
        parts.append(piece)
        length += len(piece)

    if abstract:
        write("Résumé" if language == "fr" else "Abstract", abstract, 0)
    body = root.find("body")
    stack = [(body, 0)] if body is not None else []
    while stack:
        section, depth = stack.pop()
        if depth > limits.depth:
            raise MalformedInput("the sections nest too deep")
        title = text_of(section.find("title")) if section.tag == "sec" else ""
        own = [e for e in section if isinstance(e.tag, str) and e.tag not in ("sec", "title", "label", "sec-meta")]
        words = "\n".join(filter(None, (tree_text(e, limits).strip() for e in own)))
        if title or words:
            write(title, words, depth)
        stack.extend((e, depth + 1) for e in reversed(section.findall("sec")))
    return "".join(parts), tuple(sections)


source = _Jats()
