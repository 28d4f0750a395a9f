"""HPO and MONDO: OBO files (OBO Flat File Format 1.4), OBO Graphs (JSON), and tables.

The French of HPO comes apart, in Babelon tables (``hp-fr.babelon.tsv``, ``hp-fr.synonyms.tsv``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from galien.knowledge.codes import key
from galien.knowledge.terminologies.tables import rows, text_of
from galien.knowledge.terminologies.terms import Files, Layout, Term, labels, listed
from galien.model.concepts import ConceptKind
from galien.model.errors import MalformedInput

_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)" (EXACT|BROAD|NARROW|RELATED)')
_XREF = re.compile(r"^([A-Za-z0-9_.-]+):(\S+)")
_SAME = "MONDO:equivalentTo"
_AGAIN = "Download it again: the file ends before its last term, or is another format."
_PHENOTYPES = "HP:0000118"
"""*Phenotypic abnormality*: modes of inheritance, modifiers, frequencies lie outside and are no findings."""
_DISEASES = "MONDO:0000001"
"""*Disease*: what characterises one (*complete*, *grade 2*) lies outside."""


class _Stanza(msgspec.Struct):
    code: str = ""
    name: str = ""
    synonyms: list[str] = []
    parents: list[str] = []
    maps: list[str] = []
    obsolete: bool = False


def _obo(path: Path, prefix: str, *, all_maps: bool) -> Iterator[_Stanza]:
    """``[Term]`` stanzas whose ids have a prefix."""
    text = text_of(path)
    if not text.startswith("format-version:"):
        raise MalformedInput(f"{path.name} is no OBO file", hint=_AGAIN)
    count = 0
    for block in re.split(r"\n\s*\n", text):
        lines = block.strip().splitlines()
        if not lines or lines[0] != "[Term]":
            continue
        stanza = _Stanza()
        for line in lines[1:]:
            tag, colon, value = line.partition(": ")
            if not colon and not line.endswith(":"):
                raise MalformedInput(f"{path.name} is cut short or broken near a term", hint=_AGAIN, term=count)
            _tell(stanza, tag, value.strip(), all_maps)
        if not stanza.code or not (stanza.name or stanza.obsolete):
            raise MalformedInput(f"{path.name} has a term without id or name", hint=_AGAIN, term=count)
        count += 1
        if stanza.code.startswith(prefix):
            yield stanza
    if not count:
        raise MalformedInput(f"{path.name} has no term", hint=_AGAIN)


def _tell(stanza: _Stanza, tag: str, value: str, all_maps: bool) -> None:
    match tag:
        case "id":
            stanza.code = value
        case "name":
            stanza.name = value
        case "synonym":
            found = _SYNONYM.match(value)
            if found and found[2] == "EXACT":
                stanza.synonyms.append(found[1].replace('\\"', '"'))
        case "is_a":
            stanza.parents.append(value.split(" ", maxsplit=1)[0])
        case "xref":
            if all_maps or _SAME in value:
                stanza.maps.append(value)
        case "is_obsolete":
            stanza.obsolete = value == "true"


def _graph(path: Path, prefix: str) -> Iterator[_Stanza]:
    """Classes of an OBO Graphs document whose ids have a prefix."""
    try:
        graph = msgspec.json.decode(path.read_bytes())["graphs"][0]
        nodes, edges = graph["nodes"], graph["edges"]
    except (msgspec.DecodeError, KeyError, IndexError, TypeError, OSError) as error:
        raise MalformedInput(f"{path.name} is no OBO Graphs document", hint=_AGAIN) from error
    above: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if edge.get("pred") == "is_a":
            above[_curie(edge["sub"])].append(_curie(edge["obj"]))
    for node in nodes:
        code = _curie(node["id"])
        if not code.startswith(prefix) or "lbl" not in node:
            continue
        meta = node.get("meta", {})
        yield _Stanza(
            code=code,
            name=node["lbl"],
            synonyms=[s["val"] for s in meta.get("synonyms", ()) if s.get("pred") == "hasExactSynonym"],
            parents=above[code],
            maps=[x["val"] for x in meta.get("xrefs", ())],
            obsolete=bool(meta.get("deprecated")),
        )


def _curie(uri: str) -> str:
    return uri.rsplit("/", 1)[-1].replace("_", ":", 1)


def _maps(references: list[str]) -> tuple[str, ...]:
    found = (_XREF.match(reference) for reference in references)
    return tuple(dict.fromkeys(key(m[1], m[2].strip("|")) for m in found if m))


def _under(root: str, stanzas: Iterable[_Stanza]) -> set[str]:
    """Terms below another."""
    below: dict[str, list[str]] = defaultdict(list)
    for stanza in stanzas:
        for parent in stanza.parents:
            below[parent].append(stanza.code)
    found = {root}
    ahead = [root]
    while ahead:
        for child in below[ahead.pop()]:
            if child not in found:
                found.add(child)
                ahead.append(child)
    return found - {root}


def _of_hpo(stanzas: Iterator[_Stanza], french: dict[str, list[str]]) -> Iterator[Term]:
    known = [stanza for stanza in stanzas if not stanza.obsolete]
    real = _under(_PHENOTYPES, known)
    for stanza in known:
        told = french.get(stanza.code, [])
        yield _term("HPO", "finding", stanza, told, stanza.code in real)


def _term(vocabulary: str, kind: ConceptKind, stanza: _Stanza, told: list[str], spoken: bool) -> Term:
    fr = told[0] if told else ""
    english = {name.lower() for name in (stanza.name, *stanza.synonyms)}
    # Translators left some synonyms as they were.
    told = [name for name in told if name == fr or " " not in name or name.lower() not in english]
    return Term(
        vocabulary=vocabulary,
        code=stanza.code,
        fr=fr,
        en=stanza.name,
        names=(*labels(stanza.synonyms, "en", stanza.name), *labels(told, "fr", fr)),
        parents=tuple(dict.fromkeys(stanza.parents)),
        maps=_maps(stanza.maps),
        kind=kind,
        spoken=spoken,
    )


def _french(files: Files) -> dict[str, list[str]]:
    """French names by HPO id, the preferred first; only those that translators have settled."""
    told: dict[str, list[str]] = defaultdict(list)
    if "french" in files:
        columns = ("subject_id", "predicate_id", "translation_value")
        for row in rows(files["french"], columns, delimiter="\t"):
            if row["predicate_id"] == "rdfs:label" and row["translation_value"]:
                told[row["subject_id"]].append(row["translation_value"])
    if "french synonyms" in files:
        for row in rows(files["french synonyms"], ("subject_id", "translation_value"), delimiter="\t"):
            if row.get("Status", "OFFICIAL") == "OFFICIAL":
                told[row["subject_id"]] += listed(row["translation_value"])
    return {code: list(dict.fromkeys(names)) for code, names in told.items()}


def _hpo_obo(files: Files) -> Iterator[Term]:
    return _of_hpo(_obo(files["ontology"], "HP:", all_maps=True), _french(files))


def _hpo_graph(files: Files) -> Iterator[Term]:
    return _of_hpo(_graph(files["ontology"], "HP:"), _french(files))


def _hpo_table(files: Files) -> Iterator[Term]:
    columns = ("id", "name", "synonyms", "parents", "xrefs", "obsolete", "name_fr", "synonyms_fr")
    french: dict[str, list[str]] = {}
    stanzas = []
    for row in rows(files["table"], columns):
        if not row["obsolete"]:
            stanzas.append(_from_row(row, row["id"]))
            french[row["id"]] = [name for name in (row["name_fr"], *listed(row["synonyms_fr"])) if name]
    return _of_hpo(iter(stanzas), french)


def _from_row(row: Mapping[str, str], code: str) -> _Stanza:
    return _Stanza(
        code=code,
        name=row["name"],
        synonyms=listed(row["synonyms"]),
        parents=listed(row["parents"]),
        maps=listed(row["xrefs"]),
    )


def _of_mondo(stanzas: Iterable[_Stanza]) -> Iterator[Term]:
    known = [stanza for stanza in stanzas if not stanza.obsolete and not stanza.name.startswith("obsolete")]
    real = _under(_DISEASES, known)
    for stanza in known:
        yield _term("MONDO", "condition", stanza, [], stanza.code in real)


def _mondo_obo(files: Files) -> Iterator[Term]:
    return _of_mondo(_obo(files["ontology"], "MONDO:", all_maps=False))


def _mondo_table(files: Files) -> Iterator[Term]:
    stanzas = []
    for row in rows(files["table"], ("id", "name", "synonyms", "parents", "xrefs")):
        stanza = _from_row(row, f"MONDO:{row['id']}")
        stanza.parents = [f"MONDO:{parent}" for parent in stanza.parents]
        stanzas.append(stanza)
    return _of_mondo(stanzas)


_BABELON = {"french": ("hp-fr.babelon.tsv",), "french synonyms": ("hp-fr.synonyms.tsv",)}
HPO = (
    Layout("hp.obo, with hp-fr.babelon.tsv for the French", {"ontology": ("hp.obo",)}, _hpo_obo, _BABELON),
    Layout("hp.json (OBO Graphs)", {"ontology": ("hp.json",)}, _hpo_graph, _BABELON),
    Layout("a table hpo_*.parquet", {"table": ("hpo_*.parquet",)}, _hpo_table),
)
MONDO = (
    Layout("mondo.obo", {"ontology": ("mondo.obo",)}, _mondo_obo),
    Layout("a table mondo*.parquet", {"table": ("mondo*.parquet",)}, _mondo_table),
)
