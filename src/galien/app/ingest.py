"""Ingest: files in, an acknowledged and searchable batch out.

Parsing processes read files (`galien.app.reading`); this process, the owner, registers what they return in
file order and in *commits*: a group of files whose bytes and ledger rows become durable together, then
are projected into the OMOP tables and the index. Killed at any moment, it loses nothing acknowledged
and doubles nothing: the same command again skips what is known and goes on.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from galien.app.facade import Progress
from galien.app.inbox import Incoming, Refusal, incoming
from galien.app.projection import Projector
from galien.app.worker import read_incoming, warm_up
from galien.model.answers import IngestReport, Quarantined
from galien.model.errors import MalformedInput
from galien.sources.port import Limits
from galien.store.ledger import Ledger
from galien.store.reading import ReadFile, ReadProblem, kind_of
from galien.store.registration import Registrar

GROUP_RECORDS = 20_000
GROUP_BYTES = 48 << 20
GROUP_SECONDS = 6.0


class Ingest:
    """One batch.

    Parameters
    ----------
    ledger, projector
        The truth, and what is made of it.
    now : callable
        ISO date and time, injected.
    workers : int
        Parsing processes; 0 parses in this process.
    """

    def __init__(
        self,
        ledger: Ledger,
        projector: Projector,
        now: Callable[[], str],
        *,
        feed: str = "default",
        mapping: dict[str, Any] | None = None,
        workers: int = 2,
        limits: Limits | None = None,
        dry_run: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._projector = projector
        self._now = now
        self._feed = feed
        self._mapping = mapping or {}
        self._workers = workers
        self._limits = limits or Limits()
        self._dry_run = dry_run
        self._progress = progress
        self._batch = 0
        self._files = self._bytes = self._duplicates = self._unchanged = self._superseded = 0
        self._total_files = self._total_bytes = 0
        self._records: Counter[str] = Counter()
        self._quarantined: list[Quarantined] = []
        self._stages: defaultdict[str, float] = defaultdict(float)
        self._group: list[ReadFile] = []
        self._group_began = 0.0
        self._group_shas: set[bytes] = set()
        self._group_records = self._group_size = 0

    def run(self, paths: Iterable[Path]) -> IngestReport:
        """Ingest files, folders, archives; see `galien ingest`."""
        paths = list(paths)
        self._total_files, self._total_bytes = _size_up(paths)
        return self.run_arrivals(incoming(paths, self._limits))

    def run_arrivals(self, arrivals: Iterator[Incoming | Refusal]) -> IngestReport:
        """Ingest what is handed over, in its order."""
        began = time.perf_counter()
        if not self._dry_run:
            with self._ledger.transaction() as db:
                self._batch = (
                    db.execute(
                        "INSERT INTO batches (at, feed, state) VALUES (?, ?, 'running')",
                        (self._now(), self._feed),
                    ).lastrowid
                    or 0
                )
        for arrival in self._read(arrivals):
            if isinstance(arrival, Refusal):
                self._files += 1
                self._set_aside(arrival.path, arrival.problem, b"", arrival.size)
            else:
                self._take(arrival)
            self._report_progress()
        self._commit()
        report = self._report(time.perf_counter() - began)
        if not self._dry_run:
            with self._ledger.transaction() as db:
                db.execute(
                    "UPDATE batches SET state = 'done', report = ? WHERE batch_id = ?",
                    (msgspec.msgpack.encode(report), self._batch),
                )
        return report

    # -- reading, in order, with a bounded number of files in flight

    def _read(self, arrivals: Iterator[Incoming | Refusal]) -> Iterator[ReadFile | Refusal]:
        settings = (self._feed, self._mapping, self._limits, self._ledger.path)
        if self._workers == 0:
            for arrival in arrivals:
                yield arrival if isinstance(arrival, Refusal) else _decode(read_incoming(arrival, *settings))
            return
        pool = self._pool()
        flying: deque[tuple[Incoming | Refusal, Future[bytes] | None]] = deque()
        try:
            for arrival in arrivals:
                future = None
                if isinstance(arrival, Incoming):
                    try:
                        future = _submit(pool, arrival, settings)
                    except BrokenProcessPool:
                        pool = self._pool()
                        future = _submit(pool, arrival, settings)
                flying.append((arrival, future))
                while len(flying) > 4 * self._workers:
                    yield self._landed(*flying.popleft(), settings)
            while flying:
                yield self._landed(*flying.popleft(), settings)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _pool(self) -> ProcessPoolExecutor:
        # forkserver: the owner may run threads, and a plain fork of a threaded process can deadlock.
        context = get_context("forkserver")
        context.set_forkserver_preload(["galien.app.worker"])
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=warm_up, initargs=(os.getpid(),))

    def _landed(
        self,
        arrival: Incoming | Refusal,
        future: Future[bytes] | None,
        settings: tuple[str, dict[str, Any], Limits, Path],
    ) -> ReadFile | Refusal:
        if isinstance(arrival, Refusal) or future is None:
            assert isinstance(arrival, Refusal)
            return arrival
        waited = time.perf_counter()
        try:
            read: ReadFile | Refusal = _decode(future.result())
        except BrokenProcessPool:
            read = self._alone(arrival, settings)
        self._stages["waiting for parsers"] += time.perf_counter() - waited
        return read

    def _alone(self, arrival: Incoming, settings: tuple[str, dict[str, Any], Limits, Path]) -> ReadFile | Refusal:
        """Read one file in a process of its own: a crash of a decoder must cost one file only."""
        with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as single:
            try:
                return _decode(_submit(single, arrival, settings).result())
            except BrokenProcessPool:
                error = MalformedInput("reading this file ended its process")
                problem = ReadProblem("", error.code, error.message, error.hint)
                return Refusal(arrival.path, arrival.size, problem)

    # -- registering, in groups

    def _take(self, read: ReadFile) -> None:
        self._files += 1
        self._bytes += read.size
        self._stages["parsing (all processes)"] += read.seconds
        if read.source == "known":
            self._duplicates += 1
            return
        if read.fatal is None and read.sha in self._group_shas:
            self._duplicates += 1
            return
        if self._dry_run:
            self._count(read)
            return
        if not self._group:
            self._group_began = time.monotonic()
        self._group.append(read)
        if read.fatal is None:
            self._group_shas.add(read.sha)
        self._group_records += len(read.records)
        self._group_size += read.size
        late = time.monotonic() - self._group_began > GROUP_SECONDS
        if self._group_records >= GROUP_RECORDS or self._group_size >= GROUP_BYTES or late:
            self._commit()

    def _commit(self) -> None:
        if not self._group:
            return
        group, self._group = self._group, []
        self._group_shas = set()
        self._group_records = self._group_size = 0
        clock = time.perf_counter()
        with self._ledger.transaction() as db:
            at = self._now()
            commit_id = db.execute("INSERT INTO commits (batch_id, at) VALUES (?, ?)", (self._batch, at)).lastrowid or 0
            registrar = Registrar(self._ledger, db, commit_id, at)
            for read in group:
                if read.fatal is not None:
                    self._ledger.keep(db, read.blobs)
                else:
                    registrar.register(read)
                    db.execute(
                        "UPDATE quarantine SET resolved = ? WHERE sha = ? AND locator = '' AND resolved IS NULL",
                        (at, read.sha),
                    )
            outcome = registrar.finish()
        self._stages["ledger"] += time.perf_counter() - clock
        for read in group:
            self._count(read)
        self._unchanged += outcome.unchanged
        self._superseded += outcome.superseded
        clock = time.perf_counter()
        self._projector.apply_omop(commit_id, outcome)
        self._projector.apply_meanings(commit_id, outcome)
        self._stages["OMOP tables"] += time.perf_counter() - clock
        clock = time.perf_counter()
        self._projector.apply_index(commit_id, outcome)
        self._stages["index"] += time.perf_counter() - clock

    def _count(self, read: ReadFile) -> None:
        if read.fatal is not None:
            self._set_aside(read.path, read.fatal, read.sha, read.size)
            return
        self._records.update(kind_of(item.record) for item in read.records)
        for problem in read.problems:
            self._set_aside(read.path, problem, read.sha, read.size)

    def _set_aside(self, path: str, problem: ReadProblem, sha: bytes, size: int) -> None:
        at = self._now()
        row_id = 0
        if not self._dry_run:
            with self._ledger.transaction() as db:
                again = db.execute(
                    "SELECT quarantine_id FROM quarantine WHERE path = ? AND locator = ? AND sha IS ?"
                    " AND resolved IS NULL",
                    (path, problem.locator, sha or None),
                ).fetchone()
                row_id = again[0] if again else db.execute(
                    "INSERT INTO quarantine (batch_id, path, locator, sha, feed, code, reason, hint, size, at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        self._batch, path, problem.locator, sha or None, self._feed, problem.code,
                        problem.reason, problem.hint, size, at,
                    ),
                ).lastrowid or 0  # fmt: skip
        self._quarantined.append(
            Quarantined(
                id=row_id, path=path, locator=problem.locator, code=problem.code, reason=problem.reason,
                hint=problem.hint, at=at, bytes=size,
            )
        )  # fmt: skip

    def _report_progress(self) -> None:
        if self._progress is not None:
            self._progress(
                Progress(
                    files=self._files,
                    total_files=max(self._total_files, self._files),
                    bytes=self._bytes,
                    total_bytes=self._total_bytes,
                    records=sum(self._records.values()),
                    quarantined=len(self._quarantined),
                )
            )

    def _report(self, seconds: float) -> IngestReport:
        return IngestReport(
            files=self._files,
            bytes=self._bytes,
            records=dict(sorted(self._records.items())),
            duplicates=self._duplicates,
            unchanged=self._unchanged,
            superseded=self._superseded,
            quarantined=tuple(self._quarantined),
            seconds=round(seconds, 3),
            stages={name: round(value, 3) for name, value in self._stages.items()},
            dry_run=self._dry_run,
            batch=self._batch,
        )


def _submit(
    pool: ProcessPoolExecutor, arrival: Incoming, settings: tuple[str, dict[str, Any], Limits, Path]
) -> Future[bytes]:
    """Hand a file to a parsing process, started without importing the caller's own script.

    A fresh process imports ``__main__`` again; of a script that calls `Workspace.ingest` at its top level that
    would be to run it again, in each process. Ours need nothing of it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        return pool.submit(read_incoming, arrival, *settings)
    finally:
        sys.modules["__main__"] = main


def _decode(message: bytes) -> ReadFile:
    return msgspec.msgpack.decode(message, type=ReadFile)


def _size_up(paths: Iterable[Path]) -> tuple[int, int]:
    """Number and bytes of the plain files, for the progress bar; archives count as one file."""
    files = size = 0
    for path in paths:
        for file in path.rglob("*") if path.is_dir() else (path,):
            try:
                if file.is_file():
                    files += 1
                    size += file.stat().st_size
            except OSError:
                continue
    return files, size
