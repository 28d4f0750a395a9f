"""Terminologies joined to the lexicon, and to each other: one concept for one thing, with all its codes.

A term joins a concept that is there already when its code says so, else when a cross-map does, else when its
preferred label is a name of it. Otherwise it is a concept of its own, called by its code, below the
lexicon's concepts that hold its code, below what its cross-maps put it in, and below its own parents.

The lexicon has the last word: a terminology never takes one of its names, nor a mention of one of its concepts
(*fièvre* in *fièvre aphteuse*) for a concept that is no kind of it, and never changes how its own concepts are related.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from galien.knowledge.codes import same_as
from galien.knowledge.lexicon import Lexicon
from galien.knowledge.terminologies.naming import common, spoken
from galien.knowledge.terminologies.terms import Term, names_of
from galien.model.concepts import Concept, ConceptKind, Label, Measure

_ALIKE: tuple[frozenset[ConceptKind], ...] = (
    frozenset({"condition", "finding"}),
    frozenset({"drug", "class"}),
    frozenset({"act"}),
    frozenset({"analyte"}),
    frozenset({"body"}),
)
_CLASSIFICATIONS = ("CIM10", "CCAM")
"""Where several codes make one concept of the lexicon, each is narrower; elsewhere (ATC) each means the same."""
_CODES = ("CIM10", "ICD10", "ICD10CM", "CCAM")
"""Classifications: their terms join a concept by its codes."""
_BRANDS = ("BDPM", "ATC")
"""Drugs: one concept has many codes (a brand each, a use each). Elsewhere a vocabulary tells two things apart."""
_LOUD = 6
"""Shortest abbreviation of a terminology that is looked for, with its mark: shorter ones mean too many things."""
_SHORTEST = 4


class Speech(Protocol):
    """How texts are read, as far as joining must know."""

    def words(self, label: Label, language: str) -> tuple[str, ...]:
        """The words by which a label is looked for; labels of the same words are one name. Empty: never found."""

    def named(self, text: str, language: str) -> Iterable[str]:
        """Concepts of the lexicon that are named within a text."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A concept as it is kept.

    Attributes
    ----------
    heard : int
        How many of its labels, the first ones, are looked for in texts.
    said : str
        Which of its preferred labels are: ``fr``, ``en``, both or none.
    maps : tuple of str
        Cross-maps that are no code of the concept: broader codes, and codes that several concepts claim.
    """

    concept: Concept
    heard: int
    said: str = ""
    maps: tuple[str, ...] = ()


class _Node:
    """A concept in the making."""

    def __init__(self, id: str, kind: ConceptKind, place: int) -> None:
        self.id, self.kind, self.place = id, kind, place
        self.fr = self.en = ""
        self.labels: list[Label] = []
        self.spoken: list[Label] = []
        self.taught: list[Label] = []
        self.codes: dict[str, None] = {}
        self.maps: dict[str, None] = {}
        self.parents: dict[str, None] = {}
        self.vocabularies: set[str] = set()
        self.measure: Measure | None = None
        self.lexical: Concept | None = None


class _Claim(msgspec.Struct, frozen=True, order=True):
    """A terminology's wish to say a name: the least claim wins."""

    synonym: bool
    rank: int
    length: int
    place: int


class Joining:
    """A lexicon, and the terminologies added to it one after the other.

    Parameters
    ----------
    lexicon : Lexicon
    speech : Speech
    """

    def __init__(self, lexicon: Lexicon, speech: Speech) -> None:
        self._lexicon = lexicon
        self._speech = speech
        self._nodes: dict[str, _Node] = {}
        self._of: dict[str, _Node] = {}
        self._external: dict[str, list[_Node]] = defaultdict(list)
        self._names: dict[tuple[str, tuple[str, ...]], list[_Node]] = defaultdict(list)
        self._terms: list[tuple[Term, _Node, int]] = []
        self._holders: dict[str, list[Concept]] = defaultdict(list)
        self._own: Counter[tuple[str, str]] = Counter()
        for concept in lexicon:
            self._take(concept)
        self._lexical_names = frozenset(self._names)
        # By their words, as small ones do not count: "LES de l'enfant" would be found in every "enfant".
        self._common = {
            (language, words)
            for language in ("fr", "en")
            for text in common(language)
            if (words := speech.words(Label(text, language), language))
        }
        self._plain = {(language, word) for language, words in self._names for word in words if word[0] != "="}

    def _take(self, concept: Concept) -> None:
        node = self._nodes[concept.id] = _Node(concept.id, concept.kind, len(self._nodes))
        node.lexical, node.fr, node.en, node.measure = concept, concept.fr, concept.en, concept.measure
        node.codes = dict.fromkeys(concept.codes)
        node.parents = dict.fromkeys(self._lexicon.parents(concept.id))
        node.labels = list(concept.labels)
        for label in (Label(concept.fr, "fr"), Label(concept.en, "en"), *concept.labels):
            for language in (label.language,) if label.language else ("fr", "en"):
                self._name(node, label, language)
        for code in concept.codes:
            self._holders[code.rstrip("*")].append(concept)
            self._own[concept.id, code.partition(":")[0]] += 1

    def _name(self, node: _Node, label: Label, language: str) -> None:
        words = self._speech.words(label, language)
        if words and node not in self._names[language, words]:
            self._names[language, words].append(node)

    def add(self, terms: Iterable[Term], progress: Callable[[int], None] | None = None) -> None:
        """Add a terminology; a code that is given twice counts once."""
        every = list(terms)
        claimed = Counter(whole for term in every for whole in dict.fromkeys(term.maps))
        vocabularies = {term.vocabulary for term in every}
        rank = len({term.vocabulary for term, _, _ in self._terms} - vocabularies)
        for number, term in enumerate(every):
            if progress is not None and number % 1000 == 0:
                progress(number)
            if term.key not in self._of:
                self._place(term, claimed, rank)

    def _place(self, term: Term, claimed: Mapping[str, int], rank: int) -> None:
        whole = term.key
        node = self._target(term, claimed)
        if node is None:
            node = self._nodes[whole] = _Node(whole, term.kind, len(self._nodes))
        self._of[whole] = node
        node.codes[whole] = None
        node.vocabularies.add(term.vocabulary)
        if node.lexical is None:
            node.fr, node.en = node.fr or term.fr, node.en or term.en
        for other in term.maps:
            if claimed[other] == 1:
                node.codes[other] = None
                self._external[other].append(node)
            else:
                node.maps[other] = None
        node.maps.update(dict.fromkeys(term.within))
        for text, language in ((term.fr, "fr"), (term.en, "en")):
            if text and term.kind != "code":
                self._name(node, Label(text, language), language)
        self._terms.append((term, node, rank))

    def teach(self, concepts: Iterable[Concept]) -> None:
        """Add what the hospital says of terms by their ids: its names are looked for as they are."""
        for concept in concepts:
            node = self._nodes.get(concept.id)
            if node is None:
                node = self._nodes[concept.id] = _Node(concept.id, concept.kind, len(self._nodes))
                node.fr, node.en = concept.fr, concept.en
            node.codes.update(dict.fromkeys(concept.codes))
            node.parents.update((parent, None) for parent in concept.parents if parent in self._nodes)
            node.taught += concept.labels
            node.taught += [Label(text, code) for text, code in ((concept.fr, "fr"), (concept.en, "en")) if text]

    # -- which concept a term is

    def _target(self, term: Term, claimed: Mapping[str, int]) -> _Node | None:
        same = self._of.get(same_as(term.key))
        if same is not None:
            return same
        holder = self._holder(term.key) or self._holder(same_as(term.key))
        if holder is not None and _alike(holder.kind, term.kind):
            return self._nodes[holder.id]
        for other in term.maps:
            mapped: list[_Node] = [*([self._of[other]] if other in self._of else []), *self._external.get(other, ())]
            if claimed[other] == 1 and len(mapped) == 1 and self._joins(mapped[0], term):
                return mapped[0]
        namesakes = self._namesakes(term)
        return namesakes[0] if len(namesakes) == 1 else None

    def _namesakes(self, term: Term) -> list[_Node]:
        """Concepts that bear the term's preferred label; where it has one in each language, both must agree.

        A translation alone does not tell: HPO's *neoplasm* is called *néoplasie*, which here is a cancer.
        """
        fr, en = (self._called(text, language, term) for text, language in ((term.fr, "fr"), (term.en, "en")))
        if not (term.fr and term.en):
            return fr or en
        told = [words for label in term.names if label.language == "fr" and (words := self._words(label.text, "fr"))]
        named = {node.id for words in told for node in self._names.get(("fr", words), ())}
        return [node for node in en if node in fr or node.id in named or not node.fr]

    def _called(self, text: str, language: str, term: Term) -> list[_Node]:
        words = self._words(text, language)
        return [node for node in self._names.get((language, words), ()) if self._joins(node, term)] if words else []

    def _words(self, text: str, language: str) -> tuple[str, ...]:
        return self._speech.words(Label(text, language), language) if text else ()

    def _joins(self, node: _Node, term: Term) -> bool:
        return _alike(node.kind, term.kind) and (term.vocabulary in _BRANDS or term.vocabulary not in node.vocabularies)

    def _holder(self, whole: str) -> Concept | None:
        """The one concept of the lexicon that this code is."""
        vocabulary = whole.partition(":")[0]
        found = self._holders.get(whole, ())
        if vocabulary in _CLASSIFICATIONS:
            found = [concept for concept in found if self._own[concept.id, vocabulary] == 1]
        return found[0] if len(found) == 1 else None

    # -- what lies above it

    def _relate(self) -> None:
        for term, node, _ in self._terms:
            for above in self._above(term, node):
                parent = self._nodes[above]
                lexical = node.lexical is not None and parent.lexical is not None
                if above != node.id and above not in node.parents and not lexical and node.id not in self._over(above):
                    node.parents[above] = None

    def _above(self, term: Term, node: _Node) -> Iterator[str]:
        covered: set[str] = set()
        for whole in term.above:
            parent = self._of.get(whole)
            if parent is not None:
                yield parent.id
                covered |= self._cover(whole)
        for whole in term.within:
            parent = self._of.get(whole) or self._of.get(same_as(whole))
            if parent is not None:
                yield parent.id
            else:
                yield from self._nearest(self._cover(whole), node)
        yield from self._nearest(self._cover(term.key) - covered, node)

    def _cover(self, whole: str) -> set[str]:
        """Concepts of the lexicon that hold a code."""
        vocabulary, _, code = same_as(whole).partition(":")
        return set(self._lexicon.coded(vocabulary, code))

    def _nearest(self, found: set[str], node: _Node) -> Iterator[str]:
        """Those of a node's kind that have none of the others below them."""
        fit = {id for id in found if id != node.id and _alike(self._nodes[id].kind, node.kind)}
        wider = {above for id in fit for above in self._lexicon.ancestors(id)}
        yield from sorted(fit - wider)

    def _over(self, id: str) -> set[str]:
        """A concept and all above it."""
        found = {id}
        ahead = [id]
        while ahead:
            for parent in self._nodes[ahead.pop()].parents:
                if parent not in found:
                    found.add(parent)
                    ahead.append(parent)
        return found

    # -- what it is called

    def _speak(self) -> None:
        """Give each name to one concept."""
        best: dict[tuple[str, tuple[str, ...]], tuple[_Claim, _Node, Label, bool]] = {}
        for term, node, rank in self._terms:
            preferred = (term.fr, term.en)
            by_code = node.lexical is not None and term.vocabulary in _CODES
            known = set(node.labels)
            for label in names_of(term):
                if label.text not in (node.fr, node.en) and label not in known:
                    node.labels.append(label)
                    known.add(label)
                if not term.spoken or label.language not in ("fr", "en") or _loose(term, label):
                    continue
                for text in spoken(label.text, label.language):
                    name, words = self._as_written(Label(text, label.language, label.strict))
                    if not _loud(words) or self._taken(name.language, words):
                        continue
                    claim = _Claim(label.text not in preferred, rank, len(term.code), node.place)
                    if (name.language, words) not in best or claim < best[name.language, words][0]:
                        best[name.language, words] = (claim, node, name, by_code)
        for _, node, name, by_code in best.values():
            if self._kind_of_what_it_names(node, name, by_code):
                node.spoken.append(name)

    def _taken(self, language: str, words: tuple[str, ...]) -> bool:
        """Whether a name is the lexicon's, or nobody's."""
        return (language, words) in self._lexical_names or (language, words) in self._common

    def _as_written(self, name: Label) -> tuple[Label, tuple[str, ...]]:
        """A name and its words; a word in capitals that the lexicon knows in lower case is no abbreviation."""
        words = self._speech.words(name, name.language)
        text = name.text
        for word in words:
            if word[0] == "=":
                lower = self._speech.words(Label(word[1:].lower(), name.language), name.language)
                if len(lower) == 1 and (name.language, lower[0]) in self._plain:
                    text = text.replace(word[1:], word[1:].lower())
        if text != name.text:
            name = Label(text, name.language, name.strict)
            words = self._speech.words(name, name.language)
        return name, words

    def _kind_of_what_it_names(self, node: _Node, name: Label, by_code: bool) -> bool:
        """Whether it is a kind of the lexicon's concept that its name holds, whose mentions it would take."""
        within = [id for id in self._speech.named(name.text, name.language) if _alike(self._nodes[id].kind, node.kind)]
        if by_code:
            # A code of a classification is the nearest to what the lexicon means, and may say more or less:
            # M75, *lésions de l'épaule*, is where a periarthritis is coded.
            return node.id in within
        return not within or not self._over(node.id).isdisjoint(within)

    def joined(self) -> Iterator[Kept]:
        """Every concept, those of the lexicon first."""
        self._relate()
        self._speak()
        for node in self._nodes.values():
            yield _kept(node)


def _kept(node: _Node) -> Kept:
    own = list(node.lexical.labels) if node.lexical else []
    more = (label for label in node.spoken if label.text not in (node.fr, node.en))
    heard = list(dict.fromkeys([*own, *node.taught, *more]))
    silent = [label for label in dict.fromkeys(node.labels) if label not in set(heard)]
    if node.lexical:
        said = "fr en"
    else:
        said = " ".join(label.language for label in node.spoken if label.text == getattr(node, label.language))
    concept = Concept(
        id=node.id,
        kind=node.kind,
        fr=node.fr,
        en=node.en,
        labels=(*heard, *silent),
        codes=tuple(node.codes),
        parents=tuple(node.parents),
        measure=node.measure,
    )
    return Kept(concept, len(heard), said, tuple(whole for whole in node.maps if whole not in node.codes))


def _loose(term: Term, label: Label) -> bool:
    """One word for a thing that is called by several: said in its context only (*plaque*, *permanente*)."""
    preferred = term.fr if label.language == "fr" else term.en
    return term.kind != "drug" and " " not in label.text and " " in preferred


def _alike(left: ConceptKind, right: ConceptKind) -> bool:
    return left == right or any(left in kinds and right in kinds for kinds in _ALIKE)


def _loud(words: tuple[str, ...]) -> bool:
    """Whether the words are enough to be looked for.

    An abbreviation alone must be long: it is met in capitals, as are the titles of reports.
    """
    if len(words) == 1:
        return len(words[0]) >= _LOUD if words[0].startswith("=") else len(words[0]) >= _SHORTEST
    return bool(words)
