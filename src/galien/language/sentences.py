"""Where sentences end, in texts that were typed, dictated, hard-wrapped or filled into forms.

A line break ends a sentence unless the line is as full as its neighbours and the next one goes on: hospital
texts are often wrapped at 80 columns by the system that printed them.
"""

from __future__ import annotations

import re

from galien.model.readings import Sentence

# A point and a comma without a space (`.,`) stand for a line break in some exports of transcriptions.
# It begins with one set of characters, which `re` looks for fast.
_CANDIDATE = re.compile(
    r"[.!?…\n](?:(?<=[.!?…])[.!?…]*[»”\")\]]*(?=\s|$)|(?<=[a-zà-ÿ]{3}\.)(?=[A-ZÀ-Ý][a-zà-ÿ])|(?<=\.),(?=[A-Z][A-Za-z]{2})|(?<=\n)\s*)"
)
_SHORT_FORM = re.compile(
    r"(?:\b(?:M|MM|Mr|Mme|Mlle|Dr|Drs|Pr|Pr|Prof|St|Ste|cf|ex|env|etc|vs|al|fig|tel|tél|no|n°|approx|pt|dept|inc"
    r"|resp|av|bd|hosp|Mrs|Ms|Jr|Sr|i\.e|e\.g|c\.-à-d|c\.a\.d|p\.o|i\.v|s\.c|b\.i\.d|t\.i\.d|q\.d|a\.m|p\.m)"
    r"|(?<![^\W\d_])[A-Z])$"
)
_BULLET = re.compile(r"[-*•·►▪–—>#]|\d{1,2}[.)/]\s|[a-z]\)\s")
_FULL = 0.75
_NARROWEST = 45


def sentences(text: str) -> list[Sentence]:
    """Sentences in their order.

    >>> [text[s.start:s.end] for text in ["Vu par le Dr. Roy. TA 13.5.\\nPas de\\nfièvre"] for s in sentences(text)]
    ['Vu par le Dr. Roy.', 'TA 13.5.', 'Pas de\\nfièvre']
    """
    width = _width(text)
    found: list[Sentence] = []
    start = 0
    for match in _CANDIDATE.finditer(text):
        mark = match.group()
        if "\n" in mark:
            if not _breaks(text, match, width):
                continue
        elif (mark == "." and _SHORT_FORM.search(text, max(start, match.start() - 8), match.start())) or (
            text[match.end() : match.end() + 2].lstrip()[:1].islower()
            and "\n" not in text[match.end() : match.end() + 2]
        ):
            continue
        _add(found, text, start, match.end())
        start = match.end()
    _add(found, text, start, len(text))
    return found


def _add(found: list[Sentence], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        begin = start + len(piece) - len(piece.lstrip())
        found.append(Sentence(begin, begin + len(stripped)))


def _width(text: str) -> int:
    """Width at which lines seem to be wrapped; 0 where they are not."""
    lengths = sorted(len(line) for line in text.split("\n") if line.strip())
    if len(lengths) < 2:
        return _NARROWEST
    # The longest lines of a wrapped text are nearly equal; those of an unwrapped one are not.
    return min(lengths[-1], max(lengths[int(len(lengths) * 0.9)], _NARROWEST))


def _breaks(text: str, match: re.Match[str], width: int) -> bool:
    gap = match.group()
    if gap.count("\n") > 1:
        return True
    after = text[match.end() : match.end() + 4]
    if not after or _BULLET.match(after):
        return True
    begin = text.rfind("\n", 0, match.start()) + 1
    line = text[begin : match.start()].rstrip(" \t")
    last = line.rstrip()[-1:]
    if last in ".!?;:" or "\t" in line or "|" in line:
        return True
    if after[0].islower() or last in ",(":
        return False
    if after[0] in ",;.)(%":
        return False
    first_word = len(text[match.end() :].split(None, 1)[0]) if after.strip() else 0
    wrapped = len(line) + 1 + first_word > width  # the next word would not have fitted on this line
    return not (wrapped and len(line) >= max(_NARROWEST, width * _FULL))
