"""How commands speak to a person or to a script."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
import msgspec
from rich.console import Console as Rich

from galien.app.inbox import reads_scans
from galien.app.lock import owner_of
from galien.app.remote import Remote
from galien.app.workspace import Workspace
from galien.model.errors import GalienError, UsageError
from galien.web.catalogue import Language, say
from galien.web.reader import Reader


class Console:
    """Output and the workspace of one command."""

    def __init__(self, workspace: Path, language: Language | None = None) -> None:
        self.folder = workspace
        self.language = language or _spoken()
        self.reader = Reader(self.language, "auto", date.today())
        self.out = Rich(highlight=False)
        self.err = Rich(stderr=True, highlight=False)

    @contextmanager
    def open(self, *, create: bool = False, wait: float = 10.0) -> Iterator[Workspace]:
        """The workspace, owned by this command."""
        self._must_exist(create)
        with Workspace(self.folder, wait=wait) as opened:
            yield opened

    @contextmanager
    def reach(self, *, create: bool = False) -> Iterator[Workspace | Remote]:
        """The running server of the workspace when there is one, else the workspace itself."""
        owner = owner_of(self.folder)
        if owner is not None and owner.url:
            yield Remote(owner.url)
            return
        with self.open(create=create) as opened:
            yield opened

    def _must_exist(self, create: bool) -> None:
        if not create and not (self.folder / "ledger.sqlite").exists():
            raise UsageError(
                f"{self.folder} is not a workspace",
                hint="`galien ingest PATH` makes one; --workspace or GALIEN_WORKSPACE names another.",
            )

    def say(self, key: str, **values: object) -> str:
        """A message of the catalogue, in the reader's language."""
        return say(self.language, f"cli.{key}", **values)

    def mention_ocr(self) -> None:
        """Say once that scanned pages will not be read, and what to do."""
        if not reads_scans():
            self.err.print(self.say("ocr"), style="dim")

    def json(self, value: object) -> None:
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))

    def error(self, error: GalienError) -> None:
        self.err.print(f"[bold red]galien: {error.code}[/]: {error.message}")
        if error.hint:
            self.err.print(f"  {error.hint}", style="dim")


def _spoken() -> Language:
    """The language of the terminal: French where its locale is, else English."""
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "fr" if named.lower().startswith("fr") else "en"


def size(count: int) -> str:
    """A number of bytes as people read it."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""
