"""Allergies of one record: what is coded, what documents write, what they deny.

An allergy to a class answers for its members (penicillin: amoxicillin), and one to a member for its class. "No known
allergy" denies all of them, where no allergy is written. What is written on both sides is shown side by side.
"""

from __future__ import annotations

import re

import msgspec

from galien.model.replies import Reply, ReplyFact
from galien.query.asking.dossier import Dossier, inside
from galien.query.asking.questions import DATA, Question
from galien.query.asking.replying import FEW, MANY, reply
from galien.query.asking.wording import Wording
from galien.query.criteria import Concept
from galien.query.grammar import plain_of
from galien.store.omop.record import Mentioned

_NONE = [re.compile(pattern) for pattern in DATA["none"]["patterns"]]
_ALLERGIC = re.compile(r"\b(?:allergies?|allergic|allergy|to)\b(?: (?:à la|aux|au|à l'|à))?", re.IGNORECASE)
_SPOKEN = re.compile(
    r"allerg|intoleran|hypersensib|hypersensit|anaphyla|urticaire|urticaria|rash|oedeme de quincke|angioedema"
)
_DOSE = re.compile(
    r"\d\s?(?:mg|g|µg|mcg|UI|IU|ml)\b|\b(?:puffs?|bouffées?|drops?|gouttes?|daily|times|/j)\b", re.IGNORECASE
)
_MOST_READ = 60
_SUBSTANCES = ("drug", "class")


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One line about allergies: what it says, whether it denies, and of which substances or allergies."""

    text: str
    denies: bool
    concepts: frozenset[str]
    fact: ReplyFact


def reply_to_list(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """Which allergies there are."""
    statements = _statements(dossier, question)
    written = [s for s in statements if not s.denies]
    denials = [s for s in statements if s.denies]
    if not statements:
        return reply(dossier, question, "nothing", words.say("allergy", "nothing"), [])
    if not written:
        sentence = words.say("allergy", "none", date=words.date(denials[0].fact.at))
        return reply(dossier, question, "no", sentence, [s.fact for s in denials[:FEW]], more=len(denials) - FEW)
    names = words.names(_distinct(written))
    facts = _few(written, MANY)
    if denials:
        return reply(
            dossier, question, "both", f"{words.say('allergy', 'both')} {words.say('allergy', 'list', names=names)}",
            [*facts[:FEW], *[s.fact for s in denials[:2]]], value=names,
        )  # fmt: skip
    return reply(dossier, question, "found", words.say("allergy", "list", names=names), facts, value=names)


def answer(dossier: Dossier, question: Question, words: Wording) -> Reply:
    """Whether there is an allergy to this."""
    if question.about is None and not question.allergens:
        found = reply_to_list(dossier, question, words)
        if question.form == "whether" and found.verdict == "found":
            return msgspec.structs.replace(
                found, verdict="yes", sentence=words.say("allergy", "yes", names=found.value)
            )
        return found
    statements = _statements(dossier, question)
    wanted = _wanted(dossier, question)
    mine = [s for s in statements if s.concepts & wanted or _names_it(s, question)]
    written = [s for s in mine if not s.denies]
    # "No known allergy" denies each of them, unless some other is written.
    general = [s for s in statements if s.denies and not s.concepts - _GENERAL]
    others = [s for s in statements if not s.denies and s not in mine]
    if written:
        denials = [s for s in mine if s.denies] + general
        names = words.names(_distinct(written))
        if denials:
            facts = [*_few(written, FEW), *_few(denials, 2)]
            sentence = f"{words.say('allergy', 'both')} {words.say('allergy', 'list', names=names)}"
            return reply(dossier, question, "both", sentence, facts, value=names)
        sentence = words.say("allergy", "yes", names=names)
        return reply(dossier, question, "yes", sentence, _few(written, FEW), more=len(written) - FEW, value=names)
    denials = [s for s in mine if s.denies] or ([] if others else general)
    if denials:
        sentence = words.say("allergy", "no", date=words.date(denials[0].fact.at))
        return reply(dossier, question, "no", sentence, _few(denials, FEW), more=len(denials) - FEW)
    if others:
        sentence = words.say("allergy", "others", names=words.names(_distinct(others)))
        facts = [msgspec.structs.replace(fact, said="other") for fact in _few(others, FEW)]
        return reply(dossier, question, "nothing", sentence, facts)
    return reply(dossier, question, "nothing", words.say("allergy", "nothing"), [])


_GENERAL = frozenset(("allergy", "drug-allergy"))


def _statements(dossier: Dossier, question: Question) -> list[Statement]:
    """Every line about allergies, latest first."""
    found = [_coded(dossier, question)]
    below = dossier.lexicon.descendants("allergy")
    mentions = dossier.rows.mentioned(list(dossier.numbers(below))) + dossier.rows.of_section("allergy")
    mentions = [m for m in dict.fromkeys(mentions) if inside(m.day, question.period) and "f" not in m.said][:_MOST_READ]
    dossier.quotes.fetch(m.note for m in mentions)
    lines: dict[tuple[int, int], list[Mentioned]] = {}
    for mention in mentions:
        low, _ = dossier.quotes.sentence(mention.note, mention.start)
        lines.setdefault((mention.note, low), []).append(mention)
    told = [s for group in lines.values() if (s := _told(dossier, group)) is not None]
    return sorted([*found[0], *told], key=lambda s: (s.fact.at, s.fact.evidence.kind == "code"), reverse=True)


def _coded(dossier: Dossier, question: Question) -> list[Statement]:
    statements = []
    for row in dossier.rows.allergies():
        denies = _says_none(row.label) or "no known" in row.label.lower()
        fact = dossier.of_row(row, said="denied" if denies else "present")
        statements.append(Statement(text=row.label, denies=denies, concepts=_concepts(dossier, row.label), fact=fact))
    return statements


def _told(dossier: Dossier, group: list[Mentioned]) -> Statement | None:
    """What a line of a document says; a bare title, or a line that speaks of something else, says nothing."""
    first = min(group, key=lambda m: m.start)
    low, high = dossier.quotes.sentence(first.note, first.start)
    text = dossier.quotes.text(first.note, low, high)
    concepts = _concepts(dossier, text)
    said = " ".join(text.split()).strip(" :.-")
    bare = plain_of(said) in ("allergie", "allergies", "allergy", "antecedents allergiques")
    about = any("n" in m.said for m in group) or bool(concepts)
    spoken = bool(_SPOKEN.search(plain_of(text)))
    if bare or not about or (_DOSE.search(text) and not spoken):
        return None  # a treatment that a title before it draws into the section of allergies
    denies = any("n" in m.said for m in group) or (not concepts - _GENERAL and _says_none(text))
    hedged = not denies and all("h" in m.said or "c" in m.said or "l" in m.said for m in group)
    fact = dossier.of_mention(first, "denied" if denies else "present")
    if fact is None or hedged:
        return None
    said = re.sub(r"^(?:allergies?|all\.)\s*:\s*", "", said, flags=re.IGNORECASE)
    return Statement(text=said, denies=denies, concepts=concepts, fact=msgspec.structs.replace(fact, text=said))


def _concepts(dossier: Dossier, text: str) -> frozenset[str]:
    """Substances and allergies that a line names."""
    allergies = dossier.lexicon.descendants("allergy")
    read = [dossier.reader.read(text, language) for language in ("fr", "en")]
    return frozenset(
        m.concept for reading in read for m in reading.mentions if m.kind in _SUBSTANCES or m.concept in allergies
    )


def _wanted(dossier: Dossier, question: Question) -> frozenset[str]:
    """Concepts that answer: the substance, its members and its classes, and the allergies to them."""
    node = question.about
    if not isinstance(node, Concept):
        return frozenset()
    lexicon = dossier.lexicon
    allergies = lexicon.descendants("allergy")
    if node.id in allergies:
        substances = _substances(dossier, node.id)
        wanted = set(lexicon.descendants(node.id))
    else:
        substances, wanted = frozenset({node.id}), set()
    for id in substances:
        wanted |= lexicon.descendants(id) | {up for up in lexicon.ancestors(id) if up != "drugs"} | {id}
    wanted |= {a for a in allergies - _GENERAL if _substances(dossier, a) & wanted}
    return frozenset(wanted)


def _substances(dossier: Dossier, allergy: str) -> frozenset[str]:
    """What an allergy is to, from its names: *allergie à la pénicilline*, *penicillin allergy*."""
    concept = dossier.lexicon.get(allergy)
    if concept is None:
        return frozenset()
    found: set[str] = set()
    for language, name in (("fr", concept.fr), ("en", concept.en)):
        rest = " ".join(_ALLERGIC.sub(" ", name).split())
        found |= {m.concept for m in dossier.reader.read(rest, language).mentions if m.kind in _SUBSTANCES}
    return frozenset(found)


def _names_it(statement: Statement, question: Question) -> bool:
    """Whether a line names a substance that the lexicon does not know."""
    plain = plain_of(statement.text)
    return bool(question.allergens) and all(
        re.search(rf"(?<!\w){re.escape(plain_of(word)[: max(4, len(word) - 2)])}", plain) for word in question.allergens
    )


def _says_none(text: str) -> bool:
    return any(pattern.search(plain_of(text)) for pattern in _NONE)


def _distinct(statements: list[Statement]) -> list[str]:
    """Their words, each once; a line that says no more than another is left out."""
    kept: list[str] = []
    for statement in sorted(statements, key=lambda s: len(s.text)):
        plain = plain_of(statement.text)
        if not any(plain_of(other) in plain or plain in plain_of(other) for other in kept):
            kept.append(statement.text)
    return kept


def _few(statements: list[Statement], most: int) -> list[ReplyFact]:
    facts: list[ReplyFact] = []
    seen: set[str] = set()
    for statement in statements:
        words = (statement.fact.evidence.kind + plain_of(statement.text)).strip()
        if words not in seen and len(facts) < most:
            seen.add(words)
            facts.append(statement.fact)
    return facts
