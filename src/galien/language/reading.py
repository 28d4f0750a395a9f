"""Reading a document: sentences, sections, mentions in context, quantities, dates, in one pass."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Protocol

import msgspec

from galien.language.context import ContextRules, rules
from galien.language.dates import DateReader
from galien.language.detection import detect
from galien.language.memo import Memo
from galien.language.mentions import Compiled, Found, TermFinder, sense
from galien.language.quantities import quantities
from galien.language.sections import FAMILY, HISTORY, PLAN, SectionTitles, titles
from galien.language.sentences import sentences
from galien.language.sides import near_one, places_of_sides, side
from galien.language.words import Words
from galien.model.concepts import Concept, Label
from galien.model.evidence import Span
from galien.model.readings import PLAIN, Context, Mention, Quantity, Reading, Section, Sentence
from galien.model.units import convert

VERSION = "galien.language/2"
_BULLETS = "-*•·–►>"
_NEAR = 25
_RECORDS = frozenset(["ipp", "nip", "nda", "iep"])
_SIDED = ("condition", "finding", "act", "body")
_VALUED = ("analyte", "drug")


class Knowledge(Protocol):
    """What a reader must know of medicine: `galien.knowledge.Lexicon` does."""

    clues: dict[str, Mapping[str, tuple[str, ...]]]

    def labels(self) -> Iterable[tuple[str, Label]]:
        """Every way to write every concept."""

    def get(self, id: str) -> Concept | None:
        """A concept by its id."""


class Reader:
    """Reads texts in French and English.

    Parameters
    ----------
    knowledge : Knowledge
    titles : SectionTitles, optional
        With the hospital's own.
    compiled : sequence of Compiled, optional
        What an earlier reader with the same knowledge gave as `compiled`.
    grammars : mapping of language to ContextRules, optional
        With the hospital's own cues; the shipped ones are used for the other languages.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        section_titles: SectionTitles | None = None,
        compiled: Sequence[Compiled] = (),
        grammars: Mapping[str, ContextRules] = MappingProxyType({}),
    ) -> None:
        self._knowledge = knowledge
        self._concept = Memo(knowledge.get)
        self._finders = {state.language: TermFinder.compiled(state) for state in compiled}
        if not self._finders:
            labels = list(knowledge.labels())
            self._finders = {language: TermFinder(labels, language) for language in ("fr", "en")}
        self._titles = section_titles or titles()
        self._grammars = dict(grammars)

    def read(self, text: str, language: str = "", *, at: str = "", birth: str = "", operation: str = "") -> Reading:
        """Read a text.

        Parameters
        ----------
        language : str
            ``fr`` or ``en``; detected when empty.
        at, birth, operation : str
            ISO days of the text, of the patient's birth, and of what ``J0`` is, to resolve dates.
        """
        language = language if language in self._finders else detect(text[:4000])
        language = language if language in self._finders else "fr"
        words = Words(text)
        parts = self._titles.sections(text)
        lines = _cut(sentences(text), parts)
        limits = _word_limits(words, lines)
        found = self._finders[language].find(words, [low for low, _ in limits])
        grammar = self._grammar(language)
        scopes = grammar.scopes(words, limits)
        contexts = grammar.of(words, scopes, [(item.first, item.last) for item in found])
        begins = _beginnings(words, limits) if any(part.kind == PLAN for part in parts) else frozenset()
        sided = places_of_sides(words.forms, language)
        mentions = []
        for item, context in zip(found, contexts, strict=True):
            if words.forms[item.first] in _RECORDS and _is_identifier(words, item):
                continue
            concepts = item.concepts
            if len(concepts) > 1:
                surface = text[words.starts[item.first] : words.ends[item.last - 1]]
                concepts = self.senses(concepts, surface, _near(words, item), frozenset(words.forms))
            mention = self._mention(words, item, concepts, context, parts, item.first in begins)
            if sided and near_one(sided, item.first, item.last):
                where = side(words.forms, item.first, item.last, language) if mention.kind in _SIDED else ""
                mention = msgspec.structs.replace(mention, side=where) if where else mention
            mentions.append(mention)
        times = DateReader(at, language, birth, operation).read(words)
        told = [(time.start, time.end) for time in times]
        numbers = [q for q in quantities(text) if not any(start <= q.start < end for start, end in told)]
        return Reading(
            language=language,
            sentences=tuple(lines),
            sections=tuple(parts),
            mentions=tuple(mentions),
            quantities=tuple(self._measured(text, numbers, mentions, lines)),
            times=tuple(times),
        )

    @property
    def compiled(self) -> list[Compiled]:
        """The dictionaries, to be kept for the next reader."""
        return [finder.state for finder in self._finders.values()]

    def contexts(self, text: str, spans: Sequence[tuple[int, int]], language: str = "") -> list[Context]:
        """Contexts of any spans of a text, whatever they name."""
        language = language if language in self._finders else detect(text[:4000])
        grammar = self._grammar(language if language in self._finders else "fr")
        return contexts_of(text, spans, grammar, self._titles)

    def whole(self, text: str) -> tuple[str, ...]:
        """Concepts that a label names as a whole, in either language."""
        return tuple(dict.fromkeys([*self._finders["fr"].whole(text), *self._finders["en"].whole(text)]))

    def senses(
        self, concepts: tuple[str, ...], surface: str, around: Set[str], beyond: Set[str] = frozenset()
    ) -> tuple[str, ...]:
        """The senses of a name, likeliest first, by the words around it, then by those beyond."""
        return sense(concepts, surface.upper(), around, self._knowledge.clues, beyond)

    def respelt(self, text: str) -> list[str]:
        """What these words may be a slip away from, a language each."""
        return list(dict.fromkeys(c for finder in self._finders.values() if (c := finder.respelt(text)) is not None))

    def finder(self, language: str) -> TermFinder:
        """The dictionary of a language."""
        return self._finders[language]

    def _grammar(self, language: str) -> ContextRules:
        return self._grammars.get(language) or rules(language)

    def _mention(
        self,
        words: Words,
        item: Found,
        concepts: tuple[str, ...],
        context: Context,
        parts: list[Section],
        begins: bool,
    ) -> Mention:
        """``begins`` says that it is the first word of a sentence, which under *Conduite à tenir* announces an act."""
        start, end = words.starts[item.first], words.ends[item.last - 1]
        section = _section_at(parts, start) if parts else None
        concept = self._concept[concepts[0]]
        if concept is not None and concept.kind == "act":
            if begins and section and section.kind == PLAN and context == PLAIN:
                context = Context(planned=True, cue=(_title(section),))
            elif context.hedged and not (context.negated or context.historical):
                context = msgspec.structs.replace(context, planned=True, hedged=False)  # "chimiothérapie à discuter"
        return Mention(
            start=start,
            end=end if words.text[end - 1] not in "'’" else end - 1,
            concept=concepts[0],
            kind=concept.kind if concept else "code",
            context=_in_section(context, section) if section else context,
            parts=tuple([Span(words.starts[low], words.ends[high - 1]) for low, high in item.parts])
            if item.parts
            else (),
            others=concepts[1:],
            section=section.kind if section else "",
        )

    def _measured(
        self, text: str, found: list[Quantity], mentions: list[Mention], lines: list[Sentence]
    ) -> Iterable[Quantity]:
        """Each quantity with what it measures: the nearest analyte or drug before it in its sentence."""
        valued = [m for m in mentions if m.kind in _VALUED]
        ends = [m.end for m in valued]
        starts = [line.start for line in lines]
        used_to = 0
        for quantity in found:
            concept = self._knowledge.get(quantity.concept) if quantity.concept else None
            if concept is None and not quantity.concept:
                k = bisect_right(ends, quantity.start) - 1
                line = lines[max(0, bisect_right(starts, quantity.start) - 1)] if lines else None
                if k >= 0 and line is not None and valued[k].start >= max(line.start, used_to):
                    between = text[valued[k].end : quantity.start]
                    if len(between) < 48 and between.count(",") < 1 and ";" not in between:
                        concept = self._knowledge.get(valued[k].concept)
            if concept is None:
                yield quantity
                continue
            value, unit = _canonical(quantity, concept)
            if concept.kind == "analyte" and value is None:
                yield quantity
                continue
            if concept.kind == "drug" and not quantity.unit:
                yield quantity
                continue
            used_to = quantity.end if concept.kind == "analyte" else used_to
            yield msgspec.structs.replace(quantity, concept=concept.id, value=value, value_unit=unit)


def contexts_of(
    text: str, spans: Sequence[tuple[int, int]], grammar: ContextRules, section_titles: SectionTitles | None = None
) -> list[Context]:
    """Contexts of given spans ``(start, end)`` of a text."""
    words = Words(text)
    parts = (section_titles or titles()).sections(text)
    limits = _word_limits(words, _cut(sentences(text), parts))
    scopes = grammar.scopes(words, limits)
    inside = []
    for start, end in spans:
        first = max(bisect_right(words.starts, start) - 1, 0)
        inside.append((first, max(bisect_left(words.starts, end), first + 1)))
    found = grammar.of(words, scopes, inside, whole=True)
    placed = [_section_at(parts, start) for start, _ in spans]
    return [_in_section(c, section) if section else c for c, section in zip(found, placed, strict=True)]


def _is_identifier(words: Words, item: Found) -> bool:
    """Whether a record number follows: the IPP of a patient is no proton pump inhibitor."""
    return item.last - item.first == 1 and any(
        len(form) >= 5 and form.isdigit() for form in words.forms[item.last : item.last + 3]
    )


def _cut(lines: list[Sentence], parts: list[Section]) -> list[Sentence]:
    """Sentences end where a section begins."""
    edges = sorted({part.start for part in parts} | {part.body for part in parts if part.body < part.end})
    if not edges:
        return lines
    cut = []
    for line in lines:
        low = line.start
        for edge in edges[bisect_right(edges, line.start) : bisect_left(edges, line.end)]:
            if edge > low:
                cut.append(Sentence(low, edge))
                low = edge
        cut.append(Sentence(low, line.end))
    return cut


def _word_limits(words: Words, lines: list[Sentence]) -> list[tuple[int, int]]:
    """Sentences as ranges of words, without gaps."""
    if not lines:
        return [(0, len(words))]
    lows = [bisect_left(words.starts, line.start) for line in lines]
    lows[0] = 0
    return list(zip(lows, [*lows[1:], len(words)], strict=True))


def _near(words: Words, item: Found) -> set[str]:
    """The words around a mention."""
    return set(words.forms[max(0, item.first - _NEAR) : item.last + _NEAR])


def _beginnings(words: Words, limits: list[tuple[int, int]]) -> frozenset[int]:
    """The first words of sentences, after their bullets."""
    return frozenset(low + (words.forms[low] in _BULLETS) for low, _ in limits if low < len(words))


def _section_at(parts: list[Section], start: int) -> Section | None:
    k = bisect_right([part.start for part in parts], start) - 1
    return parts[k] if k >= 0 else None


def _in_section(context: Context, section: Section) -> Context:
    """What the title makes of a mention: the family's history is the family's."""
    if section.kind == FAMILY and context.subject == "patient":
        return msgspec.structs.replace(context, subject="family", cue=(*context.cue, _title(section)))
    if section.kind == HISTORY and not context.historical:
        return msgspec.structs.replace(context, historical=True, cue=(*context.cue, _title(section)))
    return context


def _title(section: Section) -> Span:
    return Span(section.start, section.start + len(section.title))


def _canonical(quantity: Quantity, concept: Concept) -> tuple[float | None, str]:
    """The value in the concept's own unit; ``None`` where it cannot be one of its values."""
    number = quantity.low if quantity.low is not None else quantity.high
    measure = concept.measure
    if measure is None or number is None:
        return (number, quantity.unit) if concept.kind == "drug" else (None, "")
    unit = quantity.unit
    if unit.startswith("{of") or not unit:
        value: float | None = number
    else:
        value = convert(number, unit, measure.unit, measure.molar_mass)
        if value is None and measure.unit.startswith("{"):
            return None, ""
    if value is None:
        return None, ""
    least, most = measure.least, measure.most
    if (least is not None and value < least) or (most is not None and value > most):
        return None, ""
    return round(value, 6), measure.unit
