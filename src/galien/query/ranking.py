"""Ranking by best match: what articles are listed by, and where other kinds of scores join in.

A question to the literature is not a filter. Articles that hold all that was asked come first, then the nearest
ones; both are ordered by how well they match: the words of the question weighed by rarity (BM25), other names of
its concepts and its words in the other language (`galien.query.expansion`), and the words of the best answers
(`galien.query.feedback`). Patients and their documents are answered exactly, never by nearness.

A further scorer (one of meaning, learned) is an object with a ``name`` and a ``best``; `Ranking` fuses the lists
by reciprocal rank (Cormack, Clarke and Büttcher, SIGIR 2009), and each answer says which brought it.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Protocol

import msgspec

from galien.index import clauses as c
from galien.index.port import Corpus, Snapshot
from galien.language import exact, is_question_word, is_stop_word, stem, tokens
from galien.model.answers import System
from galien.model.evidence import Evidence
from galien.query.ast import And, Node, Text
from galien.query.expansion import ARROW, Expander, Expansion
from galien.query.feedback import Feedback
from galien.query.planning import Needle, Plan
from galien.query.syntax import parse

NEAR = 100
"""Most answers listed beyond those that hold everything."""
DEPTH = 500
PROSE = 8
"""Content words from which what is typed is prose: its signs are punctuation, not operators."""
_FIRST = 1_000.0
_REPEATED = 0.6
_RRF = 20.0
_LEAD = 0.3
"""Of a first place, to what holds everything that was asked; with `_RRF` and `DEPTH`, by measure (decision 0011)."""
_REMEMBERED = 64
_MOST_WHOLE = 500


class Question(msgspec.Struct, frozen=True):
    """What is asked, within which entries (kind, filters), and the clause of those that hold everything."""

    text: str
    within: tuple[c.Clause, ...]
    exact: c.Clause | None = None

    @property
    def tiered(self) -> bool:
        """Whether what holds everything comes first: not for prose, of which "everything" says little."""
        return self.exact is not None and not prose(self.text)


class Scorer(Protocol):
    """One way to score entries."""

    name: str
    """What brought an answer, as it is shown: ``meaning``."""

    def best(self, question: Question, snapshot: Snapshot, depth: int) -> list[c.Found]:
        """The ``depth`` best entries, best first."""
        ...


class Listed(msgspec.Struct, frozen=True):
    """A page of a ranking: its entries, how many there are beyond the exact ones, and the words to mark."""

    found: tuple[c.Found, ...]
    near: int
    whole: frozenset[str]
    """Which of the entries hold everything."""
    needles: tuple[Needle, ...]
    brought: dict[str, tuple[str, ...]]
    """Scorers besides words that brought an entry."""


class WordScorer:
    """Scores by words, other names, and the words of the best answers."""

    name = "words"

    def __init__(self, corpus: Corpus, expander: Expander) -> None:
        self._expander = expander
        self._feedback = Feedback(corpus)
        self._known: OrderedDict[tuple[Question, int], tuple[c.Clause, Expansion]] = OrderedDict()

    def clause(self, question: Question, snapshot: Snapshot) -> tuple[c.Clause, Expansion]:
        """What the index is asked, and what the question was widened by."""
        key = (question, snapshot.sequence)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._made(question, snapshot)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known

    def best(self, question: Question, snapshot: Snapshot, depth: int) -> list[c.Found]:
        clause, _ = self.clause(question, snapshot)
        return snapshot.search(clause, limit=depth)[0]

    def _made(self, question: Question, snapshot: Snapshot) -> tuple[c.Clause, Expansion]:
        words = content(question.text)
        asked = {form for word in words for form in _stems(word)}

        def frequency(stems: Sequence[str]) -> int:
            return max(snapshot.stem_frequencies(stems)[0], default=0)

        wider = self._expander.expand(question.text, frequency)
        parts: list[c.Clause] = [
            c.Boosted(c.Term(_stems(word), exact(word)), 1 + _REPEATED * math.log(times))
            for word, times in words.items()
        ]
        parts += wider.clauses
        if not parts:
            return c.All((c.Any(()), *question.within)), wider
        first, _ = snapshot.search(c.All((c.Any(tuple(parts)), *question.within)), limit=10)
        parts += self._feedback.clauses(first, asked, snapshot)
        if question.exact is not None and question.tiered:
            parts.append(c.Constant(question.exact, _FIRST))
        return c.All((c.Any(tuple(parts)), *question.within)), wider


class Ranking:
    """Lists entries by best match.

    Parameters
    ----------
    words : WordScorer
    others : sequence of Scorer
        Fused with the words, for the first `DEPTH` entries.
    """

    def __init__(self, words: WordScorer, others: Sequence[Scorer] = ()) -> None:
        self._words = words
        self._others = tuple(others)

    def page(
        self, question: Question, snapshot: Snapshot, *, total: int, offset: int, limit: int, system: System = "full"
    ) -> Listed:
        """One page.

        Parameters
        ----------
        total : int
            How many entries hold everything.
        """
        clause, wider = self._words.clause(question, snapshot)
        others = self._others if system == "full" else ()
        reach = max(0, total + NEAR - offset)
        found, count = snapshot.search(clause, limit=max(1, min(limit, reach)), offset=offset)
        near = max(0, min(count - total, NEAR))
        brought: dict[str, tuple[str, ...]] = {}
        joined = bool(others) and offset < DEPTH
        if joined:
            fused, brought = self._fused(question, snapshot, others)
            near = max(near, min(len(fused) - total, NEAR))
            # Past what was fused, the order of the words goes on.
            listed = {item.id for item in fused}
            fused += [item for item in found if item.id not in listed] if offset + limit > len(fused) else []
            found = fused[offset : offset + limit]
        needles = tuple(
            Needle(exact(word), stem(word, "fr"), stem(word, "en"), why=word) for word in content(question.text)
        )
        found = found[: min(limit, reach)]
        if question.tiered and not joined:
            whole = frozenset(item.id for item in found if item.score >= _FIRST)
        else:
            whole = self._whole(question, snapshot, found, total)
        return Listed(tuple(_plainly(item) for item in found), near, whole, (*needles, *wider.needles), brought)

    @staticmethod
    def _whole(question: Question, snapshot: Snapshot, found: Sequence[c.Found], total: int) -> frozenset[str]:
        if question.exact is None:
            return frozenset()
        every, _ = snapshot.search(c.All((question.exact, *question.within)), limit=min(total, _MOST_WHOLE))
        return frozenset({item.id for item in every} & {item.id for item in found})

    def _fused(
        self, question: Question, snapshot: Snapshot, others: Sequence[Scorer]
    ) -> tuple[list[c.Found], dict[str, tuple[str, ...]]]:
        by_words = self._words.best(question, snapshot, DEPTH)
        lists = [(self._words.name, by_words), *((o.name, o.best(question, snapshot, DEPTH)) for o in others)]
        whole = {item.id for item in by_words if item.score >= _FIRST}
        points: Counter[str] = Counter()
        items: dict[str, c.Found] = {}
        brought: dict[str, tuple[str, ...]] = {}
        for name, found in lists:
            for place, item in enumerate(found):
                points[item.id] += 1 / (_RRF + place + 1)  # type: ignore[assignment]
                items.setdefault(item.id, item)
                if name != self._words.name:
                    brought[item.id] = (*brought.get(item.id, ()), name)
        for id in whole:
            points[id] += _LEAD / (_RRF + 1)  # type: ignore[assignment]
        order = sorted(items, key=lambda id: (-points[id], id))
        return [c.Found(id, float(points[id]), items[id].patient) for id in order[:DEPTH]], brought


def content(text: str) -> dict[str, int]:
    """The words that a question is about, as typed, with how often they come; all of them where none is left.

    >>> content("What is the best treatment of asthma?")
    {'best': 1, 'treatment': 1, 'asthma': 1}
    """
    words = [(text[token.start : token.end], token.exact) for token in tokens(text)]
    kept = [(s, e) for s, e in words if not is_stop_word(e) and not is_question_word(e)]
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for surface, form in kept or words:
        counts[form] += 1
        written.setdefault(form, surface)
    return {written[form]: count for form, count in counts.items()}


def prose(query: str) -> bool:
    """Whether a query is a sentence or a message rather than terms: by the number of its content words."""
    return sum(content(query).values()) >= PROSE


def by_best_match(query: str, planned: Plan) -> bool:
    """Whether a query is one to rank by best match: plain words, or prose.

    Operators, phrases, fields and short denials (*asthma without eczema*) say exactly what is wanted.
    """
    words = content(query)
    if not words:
        return False
    if prose(query):
        return True
    return _plain(parse(query)) and not any(leaf.negated for leaf in planned.leaves)


def reasons(evidence: Sequence[Evidence], brought: Sequence[str] = ()) -> tuple[str, ...]:
    """What brought an answer: ``words``, ``concepts`` (other names, the other language), ``meaning``..."""
    whys = [why for item in evidence for why in item.why]
    found = ["words"] if any(ARROW not in why for why in whys) else []
    found += ["concepts"] if any(ARROW in why for why in whys) else []
    return (*found, *brought)


def _plainly(found: c.Found) -> c.Found:
    """With the score that words gave, without what put it among the first."""
    return found if found.score < _FIRST else c.Found(found.id, found.score - _FIRST, found.patient)


def _plain(node: Node) -> bool:
    match node:
        case Text(_, phrase, _):
            return not phrase
        case And(parts):
            return all(_plain(part) for part in parts)
        case _:
            return False


def _stems(surface: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((stem(surface, "en"), stem(surface, "fr"))))
