"""``galien ingest`` and ``galien quarantine``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from galien.app import facade
from galien.cli.console import Console, size
from galien.model.answers import IngestReport
from galien.model.errors import NotFound


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--feed",
    default="default",
    show_default=True,
    help="Name of the sending system: the issuer of ids that have no other.",
)
@click.option(
    "--mapping",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Mapping file (TOML) for CSV, Parquet and JSON tables.",
)
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    default=None,
    help="Parsing processes (default 2; 0 parses in this process).",
)
@click.option("--dry-run", is_flag=True, help="Read everything, write nothing, report what would come.")
@click.option("--watch", is_flag=True, help="Keep watching the folders and ingest what arrives; stop with Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the final report as JSON.")
@click.pass_obj
def ingest(
    console: Console,
    paths: tuple[Path, ...],
    feed: str,
    mapping: Path | None,
    workers: int | None,
    dry_run: bool,
    watch: bool,
    as_json: bool,
) -> None:
    """Put files, folders or archives into the workspace ("-" reads standard input).

    The kind of each file is found from its content. The same file twice changes nothing; a new version
    of a document supersedes the old one. What cannot be read is set aside with its reason, and the
    rest goes in. Stopped at any moment, run it again: it resumes.
    """
    console.mention_ocr()
    with console.reach(create=True) as workspace:
        if watch:
            from galien.app.watching import watched

            for arrived in watched(paths):
                _summary(console, workspace.ingest(arrived, feed=feed, mapping=mapping, workers=workers))
            return
        with _bar(console, hidden=as_json) as bar:
            task = bar.add_task("ingest", total=None, records=0, rate="")

            def show(now: facade.Progress) -> None:
                done = bar.tasks[task].elapsed or 1e-9
                bar.update(
                    task,
                    completed=now.files,
                    total=now.total_files or None,
                    records=now.records,
                    rate=f"{size(int(now.bytes / done))}/s",
                )

            report = workspace.ingest(
                list(paths), feed=feed, mapping=mapping, dry_run=dry_run, workers=workers, progress=show
            )
    if as_json:
        console.json(report)
    else:
        _summary(console, report)


def _bar(console: Console, *, hidden: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(
            f"{{task.completed}}/{{task.total}} {console.say('progress')} · {{task.fields[records]}}"
            f" {console.say('progress_records')} · {{task.fields[rate]}}"
        ),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console.err,
        disable=hidden or not console.err.is_terminal,
        transient=True,
    )


def _summary(console: Console, report: IngestReport) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for kind, count in sorted(report.records.items(), key=lambda item: -item[1]):
        table.add_row(kind, f"{count:,}")
    console.out.print(
        console.say(
            "would" if report.dry_run else "ingested",
            files=f"{report.files:,}",
            size=size(report.bytes),
            records=f"{sum(report.records.values()):,}",
            seconds=f"{report.seconds:.1f}",
            duplicates=f"{report.duplicates:,}",
            unchanged=f"{report.unchanged:,}",
            superseded=f"{report.superseded:,}",
            aside=f"{len(report.quarantined):,}",
        )
    )
    console.out.print(table)
    for item in report.quarantined[:20]:
        where = escape(f"{item.path} {item.locator}".strip())
        console.out.print(f"  [yellow]{console.say('aside')}[/] {where}: {escape(item.reason)} ({item.code})")
    if len(report.quarantined) > 20:
        console.out.print("  " + console.say("aside_more"))


@click.group()
def quarantine() -> None:
    """Files and parts of files that were set aside, with their reasons."""


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(console: Console, as_json: bool) -> None:
    """List what is set aside, newest first."""
    with console.reach() as workspace:
        items = workspace.quarantine()
    if as_json:
        console.json(items)
        return
    table = Table(box=None, header_style="dim")
    for column in ("id", "path", "where", "reason", "code"):
        table.add_column(column, overflow="fold")
    for item in items:
        table.add_row(str(item.id), escape(item.path), escape(item.locator), escape(item.reason), item.code)
    console.out.print(table if items else console.say("aside_none"))


@quarantine.command()
@click.argument("id", type=int)
@click.pass_obj
def show(console: Console, id: int) -> None:
    """Show one item in full, with what to do about it."""
    with console.reach() as workspace:
        found = [item for item in workspace.quarantine(1_000_000) if item.id == id]
    if not found:
        raise NotFound(f"no item {id} is set aside", hint="See `galien quarantine list`.")
    console.json(found[0])


@quarantine.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def retry(console: Console, ids: tuple[int, ...], as_json: bool) -> None:
    """Read set-aside files again (all of them, or those named): after an upgrade, or a repair at the source."""
    with console.open() as workspace:
        report = workspace.retry(ids)
    if as_json:
        console.json(report)
    else:
        _summary(console, report)
