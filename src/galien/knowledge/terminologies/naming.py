"""How texts may write a term: most labels of classifications are titles, and no text says them.

*Infarctus (aigu) du myocarde, sans précision* gives *infarctus du myocarde* and *infarctus aigu du myocarde*;
*Autres maladies précisées…* gives nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_MOST_WORDS = 8
_SHORTEST = 4
_BRACKETS = re.compile(r"\s*\[([^\[\]]*)\]")
_PARENTHESES = re.compile(r"\s*\([^()]*\)")
_SIGNS = re.compile(r"[,;:()\[\]!?%=<>*&\"«»]|\.\s|\.$|\s-\s")
_WORD = re.compile(r"[^\W\d_]{3,}")


class _Rules:
    def __init__(self, language: str) -> None:
        told = tomllib.loads((files("galien.knowledge") / "data" / "naming.toml").read_text("utf-8"))[language]
        self.ending = re.compile(f"(?:{'|'.join(told['endings'])})$", re.IGNORECASE)
        self.useless = re.compile("|".join(told["useless"]), re.IGNORECASE)
        self.common = frozenset(told["common"])


def common(language: str) -> frozenset[str]:
    """Words that are names in some terminology and something else in most texts."""
    return _rules(language).common


@cache
def _rules(language: str) -> _Rules:
    return _Rules(language)


def spoken(label: str, language: str) -> Iterator[str]:
    """The names that a label gives, each once.

    >>> list(spoken("Infarctus (aigu) du myocarde, sans précision", "fr"))
    ['Infarctus du myocarde', 'Infarctus aigu du myocarde']
    >>> list(spoken("Électromyographie [EMG]", "fr")), list(spoken("Autres formes de choléra", "fr"))
    (['Électromyographie'], [])
    """
    rules = _rules(language)
    label = " ".join(label.split())
    if rules.useless.search(label):
        label = rules.ending.sub("", label)
        if rules.useless.search(label):
            return
    # What stands in brackets ("[clinique]") explains a word of the title, and is no name of the whole.
    plain = rules.ending.sub("", _BRACKETS.sub("", label))
    without = _PARENTHESES.sub("", plain).strip()
    inlined = plain.replace("(", "").replace(")", "").strip() if without != plain else without
    # "aigu(ë)" is an ending, not a word.
    every = [without, inlined] if not re.search(r"\w\(", plain) else [without]
    for name in dict.fromkeys(every):
        if _usable(name, rules):
            yield name


def _usable(name: str, rules: _Rules) -> bool:
    if _SIGNS.search(name) or rules.useless.search(name) or not _WORD.search(name):
        return False
    words = name.replace("-", " ").replace("'", " ").replace("’", " ").split()
    if len(words) > _MOST_WORDS:
        return False
    plain = name.lower()
    common = plain in rules.common or plain.rstrip("sx") in rules.common
    return not common and (len(words) > 1 or len(name) >= _SHORTEST)
