"""Answering a question about one patient from the record: rows, and what documents say, in context.

The rules, which `docs/questions.md` tells to users:

- A value that a document repeats after it was measured is not a new value. A written value bears the day of its
  document.
- *Oui* needs an affirmation (what a search counts as present), *Non* a written absence; *rien ne le dit* is neither.
- A wider denial denies what is narrower (no arrhythmia: no atrial fibrillation), never the reverse.
- The date of an act is that of its coded row; then the date in the sentence that names it; then the day of the report
  of it; otherwise it is said not to be written.
- Nothing is inferred: an indication is told only where one sentence states both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from galien.model.replies import Looked, Reply, ReplyFact, Verdict
from galien.query.asking import allergies, listing, results, treatments
from galien.query.asking.dossier import Dossier, inside
from galien.query.asking.questions import DATA, Question, says_nothing
from galien.query.asking.replying import FEW, read_back, reply
from galien.query.asking.traces import Traces
from galien.query.asking.wording import Wording
from galien.query.criteria import (
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
    Value,
    joined,
)
from galien.query.grammar import plain_of
from galien.store.omop.record import Mentioned

_REPORTS = ("operative-report", "procedure-report")
_BECAUSE = [re.compile(pattern) for pattern in DATA["because"]["patterns"]]
_SINCE = [re.compile(pattern + r"\s*(?:le |l'annee |annee |mid-|the year )?$") for pattern in DATA["since"]["patterns"]]
_UNDER = re.compile(r"\b(?:sous|traitee?s?|par|anticoagulee?|equilibree?|substituee?|on|treated|under|with)\b|[(,:]")


class Answering:
    """Answers questions about the patient of a dossier.

    Parameters
    ----------
    dossier : Dossier
    question : Question
    """

    def __init__(self, dossier: Dossier, question: Question) -> None:
        self._dossier = dossier
        self._question = question
        self._words = Wording(question.language)

    def reply(self) -> Reply:
        """The answer, with its evidence, and where it was looked for."""
        question = self._question
        if not question.understood:
            return self._not_understood()
        found = self._answered()
        for sense in question.others:
            if found.verdict == "nothing" and not found.facts:
                other = Answering(self._dossier, sense).reply()
                if other.verdict not in ("nothing", "unknown"):
                    return other
        looked = tuple(Looked(*table) for table in self._dossier.extent)
        return msgspec.structs.replace(
            found,
            understood=read_back(question, self._dossier, self._words),
            looked=looked,
            corrected=question.corrected,
        )

    def _not_understood(self) -> Reply:
        question, words = self._question, self._words
        listed = ", ".join(f"« {word} »" if words.language == "fr" else f"“{word}”" for word in question.words)
        sentence = words.say("nothing", "words", words=listed) if listed else words.say("nothing", "empty")
        examples = list(DATA["examples"][question.language])
        if question.words and question.about is not None:
            rest = question.text
            for word in question.words:
                rest = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", rest, count=1)
            examples = [_trimmed(rest), *examples][:3]
        return Reply(
            question=question.text, patient=f"p{self._dossier.person}", language=question.language, form="unknown",
            verdict="unknown", sentence=sentence, words=question.words, examples=tuple(examples),
        )  # fmt: skip

    def _answered(self) -> Reply:
        question = self._question
        if question.form == "value":
            return results.value(self._dossier, question, self._words)
        if question.allergy:
            return allergies.answer(self._dossier, question, self._words)
        match question.form:
            case "date":
                return self._date()
            case "since":
                return self._since()
            case "why":
                return self._why()
            case "count":
                return listing.count(self._dossier, question, self._words)
            case "which":
                return listing.which(self._dossier, question, self._words)
        return self._whether()

    # -- yes or no

    def _whether(self) -> Reply:
        question = self._question
        node = question.about
        if node is None:
            return listing.which(self._dossier, question, self._words)
        if isinstance(node, Concept) and node.said in ("present", "family"):
            if node.kind in ("drug", "class"):
                return treatments.whether(self._dossier, question, node, self._words)
            return self._has(node)
        return self._holds(node)

    def _has(self, node: Concept) -> Reply:
        """Whether the patient has, or had, this."""
        question, dossier, words = self._question, self._dossier, self._words
        name = dossier.name(node.id, words)
        if node.said == "family":
            name = words.word("list", "family", name=name)
        evidence = Traces(dossier, node, question.period)
        affirmed = evidence.affirmed
        denied = evidence.denied if node.said == "present" else evidence.denied_of_family
        first = min((m.day for m in affirmed if m.day), default="")
        coded = min((row.start for row in evidence.rows if row.start), default="")
        start = min((day for day in (first, coded) if day), default="")
        later = [m for m in denied if not start or m.day >= start]
        facts = [dossier.of_row(row) for row in evidence.rows[:2]]
        facts += dossier.of_mentions(affirmed, FEW - len(facts) if evidence.rows else FEW - 1)
        if facts:
            facts += dossier.of_mentions(later, 1 if node.kind == "finding" else 2, "denied")
            verdict: Verdict = "both" if later and node.kind == "condition" else "yes"
            latest = max((f.at for f in facts if f.at and f.said == "present"), default="")
            if verdict == "both":
                sentence = words.say("whether", "both", name=name)
            elif coded and node.kind == "condition":
                sentence = words.say("whether", "yes_since", name=name, date=words.date(coded))
            elif latest:
                sentence = words.say("whether", "yes", name=name, date=words.date(latest))
            else:
                sentence = words.say("whether", "yes_undated", name=name)
            return self._reply(verdict, sentence, facts, evidence.count - len(facts))
        if denied:
            facts = dossier.of_mentions(denied, FEW, "denied")
            if facts:
                return self._reply("no", words.say("whether", "no", name=name, date=words.date(facts[0].at)), facts)
        return self._unsaid(name, evidence.doubtful if node.said == "present" else [])

    def _unsaid(self, name: str, doubtful: Sequence[Mentioned]) -> Reply:
        """Neither affirmed nor denied; what is only raised is shown."""
        words = self._words
        facts = self._dossier.of_mentions(doubtful, FEW)
        if facts:
            how = ", ".join(words.word("how", said) for said in dict.fromkeys(f.said for f in facts))
            return self._reply("nothing", words.say("whether", "doubtful", name=name, how=how), facts)
        within = words.within(self._question.period)
        return self._reply("nothing", words.say("whether", "nothing", name=name, within=within), [])

    def _holds(self, node: Node) -> Reply:
        """Whether a whole criterion holds of this patient, as a search would find."""
        dossier, words = self._dossier, self._words
        period = self._question.period
        whole = joined([node, period]) if period is not None else node
        within = words.within(period)
        if isinstance(node, DocumentKind):
            return listing.which(dossier, self._question, words)
        if not len(dossier.execution.run(whole).patients):
            return self._reply("nothing", words.say("whether", "fails", within=within), [])
        facts: list[ReplyFact] = []
        for leaf in _leaves(node):
            facts += dossier.of_events(dossier.execution.matching(leaf, whole), 2)
        return self._reply("yes", words.say("whether", "holds"), facts[: FEW + 2])

    # -- dates

    def _date(self) -> Reply:
        question, words = self._question, self._words
        if question.about is None or isinstance(question.about, DocumentKind):
            return listing.dates(self._dossier, question, words)
        node = question.about
        if isinstance(node, Concept) and node.kind != "analyte":
            return self._when(node)
        if isinstance(node, Concept):
            asked = msgspec.structs.replace(question, pick=question.pick or "last")
            return msgspec.structs.replace(results.value(self._dossier, asked, words), form="date")
        events = self._dossier.execution.events(node).dated
        facts = [f for f in self._dossier.of_events(events, 12) if inside(f.at, question.period)][:FEW]
        if not facts:
            return self._nothing(words.word("read", "date"))
        chosen = facts[-1] if question.pick == "first" else facts[0]
        sentence = words.say("date", "one", name=chosen.text, date=words.date(chosen.at))
        return self._reply("found", sentence, facts, value=chosen.at[:10])

    def _when(self, node: Concept) -> Reply:
        """When something was done, found or given."""
        question, dossier, words = self._question, self._dossier, self._words
        name = dossier.name(node.id, words)
        traces = Traces(dossier, node, question.period)
        rows = sorted((row for row in traces.rows if row.start), key=lambda row: row.start, reverse=True)
        # A disease has one beginning, and so has a treatment; an act is done as often as it is done.
        begins = node.kind != "act" and question.pick != "last"
        if rows:
            days = list(dict.fromkeys(row.start for row in rows))
            chosen = rows[-1] if question.pick == "first" or begins else rows[0]
            facts = [dossier.of_row(row) for row in ([chosen] if begins else rows[:FEW])]
            near = [m for m in traces.affirmed if m.day and (not begins or m.day >= chosen.start)]
            facts += dossier.of_mentions(_nearest(near, chosen.start), 2)
            form = question.pick if question.pick in ("last", "first") and len(days) > 1 else "one"
            several = len(days) > 1 and not question.pick and not begins
            sentence = words.say(
                "date", "several" if several else form, name=name, n=len(days), date=words.date(chosen.start)
            )
            return self._reply("found", sentence, facts, len(rows) - 1, value=chosen.start)
        written = list(self._dated(traces))
        if written:
            written.sort(key=lambda pair: pair[0], reverse=True)
            day, _ = written[-1] if question.pick == "first" or begins else written[0]
            sentence = words.say("date", "written", name=name, date=words.date(day))
            return self._reply("found", sentence, [f for _, f in written][:FEW], value=day)
        undated = [m for m in reversed(traces.affirmed) if m.day]
        facts = dossier.of_mentions(undated, FEW)
        if facts:
            sentence = words.say("date", "undated", name=name, date=words.date(facts[0].at))
            return self._reply("nothing", sentence, facts)
        return self._unsaid(name, traces.doubtful)

    def _dated(self, traces: Traces) -> Iterator[tuple[str, ReplyFact]]:
        """Mentions that a date stands beside, or that stand in the report of the act itself."""
        dossier = self._dossier
        kinds = {note.id: note.kind for note in dossier.rows.notes()} if traces.node.kind == "act" else {}
        for mention in traces.affirmed[:24]:
            day = self._date_beside(mention)
            if not day and kinds.get(mention.note) in _REPORTS and "a" not in mention.said:
                day = mention.day
            fact = dossier.of_mention(mention, at=day) if day else None
            if fact is not None:
                yield day, fact

    def _date_beside(self, mention: Mentioned, *, since: bool = False) -> str:
        """The date written in the sentence of a mention, nearest to it: a day, a month or a year."""
        quotes = self._dossier.quotes
        low, high = quotes.sentence(mention.note, mention.start)
        text = quotes.text(mention.note, low, high)
        times = [t for t in self._dossier.reader.read(text, at=mention.day).times if t.kind == "date" and t.first]
        if since:
            times = [t for t in times if any(p.search(_folded(text[: t.start])) for p in _SINCE)]
        else:
            times = [t for t in times if t.last <= (mention.day or t.last)]
        if not times:
            return ""
        near = min(times, key=lambda t: min(abs(t.start - (mention.end - low)), abs(t.end - (mention.start - low))))
        if near.first[:7] == near.last[:7]:
            return near.first if near.first == near.last else near.first[:7]
        return near.first[:4]

    def _since(self) -> Reply:
        """Since when: the earliest coded start, and what sentences say."""
        question, dossier, words = self._question, self._dossier, self._words
        node = question.about
        if not isinstance(node, Concept):
            return self._nothing(words.word("read", "since"))
        name = dossier.name(node.id, words)
        traces = Traces(dossier, node, None)
        rows = sorted((row for row in traces.rows if row.start), key=lambda row: row.start)
        written = [(day, m) for m in traces.affirmed[:24] if (day := self._date_beside(m, since=True))]
        written.sort(key=lambda pair: pair[0])
        facts = [dossier.of_row(row) for row in rows[:1]]
        seen = {row.start[:4] for row in rows[:1]}
        for day, mention in written:
            fact = dossier.of_mention(mention, at=day) if day[:4] not in seen or len(facts) < 2 else None
            if fact is not None and len(facts) < FEW:
                seen.add(day[:4])
                facts.append(fact)
        if rows:
            sentence = words.say("since", "coded", name=name, date=words.date(rows[0].start))
            return self._reply("found", sentence, facts, value=rows[0].start)
        if written and facts:
            sentence = words.say("since", "written", name=name, date=words.date(written[0][0]))
            return self._reply("found", sentence, facts, value=written[0][0])
        facts = dossier.of_mentions([m for m in reversed(traces.affirmed) if m.day], FEW)
        if facts:
            return self._reply("nothing", words.say("since", "first", name=name, date=words.date(facts[0].at)), facts)
        return self._unsaid(name, traces.doubtful)

    # -- why

    def _why(self) -> Reply:
        """The reason of a treatment or an act, where one sentence states both."""
        question, dossier, words = self._question, self._dossier, self._words
        node = question.about
        if not isinstance(node, Concept):
            return self._nothing(words.word("read", "why"))
        name = dossier.name(node.id, words)
        traces = Traces(dossier, node, question.period)
        facts: list[ReplyFact] = []
        reasons: list[str] = []
        dossier.quotes.fetch(m.note for m in traces.affirmed[:40])
        for mention in [*traces.affirmed, *traces.doubtful][:40]:
            found = self._reason(mention, node)
            if found is None or (found[0] in reasons and len(facts) >= 2):
                continue
            reason, start, end = found
            words_of = dossier.quotes.text(mention.note, mention.start, mention.end)
            quote = dossier.quotes.quote(mention.note, mention.start, mention.end, words_of, [(start, end)])
            if quote is None or any(f.evidence.quote == quote.quote for f in facts):
                continue
            reasons.append(reason)
            facts.append(ReplyFact(text=dossier.name(reason, words), at=mention.day, evidence=quote))
            if len(facts) >= FEW:
                break
        if not facts:
            if not traces.affirmed and not traces.rows:
                return self._unsaid(name, traces.doubtful)
            shown = dossier.of_mentions(traces.affirmed, 2)
            return self._reply("nothing", words.say("why", "nothing", name=name), shown)
        names = words.names(dossier.name(reason, words) for reason in reasons)
        sentence = words.say("why", "found", name=name, names=names)
        return self._reply("found", sentence, facts, value=reasons[0])

    def _reason(self, mention: Mentioned, node: Concept) -> tuple[str, int, int] | None:
        """The condition that the sentence gives as the reason, and where it stands in the document."""
        quotes = self._dossier.quotes
        low, high = quotes.sentence(mention.note, mention.start)
        text = quotes.text(mention.note, low, high)
        reading = self._dossier.reader.read(text)
        for other in reading.mentions:
            if (
                other.kind not in ("condition", "finding")
                or other.context.negated
                or other.context.subject != "patient"
            ):
                continue
            if other.start >= mention.end - low:
                between = _folded(text[mention.end - low : other.start])
                if any(p.search(between) for p in _BECAUSE):
                    return other.concept, low + other.start, low + other.end
            elif other.end <= mention.start - low and node.kind in ("drug", "class"):
                between = _folded(text[other.end : mention.start - low])
                if _UNDER.search(between) and len(between) < 80 and ". " not in between:
                    return other.concept, low + other.start, low + other.end
        return None

    # -- replies

    def _nothing(self, name: str) -> Reply:
        within = self._words.within(self._question.period)
        return self._reply("nothing", self._words.say("nothing", "found", name=name, within=within), [])

    def _reply(
        self, verdict: Verdict, sentence: str, facts: Sequence[ReplyFact], more: int = 0, value: str = ""
    ) -> Reply:
        return reply(self._dossier, self._question, verdict, sentence, facts, more=more, value=value)


def _trimmed(question: str) -> str:
    """A question without the little words that a removed one left hanging."""
    words = question.split()
    while len(words) > 1 and says_nothing(words[-1]):
        words.pop()
    return " ".join(words)


def _folded(text: str) -> str:
    return plain_of(" ".join(text.split()))


def _nearest(mentions: Iterable[Mentioned], day: str) -> list[Mentioned]:
    """Mentions by how near their document lies to a day, later ones first."""
    return sorted(mentions, key=lambda m: (m.day < day, m.day if m.day >= day else "", m.id))


def _leaves(node: Node) -> Iterator[Node]:
    """The criteria of a node that have events."""
    match node:
        case All(parts) | Any(parts):
            for part in parts:
                yield from _leaves(part)
        case Related(_, left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case Picked(_, part) | Counted(_, part):
            yield from _leaves(part)
        case Concept() | Value() | DocumentKind():
            yield node
        case Not() | Period() | _:
            return
