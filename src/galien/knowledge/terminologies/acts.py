"""CCAM (acts) and NABM (laboratory acts), French Health Insurance: their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from galien.knowledge.terminologies.tables import rows
from galien.knowledge.terminologies.terms import Files, Layout, Term

_ACT = re.compile(r"[A-Z]{4}\d{3}")
_ORGANISATION = "17"
"""From this chapter on, titles are places and rules (*urgence*, *chirurgie*), not acts."""


def _ccam(files: Files) -> Iterator[Term]:
    """Acts; with the tree, its chapters too, under their official numbers (``01.01.02``)."""
    above: dict[str, str] = {}
    if "tree" in files:
        numbers = {}
        titles = []
        for row in rows(files["tree"], ("strate", "code", "parent", "libelle", "type")):
            if row["type"] == "H":
                numbers[row["code"]] = _number(row["strate"])
                titles.append(row)
            else:
                above[row["code"]] = row["parent"]
        for row in titles:
            if numbers[row["code"]]:
                parent = numbers.get(row["parent"], "")
                yield _term(numbers[row["code"]], row["libelle"].capitalize(), parent)
        above = {act: numbers.get(parent, "") for act, parent in above.items()}
    seen = set()
    for row in rows(files["acts"], ("code", "libelle_long")):
        code = row["code"][:7]
        if code not in seen:  # an act has a row for each of its versions
            seen.add(code)
            yield _term(code, row["libelle_long"] or row.get("libelle_court", ""), above.get(code, ""))


def _number(stratum: str) -> str:
    """``01.01.02.00`` is chapter ``01.01.02``."""
    return re.sub(r"(?:\.?00)+$", "", stratum)


def _term(code: str, label: str, parent: str) -> Term:
    return Term(
        vocabulary="CCAM",
        code=code,
        fr=label,
        parents=(parent,) if parent else (),
        kind="act",
        spoken=bool(_ACT.match(code)) or (code.count(".") > 1 and code < _ORGANISATION),
    )


def _nabm(files: Files) -> Iterator[Term]:
    """The list of the SNDS: labels are in capitals and abridged, and serve look-up by code."""
    for row in rows(files["acts"], ("BIO_PRS_IDE", "BIO_INF_LIB")):
        code = row["BIO_PRS_IDE"].zfill(4)
        yield Term(vocabulary="NABM", code=code, fr=" ".join(row["BIO_INF_LIB"].split()), kind="analyte", spoken=False)


CCAM = (
    Layout(
        "a table ccam_fr*.parquet or .csv, with ccam_hierarchie* for the chapters",
        {"acts": ("ccam_fr*.parquet", "ccam_fr*.csv")},
        _ccam,
        {"tree": ("ccam_hierarchie*.parquet", "ccam_hierarchie*.csv")},
    ),
)
NABM = (Layout("a table nabm*.parquet or .csv", {"acts": ("nabm*.parquet", "nabm*.csv")}, _nabm),)
