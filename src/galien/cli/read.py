"""``galien read``: what Galien understands of a text."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.markup import escape

from galien.app.understanding import understanding_of
from galien.cli.console import Console
from galien.language.reading import Reader
from galien.model.errors import MalformedInput, NotFound
from galien.model.readings import Context, Reading

_FLAGS = ("negated", "hedged", "conditional", "historical", "planned", "resolved", "reported")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--spans", type=click.Path(path_type=Path), help='Lines {"id", "text", "spans": [[start, end], ...]}.')
@click.option("--lang", type=click.Choice(["fr", "en"]), default=None, help="Of the text; detected when not given.")
@click.option("--date", "at", default="", metavar="DAY", help="ISO day of the text, to resolve « il y a 3 semaines ».")
@click.option("--birth", default="", metavar="DAY", help="ISO day of birth, to resolve « à l'âge de 12 ans ».")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.pass_obj
def read(
    console: Console, file: Path | None, spans: Path | None, lang: str | None, at: str, birth: str, as_json: bool
) -> None:
    """Read a text (or - for standard input): sections, mentions in context, quantities, dates.

    \b
      galien read letter.txt
      echo "Pas de fièvre, suspicion d'EP" | galien read - --json
      galien read --spans spans.jsonl      # contexts of given spans, a line each
    """
    if spans is not None:
        _read_spans(understanding_of(console.folder).reader, spans, lang or "")
        return
    if file is None:
        raise click.UsageError("give a FILE, - or --spans FILE")
    text = _text(file)
    reading = understanding_of(console.folder).reader.read(text, lang or "", at=at, birth=birth)
    if as_json:
        click.echo(json.dumps(_as_json(reading, text), ensure_ascii=False))
        return
    for mention in reading.mentions:
        flags = " ".join(_said(mention.context))
        console.out.print(
            f"{escape(text[mention.start : mention.end]):<32} [bold]{mention.concept}[/] [dim]{mention.kind}[/] {flags}"
        )
    for quantity in reading.quantities:
        value = f"= {quantity.value:g} {quantity.value_unit}" if quantity.value is not None else ""
        console.out.print(f"{escape(text[quantity.start : quantity.end]):<32} {quantity.concept} {value}")
    for time in reading.times:
        console.out.print(f"{escape(text[time.start : time.end]):<32} {time.first}..{time.last}")


def _text(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise NotFound("this file cannot be read", path=str(file)) from error
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _read_spans(reader: Reader, file: Path, lang: str) -> None:
    for number, line in enumerate(_text(file).split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            text, places = item["text"], [(int(start), int(end)) for start, end in item["spans"]]
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedInput("this line is no {id, text, spans}", line=number) from error
        found = reader.contexts(text, places, item.get("lang") or lang)
        contexts = [_context(context, text) for context in found]
        click.echo(json.dumps({"id": item.get("id"), "contexts": contexts}, ensure_ascii=False))


def _context(context: Context, text: str) -> dict[str, Any]:
    flags: dict[str, Any] = {name: getattr(context, name) for name in _FLAGS}
    return flags | {"subject": context.subject, "cue": [text[span.start : span.end] for span in context.cue]}


def _said(context: Context) -> list[str]:
    said = [name for name in _FLAGS if getattr(context, name)]
    return said if context.subject == "patient" else [*said, context.subject]


def _as_json(reading: Reading, text: str) -> dict[str, Any]:
    plain = msgspec.to_builtins(reading)
    for mention, raw in zip(reading.mentions, plain["mentions"], strict=True):
        raw["text"] = text[mention.start : mention.end]
        raw["context"] = _context(mention.context, text)
    for name in ("quantities", "times"):
        for raw in plain[name]:
            raw["text"] = text[raw["start"] : raw["end"]]
    return dict(plain)
