"""A question about one patient, as asked: *dernière créat*, *date PTH*, *sous AVK ?*, *any allergy to penicillin?*

The words that ask (``data/questions.toml``) are read here; the concepts, periods and bounds are read by the parser of
medical language (`galien.query.medical`). What neither knows is said to be not understood: a question is
answered whole or not at all.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any as AnyValue
from typing import Literal

import msgspec
from rapidfuzz.distance import OSA

from galien.query.criteria import (
    DAYS,
    All,
    Concept,
    Counted,
    DocumentKind,
    Node,
    Not,
    Period,
    Picked,
    Related,
    Sex,
    Text,
    joined,
)
from galien.query.grammar import COUNTS, TIME_UNITS, period_at, plain_of
from galien.query.medical import Interpreter, Understood

Form = Literal["value", "date", "since", "whether", "which", "count", "why", "unknown"]
Pick = Literal["", "last", "first", "highest", "lowest", "trend", "all"]
Listed = Literal["", "drugs", "operations", "conditions", "allergies", "stays", "documents"]
DATA: dict[str, AnyValue] = tomllib.loads((files("galien.query.asking") / "data" / "questions.toml").read_text("utf-8"))
_LEAST_RESPELT = 5
_DATED = ("act", "condition", "finding", "drug", "class")
_OPERATIVE = DocumentKind("operative-report")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question as understood.

    Attributes
    ----------
    form : str
        ``value`` of an analyte, ``date`` of an event, ``since`` when, ``whether`` (yes or no), ``which`` of a
        list, ``count``, ``why``; ``unknown`` when it was not understood.
    about : Node or None
        The concept, the document kind, or the whole criterion asked about, without its period.
    listed : str
        The list of the record that is meant where no concept is named.
    pick : str
        Which of several; the form's own habit when empty.
    allergy, allergens : bool, tuple of str
        The substance of ``about`` is asked about as an allergen; or one that the lexicon does not know, by its words.
    ever, now : bool
        *A-t-il déjà reçu*; *actuellement*.
    words : tuple of str
        What was not understood.
    corrected : tuple of (str, str)
        What was typed, and what it was read as.
    others : tuple of Question
        The same words in their other senses (*PTH* is a hip and a hormone), likeliest first.
    """

    text: str
    language: Literal["fr", "en"]
    form: Form = "unknown"
    about: Node | None = None
    listed: Listed = ""
    pick: Pick = ""
    period: Period | None = None
    allergy: bool = False
    allergens: tuple[str, ...] = ()
    ever: bool = False
    now: bool = False
    words: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    others: tuple[Question, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether all of it was."""
        return self.form != "unknown"


class _Asked(msgspec.Struct, frozen=True):
    """A listed phrase found in a question."""

    start: int
    end: int
    group: str
    name: str
    language: str


class Questions:
    """Understands questions about one patient.

    Parameters
    ----------
    interpreter : Interpreter
        The parser of medical language.
    below : callable
        Whether a concept is an allergy.
    """

    def __init__(self, interpreter: Interpreter, allergies: frozenset[str]) -> None:
        self._interpreter = interpreter
        self._allergies = allergies

    def understand(self, text: str, today: date, language: str = "fr") -> Question:
        """Understand a question; whatever is typed is read.

        >>> questions.understand("dernière créat", today).form  # doctest: +SKIP
        'value'
        """
        text = " ".join(text.split())
        question = self._read(text, today, language)
        if question.words:
            better, corrected = _respelt(text, question.words)
            if corrected:
                again = self._read(better, today, language)
                if len(again.words) < len(question.words):
                    return msgspec.structs.replace(again, text=text, corrected=corrected)
        return question

    def _read(self, text: str, today: date, language: str) -> Question:
        plain = plain_of(text)
        period, rest = _recent(plain, today)
        # The words inside a name ask nothing: "bloc du premier degré".
        named = self._interpreter.names(text)
        asked = [found for found in _asked(rest) if not _inside(found, named)]
        left = _blanked(text, rest, asked)
        understood = self._interpreter.understand(left)
        node, stated = _unwrapped(understood.query)
        node, words = _without_words(node)
        words = [word for word in words if not says_nothing(word)]
        corrected = tuple((p.corrected, left[p.start : p.end]) for p in understood.pieces if p.corrected)
        groups: dict[str, set[str]] = {}
        for found in asked:
            groups.setdefault(found.group, set()).add(found.name)
        base = Question(
            text=text,
            language=_language(asked, language),
            period=stated or period,
            about=node,
            words=tuple(words),
            corrected=corrected,
        )
        if words and node is None and "allergy" in groups.get("turn", set()):
            # What one may be allergic to has no end: an unknown substance is looked for by its own words.
            return msgspec.structs.replace(base, form="whether", allergy=True, allergens=tuple(words), words=())
        if words:
            return base
        likeliest = self._decided(base, groups, node)
        senses = [self._decided(base, groups, other) for other in self._senses(understood, node)]
        return _measured_first(likeliest, [sense for sense in senses if sense.understood])

    def _senses(self, understood: Understood, node: Node | None) -> Iterator[Concept]:
        """The other senses of the concept asked about."""
        for piece in understood.pieces:
            if piece.node == node and isinstance(node, Concept):
                for id in piece.others:
                    kind = self._interpreter.kind(id)
                    if kind is not None:
                        yield Concept(id, kind, node.said)

    def _decided(self, base: Question, groups: dict[str, set[str]], node: Node | None) -> Question:
        """The form, from the words that ask and the kind of what they ask about."""
        forms, turns = groups.get("form", set()), groups.get("turn", set())
        pick = _pick(groups.get("pick", set()), forms)
        listed = _listed(groups.get("list", set()), node)
        allergy = "allergy" in turns or self._is_allergy(node)
        if allergy and (node is None or (isinstance(node, Concept) and node.id == "allergy")):
            listed, node = "allergies", None
        if node is not None and not _fits(groups.get("list", set()), node):
            # "The treatment of hypertension" asks neither for hypertension nor for all treatments.
            return msgspec.structs.replace(base, words=_left_over(base.text, groups["list"]))
        base = msgspec.structs.replace(
            base, about=node, listed=listed, pick=pick, allergy=allergy, ever="ever" in turns, now="now" in turns
        )
        form = _form(forms, turns, pick, node, listed, allergy=allergy)
        return msgspec.structs.replace(base, form=form)

    def _is_allergy(self, node: Node | None) -> bool:
        return isinstance(node, Concept) and node.id in self._allergies


def _form(forms: set[str], turns: set[str], pick: str, node: Node | None, listed: str, *, allergy: bool) -> Form:
    kind = node.kind if isinstance(node, Concept) else ""
    if node is None and not listed:
        return "unknown"
    for form in ("since", "why", "count"):
        if form in forms:
            # "Why", "since when" need something to be asked about; lists have no cause.
            return form if node is not None or form == "count" else "unknown"
    if forms & {"date", "first-date", "last-date"}:
        return "date" if node is not None or listed in ("stays", "documents", "operations") else "unknown"
    if allergy or listed == "allergies":
        return "which" if node is None and "whether" not in forms else "whether"
    if kind == "analyte" or (isinstance(node, Related) and _is_analyte(node.left)):
        return "value"
    if isinstance(node, DocumentKind):
        return "whether" if "whether" in forms else "which"
    if node is None:
        return "whether" if listed == "stays" and "whether" in forms else "which"
    if kind in ("drug", "class") and "which" in forms:
        return "which"
    if kind in _DATED and pick in ("last", "first") and "whether" not in forms:
        return "date"
    return "whether"


def _fits(lists: set[str], node: Node) -> bool:
    """Whether a list and a concept named beside it are one question: *traitement par metformine*."""
    kind = node.kind if isinstance(node, Concept) else ""
    alike = {"drugs": ("drug", "class"), "operations": ("act",), "conditions": ("condition", "finding")}
    return all(kind in alike.get(name, ()) or name == "allergies" for name in lists)


def _left_over(text: str, lists: set[str]) -> tuple[str, ...]:
    """The words of a question that name lists, as typed."""
    found = [f for f in _asked(plain_of(text)) if f.group == "list" and f.name in lists]
    return tuple(text[f.start : f.end] for f in found)


def _measured_first(found: Question, others: list[Question]) -> Question:
    """Of the senses of a question, the likeliest, with the others; only what is measured has a peak and a trend."""
    every = [found, *others]
    if found.pick in ("highest", "lowest", "trend"):
        every.sort(key=lambda sense: sense.form != "value")
    return msgspec.structs.replace(every[0], others=tuple(every[1:]))


def _is_analyte(node: Node) -> bool:
    return isinstance(node, Concept) and node.kind == "analyte"


def _pick(picks: set[str], forms: set[str]) -> Pick:
    if "first-date" in forms:
        return "first"
    if "last-date" in forms:
        return "last"
    for pick in ("trend", "highest", "lowest", "last", "first", "all"):
        if pick in picks:
            return pick
    return ""


def _listed(lists: set[str], node: Node | None) -> Listed:
    """The list meant, where nothing more exact is: in *antécédents de diabète* diabetes is."""
    if node is not None:
        return ""
    for name in ("allergies", "operations", "drugs", "stays", "conditions", "documents"):
        if name in lists:
            return name
    return ""


# -- words


@lru_cache(maxsize=1)
def _phrases() -> dict[str, list[tuple[str, str, str, str]]]:
    """Listed phrases by their first letter, longest first: phrase, group, name, language (empty for both)."""
    found: dict[str, tuple[str, str, str, str]] = {}
    for phrase, group, name, language in _listed_phrases():
        known = found.get(phrase)
        if known is None:
            found[phrase] = (phrase, group, name, language)
        elif known[3] != language:
            found[phrase] = (*known[:3], "")
    by_letter: dict[str, list[tuple[str, str, str, str]]] = {}
    for item in sorted(found.values(), key=lambda item: -len(item[0])):
        by_letter.setdefault(item[0][0], []).append(item)
    return by_letter


def _listed_phrases() -> Iterator[tuple[str, str, str, str]]:
    for group in ("form", "turn", "pick", "list"):
        for name, languages in DATA[group].items():
            for language, phrases in languages.items():
                yield from ((plain_of(phrase), group, name, language) for phrase in phrases)
    for group in ("neutral", "little"):
        for language, phrases in DATA[group].items():
            yield from ((plain_of(phrase), group, "", language) for phrase in phrases)


@lru_cache(maxsize=1)
def _single() -> frozenset[str]:
    """Single words that a slip may hide; those that say nothing are not worth the risk."""
    phrases = (phrase for phrase, group, *_ in _listed_phrases() if group not in ("neutral", "little"))
    return frozenset(word for phrase in phrases for word in re.split(r"[^a-z]+", phrase) if len(word) >= _LEAST_RESPELT)


def _asked(plain: str) -> Iterator[_Asked]:
    """Listed phrases, from left to right, the longest at each place."""
    at = 0
    while at < len(plain):
        if at and plain[at - 1].isalnum() and plain[at].isalnum():
            at += 1
            continue
        for phrase, group, name, language in _phrases().get(plain[at], ()):
            end = at + len(phrase)
            if plain.startswith(phrase, at) and (end >= len(plain) or phrase[-1] == "'" or not plain[end].isalnum()):
                yield _Asked(at, end, group, name, language)
                at = end
                break
        else:
            at += 1


def _inside(found: _Asked, named: Iterable[tuple[int, int]]) -> bool:
    return any(
        start <= found.start and found.end <= end and end - start > found.end - found.start for start, end in named
    )


def _blanked(text: str, rest: str, asked: Iterable[_Asked]) -> str:
    """The text without the words that ask and without the period already read; places stay the same."""
    letters = [" " if mark == "\0" else letter for letter, mark in zip(text, rest, strict=True)]
    for found in asked:
        if found.group != "little":
            letters[found.start : found.end] = " " * (found.end - found.start)
    return "".join(" " if letter in "?!:" else letter for letter in letters)


def says_nothing(word: str) -> bool:
    """Whether a word left over says nothing of its own in a question."""
    plain = plain_of(word).strip(".,;:?!'-")
    if len(plain) <= 1:
        return not plain.isdigit()
    return any(item[0] == plain for item in _phrases().get(plain[0], ()))


def _respelt(text: str, words: Iterable[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with the slips in its question words put right, and what was put right."""
    corrected = []
    for word in words:
        plain = plain_of(word)
        if len(plain) < _LEAST_RESPELT - 1 or not plain.isalpha():
            continue
        bound = 1 if len(plain) < 9 else 2
        near = sorted(
            (OSA.distance(plain, known, score_cutoff=bound), known)
            for known in _single()
            if abs(len(known) - len(plain)) <= bound
        )
        if near and near[0][0] <= bound and near[0][1][0] == plain[0]:
            text = re.sub(rf"\b{re.escape(word)}\b", near[0][1], text, count=1)
            corrected.append((word, near[0][1]))
    return text, tuple(corrected)


def _language(asked: list[_Asked], habit: str) -> Literal["fr", "en"]:
    """The language of the question: of its words, else the reader's."""
    score = sum({"fr": 1, "en": -1}.get(found.language, 0) for found in asked)
    if score:
        return "fr" if score > 0 else "en"
    return "en" if habit == "en" else "fr"


# -- times


@lru_cache(maxsize=1)
def _recent_patterns() -> list[re.Pattern[str]]:
    number = r"(?P<n>\d+|" + "|".join(sorted(COUNTS, key=len, reverse=True)) + ")"
    unit = r"(?P<u>" + "|".join(sorted(TIME_UNITS, key=len, reverse=True)) + ")"
    return [
        re.compile(r"(?<!\w)" + p.replace("{N}", number).replace("{U}", unit) + r"(?!\w)")
        for p in DATA["recent"]["patterns"]
    ]


def _recent(plain: str, today: date) -> tuple[Period | None, str]:
    """A period that ends today, and the text with it struck out (as NUL, so that places stay the same)."""
    year = today.year
    for name, since, until in (("this_year", year, ""), ("last_year", year - 1, f"{year - 1}-12-31")):
        for phrase in map(plain_of, DATA["recent"][name]):
            at = plain.find(phrase)
            if at >= 0:
                return Period(f"{since}-01-01", until), _struck(plain, at, at + len(phrase))
    stated = re.search(r"(?<!\w)" + DATA["recent"]["year"], plain)
    if stated is not None:
        # Not a value: "la créatinine de 2022".
        return Period(f"{stated['year']}-01-01", f"{stated['year']}-12-31"), _struck(plain, *stated.span())
    day = re.search(r"(?<!\w)" + DATA["recent"]["day"], plain)
    on = period_at(f"le {day['day']}", 0) if day is not None else None
    if day is not None and on is not None:
        return on[0], _struck(plain, *day.span())
    for pattern in _recent_patterns():
        match = pattern.search(plain)
        if match is None:
            continue
        count = match["n"]
        number = 1 if count is None else int(count) if count.isdigit() else COUNTS[count]
        days = number * DAYS[TIME_UNITS[match["u"]]]
        since_day = today - timedelta(days=int(min(days, 36_000)))
        return Period(since_day.isoformat()), _struck(plain, match.start(), match.end())
    return None, plain


def _struck(plain: str, start: int, end: int) -> str:
    return plain[:start] + "\0" * (end - start) + plain[end:]


# -- the tree


def _unwrapped(query: Node) -> tuple[Node | None, Period | None]:
    """What is asked about, and the period stated: *a-t-il eu un AVC en 2023* asks about the stroke."""
    period: Period | None = None
    parts = list(query.parts) if isinstance(query, All) else [query]
    kept: list[Node] = []
    for part in parts:
        if isinstance(part, Period):
            period = Period(
                max(part.since, period.since) if period else part.since, part.until or (period.until if period else "")
            )
            continue
        if isinstance(part, Sex):
            continue  # "la patiente": whose record it is, is known
        while isinstance(part, Not | Picked) or (isinstance(part, Counted) and part.least < 1):
            part = part.part
        if part != All():
            kept.append(part)
    kept = list(dict.fromkeys(kept))
    return (joined(kept) if kept else None), period


def _without_words(node: Node | None) -> tuple[Node | None, list[str]]:
    """The criterion without plain words, and those words."""
    if node is None:
        return None, []
    if isinstance(node, Text):
        return None, [node.text]
    if isinstance(node, All):
        words = [part.text for part in node.parts if isinstance(part, Text)]
        kept: list[Node] = [part for part in node.parts if not isinstance(part, Text)]
        return (joined(kept) if kept else None), words
    return node, list(_texts(node))


def _texts(node: Node) -> Iterator[str]:
    """Plain words anywhere below."""
    if isinstance(node, Text):
        yield node.text
    for name in ("part", "left", "right"):
        child = getattr(node, name, None)
        if child is not None:
            yield from _texts(child)
    for child in getattr(node, "parts", ()):
        yield from _texts(child)
