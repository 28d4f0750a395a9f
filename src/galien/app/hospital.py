"""What the hospital taught Galien in its workspace: names, section titles, cues of context.

In ``WORKSPACE/lexicon``: ``*.tsv`` (concepts and names), ``sections.toml``, ``cues_fr.toml``, ``cues_en.toml``; see
docs/semantics.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec

from galien.knowledge.lexicon import read_table
from galien.language.context import ContextRules
from galien.language.customs import MalformedRules, parsed, rules_with, titles_with
from galien.language.sections import SectionTitles
from galien.model.concepts import Concept, ConceptKind
from galien.model.errors import WorkspaceError

FOLDER = "lexicon"
SECTIONS = "sections.toml"
CUES = {"fr": "cues_fr.toml", "en": "cues_en.toml"}
_HINT = "docs/semantics.md shows the layout; `galien synonyms check` reads the files again."


class Taught(msgspec.Struct, frozen=True):
    """All that a workspace adds.

    Attributes
    ----------
    concepts : tuple of Concept
    titles : SectionTitles or None
    grammars : dict of language to ContextRules
        For the languages whose cues were added to.
    """

    concepts: tuple[Concept, ...] = ()
    titles: SectionTitles | None = None
    grammars: dict[str, ContextRules] = {}


def files_of(workspace: Path) -> list[Path]:
    """The files of a workspace that teach something, in the order in which they are read."""
    folder = workspace / FOLDER
    named = [folder / name for name in (SECTIONS, *CUES.values())]
    return [*sorted(folder.glob("*.tsv")), *(file for file in named if file.is_file())]


def taught(paths: list[Path]) -> Taught:
    """What these files say.

    Raises
    ------
    WorkspaceError
        A file is not in the layout; its name, and the line or the key, are said.
    """
    concepts: list[Concept] = []
    titles: SectionTitles | None = None
    grammars: dict[str, ContextRules] = {}
    for path in paths:
        try:
            text = path.read_text("utf-8")
            if path.suffix == ".tsv":
                concepts += _concepts(path.name, text)
            elif path.name == SECTIONS:
                titles = titles_with(parsed(text))
            else:
                language = next(language for language, name in CUES.items() if name == path.name)
                grammars[language] = rules_with(language, parsed(text))
        except UnicodeDecodeError as error:
            raise WorkspaceError(f"{path.name} is not UTF-8", file=path.name, hint=_HINT) from error
        except MalformedRules as error:
            where = f"{path.name}, {error.key}" if error.key else path.name
            raise WorkspaceError(f"{where}: {error}", file=path.name, key=error.key, hint=_HINT) from error
    return Taught(tuple(concepts), titles, grammars)


def _concepts(name: str, text: str) -> list[Concept]:
    lines = text.splitlines()
    found: list[Concept] = []
    try:
        for number, concept in enumerate(read_table(lines), 2):
            if not concept.id or concept.kind not in get_args(ConceptKind):
                kinds = ", ".join(get_args(ConceptKind))
                message = f"{name}, line {number}: a line needs an id and a kind ({kinds})"
                raise WorkspaceError(message, file=name, line=number, hint=_HINT)
            found.append(concept)
    except (KeyError, TypeError, AttributeError) as error:
        raise WorkspaceError(f"{name}: the column {error} is missing", file=name, hint=_HINT) from error
    except ValueError as error:
        line = len(found) + 2
        raise WorkspaceError(f"{name}, line {line}: a number is misspelt", file=name, line=line, hint=_HINT) from error
    return found
