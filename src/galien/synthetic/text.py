"""From marked sentences to plain text, and the truth about each mention in it."""

from __future__ import annotations

import re
from random import Random

import msgspec

CONTEXTS = {"": "present", "-": "negated", "~": "hypothesis", "^": "family", "<": "history", "+": "planned"}
_MARK = re.compile(r"\[\[([-~^<+]?)([^|\]]+)\|([A-Z0-9.]+)\]\]")
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{7,}")
_ACT = re.compile(r"^[A-Z]{4}\d{3}$")


class Mention(msgspec.Struct, frozen=True):
    """A concept as written: ``text[start:end] == quote`` (code points)."""

    start: int
    end: int
    quote: str
    vocabulary: str
    code: str
    context: str


def unmark(marked: str) -> tuple[str, list[Mention]]:
    """Plain text and its mentions.

    >>> unmark("Pas de [[-fièvre|R50.9]].")
    ('Pas de fièvre.', [Mention(start=7, end=13, quote='fièvre', vocabulary='CIM10', code='R50.9', context='negated')])
    """
    parts: list[str] = []
    mentions: list[Mention] = []
    length = place = 0
    for found in _MARK.finditer(marked):
        before = marked[place : found.start()]
        parts += [before, found[2]]
        length += len(before)
        name = "CCAM" if _ACT.match(found[3]) else "CIM10"
        mentions.append(Mention(length, length + len(found[2]), found[2], name, found[3], CONTEXTS[found[1]]))
        length += len(found[2])
        place = found.end()
    parts.append(marked[place:])
    return "".join(parts), mentions


def codes(marked: str) -> list[tuple[str, str]]:
    """Sign and code of each mention of a sentence."""
    return [(found[1], found[3]) for found in _MARK.finditer(marked)]


def wrap(text: str, width: int) -> str:
    """Hard-wrap at a width by turning spaces into line ends, so that no offset moves."""
    if not width:
        return text
    out = list(text)
    start = last = 0
    for i, letter in enumerate(text):
        if letter == "\n":
            start = last = i + 1
        elif letter == " ":
            if i - start > width and last > start:
                out[last] = "\n"
                start = last + 1
            last = i
    if len(text) - start > width and last > start:
        out[last] = "\n"
    return "".join(out)


def mistype(marked: str, random: Random, count: int) -> str:
    """A few typing errors, never inside a mention nor in a number."""
    pieces = re.split(r"(\[\[[^\]]*\]\])", marked)
    for _ in range(count):
        at = random.randrange(0, len(pieces), 2)
        words = list(_WORD.finditer(pieces[at]))
        if not words:
            continue
        word = random.choice(words)
        i = random.randrange(2, len(word[0]) - 2)
        letters = word[0]
        kind = random.randrange(3)
        if kind == 0:
            letters = letters[:i] + letters[i + 1] + letters[i] + letters[i + 2 :]
        elif kind == 1:
            letters = letters[:i] + letters[i + 1 :]
        else:
            letters = letters[:i] + letters[i] + letters[i:]
        pieces[at] = pieces[at][: word.start()] + letters + pieces[at][word.end() :]
    return "".join(pieces)
