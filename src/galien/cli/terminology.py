"""``galien terminology``: whole terminologies in the workspace, from their publishers or from files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.markup import escape
from rich.progress import Progress

from galien.app.terminologies import Installed, install, installed, remove
from galien.app.terminologies import Progress as Told
from galien.app.understanding import Understanding, compile_terminologies, understanding_of
from galien.cli.console import Console
from galien.knowledge import WholeLexicon
from galien.knowledge.terminologies import About, about, catalogue
from galien.knowledge.terminologies.nodes import Kept
from galien.model.concepts import Concept
from galien.model.errors import NotFound

_SHOWN = 12


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A terminology that can be installed, and its card where it is."""

    name: str
    about: About
    installed: Installed | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A concept, with what lies around it."""

    concept: Concept
    names: tuple[str, ...]
    other_names: tuple[str, ...]
    maps: tuple[str, ...]
    parents: dict[str, str]
    children: dict[str, str]
    below: int


@click.group()
def terminology() -> None:
    """Whole terminologies: HPO, CIM-10, CCAM, ATC, BDPM, Orphanet, MONDO, MeSH, LOINC, SNOMED CT...

    \b
      galien terminology list                                what can be installed, and what is
      galien terminology install hpo                         from its publisher
      galien terminology install cim10 ccam --from FOLDER    from files that you have
      galien terminology show I21.0                          a code, or a name, with what is around it

    A term adds its names and codes to the concept that Galien knows already, or becomes a concept of its own, below
    the ones that its code and its parents put it under: asking for an infarction finds every kind of it.
    """


@terminology.command("install")
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--from",
    "path",
    type=click.Path(path_type=Path),
    default=None,
    help="A folder that holds its files (or one of them); fetched from the publisher when not given.",
)
@click.pass_obj
def install_command(console: Console, names: tuple[str, ...], path: Path | None) -> None:
    """Install terminologies by their NAMES (`galien terminology list`).

    \b
    Read as their publishers give them:
      cim10     LIBCIM10MULTI.TXT (ATIH), or ClaML        icd10     ClaML (WHO)
      icd10cm   icd10cm-order-YYYY.txt (CDC)              hpo       hp.obo or hp.json, hp-fr.babelon.tsv
      orphanet  fr_product1.xml, en_product1.xml          mondo     mondo.obo
      mesh      descYYYY.xml, fredescYYYY.xml             bdpm      CIS_bdpm.txt, CIS_COMPO_bdpm.txt
      loinc     Loinc.csv, frFR*LinguisticVariant.csv     snomed    an RF2 release (Snapshot)
      atc       atc.csv (code;label)                      ccam, nabm   tables (CSV or Parquet)

    LOINC, SNOMED CT and those whose publisher has no direct address are only read from files: their licence is
    between you and them. Installing the same files again changes nothing.
    """
    for name in names:
        about(name)  # an unknown name is said before anything is read
    today = datetime.now(UTC).date()
    changed = False
    with Progress(console=console.err, transient=True) as bar:
        for name in names:
            card, new = install(console.folder, name, path, today, _told(console, bar, name))
            changed |= new
            title = about(name).title(console.language)
            if new:
                version = card.version or console.say("terminology_unknown_version")
                text = console.say("terminology_installed", title=title, terms=f"{card.terms:,}", version=version)
                console.out.print(escape(text))
                console.out.print(escape(f"  {card.citation}. {card.licence}."), style="dim", soft_wrap=True)
            else:
                console.out.print(escape(console.say("terminology_unchanged", title=title)))
        compile_terminologies(console.folder, _told(console, bar, ""))
    if changed and (console.folder / "ledger.sqlite").exists():
        console.out.print(console.say("terminology_again"), style="dim")


@terminology.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_command(console: Console, as_json: bool) -> None:
    """The terminologies that can be installed, with licence and address, and those that are, with their version."""
    cards = {card.name: card for card in installed(console.folder)}
    if as_json:
        console.json([Listed(name=name, about=told, installed=cards.get(name)) for name, told in catalogue().items()])
        return
    for name, told in catalogue().items():
        card = cards.get(name)
        console.out.print(f"[bold]{name:9}[/] {escape(told.title(console.language))}")
        if card:
            terms = console.say("terminology_terms", terms=f"{card.terms:,}")
            state = f"{terms}, {card.version or '-'}, {card.installed}, {card.source}"
        else:
            state = console.say("terminology_licensed" if told.licensed else "terminology_none")
        console.out.print(escape(f"          {state}"), style="green" if card else "dim", soft_wrap=True)
        console.out.print(escape(f"          {told.licence} · {told.page}"), style="dim", soft_wrap=True)


@terminology.command()
@click.argument("what", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(console: Console, what: tuple[str, ...], as_json: bool) -> None:
    """Show the concepts that a code (I21.0, HP:0001658, CIM10:I21) or a name stands for, and what is around them."""
    known = understanding_of(console.folder)
    found = _meant(known, " ".join(what))
    if not found:
        raise NotFound(
            "no concept has this code or this name",
            hint="`galien terminology list` says what is installed; a name is to be given whole.",
        )
    shown = [_shown(known, id, console.language) for id in found]
    if as_json:
        console.json(shown)
        return
    for item in shown:
        _print(console, item)


@terminology.command("remove")
@click.argument("name")
@click.pass_obj
def remove_command(console: Console, name: str) -> None:
    """Remove an installed terminology; what is said of documents keeps its concepts until they are read again."""
    remove(console.folder, name)
    console.out.print(escape(console.say("terminology_removed", title=about(name).title(console.language))))
    with Progress(console=console.err, transient=True) as bar:
        compile_terminologies(console.folder, _told(console, bar, ""))
    if (console.folder / "ledger.sqlite").exists():
        console.out.print(console.say("terminology_again"), style="dim")


def _told(console: Console, bar: Progress, name: str) -> Told:
    tasks = {}

    def told(step: str, done: int, total: int | None) -> None:
        if step not in tasks:
            tasks[step] = bar.add_task(f"{console.say(f'terminology_{step}')} {name}".strip(), total=total)
        bar.update(tasks[step], completed=done, total=total)

    return told


def _meant(known: Understanding, text: str) -> list[str]:
    """Concepts of an id, of a code with or without its vocabulary, or of a name."""
    if text in known.lexicon:
        return [text]
    vocabulary, colon, code = text.partition(":")
    if colon and (found := known.lexicon.coded(vocabulary, code)):
        return found[:1]
    for told in catalogue().values():
        found = known.lexicon.coded(told.vocabulary, text)
        if found:
            return found[:1]
    return list(known.reader.whole(text))


def _shown(known: Understanding, id: str, language: str) -> Shown:
    lexicon = known.lexicon
    kept = lexicon.kept(id) if isinstance(lexicon, WholeLexicon) else None
    item = kept or Kept(lexicon[id], len(lexicon[id].labels))
    texts = [label.text for label in item.concept.labels]
    return Shown(
        concept=item.concept,
        names=tuple(dict.fromkeys(texts[: item.heard])),
        other_names=tuple(text for text in dict.fromkeys(texts[item.heard :]) if text not in texts[: item.heard]),
        maps=item.maps,
        parents={other: lexicon[other].name(language) for other in lexicon.parents(id)},
        children={other: lexicon[other].name(language) for other in lexicon.children(id)},
        below=len(lexicon.descendants(id)) - 1,
    )


def _print(console: Console, item: Shown) -> None:
    concept = item.concept
    title = " / ".join(name for name in (concept.fr, concept.en) if name)
    console.out.print(f"[bold]{escape(concept.id)}[/]  {concept.kind}  {escape(title)}", soft_wrap=True)
    for key, texts in (
        ("names", item.names),
        ("other_names", item.other_names),
        ("codes", concept.codes),
        ("maps", item.maps),
        ("above", [f"{name} ({id})" for id, name in item.parents.items()]),
        ("below", [f"{name} ({id})" for id, name in item.children.items()]),
    ):
        if texts:
            more = len(texts) - _SHOWN if key != "below" else item.below - min(len(texts), _SHOWN)
            tail = f" {console.say('terminology_more', n=more)}" if more > 0 else ""
            told = " | ".join(list(texts)[:_SHOWN]) + tail
            console.out.print(escape(f"  {console.say(f'terminology_{key}')}: {told}"), style="dim", soft_wrap=True)
