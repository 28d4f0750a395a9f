"""Clinical queries in the engine: who answers exactly, which entries hold it, and the evidence for each criterion."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from galien.index import clauses as c
from galien.index.port import Body, Card, Corpus, Snapshot
from galien.knowledge import Lexicon
from galien.language import detect
from galien.language.analysis import fold
from galien.language.memo import Memo
from galien.language.reading import Reader
from galien.model.answers import Criterion, Mark, Nearly, NearMiss, Shortfall, Suggestion, Variant, Verdict
from galien.model.concepts import Concept as Known
from galien.model.evidence import Evidence
from galien.query import compact, phrasing
from galien.query.completion import Completion
from galien.query.criteria import (
    Age,
    All,
    Any,
    Concept,
    Counted,
    DocumentKind,
    Node,
    Not,
    Period,
    Picked,
    Related,
    Service,
    Sex,
    Stay,
    Text,
    Value,
)
from galien.query.events import EVENT_TABLES, Events, Ints, Records
from galien.query.evidence import quote_of, title_of
from galien.query.execution import Execution, Links, iso_day, parts_of
from galien.query.medical import Interpreter, Piece, Understood
from galien.query.nearly import Near, closest
from galien.query.planning import Leaf as PlanLeaf
from galien.query.planning import Plan, plan
from galien.query.quoting import Match, best_passages, spans
from galien.query.syntax import parse
from galien.store.reading import heard_as
from galien.store.told import Passage

_EXPLICIT = re.compile(
    r"(?:^|\s)-\w|\||\w[*~](?:\s|$)|\"~\d"
    r"|(?<!\w)(?!(?:condition|finding|drug|class|act|analyte|value|sex|date(?=:[\d-]*\.\.)|document|service):)[^\W\d_]{3,}:\S"
)
# A document that discusses or plans something is about it; that the patient *has* it is asked of patients.
_SIGNS = {"present": "=?", "denied": "-", "hedged": "?", "family": "~", "any": "=?-~"}
_WORD = re.compile(r"\w[\w'’-]*")
_MOST_VARIANTS = 8
_MOST_NEAR = 10
_MOST_CHIPS = 24
_MOST_NAMES = 12
_REMEMBERED_EVENTS = 500_000
"""Kept between searches: 64 bytes each."""
_REMEMBERED_WORDS = 20_000


class Facts(Protocol):
    """The rows behind events, to be shown."""

    def told(self, ids: Sequence[int]) -> dict[int, tuple[int, int, int]]:
        """NOTE_NLP rows: note, start, end."""

    def said(self, records: Sequence[int]) -> dict[int, list[Passage]]:
        """What these documents and articles name, where and how."""

    def rows(self, table: str, ids: Sequence[int]) -> dict[int, tuple[str, str, str, str]]:
        """Coded rows: label, code, value with unit, day."""

    def last_commit(self) -> int:
        """Number of the last commit that the tables hold."""


class Clinical:
    """Understands, runs and explains clinical queries.

    Parameters
    ----------
    lexicon, reader
        What is known of medicine.
    records, facts, links
        The structured record, and which of its rows mean what.
    today : callable
        Days since 1970-01-01.
    """

    def __init__(
        self, lexicon: Lexicon, reader: Reader, records: Records, facts: Facts, links: Links, today: Callable[[], int]
    ) -> None:
        self._lexicon = lexicon
        self._reader = reader
        self._interpreter = Interpreter(reader, lexicon)
        self._records = records
        self._facts = facts
        self._links = links
        self._today = today
        self._known: dict[Node, Events] = {}
        self._written = Memo[tuple[Node, str], str](self._write, most=_REMEMBERED_WORDS)
        self._counted: tuple[int, dict[str, int]] = (-1, {})
        self._commit = -1
        self._lock = threading.Lock()

    def understand(self, query: str) -> Understood | None:
        """A clinical reading; ``None`` where only words, or the operators of the word search, were typed."""
        if not query.strip() or _EXPLICIT.search(query):
            return None
        understood = self._interpreter.understand(query)
        return understood if understood.clinical else None

    def rendered(self, node: Node, language: str) -> str:
        """A query in medical language."""
        return self._written[node, language]

    def _write(self, asked: tuple[Node, str]) -> str:
        node, language = asked
        return phrasing.render(node, self._lexicon, self._reader, language)

    def execution(self, snapshot: Snapshot) -> Execution:
        """A run on the present state of the record; what criteria found is kept until the next commit."""
        commit = self._facts.last_commit()
        with self._lock:
            held = sum(map(len, tuple(self._known.values())))
            if commit != self._commit or held > _REMEMBERED_EVENTS:
                self._known, self._commit = {}, commit
            known = self._known

        def words(text: str, phrase: bool) -> Ints:
            clause = plan(parse(f'"{text}"' if phrase else text)).clause
            return snapshot.patients(clause).astype(np.int64)

        def services(name: str) -> tuple[str, ...]:
            every = snapshot.facets(c.All(), ["service"], 1000)["service"]
            return tuple(service for service, _ in every if fold(name) in fold(service))

        return Execution(self._records, self._links, self._lexicon, words, self._today(), known, services)

    # -- entries

    def plan(self, understood: Understood, execution: Execution) -> Plan:
        """What the index is asked for documents, images and articles, and the words to rank and mark by."""
        whole = plan(parse(_wordy(understood.text)))
        leaves = []
        for piece in understood.pieces:
            words = plan(parse(_wordy(understood.text[piece.start : piece.end])))
            clause = self._leaf(piece.node, execution) or words.clause
            marks = tuple(m for leaf in words.leaves for m in leaf.marks)
            kind = "words" if isinstance(piece.node, Text | Concept | Value) else "field"
            leaves.append(PlanLeaf(understood.text[piece.start : piece.end], kind, clause, "", piece.negated, marks))
        clause = self._clause(understood.query, execution)
        better = tuple(leaf.clause for leaf in whole.leaves if leaf.kind == "words" and not leaf.negated)
        clause = c.All((clause,), (), better)
        return Plan(clause, whole.loose or (whole.clause if whole.leaves else None), tuple(leaves))

    def _clause(self, node: Node, execution: Execution) -> c.Clause:
        match node:
            case All(parts):
                wanted = [self._clause(p, execution) for p in parts if not isinstance(p, Not)]
                barred = [self._clause(p.part, execution) for p in parts if isinstance(p, Not)]
                return c.All(tuple(wanted), tuple(barred))
            case Any(parts):
                return c.Any(tuple(self._clause(part, execution) for part in parts))
            case Not(part):
                return c.All((), (self._clause(part, execution),))
            case Related(_, left, right):
                # Entries about either side, of the patients in whom the two stand so.
                who = c.Patients(tuple(execution.events(node).persons.tolist()))
                return c.All((who, c.Any((self._clause(left, execution), self._clause(right, execution)))))
            case Picked(_, part) | Counted(_, part):
                who = c.Patients(tuple(execution.events(node).persons.tolist()))
                return c.All((who, self._clause(part, execution)))
            case _:
                return self._leaf(node, execution) or c.All()

    def _leaf(self, node: Node, execution: Execution) -> c.Clause | None:
        match node:
            case Concept(id, _, said, exact_only):
                below = sorted({id} if exact_only else self._lexicon.descendants(id))
                return c.Tagged(tuple(f"{sign}{concept}" for sign in _SIGNS[said] for concept in below))
            case Value(id):
                who = c.Patients(tuple(execution.events(node).persons.tolist()))
                below = sorted(self._lexicon.descendants(id))
                return c.All((who, c.Tagged(tuple(f"={concept}" for concept in below))))
            case Sex(value):
                return c.Value("sex", (value,))
            case Age(op, number, high):
                return c.Range("age", *_whole(op, number, high))
            case Period(since, until):
                return c.Range("date", _compact_day(since), _compact_day(until))
            case DocumentKind(kind):
                return c.Value("type", (kind,))
            case Service(name):
                return c.Value("service", execution.services(name) or (name,))
            case Stay(_, name):
                who = c.Patients(tuple(execution.events(node).persons.tolist()))
                return c.All((who, c.Value("service", execution.services(name) or (name,)))) if name else who
            case Text(text, phrase):
                return plan(parse(f'"{text}"' if phrase else text)).clause
            case _:
                return None

    # -- evidence

    def passages(
        self, cards: Mapping[str, Card], bodies: Mapping[str, Body], understood: Understood
    ) -> dict[str, tuple[Evidence, ...]]:
        """Of each document, the sentences that say what was asked."""
        ids = {int(id[1:]): id for id in cards if id[0] in "da"}
        asked = {
            below: piece
            for piece in understood.pieces
            if isinstance(piece.node, Concept | Value)
            for below in self._lexicon.descendants(piece.node.id)
        }
        found: dict[str, list[Match]] = {}
        for record, said in (self._facts.said(sorted(ids)) if asked else {}).items():
            id = ids[record]
            for passage in said:
                piece = asked.get(passage.concept)
                if piece is None or not passage.end or (id[0] == "d" and not _shows(piece, passage.context)):
                    continue
                why = ("− " if piece.negated else "") + understood.text[piece.start : piece.end]
                found.setdefault(id, []).append(Match(passage.start, passage.end, why))
        return {
            id: tuple(self._quote(cards[id], bodies[id], p.start, p.end, p.matches) for p in passages)
            for id, matches in found.items()
            if id in bodies and (passages := best_passages(bodies[id].text, sorted(matches, key=lambda m: m.start), 2))
        }

    @staticmethod
    def _quote(card: Card, body: Body, start: int, end: int, matches: Sequence[Match]) -> Evidence:
        why = tuple(dict.fromkeys(match.why for match in matches))
        return quote_of(card, body, start, end, spans(matches, start), why)

    def marks(self, text: str, understood: Understood, language: str) -> tuple[Mark, ...]:
        """Where a text says what was asked, in any words; what it denies is marked only where absence was asked."""
        wanted = {
            id: piece
            for piece in understood.pieces
            if isinstance(piece.node, Concept | Value)
            for id in self._lexicon.descendants(piece.node.id)
        }
        reading = self._reader.read(text, language)
        found = []
        for mention in reading.mentions:
            piece = wanted.get(mention.concept)
            if piece is None or mention.context.subject != "patient" or mention.context.negated != piece.negated:
                continue
            found.append(Mark(mention.start, mention.end, understood.text[piece.start : piece.end]))
        for quantity in reading.quantities:
            piece = wanted.get(quantity.concept)
            if piece is not None and isinstance(piece.node, Value):
                found.append(Mark(quantity.start, quantity.end, understood.text[piece.start : piece.end]))
        kept: list[Mark] = []
        for mark in sorted(found, key=lambda mark: (mark.start, -mark.end)):
            if not kept or mark.start >= kept[-1].end:
                kept.append(mark)
        return tuple(kept)

    def evidence(
        self, understood: Understood, persons: Sequence[int], execution: Execution, corpus: Corpus
    ) -> dict[int, tuple[Evidence, ...]]:
        """Of each patient, one row or passage for each criterion, in the order of the query."""
        wanted: list[tuple[str, Events]] = []
        among = np.array(sorted(persons), np.int64)
        for label, events in self._shown(understood, execution):
            wanted.append((label, events.where(np.isin(events.person, among))))
        chosen: list[tuple[int, int, str, Events]] = []
        for place, (label, events) in enumerate(wanted):
            for person in persons:
                mine = events.where(events.person == person)
                if len(mine):
                    chosen.append((person, place, label, _best(mine)))
        return self._detailed(chosen, corpus)

    def _shown(self, understood: Understood, execution: Execution) -> Iterator[tuple[str, Events]]:
        """Each criterion with the events that show it."""
        labels = {piece.node: understood.text[piece.start : piece.end] for piece in understood.pieces}

        def label(node: Node) -> str:
            return labels.get(node) or compact.render(node)

        def walk(node: Node, *, negated: bool) -> Iterator[tuple[str, Events]]:
            match node:
                case All(parts) | Any(parts):
                    for part in parts:
                        yield from walk(part, negated=negated)
                case Not(part):
                    yield from walk(part, negated=not negated)
                case Related(_, left, right) if not negated:
                    stands = execution.events(node)
                    yield label(left), stands
                    facing = execution.events(right)
                    yield label(right), facing.where(np.isin(facing.person, stands.person))
                case Picked(_, part) | Counted(_, part) if not negated:
                    yield label(part), execution.events(node)
                case Concept(id, kind):
                    if negated:
                        yield f"− {label(node)}", execution.events(Concept(id, kind, "denied"))
                    else:
                        yield label(node), execution.matching(node, understood.query)
                case Value() | DocumentKind() | Service() | Stay() if not negated:
                    yield label(node), execution.matching(node, understood.query)

        yield from walk(understood.query, negated=False)

    def _detailed(
        self, chosen: Sequence[tuple[int, int, str, Events]], corpus: Corpus
    ) -> dict[int, tuple[Evidence, ...]]:
        refs: dict[str, list[int]] = {}
        for _, _, _, event in chosen:
            refs.setdefault(EVENT_TABLES[int(event.table[0])], []).append(int(event.ref[0]))
        told = self._facts.told(refs.get("note_nlp", []))
        notes = {f"d{note}" for note, _, _ in told.values()} | {f"d{note}" for note in refs.get("note", [])}
        cards, bodies = corpus.cards(sorted(notes)), corpus.bodies(sorted(notes))
        rows = {table: self._facts.rows(table, ids) for table, ids in refs.items() if table not in ("note_nlp", "note")}
        found: dict[int, list[tuple[int, Evidence]]] = {}
        for person, place, label, event in chosen:
            table, ref = EVENT_TABLES[int(event.table[0])], int(event.ref[0])
            item: Evidence | None = None
            if table == "note_nlp" and ref in told:
                note, start, end = told[ref]
                item = self._passage(cards.get(f"d{note}"), bodies.get(f"d{note}"), start, end, label)
            elif table == "note" and f"d{ref}" in cards:
                card = cards[f"d{ref}"]
                item = title_of(card, (label,))
            else:
                item = _coded(table, ref, rows.get(table, {}).get(ref), person, label)
            if item is not None:
                found.setdefault(person, []).append((place, item))
        return {
            person: tuple(dict.fromkeys(item for _, item in sorted(items, key=lambda pair: pair[0])))
            for person, items in found.items()
        }

    def _passage(self, card: Card | None, body: Body | None, start: int, end: int, label: str) -> Evidence | None:
        if card is None or body is None:
            return None
        passages = best_passages(body.text, [Match(start, end, label)], 1)
        if not passages:
            return None
        return self._quote(card, body, passages[0].start, passages[0].end, passages[0].matches)

    # -- completions

    def completions(self, typed: str, snapshot: Snapshot, limit: int) -> tuple[int, list[Suggestion]]:
        """Names of concepts that what is being typed may become, and where they begin."""
        with self._lock:
            if self._counted[0] != snapshot.sequence:
                self._counted = (snapshot.sequence, {})
            counts = self._counted[1]

        def count(id: str) -> int:
            if id not in counts:
                counts[id] = snapshot.tagged(self._tags(id))
            return counts[id]

        return self._completion.of(typed, count, limit)

    @cached_property
    def _completion(self) -> Completion:
        return Completion(self._lexicon)

    # -- why, why not, nearly

    def nearly(
        self,
        understood: Understood,
        execution: Execution,
        corpus: Corpus,
        among: npt.NDArray[np.integer] | None = None,
        most: int = _MOST_NEAR,
    ) -> tuple[Nearly, ...]:
        """Criterion by criterion, the patients whom it alone keeps out, and those who come closest to it.

        ``among`` limits them to these patients.
        """
        query = understood.query
        language = _language(understood.text)
        outcome = execution.run(query)
        found = []
        for place, part in enumerate(parts_of(query)[:_MOST_CHIPS]):
            persons = outcome.missing_only(place)
            if among is not None:
                persons = np.intersect1d(persons, among, assume_unique=True)
            if not len(persons):
                continue
            if len(outcome.alone) == 1:
                # Everybody else misses the only criterion there is: those are meant who come near it.
                near = [item.person for item in closest(part, persons, query, execution)]
                persons = np.unique(np.concatenate([np.empty(0, np.int64), *near]))
                if not len(persons):
                    continue
            shortfalls = self._shortfalls(part, persons, query, execution, corpus, most)
            briefs = corpus.patients(list(shortfalls))
            rest = _less(query, part)
            found.append(
                Nearly(
                    criterion=self._told(understood, part),
                    syntax=compact.render(part),
                    count=len(persons),
                    without=self.rendered(rest if rest is not None else All(), language),
                    closest=tuple(
                        NearMiss(patient=briefs[person], short=short)
                        for person, short in shortfalls.items()
                        if person in briefs
                    ),
                )
            )
        return tuple(found)

    def verdicts(
        self, understood: Understood, person: int, execution: Execution, corpus: Corpus
    ) -> tuple[Verdict, ...]:
        """Whether a patient meets each criterion, with what shows it or comes nearest to it."""
        query = understood.query
        outcome = execution.run(query)
        found = []
        for place, part in enumerate(parts_of(query)[:_MOST_CHIPS]):
            met = bool(np.isin(person, outcome.alone[place]))
            evidence: tuple[Evidence, ...] = ()
            short = None
            if met:
                alone = msgspec.structs.replace(understood, query=part)
                evidence = self.evidence(alone, [person], execution, corpus).get(person, ())
            else:
                one = self._shortfalls(part, np.array([person], np.int64), query, execution, corpus, 1)
                short = one.get(person, Shortfall(reason="nothing"))
            found.append(
                Verdict(
                    criterion=self._told(understood, part),
                    syntax=compact.render(part),
                    met=met,
                    evidence=evidence,
                    short=short,
                )
            )
        return tuple(found)

    def _shortfalls(
        self, part: Node, persons: Ints, query: Node, execution: Execution, corpus: Corpus, most: int
    ) -> dict[int, Shortfall]:
        """How the patients who come closest to a criterion fall short of it, closest first."""
        nearest: dict[int, tuple[float, Near, int]] = {}
        for near in closest(part, persons, query, execution):
            for row in np.argsort(near.distance, kind="stable")[:most].tolist():
                person, distance = int(near.person[row]), float(near.distance[row])
                if person not in nearest or distance < nearest[person][0]:
                    nearest[person] = (distance, near, row)
        chosen = sorted(nearest.items(), key=lambda item: (item[1][0], item[0]))[:most]
        rows = [(person, 0, "", near.events.where(np.array([row]))) for person, (_, near, row) in chosen]
        shown = self._detailed([row for row in rows if row[3].table[0] >= 0], corpus)
        return {
            person: Shortfall(
                reason=near.reason,
                number=_known(float(near.number[row])),
                unit=self._unit(part) if near.reason == "value" else "",
                at=iso_day(int(near.events.day[row])),
                distance=round(distance, 4),
                evidence=shown.get(person, ()),
            )
            for person, (distance, near, row) in chosen
        }

    def _unit(self, part: Node) -> str:
        """The unit in which the values of a part are compared."""
        value = next((node for node in _inside(part) if isinstance(node, Value)), None)
        concept = self._lexicon.get(value.id) if value is not None else None
        return concept.measure.unit if concept is not None and concept.measure is not None else ""

    @staticmethod
    def _told(understood: Understood, part: Node) -> str:
        """A part of the query in the words that were typed."""
        nodes = set(_inside(part))
        mine = [piece for piece in understood.pieces if piece.node in nodes or piece.node == part]
        if not mine:
            return compact.render(part)
        text = understood.text[min(piece.start for piece in mine) : max(piece.end for piece in mine)]
        return f"− {text}" if isinstance(part, Not) else text

    # -- chips

    def criteria(
        self, understood: Understood, execution: Execution, snapshot: Snapshot, *, patients: bool, language: str = "fr"
    ) -> tuple[Criterion, ...]:
        """The query as understood, to be shown and changed."""
        chips = []
        text = understood.text
        language = _language(text, language)
        left, only = self._attrition(understood, execution) if patients else ({}, {})
        # Each chip tells the whole query again, without it and with it denied: not of a text pasted in.
        few = len(understood.pieces) <= _MOST_CHIPS
        for piece in understood.pieces[:_MOST_CHIPS]:
            node = piece.node
            count: int | None
            if patients:
                count = len(execution.patients(node))
            else:
                clause = self._leaf(node, execution)
                count = snapshot.count(clause) if clause is not None else None
            concept = self._lexicon.get(node.id) if isinstance(node, Concept | Value) else None
            chips.append(
                Criterion(
                    text=text[piece.start : piece.end],
                    kind=_kind(node),
                    negated=piece.negated,
                    count=count,
                    concept=concept.id if concept else "",
                    name=concept.name(language) if concept else "",
                    said=node.said if isinstance(node, Concept) else "",
                    syntax=compact.render(node),
                    start=piece.start,
                    end=piece.end,
                    corrected=piece.corrected,
                    left=left.get(piece.node),
                    only=only.get(piece.node),
                    without=self.rendered(without(understood, piece.start), language)
                    if few
                    else text[: piece.start] + text[piece.end :],
                    opposite=self.rendered(denied(understood, piece.start), language) if concept and few else "",
                    variants=tuple(self._variants(understood, piece, snapshot, language)) if concept and few else (),
                    names=_other_names(concept, understood.text[piece.start : piece.end]) if concept else (),
                )
            )
        return tuple(chips)

    @staticmethod
    def _attrition(understood: Understood, execution: Execution) -> tuple[dict[Node, int], dict[Node, int]]:
        """By the last criterion of each part: patients left after the parts so far, and kept out by it alone."""
        outcome = execution.run(understood.query)
        nodes = {piece.node for piece in understood.pieces}
        left: dict[Node, int] = {}
        only: dict[Node, int] = {}
        for place, part in enumerate(parts_of(understood.query)):
            mine = [node for node in _inside(part) if node in nodes]
            if mine:
                left[mine[-1]] = outcome.counts[place][1]
                if 1 < len(outcome.alone) <= _MOST_CHIPS:
                    only[mine[-1]] = len(outcome.missing_only(place))
        return left, only

    def _variants(self, understood: Understood, piece: Piece, snapshot: Snapshot, language: str) -> Iterator[Variant]:
        """Wider, narrower and other readings of a criterion, each with its number of documents and its query."""
        node, start, end = piece.node, piece.start, piece.end
        assert isinstance(node, Concept | Value)
        below = {child: snapshot.tagged(self._tags(child)) for child in self._lexicon.children(node.id)}
        commonest = sorted((child for child in below if below[child]), key=lambda child: -below[child])
        ways = [("sense", other) for other in piece.others]
        ways += [("wider", parent) for parent in self._lexicon.parents(node.id)[:3]]
        ways += [("narrower", child) for child in commonest[:_MOST_VARIANTS]]
        for way, id in ways:
            concept = self._lexicon.get(id)
            if concept is None:
                continue
            changed = msgspec.structs.replace(node, id=id)
            if isinstance(changed, Concept):
                changed = msgspec.structs.replace(changed, kind=concept.kind)
            query = understood.text[:start] + self.rendered(changed, language) + understood.text[end:]
            count = below[id] if id in below else snapshot.tagged(self._tags(id))
            yield Variant(way=way, id=id, name=concept.name(language), count=count, query=query)

    def _tags(self, id: str) -> tuple[str, ...]:
        return tuple(f"={concept}" for concept in self._lexicon.descendants(id))


def _language(text: str, habit: str = "fr") -> str:
    """The language of a query, or the habit where it does not tell."""
    found = detect(text)
    return found if found in ("fr", "en") else habit


def _shows(piece: Piece, context: str) -> bool:
    """Whether a mention in this context shows what a criterion asks; a hedged one may, for want of better."""
    wanted = "denied" if piece.negated else getattr(piece.node, "said", "present")
    said = heard_as(context)
    return wanted in (said, "any") or (wanted, said) == ("present", "hedged")


def without(understood: Understood, start: int) -> Node:
    """The query less the criterion that begins there."""
    gone = next((piece.node for piece in understood.pieces if piece.start == start), None)
    left = _less(understood.query, gone)
    return left if left is not None else All()


def denied(understood: Understood, start: int) -> Node:
    """The query with the criterion that begins there denied; one that was denied, asked for."""
    target = next((piece.node for piece in understood.pieces if piece.start == start), None)
    return _turned(understood.query, target)


def _turned(node: Node, target: Node | None) -> Node:
    if node == target:
        return Not(node)
    match node:
        case Not(part) if part == target:
            return part
        case All(parts):
            return All(tuple(_turned(part, target) for part in parts))
        case Any(parts):
            return Any(tuple(_turned(part, target) for part in parts))
        case Not(part) | Picked(_, part) | Counted(_, part):
            return msgspec.structs.replace(node, part=_turned(part, target))
        case Related(_, left, right):
            return msgspec.structs.replace(node, left=_turned(left, target), right=_turned(right, target))
        case _:
            return node


def _inside(node: Node) -> Iterator[Node]:
    """The criteria of a part, in order."""
    match node:
        case All(parts) | Any(parts):
            for part in parts:
                yield from _inside(part)
        case Not(part) | Picked(_, part) | Counted(_, part):
            yield from _inside(part)
        case Related(_, left, right):
            yield from _inside(left)
            yield from _inside(right)
        case _:
            yield node


def _less(node: Node, gone: Node | None) -> Node | None:
    if node == gone:
        return None
    match node:
        case All(parts):
            kept = [part for p in parts if (part := _less(p, gone)) is not None]
            return (kept[0] if len(kept) == 1 else All(tuple(kept))) if kept else None
        case Any(parts):
            kept = [part for p in parts if (part := _less(p, gone)) is not None]
            return (kept[0] if len(kept) == 1 else Any(tuple(kept))) if kept else None
        case Not(part) | Picked(_, part) | Counted(_, part):
            left = _less(part, gone)
            return msgspec.structs.replace(node, part=left) if left is not None else None
        case Related(_, left_part, right_part):
            first, second = _less(left_part, gone), _less(right_part, gone)
            if first is None or second is None:
                return first or second
            return msgspec.structs.replace(node, left=first, right=second)
        case _:
            return node


def _best(events: Events) -> Events:
    """The event to show: the latest dated one, coded before told on the same day."""
    dated = events.dated
    among = dated if len(dated) else events
    place = int(np.lexsort((among.table, among.day))[-1])
    return among.where(np.array([place]))


def _coded(table: str, ref: int, row: tuple[str, str, str, str] | None, person: int, label: str) -> Evidence | None:
    if row is None:
        return None
    name, code, value, day = row
    quote = f"{name} {value}".strip()
    kind = "value" if value else "code"
    return Evidence(kind=kind, record=ref, quote=quote, document=f"p{person}", at=day, code=code, why=(label,))  # type: ignore[arg-type]


def _kind(node: Node) -> str:
    match node:
        case Concept(_, kind):
            return kind
        case Text(_, phrase):
            return "phrase" if phrase else "unknown"
        case _:
            return str(type(node).__struct_config__.tag)


def _wordy(text: str) -> str:
    """The words of a text, without what the word search would read as operators."""
    return " ".join(_WORD.findall(text))


def _whole(op: str, number: float, high: float | None) -> tuple[int | None, int | None]:
    low = int(number)
    match op:
        case ">":
            return low + 1, None
        case ">=":
            return low, None
        case "<":
            return None, low - 1
        case "<=":
            return None, low
        case "=":
            return low, low
        case _:
            return low, int(high if high is not None else number)


def _other_names(concept: Known, typed: str) -> tuple[str, ...]:
    """Names of a concept besides the one that was typed, both languages' usual ones first."""
    names = dict.fromkeys(name for name in (concept.fr, concept.en, *(label.text for label in concept.labels)) if name)
    return tuple(name for name in names if name.lower() != typed.lower())[:_MOST_NAMES]


def _known(number: float) -> float | None:
    return round(number, 4) if np.isfinite(number) else None


def _compact_day(day: str) -> int | None:
    return int(day.replace("-", "")) if day else None


__all__ = ["Clinical", "Facts", "without"]
