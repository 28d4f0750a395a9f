"""``galien synonyms``: teaching Galien the hospital's words, and seeing which codes it could not link."""

from __future__ import annotations

import json
from collections import Counter

import click
from rich.markup import escape

from galien.app.hospital import FOLDER, files_of, taught
from galien.app.understanding import understanding_of
from galien.cli.console import Console
from galien.model.errors import NotFound, UsageError

HEADER = "id\tkind\tfr\ten\tfr_synonyms\ten_synonyms\tabbreviations\tcodes\tparents"


@click.group()
def synonyms() -> None:
    """Words of the hospital: names, abbreviations and codes of concepts, kept in WORKSPACE/lexicon.

    The same folder takes its section titles (sections.toml) and its cues of context (cues_fr.toml, cues_en.toml), in
    the layout of the shipped files (docs/semantics.md). `galien synonyms check` says whether all can be read.

    After a change, `galien rebuild omop` and `galien rebuild index` read again what was ingested before.
    """


@synonyms.command()
@click.argument("concept")
@click.option("--fr", multiple=True, help="A French name; may be repeated.")
@click.option("--en", multiple=True, help="An English name; may be repeated.")
@click.option("--abbreviation", multiple=True, help="`=SEP` asks for capitals, `fr:` limits to a language.")
@click.option("--code", multiple=True, help="VOCABULARY:code, such as SNOMED:38341003 or CIM10:E11*.")
@click.pass_obj
def add(
    console: Console,
    concept: str,
    fr: tuple[str, ...],
    en: tuple[str, ...],
    abbreviation: tuple[str, ...],
    code: tuple[str, ...],
) -> None:
    """Add names or codes to a CONCEPT (its id, as `galien synonyms show` and `galien explain` print it).

    \b
      galien synonyms add hypertension --fr "tension haute" --code LOCAL:HTA1
    """
    known = understanding_of(console.folder).lexicon.get(concept)
    if known is None:
        raise NotFound(f"no concept is called {concept!r}", hint="`galien synonyms show WORDS` finds the id.")
    cells = [concept, known.kind, "", "", " | ".join(fr), " | ".join(en), " | ".join(abbreviation), " ".join(code), ""]
    if not any(cells[4:]):
        raise UsageError("nothing to add", hint="Give --fr, --en, --abbreviation or --code.")
    if any(mark in cell for cell in cells for mark in "\t\n\r"):
        raise UsageError("a name holds no tab and no line break")
    table = console.folder / FOLDER / "hospital.tsv"
    table.parent.mkdir(parents=True, exist_ok=True)
    before = table.read_text("utf-8") if table.exists() else HEADER + "\n"
    line = "\t".join(cells) + "\n"
    if line not in before:  # the same twice changes nothing
        table.write_text(before + line, "utf-8")
    console.out.print(escape(str(table)))


@synonyms.command()
@click.pass_obj
def check(console: Console) -> None:
    """Read every file of WORKSPACE/lexicon, and say what is wrong and where.

    \b
      galien synonyms check
    """
    files = files_of(console.folder)
    taught(files)
    for file in files:
        console.out.print(escape(str(file)), soft_wrap=True)


@synonyms.command()
@click.argument("words")
@click.pass_obj
def show(console: Console, words: str) -> None:
    """Show the concepts that WORDS name, with all their names and codes."""
    known = understanding_of(console.folder)
    found = [words] if words in known.lexicon else list(known.reader.whole(words))
    if not found:
        raise NotFound("these words name no concept", hint="Try another name, or `galien explain`.")
    for id in found:
        concept = known.lexicon[id]
        names = " | ".join(label.text for label in concept.labels)
        console.out.print(f"[bold]{id}[/]  {concept.kind}  {escape(concept.fr)} / {escape(concept.en)}")
        console.out.print(f"  {escape(names)}\n  {escape(' '.join(concept.codes))}", style="dim", soft_wrap=True)


@synonyms.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=40, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def unlinked(console: Console, limit: int, as_json: bool) -> None:
    """List the codes that no concept was found for, most frequent first, with the command that maps each."""
    with console.open() as workspace:
        rows = Counter(dict(workspace.unlinked())).most_common(limit)
    if as_json:
        shown = [{"vocabulary": v, "code": c, "label": label, "rows": count} for (v, c, label), count in rows]
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for (vocabulary, code, label), count in rows:
        console.out.print(
            f"{count:>7}  {escape(label)}  [dim]galien synonyms add CONCEPT --code {vocabulary}:{code}[/]"
        )
