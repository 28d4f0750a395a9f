"""``galien search``."""

from __future__ import annotations

import click
from rich.markup import escape

from galien.cli.console import Console
from galien.governance import Viewer
from galien.model.answers import Hit, SearchRequest
from galien.model.evidence import Evidence
from galien.model.kinds import HIT_KINDS, HitKind

VIEWER = Viewer(channel="cli")


@click.command()
@click.argument("query")
@click.option(
    "--kind",
    type=click.Choice(HIT_KINDS),
    default=None,
    help="What to look for; the first kind that has hits when not given.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Facet filter, such as service=Orthopédie or year=2024; may be repeated.",
)
@click.option("--since", default="", help="From this ISO date on.")
@click.option("--until", default="", help="Up to this ISO date.")
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default="relevance")
@click.option("--patient", default="", help="Within one patient (p12).")
@click.option("--cursor", default="", help="Where to go on, from `next_cursor`.")
@click.option("--near", is_flag=True, help="Also who misses one criterion only, and by how much (patients).")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.pass_obj
def search(
    console: Console,
    query: str,
    kind: HitKind | None,
    limit: int,
    filters: tuple[str, ...],
    since: str,
    until: str,
    sort: str,
    patient: str,
    cursor: str,
    near: bool,
    as_json: bool,
) -> None:
    """Search the workspace, in French or English.

    \b
      galien search "coxarthrose"
      galien search "fracture SAUF rachis" --kind patients
      galien search "HTA sans diabète, HbA1c > 8 %" --kind patients --near
      galien search 'titre:opératoire "col du fémur"' --filter year=2024
    """
    accepted: dict[str, tuple[str, ...]] = {}
    for item in filters:
        name, separator, value = item.partition("=")
        if not separator:
            raise click.UsageError(f"--filter wants NAME=VALUE, not {item!r}")
        accepted[name] = (*accepted.get(name, ()), value)
    request = SearchRequest(
        query=query, kind=kind, limit=limit, filters=accepted, since=since, until=until,
        sort=sort, patient=patient, cursor=cursor, near=near,  # type: ignore[arg-type]
    )  # fmt: skip
    with console.reach() as workspace:
        answer = workspace.search(request, VIEWER).value
    if as_json:
        console.json(answer)
        return
    totals = " · ".join(f"{name} {count:,}" for name, count in answer.totals.items())
    console.out.print(f"[dim]{totals} · {answer.took_ms:.0f} ms[/]")
    if answer.relaxed:
        console.out.print(f"[yellow]{console.say('relaxed')}[/]")
    if answer.did_you_mean:
        console.out.print(console.say("did_you_mean", query=f"[bold]{escape(answer.did_you_mean)}[/]"))
    last_whole = max((place for place, hit in enumerate(answer.hits) if not hit.near), default=-1)
    for place, hit in enumerate(answer.hits):
        if hit.near and place == last_whole + 1 and not answer.relaxed:
            console.out.print(f"\n[yellow]{console.say('others_near')}[/]")
        _show(console, hit)
    if answer.nearly:
        console.out.print(f"\n[bold]{console.say('near')}[/]")
    for group in answer.nearly:
        console.out.print(f" {escape(group.criterion)} · {console.say('near_count', n=group.count)}")
        for miss in group.closest:
            told = f"{escape(console.reader.short(miss.short))} [dim]{miss.short.at}[/]"
            console.out.print(f"   {escape(miss.patient.name)} [dim]{miss.patient.id}[/]  {told}")


def _show(console: Console, hit: Hit) -> None:
    who = f"{hit.patient.name} · " if hit.patient and hit.kind != "patients" else ""
    about = " · ".join(part for part in (hit.date[:10], hit.type, hit.place) if part)
    console.out.print(
        f"\n[bold]{escape(hit.title or console.say('untitled'))}[/]  [dim]{hit.id} · {escape(who + about)}[/]"
    )
    for evidence in hit.evidence:
        console.out.print(f"   {quoted(evidence)}")


def quoted(evidence: Evidence) -> str:
    """Evidence on one line, its marks in colour."""
    quote, parts, last = evidence.quote, [], 0
    for mark in evidence.marks:
        parts.append(escape(quote[last : mark.start]))
        parts.append(f"[bold cyan]{escape(quote[mark.start : mark.end])}[/]")
        last = mark.end
    parts.append(escape(quote[last:]))
    text = " ".join("".join(parts).split())
    about = " · ".join(part for part in (evidence.section, evidence.code, evidence.at[:10]) if part)
    return f"« {text} »  [dim]{escape(about)}[/]"
