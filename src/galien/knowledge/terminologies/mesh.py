"""MeSH descriptors: ``desc2026.xml`` (National Library of Medicine), the French edition beside it, or a table.

Tree numbers say what a descriptor is and what lies above it; only the trees of anatomy, diseases, chemicals, acts
and mental disorders name what a record holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from galien.knowledge.terminologies.markup import elements
from galien.knowledge.terminologies.tables import rows
from galien.knowledge.terminologies.terms import Files, Layout, Term, labels, listed
from galien.model.concepts import ConceptKind
from galien.model.errors import MalformedInput

_KINDS: tuple[tuple[str, ConceptKind], ...] = (
    ("C23", "finding"),
    ("C", "condition"),
    ("F03", "condition"),
    ("D27", "class"),
    ("D", "drug"),
    ("E01", "act"),
    ("E02", "act"),
    ("E03", "act"),
    ("E04", "act"),
    ("E06", "act"),
    ("A", "body"),
)
_SPOKEN = ("condition", "finding")
"""Chemicals (*water*, *air*), body parts and techniques are too wide for texts: they serve look-up and walking."""

_Descriptor = tuple[str, str, list[str], list[str]]


def _terms(found: Iterable[_Descriptor], french: dict[str, list[str]]) -> Iterator[Term]:
    every = list(found)
    at = {tree: code for code, _, _, trees in every for tree in trees}
    for code, name, synonyms, trees in every:
        parents = dict.fromkeys(at.get(tree.rpartition(".")[0], "") for tree in trees)
        kind = _kind(trees)
        told = french.get(code, [])
        fr = told[0] if told else ""
        yield Term(
            vocabulary="MeSH",
            code=code,
            en=name,
            fr=fr,
            names=(*labels(synonyms, "en", name), *labels(told, "fr", fr)),
            parents=tuple(parent for parent in parents if parent and parent != code),
            kind=kind,
            spoken=kind in _SPOKEN,
        )


def _kind(trees: list[str]) -> ConceptKind:
    return next((kind for prefix, kind in _KINDS if any(tree.startswith(prefix) for tree in trees)), "code")


def _table(files: Files) -> Iterator[Term]:
    def found() -> Iterator[_Descriptor]:
        for row in rows(files["table"], ("id", "name", "synonyms", "tree_numbers")):
            yield row["id"], row["name"], listed(row["synonyms"]), listed(row["tree_numbers"])

    return _terms(found(), {})


def _xml(files: Files) -> Iterator[Term]:
    french: dict[str, list[str]] = {}
    if "french" in files:
        # The French edition writes "Céphalée[Headache]" for a descriptor.
        french = {code: [name.split("[")[0], *more] for code, name, more, _ in _descriptors(files["french"])}
    return _terms(_descriptors(files["descriptors"]), french)


def _descriptors(path: Path) -> Iterator[_Descriptor]:
    count = 0
    for item in elements(path, "DescriptorRecord"):
        code, name = item.findtext("DescriptorUI"), item.findtext("DescriptorName/String")
        if not code or not name:
            raise MalformedInput(f"{path.name} has a descriptor without id or name", hint="Download it again.")
        count += 1
        terms = [text for one in item.iterfind("ConceptList/Concept/TermList/Term/String") if (text := one.text)]
        trees = [text for one in item.iterfind("TreeNumberList/TreeNumber") if (text := one.text)]
        yield code, name, terms, trees
    if not count:
        raise MalformedInput(f"{path.name} has no MeSH descriptor", hint="Give descYYYY.xml.")


MESH = (
    Layout(
        "descYYYY.xml, with fredescYYYY.xml for the French",
        {"descriptors": ("desc[0-9]*.xml",)},
        _xml,
        {"french": ("fredesc*.xml",)},
    ),
    Layout("a table mesh*.parquet", {"table": ("mesh*.parquet",)}, _table),
)
