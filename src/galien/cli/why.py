"""``galien why``: why a patient answers a query, or why not."""

from __future__ import annotations

import click
from rich.markup import escape

from galien.cli.console import Console
from galien.cli.search import quoted
from galien.governance import Viewer

VIEWER = Viewer(channel="cli")


@click.command()
@click.argument("patient")
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.pass_obj
def why(console: Console, patient: str, query: str, as_json: bool) -> None:
    """Say why a PATIENT (p12) answers a QUERY, or why not, criterion by criterion.

    What is met comes with what shows it; what is not, with what comes nearest to it.

    \b
      galien why p12 "HTA sans diabète, HbA1c > 8 % dans les 6 mois après une PTH"
    """
    with console.reach() as workspace:
        answer = workspace.why(patient, query, VIEWER).value
    if as_json:
        console.json(answer)
        return
    console.out.print(f"[bold]{escape(answer.patient.name)}[/] [dim]{answer.patient.id}[/]")
    for verdict in answer.verdicts:
        mark = f"[green]✓ {console.say('met')}[/]" if verdict.met else f"[red]✗ {console.say('missed')}[/]"
        short = verdict.short
        told = f"  {escape(console.reader.short(short))} [dim]{short.at}[/]" if short else ""
        console.out.print(f" {mark}  {escape(verdict.criterion)}{told}")
        for evidence in verdict.evidence or (short.evidence if short else ()):
            console.out.print(f"     {quoted(evidence)}")
    if answer.words:
        console.out.print(escape(console.say("as_words", words=", ".join(answer.words))))
