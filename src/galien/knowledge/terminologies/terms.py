"""What a terminology says, one term at a time, whatever the format it came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from galien.knowledge.codes import key
from galien.model.concepts import ConceptKind, Label


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One term of a terminology.

    Attributes
    ----------
    fr, en : str
        Preferred labels.
    names : tuple of Label
        Synonyms.
    parents : tuple of str
        Codes of broader terms, in the same vocabulary.
    maps : tuple of str
        ``VOCABULARY:code`` that mean the same.
    within : tuple of str
        ``VOCABULARY:code`` that are broader.
    spoken : bool
        Whether its names may be looked for in texts; otherwise they serve look-up only.
    """

    vocabulary: str
    code: str
    fr: str = ""
    en: str = ""
    names: tuple[Label, ...] = ()
    parents: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    kind: ConceptKind = "condition"
    spoken: bool = True

    @property
    def key(self) -> str:
        """``VOCABULARY:code``, normalised."""
        return key(self.vocabulary, self.code)

    @property
    def above(self) -> tuple[str, ...]:
        """Keys of `parents`."""
        return tuple(key(self.vocabulary, code) for code in self.parents)


Files = Mapping[str, Path]


@dataclass(frozen=True)
class Layout:
    """A way in which a terminology is distributed.

    Attributes
    ----------
    needs, takes : mapping of role to file name patterns
        Files that must be there, and files used when they are.
    read : callable
        From the files by role to terms. Raises `MalformedInput` for what is broken.
    """

    about: str
    needs: Mapping[str, tuple[str, ...]]
    read: Callable[[Files], Iterator[Term]]
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def listed(cell: str, separator: str = "|") -> list[str]:
    """The items of a cell, without blanks, each once."""
    return list(dict.fromkeys(item for part in cell.split(separator) if (item := part.strip())))


def labels(texts: list[str], language: str, *but: str) -> tuple[Label, ...]:
    """Names in a language, without those already given."""
    return tuple(Label(text, language) for text in dict.fromkeys(texts) if text and text not in but)


def names_of(term: Term) -> list[Label]:
    """Preferred labels and synonyms of a term."""
    preferred = [Label(text, language) for text, language in ((term.fr, "fr"), (term.en, "en")) if text]
    return [*preferred, *term.names]
