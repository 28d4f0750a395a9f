"""``galien explain``: how a query is read."""

from __future__ import annotations

import json
from typing import Any

import click
import msgspec
from rich.markup import escape

from galien.app.understanding import understanding_of
from galien.cli.console import Console
from galien.query import compact, phrasing
from galien.query.criteria import Concept, Value, to_json
from galien.query.medical import Interpreter


@click.command()
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="Print the typed reading, its explicit syntax... as JSON.")
@click.pass_obj
def explain(console: Console, query: str, as_json: bool) -> None:
    """Show how a query in medical language is understood, without running it.

    \b
      galien explain "femme > 60 ans, HTA sans diabète, HbA1c > 8 % dans les 6 mois après une PTH"
      galien explain "copd on steroids, no heart failure" --json
    """
    known = understanding_of(console.folder)
    understood = Interpreter(known.reader, known.lexicon).understand(query)
    if as_json:
        pieces: list[dict[str, Any]] = []
        for piece in understood.pieces:
            concept = known.lexicon.get(piece.node.id) if isinstance(piece.node, Concept | Value) else None
            pieces.append(
                {
                    "text": query[piece.start : piece.end],
                    "start": piece.start,
                    "end": piece.end,
                    "negated": piece.negated,
                    "syntax": compact.render(piece.node),
                    "fr": concept.fr if concept else "",
                    "en": concept.en if concept else "",
                    "others": list(piece.others),
                    "corrected": piece.corrected,
                }
            )
        answer = {
            **msgspec.json.decode(to_json(understood.query)),
            "syntax": compact.render(understood.query),
            "fr": phrasing.render(understood.query, known.lexicon, known.reader, "fr"),
            "en": phrasing.render(understood.query, known.lexicon, known.reader, "en"),
            "criteria": pieces,
            "not_understood": list(understood.words),
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    console.out.print(escape(compact.render(understood.query)), soft_wrap=True)
    for piece in understood.pieces:
        concept = known.lexicon.get(piece.node.id) if isinstance(piece.node, Concept | Value) else None
        name = concept.name(console.language) if concept else ""
        typed = escape(query[piece.start : piece.end])
        notes = [console.say("absent")] if piece.negated else []
        notes += [console.say("put_right", text=piece.corrected)] if piece.corrected else []
        notes += [console.say("senses", names=", ".join(piece.others))] if piece.others else []
        console.out.print(
            f"  {typed:<36} [bold]{escape(compact.render(piece.node))}[/]  {name} [dim]{' · '.join(notes)}[/]"
        )
    if understood.words:
        console.out.print(escape(console.say("as_words", words=", ".join(understood.words))))
