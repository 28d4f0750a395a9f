"""The search itself: run a plan, gather patients, attach evidence, count facets."""

from __future__ import annotations

import base64
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from galien.index import clauses as c
from galien.index.port import Corpus, SearchIndex, Snapshot
from galien.language import exact, tokens
from galien.model.answers import (
    FACETS,
    Criterion,
    FacetValue,
    Hit,
    Mark,
    Nearly,
    SearchRequest,
    SearchResponse,
    Suggestion,
    WhyResponse,
)
from galien.model.errors import NotFound, QueryError
from galien.model.evidence import Evidence
from galien.model.kinds import HIT_KINDS, HitKind
from galien.query import compact
from galien.query.clinical import Clinical
from galien.query.cohort import Numbers, Seen, answering, by_sex, ranked
from galien.query.evidence import quotes
from galien.query.execution import Execution
from galien.query.medical import Understood
from galien.query.planning import Leaf, Needle, Plan, day_bounds, plan
from galien.query.quoting import matches
from galien.query.ranking import Listed, Question, Ranking, by_best_match, reasons
from galien.query.spelling import nearest
from galien.query.syntax import parse

ENTRY_KINDS = {"documents": "document", "images": "image", "articles": "article"}
_PINNED = 8
_RARE = 0
_WRITTEN = 20_000


class _Asked(msgspec.Struct, frozen=True):
    """One request, planned, on one state of the index."""

    request: SearchRequest
    snapshot: Snapshot
    plan: Plan
    clause: c.Clause
    filters: tuple[c.Clause, ...]
    relaxed: bool
    understood: Understood | None = None
    execution: Execution | None = None

    @property
    def seen(self) -> Seen:
        return Seen(self.snapshot, self.filters)


class _Gathering(NamedTuple):
    """Who and how many answer, before any hit is chosen."""

    totals: dict[HitKind, int]
    patients: Numbers
    facets: dict[str, list[tuple[str, int]]]
    """Of the kind asked for; empty when no kind was."""


class _Gathered(msgspec.Struct, frozen=True):
    """What a patient's card shows."""

    evidence: tuple[Evidence, ...]
    more: int
    path: str
    date: str


class Engine:
    """Answers searches over an index and a corpus.

    Each answer is computed on one snapshot of the index; the next pages of the same answer use the same
    one, so that paging is stable while data arrive.
    """

    def __init__(
        self, index: SearchIndex, corpus: Corpus, clinical: Clinical | None = None, ranking: Ranking | None = None
    ) -> None:
        self._ranking = ranking
        self._clinical = clinical
        self._index = index
        self._corpus = corpus
        self._pinned: OrderedDict[int, Snapshot] = OrderedDict()
        self._written: dict[str, str] = {}

    def search(self, request: SearchRequest) -> SearchResponse:
        """Answer a request.

        Raises
        ------
        QueryError
            Too long, too deep, or with an unknown filter or cursor.
        """
        began = time.perf_counter()
        offset, sequence = _read_cursor(request.cursor)
        snapshot = self._snapshot(sequence)
        asked = strict = self._asked(request, snapshot)
        planned = asked.plan
        if request.match == "any" and planned.loose is not None:
            asked = msgspec.structs.replace(asked, clause=_any(planned))
        gathered = self._gather(asked)
        relaxed = False
        if not any(gathered.totals.values()) and planned.loose is not None:
            asked = msgspec.structs.replace(asked, clause=planned.loose, relaxed=True, understood=None, execution=None)
            gathered = self._gather(asked)
            relaxed = any(gathered.totals.values())
        totals, patients = gathered.totals, gathered.patients
        first: HitKind = next((k for k in HIT_KINDS if totals[k]), "documents")
        kind: HitKind = request.kind or first
        listed = self._best_match(asked, kind, totals[kind], offset)
        if request.kind is None and not any(totals.values()):
            close = self._best_match(asked, "articles", 0, offset)
            if close is not None and close.near:
                kind, listed = "articles", close
        if kind == "patients":
            hits = self._patient_hits(asked, patients, offset)
        else:
            hits = self._entry_hits(asked, kind, offset, listed)
        shown = offset + len(hits)
        near = listed.near if listed is not None else 0
        return SearchResponse(
            request=request,
            kind=kind,
            hits=tuple(hits),
            total=totals[kind],
            totals={name: totals[name] for name in HIT_KINDS},
            facets=self._facets(asked, kind, gathered) if request.facets else {},
            understood=self._understood(asked, kind),
            reading=compact.render(asked.understood.query) if asked.understood else "",
            relaxed=relaxed or (near > 0 and not totals[kind]),
            near=near,
            did_you_mean=self._did_you_mean(asked) if not offset else "",
            next_cursor=_cursor(shown, snapshot.sequence) if shown < totals[kind] + near and hits else "",
            not_searched=self._corpus.not_searched(),
            snapshot=str(snapshot.sequence),
            nearly=self._nearly(strict, nobody=relaxed or not len(patients)) if kind == "patients" else (),
            took_ms=round((time.perf_counter() - began) * 1000, 2),
        )

    def why(self, query: str, patient: int) -> WhyResponse:
        """Why a patient answers a query, or why not, criterion by criterion.

        Raises
        ------
        QueryError
            The query was not understood as criteria.
        NotFound
            No such patient.
        """
        asked = self._asked(SearchRequest(query=query), self._snapshot(None))
        brief = self._corpus.patients([patient]).get(patient)
        if brief is None:
            raise NotFound("no such patient")
        if not (self._clinical and asked.understood and asked.execution):
            raise QueryError(
                "this query holds no criterion to explain", hint="Name a disease, a drug, a value, an act."
            )
        verdicts = self._clinical.verdicts(asked.understood, patient, asked.execution, self._corpus)
        return WhyResponse(
            patient=brief,
            query=query,
            met=all(verdict.met for verdict in verdicts),
            verdicts=verdicts,
            words=asked.understood.words,
        )

    def _nearly(self, asked: _Asked, *, nobody: bool) -> tuple[Nearly, ...]:
        """Who misses one criterion only; told when asked for, or when nobody answers."""
        if not (self._clinical and asked.understood and asked.execution) or asked.request.cursor:
            return ()
        if not (asked.request.near or nobody):
            return ()
        among = asked.seen.patients() if asked.filters else None
        return self._clinical.nearly(asked.understood, asked.execution, self._corpus, among)

    def _asked(self, request: SearchRequest, snapshot: Snapshot) -> _Asked:
        """The request planned: as a clinical query where it is one, else as words."""
        understood = self._clinical.understand(request.query) if self._clinical else None
        if understood is None or self._clinical is None:
            planned = plan(parse(request.query))
            return _Asked(request, snapshot, planned, planned.clause, _filters(request), False)
        execution = self._clinical.execution(snapshot)
        planned = self._clinical.plan(understood, execution)
        return _Asked(request, snapshot, planned, planned.clause, _filters(request), False, understood, execution)

    def suggest(self, prefix: str, limit: int = 8) -> tuple[Suggestion, ...]:
        """Completions of ``prefix``: names of concepts first, then labels and words that the index holds."""
        snapshot = self._index.snapshot()
        words = list(tokens(prefix))
        if not words or words[-1].end != len(prefix):
            return ()
        last = words[-1]
        start = exact(prefix[last.start :])
        before = prefix[: last.start]
        found: dict[str, int] = {}
        if len(start) >= 2:
            whole = " ".join(exact(prefix[w.start : w.end]) for w in words)
            for label, count in snapshot.labels(whole, limit):
                found.setdefault(label.split("|", 1)[1], count)
            for term, count in snapshot.terms(start, limit):
                found.setdefault(before + self._as_written(snapshot, term), count)
        begins, concepts = (
            self._clinical.completions(prefix, snapshot, max(1, limit // 2)) if self._clinical else (0, [])
        )
        if concepts and begins < last.start:
            # Several words begin a name: other ends of the last one alone would make no sense after the first.
            return tuple(concepts)
        named = {exact(item.text) for item in concepts}
        ranked = sorted(found.items(), key=lambda item: -item[1])
        plain = [Suggestion(text, count) for text, count in ranked if exact(text) not in named]
        return (*concepts, *plain[: limit - len(concepts)])

    def _as_written(self, snapshot: Snapshot, term: str) -> str:
        """A folded term with the accents and capitals that a document gives it: ``prothese`` reads *prothèse*."""
        known = self._written.get(term)
        if known is not None:
            return known
        found, _ = snapshot.search(c.Word(term, ()), limit=3)
        needles = [Needle(term)]
        surfaces = []
        for card in self._corpus.cards([item.id for item in found]).values():
            body = self._corpus.bodies([card.id]).get(card.id)
            text = f"{card.title}\n{body.text}" if body is not None else card.title
            surfaces += [text[m.start : m.end] for m in matches(text, needles, card.language)[:1]]
        # Accents are lost more often than added: any document that writes them is right.
        best = max(surfaces, key=lambda surface: not surface.isascii(), default=term)
        written = best.lower() if best[1:].islower() else best
        if len(self._written) > _WRITTEN:
            self._written.clear()
        self._written[term] = written
        return written

    def marks(self, text: str, query: str, language: str) -> tuple[Mark, ...]:
        """What a query matches in a text, to highlight a whole document."""
        understood = self._clinical.understand(query) if self._clinical else None
        if understood is not None and self._clinical is not None:
            found = self._clinical.marks(text, understood, language)
            if found:
                return found
        needles = _needles(plan(parse(query)).leaves)
        return tuple(Mark(m.start, m.end, m.why) for m in matches(text, needles, language))

    # -- which entries, which patients

    def _snapshot(self, sequence: int | None) -> Snapshot:
        if sequence is not None and sequence in self._pinned:
            self._pinned.move_to_end(sequence)
            return self._pinned[sequence]
        current = self._index.snapshot()
        if current.sequence in self._pinned:
            self._pinned.move_to_end(current.sequence)
            return self._pinned[current.sequence]
        self._pinned[current.sequence] = current
        while len(self._pinned) > _PINNED:
            self._pinned.popitem(last=False)
        return current

    @staticmethod
    def _who(asked: _Asked) -> Numbers:
        if asked.understood is None or asked.execution is None:
            return answering(asked.clause, asked.seen)
        found = asked.execution.run(asked.understood.query).patients.astype(np.int32)
        if asked.filters:
            found = np.intersect1d(found, asked.seen.patients(), assume_unique=True)
        return found

    def _gather(self, asked: _Asked) -> _Gathering:
        clause = c.All((asked.clause, *asked.filters))
        entries = asked.request.kind in ENTRY_KINDS and asked.request.facets
        free = [name for name in FACETS if name not in asked.request.filters] if entries else []
        by_kind = asked.snapshot.facets_by_kind(clause, free)
        patients = self._who(asked)
        totals: dict[HitKind, int] = {"patients": len(patients)}
        for kind, entry in ENTRY_KINDS.items():
            totals[kind] = by_kind[entry][0] if entry in by_kind else 0  # type: ignore[index]
        facets = by_kind.get(ENTRY_KINDS.get(asked.request.kind or "", ""), (0, {}))[1]
        return _Gathering(totals, patients, facets)

    def _best_match(self, asked: _Asked, kind: HitKind, total: int, offset: int) -> Listed | None:
        """The page ranked by best match, for the kinds and the queries that are; see `galien.query.ranking`."""
        request = asked.request
        if self._ranking is None or kind != "articles" or _order(asked) or not by_best_match(request.query, asked.plan):
            return None
        within = (c.Value("kind", (ENTRY_KINDS[kind],)), *asked.filters)
        question = Question(request.query, within, asked.clause if total and not asked.relaxed else None)
        return self._ranking.page(
            question, asked.snapshot, total=total, offset=offset, limit=request.limit, system=request.system
        )

    def _entry_hits(self, asked: _Asked, kind: HitKind, offset: int, listed: Listed | None = None) -> list[Hit]:
        clause = c.All((asked.clause, c.Value("kind", (ENTRY_KINDS[kind],)), *asked.filters))
        order = _order(asked)
        found: Sequence[c.Found]
        if listed is not None:
            found = listed.found
        else:
            found, _ = asked.snapshot.search(clause, limit=asked.request.limit, offset=offset, order=order)
        cards = self._corpus.cards([f.id for f in found])
        briefs = self._corpus.patients([f.patient for f in found if f.patient])
        needles = list(listed.needles) if listed is not None else _needles(asked.plan.leaves)
        bodies = self._corpus.bodies(list(cards))
        told = self._clinical.passages(cards, bodies, asked.understood) if self._clinical and asked.understood else {}
        hits = []
        for item in found:
            card = cards.get(item.id)
            if card is None:
                continue
            shown = told.get(item.id) or quotes(card, needles, 2, bodies.get(item.id))
            hits.append(
                Hit(
                    kind=kind,
                    id=item.id,
                    title=card.title,
                    score=round(item.score, 4),
                    patient=briefs.get(item.patient),
                    date=card.date,
                    type=card.type,
                    place=card.service or card.journal,
                    hospital=card.hospital,
                    stay=card.stay,
                    author=card.author,
                    language=card.language,
                    source_path=card.source_path,
                    thumbnail=item.id if kind == "images" else "",
                    evidence=shown,
                    near=listed is not None and item.id not in listed.whole,
                    by=reasons(shown, listed.brought.get(item.id, ())) if listed is not None else (),
                )
            )
        return hits

    def _patient_hits(self, asked: _Asked, patients: Numbers, offset: int) -> list[Hit]:
        best = ranked(patients, asked.plan.leaves, asked.seen, offset + asked.request.limit)[offset:]
        numbers = [patient for patient, _ in best]
        briefs = self._corpus.patients(numbers)
        gathered = self._cards_evidence(asked, numbers) if numbers else {}
        hits = []
        for patient, score in best:
            brief = briefs.get(patient)
            if brief is None:
                continue
            found = gathered[patient]
            hits.append(
                Hit(
                    kind="patients",
                    id=f"p{patient}",
                    title=brief.name,
                    score=round(score, 4),
                    patient=brief,
                    date=found.date,
                    source_path=found.path,
                    evidence=found.evidence,
                    more=found.more,
                )
            )
        return hits

    def _cards_evidence(self, asked: _Asked, patients: Sequence[int]) -> dict[int, _Gathered]:
        """What the card of each patient shows: the evidence of each criterion, quotes for what was only words."""
        words = [leaf for leaf in asked.plan.leaves if not leaf.negated and leaf.kind != "field"]
        if not (self._clinical and asked.understood and asked.execution):
            return self._patient_evidence(asked, patients, words)
        shown = self._clinical.evidence(asked.understood, patients, asked.execution, self._corpus)
        plain = [leaf for leaf in words if leaf.text in asked.understood.words]
        bare = [patient for patient in patients if not shown.get(patient)]
        gathered = self._patient_evidence(asked, patients, plain)
        if bare:
            gathered |= self._patient_evidence(asked, bare, words)
        return {patient: _clinically(gathered[patient], shown.get(patient, ())) for patient in patients}

    def _patient_evidence(self, asked: _Asked, patients: Sequence[int], words: Sequence[Leaf]) -> dict[int, _Gathered]:
        """Of each patient, the best entry for each word, and how many further entries match the query."""
        words = words[:4]
        matching = [leaf for leaf in asked.plan.leaves if not leaf.negated]
        restrictions = tuple(leaf.clause for leaf in matching if leaf.kind == "field")
        sought = tuple(leaf.clause for leaf in matching if leaf.kind != "field")[:4]
        best = [self._best_entries(asked, leaf, patients) for leaf in words]
        cards = self._corpus.cards(list({item.id for found in best for items in found.values() for item in items}))
        bodies = self._corpus.bodies([_likeliest(items).id for found in best for items in found.values()])
        whole = c.Any(sought) if sought else c.All(restrictions)
        counts = asked.snapshot.per_patient(c.All((whole, c.Patients(tuple(patients)), *asked.filters)))
        gathered = {}
        for patient in patients:
            chosen: dict[str, tuple[Evidence, ...]] = {}
            for leaf, found in zip(words, best, strict=True):
                items = found.get(patient, [])
                for item in sorted(items, key=_is_text):
                    if item.id in chosen or item.id not in cards or (item.id[0] == "p" and len(items) > 1):
                        continue
                    if item.id not in bodies:
                        bodies.update(self._corpus.bodies([item.id]))
                    chosen[item.id] = quotes(cards[item.id], leaf.marks, 1, bodies.get(item.id))
                    if chosen[item.id]:
                        break
            shown = [cards[id] for id in chosen]
            gathered[patient] = _Gathered(
                evidence=tuple(quote for found in chosen.values() for quote in found),
                more=max(0, counts.get(patient, 0) - len(chosen)),
                path=next((card.source_path for card in shown if card.source_path), ""),
                date=max((card.date for card in shown), default=""),
            )
        return gathered

    @staticmethod
    def _best_entries(asked: _Asked, leaf: Leaf, patients: Sequence[int]) -> dict[int, list[c.Found]]:
        """Up to three entries of each patient for one word: one question for all, then one for each left out."""
        of_each: dict[int, list[c.Found]] = {}

        def ask(numbers: tuple[int, ...], limit: int) -> int:
            clause = c.All((leaf.clause, c.Patients(numbers), *asked.filters))
            found, total = asked.snapshot.search(clause, limit=limit)
            for item in found:
                mine = of_each.setdefault(item.patient, [])
                if len(mine) < 3:
                    mine.append(item)
            return total

        at_once = 10 * len(patients)
        if ask(tuple(patients), at_once) > at_once:
            for patient in patients:
                if patient not in of_each:
                    ask((patient,), 3)
        return of_each

    # -- around the hits

    def _facets(self, asked: _Asked, kind: HitKind, gathered: _Gathering) -> dict[str, tuple[FacetValue, ...]]:
        entry = ENTRY_KINDS.get(kind)
        where: tuple[c.Clause, ...] = (c.Value("kind", (entry,)),) if entry else (c.Value("kind", ("patient",)),)
        chosen = asked.request.filters
        names = [n for n in FACETS if entry or n in ("sex",)]
        free = [name for name in names if name not in chosen]
        found: dict[str, list[tuple[str, int]]] = {}
        clause = asked.clause if entry else c.All()
        if not entry:
            found["sex"] = by_sex(gathered.patients, asked.snapshot)
        else:
            found.update(gathered.facets or asked.snapshot.facets(c.All((clause, *where, *asked.filters)), free))
            for name in names:
                if name in chosen:
                    others = _filters(asked.request, leave_out=name)
                    found.update(asked.snapshot.facets(c.All((clause, *where, *others)), [name]))
        return {
            name: tuple(FacetValue(value, count) for value, count in found[name]) for name in names if found.get(name)
        }

    def _understood(self, asked: _Asked, kind: HitKind) -> tuple[Criterion, ...]:
        if self._clinical and asked.understood and asked.execution:
            return self._clinical.criteria(
                asked.understood, asked.execution, asked.snapshot, patients=kind == "patients"
            )
        entry = ENTRY_KINDS.get(kind)
        where: tuple[c.Clause, ...] = (c.Value("kind", (entry,)),) if entry else ()
        criteria = []
        for leaf in asked.plan.leaves[:20]:
            clause = c.All((leaf.clause, *where, *asked.filters))
            count = asked.snapshot.count(clause) if entry else len(asked.snapshot.patients(clause))
            criteria.append(
                Criterion(text=leaf.text, kind=leaf.kind, field=leaf.field, negated=leaf.negated, count=count)
            )
        return tuple(criteria)

    def _did_you_mean(self, asked: _Asked) -> str:
        """The query with its unknown words replaced by the nearest known ones."""
        query = asked.request.query
        replaced = False
        for token in reversed(list(tokens(query))):
            if asked.snapshot.frequency(token.exact) > _RARE or self._stem_known(asked, token.exact):
                continue
            better = nearest(token.exact, asked.snapshot.terms)
            if better:
                query = query[: token.start] + better + query[token.end :]
                replaced = True
        return query if replaced else ""

    @staticmethod
    def _stem_known(asked: _Asked, word: str) -> bool:
        leaf = next((leaf for leaf in asked.plan.leaves if exact(leaf.text) == word), None)
        return leaf is None or asked.snapshot.count(leaf.clause) > 0


def _clinically(gathered: _Gathered, shown: tuple[Evidence, ...]) -> _Gathered:
    """A card of a clinical query: the evidence of each criterion, then the quotes of its words."""
    if not shown:
        return gathered
    more = gathered.more - len({item.document for item in shown})
    shown += tuple(item for item in gathered.evidence if item not in shown)
    path = next((item.source_path for item in shown if item.source_path), gathered.path)
    return _Gathered(shown, max(0, more), path, max(item.at for item in shown) or gathered.date)


def _is_text(found: c.Found) -> bool:
    """Coded facts come first: they are the strongest evidence."""
    return found.id[0] != "f"


def _likeliest(items: Sequence[c.Found]) -> c.Found:
    return min(items, key=_is_text)


def _any(planned: Plan) -> c.Clause:
    """The loose clause with one word enough."""
    loose = planned.loose
    assert isinstance(loose, c.All)
    first, *rest = loose.clauses
    assert isinstance(first, c.Any)
    return c.All((c.Any(first.clauses, 1), *rest), loose.without, loose.better)


def _filters(request: SearchRequest, leave_out: str = "") -> tuple[c.Clause, ...]:
    unknown = set(request.filters) - set(FACETS) - {"hospital"}
    if unknown:
        raise QueryError(f"unknown filter {sorted(unknown)[0]!r}", hint=f"Filters: {', '.join(FACETS)}.")
    clauses: list[c.Clause] = [
        c.Value("age" if name == "age" else name, values)
        for name, values in sorted(request.filters.items())
        if name != leave_out and values
    ]
    bounds = day_bounds(request.since, request.until)
    if bounds is not None:
        clauses.append(bounds)
    if request.patient:
        number = request.patient.removeprefix("p")
        if not number.isdigit():
            raise QueryError("a patient is named p12", hint="Use the id shown with the hit.")
        clauses.append(c.Patients((int(number),)))
    return tuple(clauses)


def _order(asked: _Asked) -> Literal["", "newest", "oldest"]:
    if asked.request.sort != "relevance":
        return asked.request.sort
    return "newest" if not any(leaf.kind != "field" for leaf in asked.plan.leaves) else ""


def _needles(leaves: Sequence[Leaf]) -> list[Needle]:
    return [needle for leaf in leaves if not leaf.negated for needle in leaf.marks]


def _cursor(offset: int, sequence: int) -> str:
    return base64.urlsafe_b64encode(f"{offset}.{sequence}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[int, int | None]:
    if not cursor:
        return 0, None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        offset, _, sequence = text.partition(".")
        place = int(offset)
        if not 0 <= place <= 1_000_000:
            raise ValueError
        return place, int(sequence)
    except ValueError:
        raise QueryError("this cursor is not one of ours", hint="Use `next_cursor` as it was given.") from None
