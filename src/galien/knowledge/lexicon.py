"""The concepts that Galien knows, by name, by code and by kinship.

Shipped as tables (``data/lexicon/*.tsv``) that a person can read and extend: one concept a line. A hospital
adds its own in the same layout (`galien synonyms`), and whole terminologies (`galien terminology`).
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from galien.knowledge.codes import key, same_as, tidy
from galien.model.concepts import Concept, ConceptKind, Label, Measure

_LANGUAGES = ("fr", "en")


class Lexicon:
    """Concepts, looked up by id and by code, with their hierarchy.

    Parameters
    ----------
    concepts : iterable of Concept
        A later concept of the same id adds its names, codes and parents to the earlier one.
    clues : mapping of abbreviation to (mapping of concept to words)
        Words around an abbreviation that tell its senses apart.
    """

    def __init__(
        self, concepts: Iterable[Concept], clues: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None
    ) -> None:
        self._concepts: dict[str, Concept] = {}
        for concept in concepts:
            known = self._concepts.get(concept.id)
            self._concepts[concept.id] = _merged(known, concept) if known else concept
        self.clues = dict(clues or {})
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._families: dict[str, list[str]] = defaultdict(list)
        self._lengths: set[int] = set()
        for concept in self._concepts.values():
            for code in concept.codes:
                if code.endswith("*"):
                    self._families[code[:-1]].append(concept.id)
                    self._lengths.add(len(code) - 1)
                else:
                    self._exact[code].append(concept.id)
        self._children: dict[str, list[str]] = defaultdict(list)
        for concept in self._concepts.values():
            for parent in self._parents(concept):
                self._children[parent].append(concept.id)
        self.descendants = cache(self._descendants)

    def __contains__(self, id: str) -> bool:
        return id in self._concepts

    def __getitem__(self, id: str) -> Concept:
        return self._concepts[id]

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts.values())

    def __len__(self) -> int:
        return len(self._concepts)

    def get(self, id: str) -> Concept | None:
        """A concept, or ``None``."""
        return self._concepts.get(id)

    def children(self, id: str) -> list[str]:
        """Concepts directly below."""
        return self._children.get(id, [])

    def parents(self, id: str) -> list[str]:
        """Concepts directly above, stated or because their codes hold this one's."""
        concept = self._concepts.get(id)
        return self._parents(concept) if concept else []

    def _descendants(self, id: str) -> frozenset[str]:
        """The concept and all below it."""
        found = {id}
        ahead = [id]
        while ahead:
            for child in self._children.get(ahead.pop(), ()):
                if child not in found:
                    found.add(child)
                    ahead.append(child)
        return frozenset(found)

    def ancestors(self, id: str) -> frozenset[str]:
        """All concepts above, without the concept itself."""
        found: set[str] = set()
        ahead = [id]
        while ahead:
            for parent in self.parents(ahead.pop()):
                if parent not in found:
                    found.add(parent)
                    ahead.append(parent)
        return frozenset(found - {id})

    def coded(self, vocabulary: str, code: str) -> list[str]:
        """Concepts that a code stands for, most specific first.

        >>> shipped().coded("CIM10", "I10")[0]
        'hypertension'
        """
        whole = key(vocabulary, code)
        found: list[str] = []
        for written in dict.fromkeys((whole, same_as(whole))):
            found += self._exact.get(written, ())
            for length in sorted(self._lengths, reverse=True):
                if length <= len(written):
                    found += self._families.get(written[:length], ())
        return list(dict.fromkeys(found))

    def labels(self) -> Iterator[tuple[str, Label]]:
        """Every way to write every concept."""
        for concept in self._concepts.values():
            if concept.fr:
                yield concept.id, Label(concept.fr, "fr")
            if concept.en:
                yield concept.id, Label(concept.en, "en")
            for label in concept.labels:
                yield concept.id, label

    @cached_property
    def fingerprint(self) -> str:
        """Changes with any name, code or parent."""
        digest = hashlib.blake2b(digest_size=12)
        for concept in self._concepts.values():
            digest.update(msgspec.msgpack.encode(concept))
        return digest.hexdigest()

    def extended(self, concepts: Iterable[Concept]) -> Lexicon:
        """This lexicon and more concepts, or more names for those it has."""
        return Lexicon([*self._concepts.values(), *concepts], self.clues)

    def _parents(self, concept: Concept) -> list[str]:
        found = [parent for parent in concept.parents if parent in self._concepts and parent != concept.id]
        if concept.codes:
            found += [above for above in self._covering(concept) if above not in found]
        return found

    def _covering(self, concept: Concept) -> list[str]:
        """Concepts whose code families hold every code of this one, and more."""
        above: set[str] | None = None
        for code in concept.codes:
            stem = code.rstrip("*")
            holds: set[str] = set()
            for length in self._lengths:
                if length <= len(stem):
                    holds.update(self._families.get(stem[:length], ()))
            if not code.endswith("*"):
                holds.update(self._exact.get(code, ()))
            above = holds if above is None else above & holds
        return [
            id
            for id in sorted(above or ())
            if id != concept.id
            and self._concepts[id].kind in (concept.kind, "class", "condition")
            and not _same_codes(self._concepts[id], concept)
        ]


def _same_codes(left: Concept, right: Concept) -> bool:
    return set(left.codes) == set(right.codes) or all(
        any((b.endswith("*") and a.rstrip("*").startswith(b[:-1])) or a == b for b in right.codes) for a in left.codes
    )


def _merged(known: Concept, more: Concept) -> Concept:
    return Concept(
        id=known.id,
        kind=known.kind,
        fr=known.fr or more.fr,
        en=known.en or more.en,
        labels=tuple(dict.fromkeys((*known.labels, *more.labels, *_named(known, more)))),
        codes=tuple(dict.fromkeys((*known.codes, *more.codes))),
        parents=tuple(dict.fromkeys((*known.parents, *more.parents))),
        measure=known.measure or more.measure,
    )


def _named(known: Concept, more: Concept) -> list[Label]:
    names = [Label(more.fr, "fr")] if more.fr and known.fr and more.fr != known.fr else []
    return names + ([Label(more.en, "en")] if more.en and known.en and more.en != known.en else [])


def read_table(lines: Iterable[str]) -> Iterator[Concept]:
    """Concepts of one table in the shipped layout (see ``docs/semantics.md``).

    Raises
    ------
    KeyError
        A needed column is missing.
    """
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        unit = row.get("unit") or ""
        kind: ConceptKind = row["kind"]  # type: ignore[assignment]
        yield Concept(
            id=row["id"],
            kind=kind,
            fr=row["fr"] or "",
            en=row["en"] or "",
            labels=(
                *(Label(text, "fr") for text in _listed(row["fr_synonyms"])),
                *(Label(text, "en") for text in _listed(row["en_synonyms"])),
                *(_abbreviation(text) for text in _listed(row["abbreviations"])),
            ),
            codes=tuple(tidy(code) for code in (row["codes"] or "").split()),
            parents=tuple((row["parents"] or "").split()),
            measure=Measure(unit, *(_number(row.get(name)) for name in ("molar_mass", "low", "high", "min", "max")))
            if unit
            else None,
        )


def _listed(cell: str | None) -> list[str]:
    return [text.strip() for text in (cell or "").split("|") if text.strip()]


def _abbreviation(written: str) -> Label:
    """``fr:=SEP`` is French, and only in capitals."""
    language, colon, rest = written.partition(":")
    if not colon or language not in _LANGUAGES:
        language, rest = "", written
    strict = rest.startswith("=")
    text = rest.lstrip("=").strip()
    return Label(text, language, strict or (len(text) <= 2 and text.isupper()))


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _tables(folder: Traversable) -> Iterator[Concept]:
    for table in sorted(folder.iterdir(), key=lambda item: item.name):
        if table.name.endswith(".tsv"):
            yield from read_table(table.read_text("utf-8").splitlines())


def shipped_digest() -> str:
    """Changes with any shipped table; fast, as nothing is read into concepts."""
    data = files("galien.knowledge") / "data"
    digest = hashlib.blake2b((data / "senses.toml").read_bytes(), digest_size=12)
    for table in sorted((data / "lexicon").iterdir(), key=lambda item: item.name):
        digest.update(table.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """The lexicon that comes with Galien."""
    data = files("galien.knowledge") / "data"
    senses = tomllib.loads((data / "senses.toml").read_text("utf-8"))
    clues = {name: {concept: tuple(words) for concept, words in of_each.items()} for name, of_each in senses.items()}
    return Lexicon(_tables(data / "lexicon"), clues)
