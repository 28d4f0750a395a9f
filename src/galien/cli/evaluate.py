"""``galien eval``: how well the engine ranks a test collection."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.progress import Progress
from rich.table import Table

from galien.cli.console import Console
from galien.model.answers import SYSTEMS, System
from galien.model.errors import UsageError
from galien.web.catalogue import say

if TYPE_CHECKING:
    from galien.evaluation import Collection, Compared, Result


_SAID = ("collection", "split", "queries", "judgments", "documents", "system", "version")


@click.command("eval")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--split", default="test", show_default=True, help="Which judgments: DIR/qrels/SPLIT.tsv.")
@click.option(
    "--queries",
    type=click.Path(path_type=Path),
    help="Other wordings of the queries: a TSV (query_id, text; with that header or none) or JSON lines.",
)
@click.option(
    "--half",
    type=click.Choice(["first", "second", "all"]),
    default="all",
    show_default=True,
    help="Only the queries of one fixed half (by a hash of their id): tune on one, report the other.",
)
@click.option(
    "--system",
    type=click.Choice(SYSTEMS),
    default="full",
    show_default=True,
    help="What ranks: everything that the workspace has, or words alone.",
)
@click.option("--against", type=click.Choice(SYSTEMS), default=None, help="Run this system too, and compare.")
@click.option(
    "--compare", type=click.Path(path_type=Path), default=None, help="Compare with a run that --out wrote before."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the run, query by query, as JSON.")
@click.option(
    "--page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one HTML page: measures, their spread, the worst queries with what was expected and found.",
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where collections are indexed, each once; WORKSPACE/eval when not given.",
)
@click.option("--per-query", is_flag=True, help="With --json: each query too.")
@click.option("--json", "as_json", is_flag=True, help="Print measures and latency as JSON.")
@click.pass_obj
def evaluate_command(
    console: Console,
    folder: Path,
    split: str,
    queries: Path | None,
    half: str,
    system: System,
    against: System | None,
    compare: Path | None,
    out: Path | None,
    page: Path | None,
    store: Path | None,
    per_query: bool,
    as_json: bool,
) -> None:
    """Measure the ranking on a test collection in the BEIR layout, with the engine that people search with.

    DIR holds corpus.jsonl, queries.jsonl (each may be a .gz) and qrels/test.tsv. The corpus is ingested into a
    workspace of its own, kept until the corpus or the code that indexes changes; yours is not touched. Each query
    is asked as a person would ask it of the articles, to a depth of 100.

    \b
      nDCG@10      are the best documents first? (graded, trec_eval's)
      Recall@100   how much of what is relevant is found at all?
      MAP, MRR     mean average precision; mean reciprocal rank of the first relevant document
      latency      of a page of twenty results with quotes and facets

    \b
      galien eval nfcorpus/ --page worst.html
      galien eval nfcorpus/ --queries queries_fr.tsv --json
      galien eval nfcorpus/ --out before.json        ... change something ...
      galien eval nfcorpus/ --compare before.json    paired randomisation test
    """
    from galien import evaluation

    if against is not None and compare is not None:
        raise click.UsageError("--against and --compare exclude each other")
    evaluation.measuring()  # said before the work, not after
    collection = evaluation.load(folder, split=split, queries=queries)
    collection = collection.restricted(half)  # type: ignore[arg-type]
    if not collection.queries:
        raise UsageError("this half holds no query", hint="--half all takes every query.")
    before = evaluation.read_result(compare) if compare is not None else None
    result, second = _runs(console, collection, store, system, against, half, hidden=as_json)
    other = second or before
    compared = [
        evaluation.compare(result.values(name), other.values(name), name) for name in evaluation.MEASURES if other
    ]
    if out is not None:
        _write(out, msgspec.json.format(msgspec.json.encode(result), indent=1))
    if page is not None:
        from galien.web.evaluation import page as drawn

        named = f"{other.system} {other.version} {other.at}".strip() if other else ""
        html = drawn(result, console.language, compared, named, evaluation.PERMUTATIONS)
        _write(page, html.encode())
    if as_json:
        plain: dict[str, Any] = msgspec.to_builtins(result)
        if not per_query:
            del plain["per_query"]
        console.json(plain | {"compared": compared})
        return
    _show(console, result, compared, f"{other.system} {other.version}" if other else "")
    for path in (out, page):
        if path is not None:
            console.out.print(_say(console, "written", path=path))


def _runs(
    console: Console,
    collection: Collection,
    store: Path | None,
    system: System,
    against: System | None,
    half: str,
    hidden: bool,
) -> tuple[Result, Result | None]:
    import galien
    from galien import evaluation

    at = datetime.now().isoformat(timespec="seconds")
    with Progress(console=console.err, transient=True, disable=hidden) as bar:
        task = bar.add_task(_say(console, "ingesting", collection=collection.name), total=len(collection.documents))
        home, seconds = evaluation.prepared(
            collection,
            store or console.folder / "eval",
            progress=lambda now: bar.update(task, completed=now.records),
        )
        bar.remove_task(task)
        runs = []
        with galien.open(home) as workspace:
            for each in (system, against):
                if each is None:
                    continue
                task = bar.add_task(f"{_say(console, 'running')} ({each})", total=len(collection.queries))
                runs.append(
                    evaluation.evaluate(
                        collection,
                        workspace,
                        system=each,
                        half=half,
                        at=at,
                        ingest_s=seconds,
                        progress=lambda done, _, task=task: bar.update(task, completed=done),  # type: ignore[misc]
                    )
                )
                bar.remove_task(task)
    return runs[0], runs[1] if len(runs) > 1 else None


def _show(console: Console, result: Result, compared: list[Compared], other: str) -> None:
    from galien import evaluation

    said = {
        name: getattr(result, name) for name in ("collection", "split", "half", "queries", "judgments", "documents")
    }
    console.out.print(_say(console, "run", **said, system=result.system, version=result.version))
    ready = "reused" if result.ingest_s is None else "ingested"
    console.out.print(_say(console, ready, seconds=result.ingest_s), style="dim")
    table = Table(_say(console, "measure"), box=None)
    for heading in ["value"] if not compared else ["mine", "other", "difference", "p", "better"]:
        table.add_column(_say(console, heading), justify="right")
    for name, value in result.metrics.items():
        table.add_row(name, f"{value:.4f}") if not compared else None
    for c in compared:
        sides = f"{c.better} / {c.worse}"
        table.add_row(c.measure, f"{c.mine:.4f}", f"{c.other:.4f}", f"{c.difference:+.4f}", f"{c.p:.4f}", sides)
    console.out.print(table)
    if compared:
        console.out.print(_say(console, "against", other=other), style="dim")
        tested = _say(console, "test", n=evaluation.PERMUTATIONS, queries=compared[0].queries)
        console.out.print(tested, style="dim")
    console.out.print(_say(console, "latency", **result.latency_ms))


def _say(console: Console, key: str, **values: object) -> str:
    return say(console.language, f"evaluation.{key}", **values)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written") from error
