"""What plain readable texts have in common: a title, sections, and a record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from galien.model.errors import HostileInput
from galien.model.records import Attachment, Document, Section
from galien.model.time import Moment
from galien.sources.port import Raw, ReadOptions
from galien.sources.titles import kind_from_title

# A title line: Markdown heading, or capitals / known words ended by a colon, alone or before its text.
_SECTION = re.compile(
    r"^(?:#{1,6}\s+(?P<md>\S.{0,120})|(?P<caps>[A-ZÀ-Ý][A-ZÀ-Ý0-9 '’()/&,.-]{3,70}?)\s*:?\s*$"
    r"|(?P<colon>[A-ZÀ-Ý][\wÀ-ÿ '’()/-]{2,60}?)\s*:(?=\s|$))",
    re.MULTILINE,
)
_WORDS = re.compile(
    r"ant[ée]c[ée]dent|motif|histoire|examen|conclusion|traitement|indication|technique|r[ée]sultat|allergi|mode de vie"
    r"|[ée]volution|sortie|clinique|biologi|imagerie|diagnosti|intervention|suites|description|titre|synth[èe]se"
    r"|au total"
    r"|history|complaint|exam|assessment|plan|impression|finding|medication|allerg|procedure|course|discharge"
    r"|diagnos|social|family|review of systems|vital|laboratory|recommendation|subjective|objective",
    re.IGNORECASE,
)
_SKIPPED_TITLES = re.compile(r"^[\W\d_]*$|^(?:page|tel|t[ée]l|fax|ipp|n°|dr|pr)\b", re.IGNORECASE)


def document(
    raw: Raw,
    options: ReadOptions,
    text: str,
    *,
    pages: tuple[int, ...] = (),
    title: str = "",
    at: Moment | None = None,
    author: str = "",
    sections: tuple[Section, ...] | None = None,
    original: Attachment | None = None,
) -> Document:
    """The one record of a plain file. Its key is where it lies, so that a corrected file supersedes it."""
    if len(text) > options.limits.text_chars:
        raise HostileInput("the text is absurdly long", limit=options.limits.text_chars)
    heading = title.strip() or first_line(text) or stem(raw.path)
    kind = kind_from_title(heading)
    if kind == "document":
        kind = kind_from_title(text[:300])
    return Document(
        key=f"file:{options.feed}:{raw.path}" if raw.path != "-" else f"sha:{hashlib.sha256(raw.data).hexdigest()}",
        kind=kind,
        title=heading[:200],
        at=at,
        author=author,
        text=text,
        pages=pages,
        sections=tuple(find_sections(text)) if sections is None else sections,
        original=original,
    )


def first_line(text: str) -> str:
    """The first line that reads like a title."""
    for line in text[:2000].splitlines():
        line = line.strip(" #\t*=-_")
        if 3 < len(line) <= 160 and not _SKIPPED_TITLES.match(line):
            return line
    return ""


def opening(text: str) -> str:
    """First words of a text that has no title, cut between words."""
    first = " ".join(text[:400].split()).split(". ", 1)[0][:120]
    return first if len(first) < 120 else first.rsplit(" ", 1)[0] + "…"


def stem(path: str) -> str:
    """File name without folders and extension."""
    name = path.rsplit("!", 1)[-1].rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[0].replace("_", " ") or name


def find_sections(text: str) -> Iterator[Section]:
    """Sections of a French or American report, from its title lines."""
    titles = []
    for found in _SECTION.finditer(text):
        title = (found["md"] or found["caps"] or found["colon"] or "").strip(" :#")
        if found["md"] or (found["caps"] and len(title) > 4) or _WORDS.search(title):
            titles.append((found.start(), title))
    for i, (start, title) in enumerate(titles):
        end = titles[i + 1][0] if i + 1 < len(titles) else len(text)
        yield Section(title, start, end)
