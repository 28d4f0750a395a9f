"""Reading quarantined files again, from the bytes kept, else from where they came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from galien.app.inbox import Incoming
from galien.app.ingest import Ingest
from galien.app.projection import Projector
from galien.model.answers import IngestReport
from galien.sources.port import Limits
from galien.store.ledger import Ledger


def retry(
    ledger: Ledger,
    projector: Projector,
    now: Callable[[], str],
    limits: Limits,
    ids: Sequence[int] = (),
) -> IngestReport:
    """Retry the whole files set aside (all, or those named); what succeeds leaves the quarantine.

    Parts of files (one line of a table, one entry of a bundle) come again with the corrected file.
    """
    rows = ledger.db.execute(
        "SELECT quarantine_id, path, sha, feed, size FROM quarantine WHERE resolved IS NULL AND locator = ''"
    ).fetchall()
    wanted = [row for row in rows if not ids or row[0] in ids]
    reports = [
        Ingest(ledger, projector, now, feed=feed, workers=0, limits=limits).run_arrivals(
            _arrivals(ledger, [row for row in wanted if row[3] == feed])
        )
        for feed in sorted({row[3] for row in wanted})
    ]
    return _sum(reports)


def _arrivals(ledger: Ledger, rows: Sequence[tuple[int, str, bytes | None, str, int]]) -> Iterator[Incoming]:
    for _, path, sha, _, size in rows:
        if sha is not None:
            yield Incoming(path=path, size=size, data=ledger.read(sha))
        elif "!" not in path and Path(path).is_file():
            yield Incoming(path=path, size=Path(path).stat().st_size, file=path)


def _sum(reports: Sequence[IngestReport]) -> IngestReport:
    kinds = sorted({kind for report in reports for kind in report.records})
    return IngestReport(
        files=sum(r.files for r in reports),
        bytes=sum(r.bytes for r in reports),
        records={kind: sum(r.records.get(kind, 0) for r in reports) for kind in kinds},
        duplicates=sum(r.duplicates for r in reports),
        unchanged=sum(r.unchanged for r in reports),
        superseded=sum(r.superseded for r in reports),
        quarantined=tuple(item for r in reports for item in r.quarantined),
        seconds=sum(r.seconds for r in reports),
        batch=max((r.batch for r in reports), default=0),
    )
