"""``galien ask``."""

from __future__ import annotations

import click
from rich.markup import escape

from galien.cli.console import Console
from galien.cli.search import quoted
from galien.governance import Viewer
from galien.model.replies import Ask, Reply, ReplyFact
from galien.web.catalogue import name_of

VIEWER = Viewer(channel="cli")


@click.command()
@click.argument("patient")
@click.argument("question")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.pass_obj
def ask(console: Console, patient: str, question: str, as_json: bool) -> None:
    """Answer a question about one patient from the record, with the words that say so.

    PATIENT is an id as `galien search --kind patients` shows it (p12), or the value of an identifier.

    \b
      galien ask p12 "dernière créatinine"
      galien ask p12 "est-elle sous anticoagulant ?"
      galien ask 80100037 "when was the hip replacement?" --json
    """
    with console.reach() as workspace:
        reply = workspace.ask(Ask(patient=patient, question=question, language=console.language), VIEWER).value
    if as_json:
        console.json(reply)
        return
    _show(console, reply)


def _show(console: Console, reply: Reply) -> None:
    colour = {"both": "yellow", "nothing": "yellow", "unknown": "yellow"}.get(reply.verdict, "bold")
    console.out.print(f"[{colour}]{escape(reply.sentence)}[/]", soft_wrap=True)
    if reply.understood:
        read = console.say("read_as", text=reply.understood)
        console.out.print(f"[dim]{escape(read)} · {reply.took_ms:.0f} ms[/]", soft_wrap=True)
    for typed, read in reply.corrected:
        console.out.print(f"[dim]{escape(read)} : {escape(console.say('put_right', text=typed))}[/]")
    for fact in reply.facts:
        console.out.print(f"   {_fact(console, fact)}", soft_wrap=True)
    if reply.more:
        console.out.print(f"   [dim]{console.say('more_facts', n=reply.more)}[/]")
    if reply.verdict == "nothing" or not reply.facts:
        _looked(console, reply)
    for example in reply.examples:
        console.out.print(f'   galien ask {escape(reply.patient)} "{escape(example)}"', soft_wrap=True)


def _fact(console: Console, fact: ReplyFact) -> str:
    plain = fact.said in ("present", "current")
    said = "" if plain else f"[yellow]{name_of(console.language, 'said', fact.said)}[/] "
    return f"{fact.at[:10]:<10}  {said}{quoted(fact.evidence)}  [dim]{fact.evidence.document}[/]"


def _looked(console: Console, reply: Reply) -> None:
    """Where it was looked for: tables, with how many rows, of which years."""
    named = {t.table: name_of(console.language, "table", t.table) for t in reply.looked}
    parts = [f"{named[t.table]} {t.rows}" + (f" ({t.since} … {t.until})" if t.since else "") for t in reply.looked]
    if parts:
        console.out.print(f"[dim]{escape(console.say('looked_in', tables=', '.join(parts)))}[/]", soft_wrap=True)
