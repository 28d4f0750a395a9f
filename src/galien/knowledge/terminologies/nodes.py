"""Concepts in the making, and as they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from galien.model.concepts import Concept, ConceptKind, Label, Measure

_ALIKE: tuple[frozenset[ConceptKind], ...] = (
    frozenset({"condition", "finding"}),
    frozenset({"drug", "class"}),
    frozenset({"act"}),
    frozenset({"analyte"}),
    frozenset({"body"}),
)


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


class Node:
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


def kept(node: Node) -> Kept:
    """A concept made."""
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


def alike(left: ConceptKind, right: ConceptKind) -> bool:
    """Whether two kinds may be the same thing."""
    return left == right or any(left in kinds and right in kinds for kinds in _ALIKE)
