"""``galien formats``."""

from __future__ import annotations

import click

from galien.app.inbox import known_formats
from galien.cli.console import Console


@click.command()
@click.pass_obj
def formats(console: Console) -> None:
    """The formats that can be read here, and what optional tools would add."""
    for name, about in known_formats():
        console.out.print(f"{name:10} [dim]{about}[/]")
