"""ATC and the public French drug base (BDPM).

BDPM speaks of *spécialités* (a brand, a strength and a form: ``DOLIPRANE 500 mg, comprimé``) and their substances.
Texts say the brand or the substance. A brand of one substance becomes a name of that substance; a brand of
several becomes a drug of its own, below each.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.resources import files as resources

from galien.knowledge.codes import key
from galien.knowledge.terminologies.tables import rows
from galien.knowledge.terminologies.terms import Files, Layout, Term, labels, listed
from galien.model.concepts import Label

_CIS = (
    "cis", "denomination", "forme", "voies", "statut_amm", "procedure", "etat_commercialisation",
    "date_amm", "statut_bdm", "num_eu", "titulaires", "surveillance",
)  # fmt: skip
_COMPO = (
    "cis", "element", "code_substance", "substance", "dosage", "ref_dosage", "nature", "num_lien",
)  # fmt: skip
_DATA = tomllib.loads((resources("galien.knowledge") / "data" / "medicines.toml").read_text("utf-8"))
_SALTS = re.compile(rf"^(?:{'|'.join(_DATA['salts_before'])}) D(?:E |')", re.IGNORECASE)
_FORMS = re.compile(rf"(?: (?:{'|'.join(_DATA['salts_after'])}))+$", re.IGNORECASE)
_MAKERS = frozenset(_DATA["makers"])
_SHORTEST = 5
"""Letters of the shortest brand that is looked for."""
_SHORTEST_ALONE = 7
"""Letters of the shortest first word of a brand that stands for the whole: *rhino*, *paro* do not."""
_STRENGTH = re.compile(r"\s+(?:\d|,)|,")
_PARTS = re.compile(r"\s*\([^)]*\)")


def base(substance: str) -> str:
    """A substance without its salt and its water.

    >>> base("CHLORHYDRATE DE METFORMINE"), base("MÉROPÉNEM TRIHYDRATÉ"), base("CLOPIDOGREL (HYDROGÉNOSULFATE DE)")
    ('metformine', 'méropénem', 'clopidogrel')
    """
    plain = _PARTS.sub("", substance).strip()
    return _FORMS.sub("", _SALTS.sub("", plain)).strip().lower()


def brand(denomination: str) -> str:
    """The name of a medicine without strength, form and maker.

    >>> brand("DOLIPRANE 500 mg, comprimé"), brand("LACOSAMIDE TEVA 50 mg, comprimé pelliculé")
    ('doliprane', 'lacosamide')
    """
    words = _STRENGTH.split(_PARTS.sub("", denomination).strip(), maxsplit=1)[0].split()
    while len(words) > 1 and words[-1].upper() in _MAKERS:
        words.pop()
    return " ".join(words).lower()


def _bdpm(files: Files, delimiter: str, compositions: tuple[str, ...], medicines: tuple[str, ...]) -> Iterator[Term]:
    substances: dict[str, str] = {}
    active: dict[str, dict[str, str]] = defaultdict(dict)
    needed = ("cis", "code_substance", "substance", "nature", "num_lien")
    for row in rows(files["compositions"], needed, delimiter=delimiter, header=compositions):
        code = row["code_substance"]
        substances[code] = row["substance"]
        # The therapeutic fraction (FT, once ST) of a link stands for its salt (SA).
        if row["nature"] in ("FT", "ST") or row["num_lien"] not in active[row["cis"]]:
            active[row["cis"]][row["num_lien"]] = code
    titles, homeopathic = {}, set()
    for row in rows(files["medicines"], ("cis", "denomination", "procedure"), delimiter=delimiter, header=medicines):
        titles[row["cis"]] = row["denomination"]
        if "homéo" in row["procedure"].lower():
            homeopathic.add(row["cis"])
    chief = _chief(substances)
    parts = {cis: tuple(sorted({chief[code] for code in links.values()})) for cis, links in active.items()}
    remedies = {cis: codes for cis, codes in parts.items() if cis not in homeopathic}
    simple, compound = _brands(titles, remedies, substances)
    # Amino acids of a feeding bag, flowers of a homeopathic complex: nobody means the medicine by those words.
    alone = {code for codes in remedies.values() if len(codes) <= _DATA["most_alone"] for code in codes}
    for code, name in substances.items():
        yield _substance(code, name, chief[code], sorted(simple.get(code, ())), spoken=code in alone)
    for name, codes in compound.items():
        yield Term(
            vocabulary="BDPM", code=_slug(name), fr=name, within=_substance_keys(codes), kind="drug", spoken=True
        )
    for cis, title in titles.items():
        codes = parts.get(cis, ())
        name = next((name for name in (brand(title), brand(title).split(" ")[0]) if name in compound), "")
        whole = (key("BDPM", _slug(name)),) if len(codes) > 1 and name else ()
        yield Term(
            vocabulary="CIS", code=cis, fr=title, within=whole or _substance_keys(codes), kind="drug", spoken=False
        )


def _chief(substances: dict[str, str]) -> dict[str, str]:
    """For each substance, the one that bears its bare name, or the first of those with it."""
    by_base: dict[str, str] = {}
    for code, name in sorted(substances.items(), key=lambda item: (item[1].lower() != base(item[1]), item[0])):
        by_base.setdefault(base(name), code)
    return {code: by_base[base(name)] for code, name in substances.items()}


def _brands(
    titles: Mapping[str, str], parts: Mapping[str, tuple[str, ...]], substances: Mapping[str, str]
) -> tuple[dict[str, set[str]], dict[str, tuple[str, ...]]]:
    """Brands by their one substance, and brands of several substances with them."""
    contents: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for cis, title in titles.items():
        if parts.get(cis):
            name = brand(title)
            contents[name].add(parts[cis])
            if len(name.split(" ")[0]) >= _SHORTEST_ALONE and " " in name:  # "pulmicort turbuhaler" is said "pulmicort"
                contents[name.split(" ")[0]].add(parts[cis])
    generic = {plain(base(name)).split(" ")[0] for name in substances.values()}
    simple: dict[str, set[str]] = defaultdict(set)
    compound: dict[str, tuple[str, ...]] = {}
    for name, found in contents.items():
        words = name.split(" ")
        if len(found) > 1 or plain(words[0]) in generic or len(words) > 2 or len(words[0]) < _SHORTEST:
            # One brand for several things (ACTIFED), or a substance and who makes it: said of none.
            continue
        (codes,) = found
        if len(codes) == 1:
            simple[codes[0]].add(name)
        elif len(codes) <= _DATA["most_substances"]:
            compound[name] = codes
    return simple, compound


def plain(name: str) -> str:
    """Lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(c))


def _substance(code: str, name: str, chief: str, brands: list[str], *, spoken: bool) -> Term:
    bare = base(name)
    return Term(
        vocabulary="BDPM",
        code=code,
        fr=bare if code == chief else name.lower(),
        names=labels([*([] if "(" in name else [name.lower()]), *brands], "fr", bare) if code == chief else (),
        parents=() if code == chief else (chief,),
        kind="drug",
        spoken=spoken and code == chief,
    )


def _substance_keys(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key("BDPM", code) for code in codes)


def _slug(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name).strip("-")


def _bdpm_files(files: Files) -> Iterator[Term]:
    """``CIS_bdpm.txt`` and ``CIS_COMPO_bdpm.txt``: tabs, no header."""
    return _bdpm(files, "\t", _COMPO, _CIS)


def _bdpm_tables(files: Files) -> Iterator[Term]:
    return _bdpm(files, ";", (), ())


def _atc(found: dict[str, tuple[str, list[str], str]]) -> Iterator[Term]:
    for code, (label, brands, english) in found.items():
        above = (code[:length] for length in (5, 4, 3, 1) if length < len(code))
        parent = next((stem for stem in above if stem in found), "")
        yield Term(
            vocabulary="ATC",
            code=code,
            fr=label,
            en=english,
            names=tuple(Label(name, "fr") for name in brands),
            parents=(parent,) if parent else (),
            kind="drug" if len(code) == 7 else "class",
            spoken=len(code) == 7,  # classes are called by titles: "toniques", "autres solutions"
        )


def _atc_table(files: Files) -> Iterator[Term]:
    """Names in capitals are brands, those in lower case substances or classes."""
    found = {}
    for row in rows(files["table"], ("atc", "names")):
        names = listed(row["names"])
        plain = [name for name in names if not name.isupper()]
        brands = [name.lower() for name in names if name.isupper()]
        label = plain[0] if plain else brands[0] if brands else row["atc"]
        found[row["atc"]] = (label, [*plain[1:], *(brands if len(row["atc"]) == 7 else ())], "")
    return _atc(found)


def _atc_codes(files: Files) -> Iterator[Term]:
    """A table of codes and labels: ``code;label`` (French), with an optional ``label_en``."""
    found = {
        row["code"]: (row["label"], list[str](), row.get("label_en", ""))
        for row in rows(files["table"], ("code", "label"))
    }
    return _atc(found)


BDPM = (
    Layout(
        "CIS_bdpm.txt and CIS_COMPO_bdpm.txt",
        {"medicines": ("CIS_bdpm.txt",), "compositions": ("CIS_COMPO_bdpm.txt",)},
        _bdpm_files,
    ),
    Layout(
        "tables bdpm_*_CIS.parquet and bdpm_*_CIS_COMPO.parquet",
        {"medicines": ("bdpm_*_CIS.parquet",), "compositions": ("bdpm_*_CIS_COMPO.parquet",)},
        _bdpm_tables,
    ),
)
ATC = (
    Layout("atc.csv: code;label;label_en", {"table": ("atc.csv", "ATC.csv")}, _atc_codes),
    Layout("a table atc_noms*.parquet", {"table": ("atc_noms*.parquet",)}, _atc_table),
)
