"""The terminologies that can be installed, by name, and how to find theirs among a folder's files."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files as resources
from pathlib import Path

import msgspec

from galien.knowledge.terminologies import acts, classifications, licensed, medicines, mesh, ontologies, orphanet
from galien.knowledge.terminologies.terms import Files, Layout, Term
from galien.model.errors import NotFound, UsageError

LAYOUTS: Mapping[str, tuple[Layout, ...]] = {
    "cim10": classifications.CIM10,
    "icd10": classifications.ICD10,
    "hpo": ontologies.HPO,
    "orphanet": orphanet.ORPHANET,
    "mondo": ontologies.MONDO,
    "mesh": mesh.MESH,
    "icd10cm": classifications.ICD10CM,
    "atc": medicines.ATC,
    "bdpm": medicines.BDPM,
    "ccam": acts.CCAM,
    "nabm": acts.NABM,
    "loinc": licensed.LOINC,
    "snomed": licensed.SNOMED,
}
"""In the order in which they are joined: what comes first gives its ids and its names."""
_DEEPEST = 6
_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{4}-\d{2}|\d{8}|(?:19|20)\d{2}|\d+\.\d+)")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a terminology before it is installed.

    Attributes
    ----------
    page : str
        Where its publisher gives it.
    files : tuple of str
        Direct addresses, where there are any.
    licensed : bool
        Given only to holders of a licence: never fetched.
    """

    fr: str
    en: str
    vocabulary: str
    languages: tuple[str, ...]
    page: str
    licence: str
    citation: str
    files: tuple[str, ...] = ()
    licensed: bool = False

    def title(self, language: str) -> str:
        """Its name in a language."""
        return self.fr if language == "fr" else self.en


@cache
def catalogue() -> dict[str, About]:
    """Every terminology that can be installed, in the order in which they are joined."""
    told = tomllib.loads((resources("galien.knowledge") / "data" / "terminologies.toml").read_text("utf-8"))
    return {name: msgspec.convert(told[name], About) for name in LAYOUTS}


def about(name: str) -> About:
    """What is known of a terminology.

    Raises
    ------
    UsageError
        No such name; the hint lists those there are.
    """
    found = catalogue().get(name)
    if found is None:
        raise UsageError(f"no terminology is called {name!r}", hint=f"Known: {', '.join(LAYOUTS)}.")
    return found


def find(name: str, path: Path) -> tuple[Layout, Files]:
    """The layout of a terminology in a folder, or of a file, with its files by role.

    Raises
    ------
    UsageError
        An unknown terminology.
    NotFound
        None of its layouts is there; the hint says what they are.
    """
    about(name)
    if not path.exists():
        raise NotFound(f"{path} does not exist", hint="--from takes a folder, or one of the files.")
    inside = sorted(_inside(path))
    for layout in LAYOUTS[name]:
        found = {role: file for role, patterns in layout.needs.items() if (file := _first(inside, patterns))}
        if len(found) == len(layout.needs):
            more = {role: file for role, patterns in layout.takes.items() if (file := _first(inside, patterns))}
            return layout, {**found, **more}
    ways = "; ".join(layout.about for layout in LAYOUTS[name])
    raise NotFound(f"{path} does not hold {name}", hint=f"It is read from: {ways}.")


def terms(name: str, path: Path) -> Iterator[Term]:
    """The terms of a terminology, from a folder or a file.

    Raises
    ------
    MalformedInput
        A file is broken; nothing of it is to be kept.
    """
    layout, files = find(name, path)
    return layout.read(files)


def version_of(files: Files) -> str:
    """The version that the files' names tell, or that the file of an ontology states; empty when none does."""
    for file in files.values():
        if file.suffix == ".obo":
            with file.open(encoding="utf-8", errors="replace") as lines:
                for line in (next(lines, "") for _ in range(20)):
                    if line.startswith("data-version:"):
                        return line.partition(":")[2].strip()
    found = [match[1] for file in files.values() if (match := _VERSION.search(file.stem))]
    return found[0] if found else ""


def _inside(path: Path) -> Iterator[Path]:
    """The files of a folder; with one file, those beside it that may go with it."""
    if path.is_file():
        yield path
        yield from (other for other in path.parent.iterdir() if other.is_file() and other != path)
        return
    depth = len(path.parts)
    for folder, folders, names in os.walk(path):
        if len(Path(folder).parts) - depth >= _DEEPEST:
            folders.clear()
        yield from (Path(folder) / name for name in names)


def _first(files: list[Path], patterns: tuple[str, ...]) -> Path | None:
    return next((file for pattern in patterns for file in files if file.match(pattern)), None)
