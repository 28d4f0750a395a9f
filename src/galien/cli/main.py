"""The command ``galien``: its groups, and how errors become exit codes.

Exit codes: 0 done, 1 refused with a reason, 2 usage.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from galien import __version__
from galien.cli.ask import ask
from galien.cli.console import Console
from galien.cli.demo import demo
from galien.cli.evaluate import evaluate_command
from galien.cli.explain import explain
from galien.cli.formats import formats
from galien.cli.ingest import ingest, quarantine
from galien.cli.read import read
from galien.cli.search import search
from galien.cli.serve import serve
from galien.cli.synonyms import synonyms
from galien.cli.terminology import terminology
from galien.cli.why import why
from galien.cli.workspace import patients, rebuild, status, workspace
from galien.model.errors import GalienError, UsageError
from galien.web.catalogue import LANGUAGES, Language

DEFAULT_WORKSPACE = Path("workspace")


class _Group(click.Group):
    """Turns typed errors into one readable line, its hint, and the exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GalienError as error:
            console = ctx.obj if isinstance(ctx.obj, Console) else Console(DEFAULT_WORKSPACE)
            console.error(error)
            sys.exit(2 if isinstance(error, UsageError) else 1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="galien")
@click.option(
    "--workspace",
    "-w",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_WORKSPACE,
    envvar="GALIEN_WORKSPACE",
    show_default=True,
    help="The directory that holds everything: source bytes, ledger, tables, index.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=None,
    envvar="GALIEN_LANGUAGE",
    help="Of what the commands say; the terminal's when not given.",
)
@click.pass_context
def main(ctx: click.Context, workspace: Path, language: Language | None) -> None:
    """Galien, a search engine for health: records, reports, images and articles, with their evidence.

    \b
    A first tour:
      galien demo generate --patients 50 hospital/    make a synthetic hospital, as real files
      galien ingest hospital/                         put them into the workspace
      galien search "coxarthrose prothèse"            search it from here
      galien ask p1 "dernière créatinine"             ask about one patient
      galien serve                                    search it from a browser

    When a server runs on the workspace, ingest, search and status talk to it.
    """
    ctx.obj = Console(workspace, language)


for command in (
    ingest,
    search,
    ask,
    explain,
    why,
    evaluate_command,
    read,
    synonyms,
    terminology,
    serve,
    status,
    quarantine,
    rebuild,
    workspace,
    patients,
    demo,
    formats,
):
    main.add_command(command)
