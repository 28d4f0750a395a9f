"""From a tree to clauses: which words, in which forms, and what each criterion asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from galien.index import clauses as c
from galien.language import exact, is_stop_word, stem, tokens
from galien.model.time import parse_moment
from galien.query.ast import And, Field, Like, Node, Not, Or, Starts, Text

_COMPOUND_HEADS = (
    "post", "pre", "pré", "anti", "hyper", "hypo", "intra", "extra", "inter", "sous", "sus", "péri", "peri", "para",
    "thoraco", "abdomino", "cardio", "broncho", "cervico", "lombo", "gastro", "hépato", "hepato", "non", "micro",
    "retro", "rétro", "trans", "endo", "auto", "immuno", "neuro", "ostéo", "osteo",
)  # fmt: skip
_SEXES = {
    "f": "female",
    "femme": "female",
    "female": "female",
    "m": "male",
    "h": "male",
    "homme": "male",
    "male": "male",
}
_BOUND = re.compile(r"^(>=|<=|>|<)?\s*(\d[\d-]*)$")


class Leaf(msgspec.Struct, frozen=True):
    """One criterion: what was typed, what is asked, and the words to mark."""

    text: str
    kind: str
    clause: c.Clause
    field: str = ""
    negated: bool = False
    marks: tuple[Needle, ...] = ()


class Needle(msgspec.Struct, frozen=True):
    """A word to mark in a quote: an exact form, its stems by language, or a prefix."""

    exact: str
    fr: str = ""
    en: str = ""
    prefix: bool = False
    why: str = ""


class Plan(msgspec.Struct, frozen=True):
    """A query ready to run."""

    clause: c.Clause
    loose: c.Clause | None
    """The same with any of the words, when there are several."""
    leaves: tuple[Leaf, ...]


def plan(node: Node) -> Plan:
    """Plan a query."""
    leaves = tuple(_leaves(node, negated=False))
    clause = _clause(node)
    words = [leaf for leaf in leaves if not leaf.negated and leaf.kind != "field"]
    better: tuple[c.Clause, ...] = ()
    bare = [leaf for leaf in words if leaf.kind == "words"]
    if len(bare) > 1 and isinstance(node, And):
        better = tuple(_pairs(bare))
    if better and isinstance(clause, c.All):
        clause = c.All(clause.clauses, clause.without, better)
    loose = None
    if len(words) > 1:
        filters = tuple(leaf.clause for leaf in leaves if leaf.kind == "field" and not leaf.negated)
        without = tuple(leaf.clause for leaf in leaves if leaf.negated)
        some = c.Any(tuple(leaf.clause for leaf in words), max(1, round(len(words) * 0.4)))
        loose = c.All((some, *filters), without, better)
    return Plan(clause, loose, leaves)


def _leaves(node: Node, *, negated: bool) -> Iterator[Leaf]:
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _leaves(part, negated=negated)
        case Not(part):
            yield from _leaves(part, negated=not negated)
        case _:
            clause = _leaf(node)
            if clause is not None:
                name = node.name if isinstance(node, Field) else ""
                text = node.value if isinstance(node, Field) else node.text
                yield Leaf(text, _kind(node), clause, name, negated, tuple(_needles(node)))


def _kind(node: Node) -> str:
    match node:
        case Text(_, True, _):
            return "phrase"
        case Starts():
            return "prefix"
        case Like():
            return "fuzzy"
        case Field():
            return "field"
        case _:
            return "words"


def _clause(node: Node) -> c.Clause:
    match node:
        case And(parts):
            wanted = [_clause(p) for p in parts if not isinstance(p, Not) and not _silent(p)]
            barred = [_clause(p.part) for p in parts if isinstance(p, Not) and not _silent(p.part)]
            return c.All(tuple(wanted), tuple(barred))
        case Or(parts):
            choices = tuple(_clause(part) for part in parts if not _silent(part))
            return c.Any(choices) if choices else c.All()
        case Not(part):
            return c.All((), (_clause(part),)) if not _silent(part) else c.All()
        case _:
            return _leaf(node) or c.All()


def _silent(node: Node) -> bool:
    """Whether a part asks nothing: a stop word, punctuation."""
    return isinstance(node, Text | Starts | Like | Field) and _leaf(node) is None


def _leaf(node: Node) -> c.Clause | None:
    match node:
        case Text(text, phrase, slop):
            words = [token.exact for token in tokens(text)]
            surfaces = [text[token.start : token.end] for token in tokens(text)]
            if not phrase and all(is_stop_word(word) for word in words):
                return None
            if not words:
                return None
            if len(words) == 1:
                return _single(surfaces[0])
            together = _phrase(surfaces, slop)
            if not phrase and "-" in text:
                joined = "".join(surfaces)
                ways = (together, _word(joined))
                return c.Any((*ways, c.Coded(text)) if text[-1].isdigit() else ways)
            return together
        case Starts(text):
            return c.Prefix(exact(text))
        case Like(text):
            return c.Fuzzy(exact(text), 1 if len(text) < 8 else 2)
        case Field(name, value):
            return _field(name, value)
        case _:
            return None


def _single(surface: str) -> c.Clause:
    word = _word(surface)
    if "-" in surface and surface[-1].isdigit():
        return c.Any((word, c.Coded(surface)))  # a LOINC code keeps the hyphen that words lose
    lower = surface.lower()
    for head in _COMPOUND_HEADS:
        rest = lower[len(head) :]
        if lower.startswith(head) and len(rest) > 4:
            return c.Any((word, _phrase([head, rest], 0)))
    return word


def _word(surface: str) -> c.Word:
    stems = tuple(dict.fromkeys((stem(surface, "fr"), stem(surface, "en"))))
    return c.Word(exact(surface), stems)


def _phrase(surfaces: list[str], slop: int) -> c.Phrase:
    variants = tuple(tuple(stem(s, language) for s in surfaces) for language in ("fr", "en"))
    return c.Phrase(tuple(exact(s) for s in surfaces), tuple(dict.fromkeys(variants)), slop)


def _pairs(leaves: list[Leaf]) -> Iterator[c.Clause]:
    """Neighbouring words of the query, found side by side, are worth more."""
    for left, right in pairwise(leaves):
        if isinstance(left.clause, c.Word) and isinstance(right.clause, c.Word):
            yield _phrase([left.text, right.text], 2)


def _needles(node: Node) -> Iterator[Needle]:
    match node:
        case Text(text, _, _):
            found = list(tokens(text))
            for token in found:
                if len(found) > 1 or not is_stop_word(token.exact):
                    yield _needle(text[token.start : token.end], text)
            if "-" in text and len(found) > 1:
                yield _needle(text.replace("-", ""), text)
            elif len(found) == 1:
                clause = _single(text[found[0].start : found[0].end])
                # A compound is its two parts; a code with a hyphen has none.
                if isinstance(clause, c.Any) and isinstance(clause.clauses[1], c.Phrase):
                    yield _needle(clause.clauses[1].exact[1], text)
        case Starts(text):
            yield Needle(exact(text), prefix=True, why=text)
        case Like(text):
            yield Needle(exact(text), why=text)
        case Field("title", value):
            for token in tokens(value):
                yield _needle(value[token.start : token.end], value)
        case _:
            return


def _needle(surface: str, why: str) -> Needle:
    return Needle(exact(surface), stem(surface, "fr"), stem(surface, "en"), why=why)


def _field(name: str, value: str) -> c.Clause | None:
    if name == "title":
        return _leaf(Text(value, phrase=True))
    if name == "code":
        return c.Coded(value)
    if name == "author":
        words = [token.exact for token in tokens(value)]
        return c.All(tuple(c.Value("author", (word,)) for word in words)) if words else None
    if name == "patient":
        number = value.lower().removeprefix("p")
        return c.Patients((int(number),)) if number.isdigit() else c.Coded(value)
    if name in ("date", "age"):
        return _bounds(name, value)
    if name == "sex":
        return c.Value("sex", (_SEXES.get(value.lower(), value.lower()),))
    if name == "modality":
        return c.Value("modality", (value.upper(),))
    return c.Value(name, tuple(dict.fromkeys((value, value.lower(), value.capitalize()))))


def _bounds(name: str, value: str) -> c.Clause | None:
    low_text, dots, high_text = value.partition("..")
    if dots:
        return c.Range(name, _edge(name, low_text, last=False), _edge(name, high_text, last=True))
    found = _BOUND.match(value)
    if not found:
        return None
    sign, number = found.groups()
    first, last = _edge(name, number, last=False), _edge(name, number, last=True)
    if first is None or last is None:
        return None
    match sign:
        case ">":
            return c.Range(name, last + 1, None)
        case ">=":
            return c.Range(name, first, None)
        case "<":
            return c.Range(name, None, first - 1)
        case "<=":
            return c.Range(name, None, last)
        case _:
            return c.Range(name, first, last)


def _edge(name: str, text: str, *, last: bool) -> int | None:
    """First or last number that a bound stands for: a year is its 366 days."""
    if not text:
        return None
    if name == "age":
        return int(text) if text.isdigit() else None
    moment = parse_moment(text)
    if moment is None:
        return None
    parts = moment.text[:10].split("-")
    filler = ["12", "31"] if last else ["01", "01"]
    return int("".join((parts + filler[len(parts) - 1 :])[:3]))


def day_bounds(since: str, until: str) -> c.Clause | None:
    """Range clause of a request's dates; None without any."""
    if not since and not until:
        return None
    return c.Range("date", _edge("date", since, last=False), _edge("date", until, last=True))
