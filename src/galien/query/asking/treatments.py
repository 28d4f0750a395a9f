"""What a patient takes: current treatments against those that ended.

A treatment is *current* when a coded row of it has no end before the last day of the record and no final state, or when
the last document that speaks of it neither says that it was stopped nor puts it in the past. Where rows and documents
disagree, both are shown. What was last seen more than a year before the end of the record is said to need checking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from galien.model.replies import Reply, ReplyFact
from galien.query.asking.dossier import NOT_SO, Dossier, inside, stance
from galien.query.asking.questions import DATA, Question
from galien.query.asking.replying import FEW, reply
from galien.query.asking.traces import Traces
from galien.query.asking.wording import Wording
from galien.query.criteria import Concept, Period
from galien.query.grammar import plain_of
from galien.store.omop.record import CodedRow, Mentioned

ENDED = frozenset(("stopped", "completed", "ended", "cancelled", "inactive", "on-hold", "suspended"))
_BEFORE = [re.compile(pattern) for pattern in DATA["stopped"]["before"]]
_AFTER = [re.compile(pattern) for pattern in DATA["stopped"]["after"]]
_NOT = [re.compile(pattern) for pattern in DATA["stopped"]["not"]]
_ALLERGY = re.compile(r"allerg|intoleran|hypersensib|hypersensit|anaphyla")
_MOST_READ = 24
_YEAR = 365


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One trace of a treatment, in time. ``on``: taken then; off: ended, or written absent."""

    day: str
    on: bool
    row: CodedRow | None = None
    mention: Mentioned | None = None
    said: str = "current"

    @property
    def open(self) -> bool:
        """A prescription without an end."""
        return self.on and self.row is not None


def whether(dossier: Dossier, question: Question, node: Concept, words: Wording) -> Reply:
    """Is the patient on it; with *déjà reçu*, was the patient ever."""
    found = Traces(dossier, node, question.period)
    traces = timeline(dossier, found.rows, found.affirmed, found.denied)
    taken = [t for t in traces if t.on or t.said == "stopped"]
    if not traces:
        return _unsaid(dossier, question, node, found, words)
    names = _names(dossier, node, taken, words)
    on = [t for t in traces if t.on]
    last = traces[0]
    if question.ever and taken:
        facts = _facts(dossier, taken)
        return reply(
            dossier, question, "yes", words.say("drug", "ever", names=names, date=words.date(taken[0].day)), facts,
            more=len(taken) - len(facts),
        )  # fmt: skip
    going = last.on or any(t.open for t in traces)
    if going and not last.on and any(t.open for t in traces):
        # The prescription has no end, and a later document says that it has.
        later = [t for t in traces if not t.on and t.mention is not None]
        if later:
            facts = _facts(dossier, [later[0], *[t for t in traces if t.open][:1], *on[:2]])
            sentence = words.say("drug", "both", names=names, date=words.date(later[0].day))
            return reply(dossier, question, "both", sentence, facts, more=len(traces) - len(facts))
    if going:
        current = [t for t in on if t.open] or on
        names = _names(dossier, node, current if node.kind == "class" else taken, words)
        facts = _facts(dossier, [*current[:2], *[t for t in on if t.mention is not None][:FEW]])
        seen = max(t.day for t in on)
        form = "stale" if _stale(seen, dossier.last_day) else "current"
        sentence = words.say("drug", form, names=names, date=words.date(seen))
        return reply(dossier, question, "yes", sentence, facts, more=len(on) - len(facts))
    # What was taken before it ended was taken then: it is not called current.
    ended = [msgspec.structs.replace(t, said="taken") if t.on else t for t in traces[:FEW]]
    facts = _facts(dossier, ended)
    form = "denied" if not taken else "stopped"
    sentence = words.say("drug", form, names=names or dossier.name(node.id, words), date=words.date(last.day))
    return reply(dossier, question, "no", sentence, facts, more=len(traces) - len(facts))


def timeline(
    dossier: Dossier, rows: Iterable[CodedRow], affirmed: list[Mentioned], denied: Sequence[Mentioned] = ()
) -> list[Trace]:
    """Traces of a treatment, latest first; of one day, documents come before rows."""
    end_of_record = dossier.last_day
    traces = []
    for row in rows:
        ended = (row.end and row.end < end_of_record) or row.state in ENDED
        day = (row.end or row.start) if ended else row.start
        traces.append(Trace(day=day, on=not ended, row=row, said="stopped" if ended else "current"))
    dossier.quotes.fetch(m.note for m in affirmed[:_MOST_READ])
    for mention in affirmed[:_MOST_READ]:
        said = _mentioned_as(dossier, mention)
        if said:
            traces.append(Trace(day=mention.day, on=said == "current", mention=mention, said=said))
    traces += [Trace(day=m.day, on=False, mention=m, said="denied") for m in denied]
    return sorted(traces, key=lambda t: (t.day, t.mention is not None), reverse=True)


def _mentioned_as(dossier: Dossier, mention: Mentioned) -> str:
    """``current``, ``stopped``, or ``""`` for what is no use of the drug (an allergy to it)."""
    quotes = dossier.quotes
    low, high = quotes.sentence(mention.note, mention.start)
    before = plain_of(quotes.text(mention.note, low, mention.start)).replace("\n", " ")
    after = plain_of(quotes.text(mention.note, mention.end, high)).replace("\n", " ")
    if _ALLERGY.search(before) or _ALLERGY.search(after[:40]):
        return ""
    if any(p.search(after) for p in _AFTER) and not re.search(r"\bne pas\b|\bdo not\b|\bnot\b", after[:30]):
        return "stopped"
    for pattern in _BEFORE:
        found = pattern.search(before)
        if found and not any(p.search(before[: found.start()]) for p in _NOT):
            return "stopped"
    # In a history section every line is history; there a drug goes with the disease that it still treats.
    past = "r" in mention.said or ("a" in mention.said and mention.section != "history")
    return "stopped" if past else "current"


def _unsaid(dossier: Dossier, question: Question, node: Concept, found: Traces, words: Wording) -> Reply:
    name = dossier.name(node.id, words)
    facts = dossier.of_mentions(found.doubtful, FEW)
    if facts:
        how = ", ".join(words.word("how", said) for said in dict.fromkeys(f.said for f in facts))
        return reply(dossier, question, "nothing", words.say("whether", "doubtful", name=name, how=how), facts)
    sentence = words.say("whether", "nothing", name=name, within=words.within(question.period))
    return reply(dossier, question, "nothing", sentence, [])


def _names(dossier: Dossier, node: Concept, traces: list[Trace], words: Wording) -> str:
    """The name asked for, or the drugs of a class that were found."""
    if node.kind != "class":
        return dossier.name(node.id, words)
    drugs = [
        name_of_row(dossier, t.row, words) if t.row is not None else _name_of_mention(dossier, node, t.mention, words)
        for t in traces
    ]
    named = [name for name in drugs if name and name != dossier.name(node.id, words)]
    return words.names(_apart(named)) or dossier.name(node.id, words)


def _name_of_mention(dossier: Dossier, node: Concept, mention: Mentioned | None, words: Wording) -> str:
    if mention is None:
        return ""
    numbers = dossier.numbers(dossier.lexicon.descendants(node.id))
    return dossier.name(numbers.get(mention.concept, node.id), words)


def name_of_row(dossier: Dossier, row: CodedRow, words: Wording) -> str:
    """The name of the drug of a row in the language of the question, else its label."""
    vocabulary, _, code = row.code.partition(":")
    found = dossier.lexicon.coded(vocabulary, code) if code else []
    drug = next((id for id in found if (c := dossier.lexicon.get(id)) and c.kind == "drug"), None)
    return dossier.name(drug, words) if drug else row.label


def _apart(names: list[str]) -> list[str]:
    """Names that are no part of another (*énoxaparine*, not also *énoxaparine 4000 UI*)."""
    kept: list[str] = []
    for name in names:
        if not any(name.lower().startswith(other.lower()) for other in kept):
            kept.append(name)
    return kept


def _facts(dossier: Dossier, traces: Iterable[Trace]) -> list[ReplyFact]:
    """The traces as facts, latest first, the same words once."""
    facts: list[ReplyFact] = []
    seen: set[str] = set()
    for trace in dict.fromkeys(traces):
        fact = (
            dossier.of_row(trace.row, said=trace.said)
            if trace.row is not None
            else dossier.of_mention(trace.mention, trace.said)
            if trace.mention is not None
            else None
        )
        words = " ".join(fact.evidence.quote.split()).lower() if fact else ""
        if fact is not None and words not in seen:
            seen.add(words)
            facts.append(fact)
        if len(facts) >= FEW:
            break
    return sorted(facts, key=lambda fact: fact.at, reverse=True)


def _stale(seen: str, last: str) -> bool:
    """Whether nothing was seen of it in the last year of the record."""
    try:
        return (date.fromisoformat(last[:10]) - date.fromisoformat(seen[:10])).days > _YEAR
    except ValueError:
        return False


def is_current(traces: list[Trace]) -> bool:
    """Whether a treatment goes on."""
    return bool(traces) and (traces[0].on or any(t.open for t in traces))


def all_of(dossier: Dossier, period: Period | None) -> dict[str, list[Trace]]:
    """Every drug of the record by the name it bears in rows or in the lexicon, with its traces."""
    rows: dict[str, list[CodedRow]] = {}
    for row in dossier.rows.coded("drug_exposure"):
        if row.state not in NOT_SO and inside(row.start, period):
            vocabulary, _, code = row.code.partition(":")
            ids = [id for id in dossier.lexicon.coded(vocabulary, code) if _is_drug(dossier, id)] if code else []
            rows.setdefault(ids[0] if ids else row.label, []).append(row)
    numbers = dossier.numbers([c.id for c in dossier.lexicon if c.kind == "drug"])
    told: dict[str, list[Mentioned]] = {}
    for mention in dossier.rows.of_kind(["drug"]):
        if stance(mention) == "present" and mention.section != "allergy" and inside(mention.day, period):
            told.setdefault(numbers.get(mention.concept, ""), []).append(mention)
    told.pop("", None)
    return {key: timeline(dossier, rows.get(key, []), told.get(key, [])[:3]) for key in dict.fromkeys([*rows, *told])}


def _is_drug(dossier: Dossier, id: str) -> bool:
    concept = dossier.lexicon.get(id)
    return concept is not None and concept.kind == "drug"
