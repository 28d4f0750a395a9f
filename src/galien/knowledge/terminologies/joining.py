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

from galien.knowledge.codes import same_as
from galien.knowledge.lexicon import Lexicon
from galien.knowledge.terminologies.nodes import Kept, Node, Speech, alike, kept
from galien.knowledge.terminologies.terms import Term
from galien.knowledge.terminologies.voicing import Name, Voices
from galien.model.concepts import Concept, Label

_CLASSIFICATIONS = ("CIM10", "CCAM")
"""Where several codes make one concept of the lexicon, each is narrower; elsewhere (ATC) each means the same."""
_BRANDS = ("BDPM", "ATC")
"""Drugs: one concept has many codes (a brand each, a use each). Elsewhere a vocabulary tells two things apart."""


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
        self._nodes: dict[str, Node] = {}
        self._of: dict[str, Node] = {}
        self._external: dict[str, list[Node]] = defaultdict(list)
        self._names: dict[Name, list[Node]] = defaultdict(list)
        self._terms: list[tuple[Term, Node, int]] = []
        self._rank = 0
        self._holders: dict[str, list[Concept]] = defaultdict(list)
        self._own: Counter[tuple[str, str]] = Counter()
        for concept in lexicon:
            self._take(concept)
        self._lexical = frozenset(self._names)

    def _take(self, concept: Concept) -> None:
        node = self._nodes[concept.id] = Node(concept.id, concept.kind, len(self._nodes))
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

    def _name(self, node: Node, label: Label, language: str) -> None:
        words = self._speech.words(label, language)
        if words and node not in self._names[language, words]:
            self._names[language, words].append(node)

    def add(self, terms: Iterable[Term], progress: Callable[[int], None] | None = None) -> None:
        """Add a terminology; a code that is given twice counts once."""
        every = list(terms)
        claimed = Counter(whole for term in every for whole in dict.fromkeys(term.maps))
        self._rank += 1
        for number, term in enumerate(every):
            if progress is not None and number % 1000 == 0:
                progress(number)
            if term.key not in self._of:
                self._place(term, claimed)

    def _place(self, term: Term, claimed: Mapping[str, int]) -> None:
        whole = term.key
        node = self._target(term, claimed)
        if node is None:
            node = self._nodes[whole] = Node(whole, term.kind, len(self._nodes))
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
        self._terms.append((term, node, self._rank))

    def teach(self, concepts: Iterable[Concept]) -> None:
        """Add what the hospital says of terms by their ids: its names are looked for as they are."""
        for concept in concepts:
            node = self._nodes.get(concept.id)
            if node is None:
                node = self._nodes[concept.id] = Node(concept.id, concept.kind, len(self._nodes))
                node.fr, node.en = concept.fr, concept.en
            node.codes.update(dict.fromkeys(concept.codes))
            node.parents.update((parent, None) for parent in concept.parents if parent in self._nodes)
            node.taught += concept.labels
            node.taught += [Label(text, code) for text, code in ((concept.fr, "fr"), (concept.en, "en")) if text]

    # -- which concept a term is

    def _target(self, term: Term, claimed: Mapping[str, int]) -> Node | None:
        same = self._of.get(same_as(term.key))
        if same is not None:
            return same
        holder = self._holder(term.key) or self._holder(same_as(term.key))
        if holder is not None and alike(holder.kind, term.kind):
            return self._nodes[holder.id]
        for other in term.maps:
            mapped: list[Node] = [*([self._of[other]] if other in self._of else []), *self._external.get(other, ())]
            if claimed[other] == 1 and len(mapped) == 1 and self._joins(mapped[0], term):
                return mapped[0]
        namesakes = self._namesakes(term)
        return namesakes[0] if len(namesakes) == 1 else None

    def _namesakes(self, term: Term) -> list[Node]:
        """Concepts that bear the term's preferred label; where it has one in each language, both must agree.

        A translation alone does not tell: HPO's *neoplasm* is called *néoplasie*, which here is a cancer.
        """
        fr, en = (self._called(text, language, term) for text, language in ((term.fr, "fr"), (term.en, "en")))
        if not (term.fr and term.en):
            return fr or en
        told = [words for label in term.names if label.language == "fr" and (words := self._words(label.text, "fr"))]
        named = {node.id for words in told for node in self._names.get(("fr", words), ())}
        return [node for node in en if node in fr or node.id in named or not node.fr]

    def _called(self, text: str, language: str, term: Term) -> list[Node]:
        words = self._words(text, language)
        return [node for node in self._names.get((language, words), ()) if self._joins(node, term)] if words else []

    def _words(self, text: str, language: str) -> tuple[str, ...]:
        return self._speech.words(Label(text, language), language) if text else ()

    def _joins(self, node: Node, term: Term) -> bool:
        return alike(node.kind, term.kind) and (term.vocabulary in _BRANDS or term.vocabulary not in node.vocabularies)

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

    def _above(self, term: Term, node: Node) -> Iterator[str]:
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

    def _nearest(self, found: set[str], node: Node) -> Iterator[str]:
        """Those of a node's kind that have none of the others below them."""
        fit = {id for id in found if id != node.id and alike(self._nodes[id].kind, node.kind)}
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

    def joined(self) -> Iterator[Kept]:
        """Every concept, those of the lexicon first."""
        self._relate()
        Voices(self._speech, self._nodes, self._lexical, self._over).give(self._terms)
        for node in self._nodes.values():
            yield kept(node)
