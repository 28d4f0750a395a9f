"""The parts of a report, from their titles: which kind each is, and what it makes of the mentions inside."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from galien.language.analysis import fold
from galien.model.readings import Section

_LINE = re.compile(
    r"^[ \t]*(?:[*#•·\-–—►■]+[ \t]*|\d{1,2}[.)/][ \t]*|[IVX]{1,4}[.)\-][ \t]*)?([^\W\d_][^\n:]{1,58}?)[ \t*_]*(:|$)",
    re.MULTILINE,
)
# It begins with one set of characters, which `re` looks for fast; then looks back.
_INLINE = re.compile(r"([A-ZÀ-Ý](?:(?<=[.;] .)|(?<=[.;],.)|(?<=  .))[A-ZÀ-Ý' /&-]{3,48}?)[ \t]*:(?=\s)")
_SPACES = re.compile(r"[^\w'/&]+")

FAMILY = "family"
HISTORY = "history"
PLAN = "plan"


class SectionTitles:
    """Known titles, folded, with the kind of section that each opens.

    Parameters
    ----------
    more : mapping of kind to titles
        The hospital's own.
    """

    def __init__(self, more: Mapping[str, list[str]] = MappingProxyType({})) -> None:
        self._kinds = {
            _plain(title): kind
            for table in (shipped_titles(), more)
            for kind, titles in table.items()
            for title in titles
        }

    def sections(self, text: str) -> list[Section]:
        """Sections in their order; text before the first title belongs to none.

        >>> [(s.kind, s.title) for s in titles().sections("ANTÉCÉDENTS\\n- HTA\\nConclusion : RAS")]
        [('history', 'ANTÉCÉDENTS'), ('conclusion', 'Conclusion')]
        """
        found: list[tuple[int, int, str, str]] = []
        for match in _LINE.finditer(text):
            title = match.group(1).strip(" *_#-–")
            kind = self._kinds.get(_plain(title))
            if kind is None:
                alone = match.group(2) != ":" or text[match.end() : match.end() + 1] in ("\n", "")
                if not (alone and _looks_like_a_title(title, match.group(2))):
                    continue
                kind = ""
            found.append((match.start(1), match.end(), kind, title))
        for match in _INLINE.finditer(text):
            kind = self._kinds.get(_plain(match.group(1)))
            if kind is not None:
                found.append((match.start(1), match.end(), kind, match.group(1)))
        found.sort()
        ends = [*(start for start, *_ in found[1:]), len(text)][: len(found)]
        return [
            Section(kind, title, start, max(end, body), body)
            for (start, body, kind, title), end in zip(found, ends, strict=True)
        ]


@lru_cache(maxsize=1)
def shipped_titles() -> Mapping[str, list[str]]:
    """The titles that Galien ships, by kind."""
    text = (files("galien.language") / "data" / "sections.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(text))


def _looks_like_a_title(title: str, colon: str) -> bool:
    letters = [c for c in title if c.isalpha()]
    if len(letters) < 4 or len(title.split()) > 7:
        return False
    return all(c.isupper() for c in letters) or (colon == ":" and title[0].isupper() and len(title.split()) <= 4)


def _plain(title: str) -> str:
    return _SPACES.sub(" ", fold(title)).strip()


@lru_cache(maxsize=1)
def titles() -> SectionTitles:
    """The titles that Galien ships."""
    return SectionTitles()
