"""A collection put through the real engine: ingested, indexed, searched as a person would."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

import galien
from galien.app.facade import Progress
from galien.app.workspace import Workspace
from galien.evaluation.collection import Collection
from galien.evaluation.measures import DEPTH, MEASURES, means, measured
from galien.governance import Viewer
from galien.model.answers import SYSTEMS, SearchRequest, System
from galien.model.errors import MalformedInput, UsageError

PAGE = 20
_FIRST, _EXPECTED = 10, 20
_FEED = "evaluation"
_VIEWER = Viewer(channel="evaluation")
_DONE = "evaluated.json"
_INDEXING = ("language", "index", "sources", "store", "knowledge", "model", "app/projection.py", "app/reading.py")
"""What an index depends on: when any of it changes, a collection is ingested again."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A document found or expected; ``grade`` is None where nobody judged it."""

    id: str
    title: str
    grade: int | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One query: its measures, what was found first, and the relevant documents that were not among them."""

    id: str
    text: str
    measures: dict[str, float]
    milliseconds: float
    found: tuple[Shown, ...]
    """The first ten."""
    expected: tuple[Shown, ...]
    """The relevant documents, best grade first; at most twenty."""
    relevant: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A run of one system on one collection.

    ``latency_ms`` is of a page of twenty results as people get it (quotes, counts and facets), after one untimed
    query.
    """

    collection: str
    split: str
    half: str
    system: str
    queries: int
    documents: int
    judgments: int
    depth: int
    metrics: dict[str, float]
    latency_ms: dict[str, float]
    version: str
    at: str = ""
    ingest_s: float | None = None
    """None where the collection was already indexed."""
    per_query: tuple[Outcome, ...] = ()

    def values(self, measure: str) -> dict[str, float]:
        """One measure by query."""
        return {outcome.id: outcome.measures[measure] for outcome in self.per_query}


def read_result(path: Path) -> Result:
    """A run as `galien eval --out` wrote it.

    Raises
    ------
    UsageError, MalformedInput
        No such file; not a run.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except OSError as error:
        raise UsageError(f"no such file: {path}") from error
    except msgspec.MsgspecError as error:
        raise MalformedInput("this file is no run written by `galien eval --out`") from error


def prepared(
    collection: Collection, folder: Path, *, progress: Callable[[Progress], None] | None = None
) -> tuple[Path, float | None]:
    """The workspace of a collection under ``folder``, and the seconds that its ingest took; None when it was there.

    It is named by the bytes of the corpus and by the code that indexes, so that neither can be stale.
    """
    mark = hashlib.blake2b(_code(), digest_size=8)
    with collection.corpus.open("rb") as file:
        while chunk := file.read(1 << 20):
            mark.update(chunk)
    home = folder / f"{collection.name}-{mark.hexdigest()}"
    if (home / _DONE).is_file():
        return home, None
    shutil.rmtree(home, ignore_errors=True)  # an ingest that was stopped
    began = time.perf_counter()
    with galien.open(home) as workspace:
        report = workspace.ingest([collection.corpus], feed=_FEED, progress=progress)
    if report.quarantined:
        first = report.quarantined[0]
        raise MalformedInput(f"corpus, {first.locator}: {first.reason}", hint=first.hint)
    seconds = round(time.perf_counter() - began, 2)
    (home / _DONE).write_bytes(msgspec.json.encode({"seconds": seconds, "records": report.records}))
    return home, seconds


def evaluate(
    collection: Collection,
    workspace: Workspace,
    *,
    system: System = "full",
    half: str = "all",
    at: str = "",
    ingest_s: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Run every query of a collection, and measure."""
    if system not in SYSTEMS:
        raise UsageError(f"unknown system {system!r}", hint=f"Systems: {', '.join(SYSTEMS)}.")
    names = _names(collection, workspace)
    rankings: dict[str, list[str]] = {}
    times: dict[str, float] = {}
    for place, (query, text) in enumerate(collection.queries.items()):
        page = SearchRequest(query=text, kind="articles", limit=PAGE, system=system)
        if not place:
            workspace.search(page, _VIEWER)
        began = time.perf_counter()
        workspace.search(page, _VIEWER)
        times[query] = (time.perf_counter() - began) * 1000
        deep = msgspec.structs.replace(page, limit=DEPTH, facets=False)
        hits = workspace.search(deep, _VIEWER).value.hits
        rankings[query] = [names[hit.id] for hit in hits if hit.id in names]
        if progress is not None:
            progress(place + 1, len(collection.queries))
    judgments = {query: collection.judgments[query] for query in collection.queries}
    values = measured(judgments, rankings)
    return Result(
        collection=collection.name,
        split=collection.split,
        half=half,
        system=system,
        queries=len(collection.queries),
        documents=len(collection.documents),
        judgments=collection.judged,
        depth=DEPTH,
        metrics={name: round(value, 4) for name, value in means(values).items()},
        latency_ms=_percentiles(list(times.values())),
        version=galien.__version__,
        at=at,
        ingest_s=ingest_s,
        per_query=tuple(
            _outcome(collection, query, values[query], times[query], rankings[query]) for query in collection.queries
        ),
    )


def _names(collection: Collection, workspace: Workspace) -> dict[str, str]:
    """The name that the collection gives to each hit."""
    ids = workspace.ids("article", [f"beir:{_FEED}:{name}" for name in collection.documents])
    return {id: key.split(":", 2)[2] for key, id in ids.items()}


def _outcome(
    collection: Collection, query: str, values: Mapping[str, float], ms: float, ranking: Sequence[str]
) -> Outcome:
    grades = collection.judgments[query]

    def shown(documents: Sequence[str]) -> tuple[Shown, ...]:
        return tuple(Shown(id=d, title=collection.documents.get(d, ""), grade=grades.get(d)) for d in documents)

    relevant = sorted((d for d, grade in grades.items() if grade > 0), key=lambda d: -grades[d])
    return Outcome(
        id=query,
        text=collection.queries[query],
        measures={name: round(values[name], 5) for name in MEASURES},
        milliseconds=round(ms, 2),
        found=shown(ranking[:_FIRST]),
        expected=shown(relevant[:_EXPECTED]),
        relevant=len(relevant),
    )


def _percentiles(times: list[float]) -> dict[str, float]:
    p50, p95, p99 = np.percentile(times, (50, 95, 99))
    return {
        "p50": round(float(p50), 2),
        "p95": round(float(p95), 2),
        "p99": round(float(p99), 2),
        "mean": round(float(np.mean(times)), 2),
    }


@cache
def _code() -> bytes:
    """A hash of the code and the tables that make an index."""
    home = Path(galien.__file__).parent
    mark = hashlib.blake2b(digest_size=16)
    for part in _INDEXING:
        room = home / part
        for path in sorted(room.rglob("*") if room.is_dir() else (room,)):
            if path.suffix in (".py", ".toml", ".tsv", ".sql"):
                mark.update(path.read_bytes())
    return mark.digest()
