"""``galien status``, ``rebuild``, ``workspace`` and ``patients``."""

from __future__ import annotations

import sys

import click
from rich.progress import Progress

from galien.app.workspace import PROJECTIONS
from galien.cli.console import Console, size


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def status(console: Console, as_json: bool) -> None:
    """What the workspace holds, and whether its projections are up to date."""
    with console.reach() as workspace:
        found = workspace.status()
    if as_json:
        console.json(found)
        return
    kinds = " · ".join(f"{count:,} {kind}" for kind, count in found.kinds.items())
    console.out.print(f"{kinds}")
    console.out.print(
        console.say(
            "stored",
            batches=f"{found.batches:,}",
            files=f"{found.files:,}",
            size=size(found.bytes_stored),
            aside=f"{found.quarantined:,}",
            snapshot=found.snapshot,
        )
    )
    omop = ", ".join(f"{table} {count:,}" for table, count in found.omop.items() if count)
    console.out.print(f"[dim]OMOP: {omop or console.say('empty')}[/]")
    console.out.print("[dim]index: " + ", ".join(f"{name} {count}" for name, count in found.index.items()) + "[/]")


@click.command()
@click.argument("projection", type=click.Choice(PROJECTIONS))
@click.pass_obj
def rebuild(console: Console, projection: str) -> None:
    """Make a projection again from source bytes and ledger alone; the answers stay the same."""
    with console.open() as workspace, Progress(console=console.err, transient=True) as bar:
        task = bar.add_task(console.say("rebuilding", projection=projection), total=None)
        commits = workspace.rebuild(projection, lambda done, total: bar.update(task, completed=done, total=total))
    console.out.print(console.say("rebuilt", projection=projection, commits=commits))


@click.group()
def workspace() -> None:
    """Care of the workspace itself."""


@workspace.command()
@click.option("--quick", is_flag=True, help="Do not re-read every stored byte.")
@click.pass_obj
def verify(console: Console, quick: bool) -> None:
    """Check stored bytes against their hashes, and OMOP tables and index against the ledger."""
    with console.open() as opened:
        lines = opened.verify(bytes_too=not quick)
    for line in lines:
        console.err.print(f"[red]{line}[/]")
    if lines:
        sys.exit(1)
    console.out.print(console.say("agrees"))


@click.group()
def patients() -> None:
    """Identities: how patients were linked, and how to take a merge back."""


@patients.command()
@click.pass_obj
def merges(console: Console) -> None:
    """The journal of merges, conflicts and undone merges, newest first."""
    with console.open() as opened:
        events = opened.identity_events()
    for event, at, kind, survivor, absorbed, reason, undone in events:
        end = f" (undone by {undone})" if undone else ""
        console.out.print(f"{event}  {at}  {kind}: p{absorbed} into p{survivor}, {reason}{end}")
    if not events:
        console.out.print(console.say("no_merge"))


@patients.command("undo-merge")
@click.argument("absorbed")
@click.pass_obj
def undo_merge(console: Console, absorbed: str) -> None:
    """Take back the merge that absorbed an identity (p12): its records become its own again."""
    with console.open() as opened:
        done = opened.undo_merge(absorbed)
    console.out.print(console.say("taken_back" if done else "not_merged"))
    sys.exit(0 if done else 1)
