"""Lists of one record: treatments, operations, problems, stays, documents; and how many there are."""

from __future__ import annotations

import re

import msgspec

from galien.model.evidence import Evidence
from galien.model.replies import Reply, ReplyFact, Verdict
from galien.query.asking import allergies, results, treatments
from galien.query.asking.dossier import NOT_SO, Dossier, inside, stance
from galien.query.asking.questions import DATA, Question
from galien.query.asking.replying import FEW, MANY, reply
from galien.query.asking.traces import Traces
from galien.query.asking.wording import Wording
from galien.query.criteria import Concept, DocumentKind
from galien.query.grammar import plain_of
from galien.store.omop.record import CodedRow, Mentioned, Stay

_EXAMINATIONS = frozenset("QLRHMZ")
"""Third letter of a CCAM code: examine, inject, rehabilitate, sample... (CCAM, guide de lecture et de codage, ATIH):
what is not called an operation."""
_EXAMINING = re.compile(DATA["examination"]["pattern"])


def which(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """A list of the record."""
    if isinstance(question.about, DocumentKind):
        return _documents(dossier, question, question.about.kind, words)
    if isinstance(question.about, Concept) and question.about.kind in ("drug", "class"):
        return _drugs_of(dossier, question, question.about, words)
    match question.listed:
        case "drugs":
            return _drugs(dossier, question, words)
        case "operations":
            return _operations(dossier, question, words)
        case "conditions":
            return _conditions(dossier, question, words)
        case "stays":
            return _stays(dossier, question, words)
        case "allergies":
            return allergies.answer(dossier, question, words)
    return _documents(dossier, question, "", words)


def dates(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """Dates of documents, stays or operations."""
    found = which(dossier, question, words)
    if not found.facts:
        return found
    name = words.word("list", "stay" if question.listed == "stays" else question.listed or "documents")
    if isinstance(question.about, DocumentKind):
        name = found.facts[0].text
    chosen = found.facts[-1] if question.pick == "first" else found.facts[0]
    if question.listed == "stays":
        sentence = words.say("date", "stay", name=name, date=words.date(chosen.at), until=words.date(chosen.until))
    else:
        sentence = words.say("date", "one", name=chosen.text, date=words.date(chosen.at))
    return msgspec.structs.replace(found, sentence=sentence, value=chosen.at[:10])


def count(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """How many there are: values, days of coded rows, stays, documents."""
    node = question.about
    if isinstance(node, Concept) and node.kind == "analyte":
        number, facts = results.count(dossier, node.id, question)
        return _counted(dossier, question, dossier.name(node.id, words), number, facts, words)
    if isinstance(node, Concept):
        return _times(dossier, question, node, words)
    if node is not None and not isinstance(node, DocumentKind):
        events = dossier.execution.events(node)
        facts = dossier.of_events(events.dated, FEW)
        days = set(events.dated.day.tolist())
        return _counted(dossier, question, words.word("read", "count"), len(days), facts, words)
    found = which(dossier, question, words)
    name = words.word("list", question.listed or "documents")
    if isinstance(node, DocumentKind):
        name = dossier.kind_name(node.kind, words)
    number = len(found.facts) + found.more
    if question.listed == "allergies":
        return found
    if question.listed == "stays" and number:
        return _counted_stays(dossier, question, found, words)
    return _counted(dossier, question, name, number, list(found.facts), words)


def _counted_stays(dossier: Dossier, question: Question, found: Reply, words: Wording) -> Reply:
    """How many stays, and how many of them last a night: senders call a visit of an hour a stay too."""
    stays = [stay for stay in dossier.rows.stays() if inside(stay.start, question.period)]
    nights = sum(1 for stay in stays if stay.end[:10] > stay.start[:10])
    sentence = words.say("count", "stays", n=len(stays), nights=nights)
    return reply(dossier, question, "found", sentence, found.facts, more=found.more, value=str(len(stays)))


def _times(dossier: Dossier, question: Question, node: Concept, words: Wording) -> Reply:
    """How many days something was done or given, by coded rows; what is only written is not counted as often."""
    name = dossier.name(node.id, words)
    traces = Traces(dossier, node, question.period)
    if traces.rows:
        facts = [dossier.of_row(row) for row in traces.rows[:FEW]]
        return _counted(dossier, question, name, len(traces.days) or len(traces.rows), facts, words)
    facts = dossier.of_mentions(traces.affirmed, FEW)
    if facts:
        notes = len({m.note for m in traces.affirmed})
        return reply(dossier, question, "nothing", words.say("count", "written", name=name, n=notes), facts)
    return _nothing(dossier, question, name, words)


def _counted(
    dossier: Dossier, question: Question, name: str, number: int, facts: list[ReplyFact], words: Wording
) -> Reply:
    if not number:
        return _nothing(dossier, question, name, words)
    sentence = words.say("count", "events", name=name, n=number)
    return reply(dossier, question, "found", sentence, facts, more=number - len(facts), value=str(number))


def _nothing(dossier: Dossier, question: Question, name: str, words: Wording) -> Reply:
    sentence = words.say("nothing", "found", name=name, within=words.within(question.period))
    return reply(dossier, question, "nothing", sentence, [])


# -- treatments


def _drugs(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """Current treatments; those that ended are counted."""
    every = treatments.all_of(dossier, question.period)
    current = {key: traces for key, traces in every.items() if treatments.is_current(traces)}
    chosen = current or every
    if not chosen:
        return _nothing(dossier, question, words.word("list", "drugs"), words)
    return _listed_drugs(dossier, question, chosen, "drugs" if current else "drugs_past", len(every), words)


def _drugs_of(dossier: Dossier, question: Question, node: Concept, words: Wording) -> Reply:
    """Drugs of a class, ever; only current ones where *actuellement* was asked."""
    below = dossier.lexicon.descendants(node.id)
    sources = dossier.sources(below)
    every = {
        key: traces
        for key, traces in treatments.all_of(dossier, question.period).items()
        if key in below or any(t.row is not None and t.row.source in sources for t in traces)
    }
    if question.now:
        every = {key: traces for key, traces in every.items() if treatments.is_current(traces)}
    every = {key: traces for key, traces in every.items() if traces}
    name = dossier.name(node.id, words)
    if not every:
        return _nothing(dossier, question, name, words)
    return _listed_drugs(dossier, question, every, "drugs_ever", len(every), words, name)


def _listed_drugs(
    dossier: Dossier,
    question: Question,
    chosen: dict[str, list[treatments.Trace]],
    form: str,
    total: int,
    words: Wording,
    name: str = "",
) -> Reply:
    facts: list[tuple[str, ReplyFact]] = []
    for key, traces in sorted(chosen.items(), key=lambda item: item[1][0].day, reverse=True):
        shown = dossier.name(key, words) if key in dossier.lexicon else key
        row = next((t for t in traces if t.row is not None), None)
        best = row or traces[0]
        fact = (
            dossier.of_row(best.row, text=shown, said=best.said)
            if best.row is not None
            else dossier.of_mention(best.mention, best.said)
            if best.mention is not None
            else None
        )
        if fact is not None:
            facts.append(
                (shown, msgspec.structs.replace(fact, text=f"{shown} {best.row.detail}".strip() if best.row else shown))
            )
    dosed = isinstance(question.about, Concept) and question.about.kind == "drug"
    names = words.names(fact.text if dosed else shown for shown, fact in facts)
    sentence = words.say("which", form, n=len(facts), names=names, name=name)
    return reply(
        dossier,
        question,
        "found",
        sentence,
        [fact for _, fact in facts[:MANY]],
        more=total - len(facts[:MANY]),
        value=names,
    )


# -- acts and problems


def _operations(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """Coded operations, and those of which only the report, or a line of history, is there."""
    rows = [
        row
        for row in dossier.rows.coded("procedure_occurrence")
        if row.state not in NOT_SO and inside(row.start, question.period) and not _examination(row)
    ]
    facts = [dossier.of_row(row) for row in rows]
    days = {row.start for row in rows}
    for note in dossier.rows.notes():
        if note.kind == "operative-report" and note.day not in days and inside(note.day, question.period):
            fact = dossier.of_note(note)
            if fact is not None:
                facts.append(fact)
                days.add(note.day)
    if question.period is None:
        facts += _past(dossier, "act", {fact.text.lower() for fact in facts})
    return _list(dossier, question, "operations", facts, words)


def _examination(row: CodedRow) -> bool:
    """Whether an act is no operation: by its CCAM code, else by the words of its label."""
    vocabulary, _, value = row.code.partition(":")
    if vocabulary == "CCAM":
        return len(value) > 2 and value[2] in _EXAMINATIONS
    return _EXAMINING.search(plain_of(row.label)) is not None


def _conditions(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """Coded problems, each once, and those of the history that documents write."""
    latest: dict[str, CodedRow] = {}
    for row in dossier.rows.coded("condition_occurrence"):
        if row.state not in NOT_SO and inside(row.start, question.period):
            latest.setdefault(row.code or row.label.lower(), row)
    facts = [dossier.of_row(row) for row in latest.values()]
    if question.period is None:
        known = {id for row in latest.values() for id in dossier.lexicon.coded(*_split(row.code))} if latest else set()
        known = {near for id in known for near in dossier.lexicon.ancestors(id) | dossier.lexicon.descendants(id)}
        facts += _past(dossier, "condition", {fact.text.lower() for fact in facts}, frozenset(known))
    return _list(dossier, question, "conditions", facts, words)


def _split(code: str) -> tuple[str, str]:
    vocabulary, _, value = code.partition(":")
    return vocabulary, value


def _past(dossier: Dossier, kind: str, seen: set[str], known: frozenset[str] = frozenset()) -> list[ReplyFact]:
    """What documents put in the past and no row says, each concept once."""
    numbers = dossier.numbers([c.id for c in dossier.lexicon if c.kind == kind])
    once: dict[int, Mentioned] = {}
    for mention in dossier.rows.of_kind([kind]):
        concept = numbers.get(mention.concept, "")
        if stance(mention) == "present" and "a" in mention.said and concept and concept not in known:
            once.setdefault(mention.concept, mention)
    facts = dossier.of_mentions(once.values(), MANY)
    return [msgspec.structs.replace(fact, at="") for fact in facts if fact.text.lower() not in seen]


def _list(dossier: Dossier, question: Question, name: str, facts: list[ReplyFact], words: Wording) -> Reply:
    if not facts:
        return _nothing(dossier, question, words.word("list", name), words)
    facts = sorted(facts, key=lambda fact: fact.at, reverse=question.pick != "first")
    if question.pick in ("last", "first"):
        facts = [fact for fact in facts if fact.at][:1] or facts[:1]
    names = words.names(fact.text for fact in facts)
    sentence = words.say("which", name, n=len(facts), names=names)
    verdict: Verdict = "yes" if question.form == "whether" else "found"
    return reply(dossier, question, verdict, sentence, facts[:MANY], more=len(facts) - MANY, value=names)


# -- stays and documents


def _stays(dossier: Dossier, question: Question, words: Wording) -> Reply:
    stays = [stay for stay in dossier.rows.stays() if inside(stay.start, question.period)]
    if question.form == "which" and question.pick == "last":
        stays = stays[:1]
    if not stays:
        return _nothing(dossier, question, words.word("list", "stays"), words)
    facts = [_stay(dossier, stay) for stay in stays]
    last = stays[0]
    sentence = words.say(
        "which", "stays", n=len(stays), date=words.date(last.start), until=words.date(last.end), names=last.service
    )
    verdict: Verdict = "yes" if question.form == "whether" else "found"
    if question.pick == "first":
        facts = facts[-1:]
    return reply(dossier, question, verdict, sentence, facts[:MANY], more=len(facts) - MANY, value=str(len(stays)))


def _stay(dossier: Dossier, stay: Stay) -> ReplyFact:
    evidence = Evidence(kind="code", record=stay.id, quote=stay.service, document=f"p{dossier.person}", at=stay.start)
    return ReplyFact(text=stay.service, at=stay.start, until=stay.end, evidence=evidence)


def _documents(dossier: Dossier, question: Question, kind: str, words: Wording) -> Reply:
    notes = [
        note for note in dossier.rows.notes() if (not kind or note.kind == kind) and inside(note.day, question.period)
    ]
    name = dossier.kind_name(kind, words)
    if not notes:
        return _nothing(dossier, question, name, words)
    if question.pick == "first":
        notes = notes[::-1]
    total = len(notes)
    if question.pick in ("first", "last") and question.form != "count":
        notes = notes[:1]
    facts = [fact for note in notes[:MANY] if (fact := dossier.of_note(note)) is not None]
    form = "document" if question.pick in ("first", "last") else "documents"
    sentence = words.say("which", form, n=total, name=name, date=words.date(notes[0].day), names=notes[0].title)
    verdict: Verdict = "yes" if question.form == "whether" else "found"
    return reply(dossier, question, verdict, sentence, facts, more=total - len(facts), value=notes[0].day)
