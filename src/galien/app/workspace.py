"""A workspace: one directory that holds a hospital's search engine. The composition root.

::

    workspace/
    ├── ledger.sqlite      what came, from where, what it became   } the truth
    ├── packs/             source bytes, compressed, by content    }
    ├── omop.duckdb        OMOP CDM tables                         }
    ├── told.sqlite        what each document says, by document    } projections,
    ├── index/             words, filters, facets                  } rebuilt at will
    ├── vectors/           meanings of articles                    }
    ├── galien.toml        settings, where there are any
    ├── access.sqlite      who saw what, and why
    └── owner.lock         one owner at a time
"""

from __future__ import annotations

import gc
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from galien import __version__
from galien.app.access import SqliteAccessLedger
from galien.app.asking import Asking
from galien.app.corpus import StoreCorpus
from galien.app.facade import Job, Media, Progress
from galien.app.inbox import load_mapping
from galien.app.ingest import Ingest
from galien.app.lock import Lock
from galien.app.meanings import Meanings, encoded
from galien.app.pages import Pages, number_of
from galien.app.projection import Projector
from galien.app.replay import Replay
from galien.app.understanding import CdmLinks, understanding_of
from galien.governance import Disclosed, Gate, Viewer
from galien.images import render, thumbnail
from galien.index.embedded import TantivyIndex
from galien.knowledge import shipped_words
from galien.model.answers import (
    ArticlePage,
    BatchView,
    DocumentPage,
    IngestReport,
    PatientPage,
    Quarantined,
    SearchRequest,
    SearchResponse,
    Status,
    StudyPage,
    Suggestion,
    WhyResponse,
)
from galien.model.errors import GalienError, NotFound, UsageError, WorkspaceBusy
from galien.model.replies import Ask, Reply
from galien.query import Engine
from galien.query.clinical import Clinical
from galien.query.expansion import Expander
from galien.query.meaning import MeaningScorer
from galien.query.ranking import Ranking, WordScorer
from galien.sources.port import Limits
from galien.store.identity import Identities
from galien.store.ledger import Ledger
from galien.store.omop.cdm import Cdm
from galien.store.omop.events import OmopEvents
from galien.store.reading import key_of
from galien.store.registration import Outcome
from galien.store.told import Told

T = TypeVar("T")
LOCAL = Viewer()
PROJECTIONS = ("omop", "index", "vectors")


class Workspace:
    """Opens a workspace as its owner; see `galien.open`.

    Parameters
    ----------
    folder : Path
        Made when absent.
    clock : callable
        Current local time, injected for tests.
    wait : float
        Seconds to wait for another owner to finish.

    Raises
    ------
    WorkspaceBusy
        Another process owns it.
    WorkspaceTooNew
        A later version of Galien wrote it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], datetime] = datetime.now,
        wait: float = 0.0,
        limits: Limits | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # An answer makes and drops thousands of values without cycles: at the default threshold the
        # collector would walk the whole heap several times per search, and double its time.
        gc.set_threshold(100_000, 50, 50)
        self.folder = folder
        self._clock = clock
        self._limits = limits or Limits()
        self._lock = Lock(folder, wait)
        self._writing = threading.Lock()
        self._jobs: dict[str, Job] = {}
        try:
            self._ledger = Ledger(folder)
            self._cdm = Cdm(folder / "omop.duckdb")
            self._told = Told(folder / "told.sqlite")
            self._index = TantivyIndex(folder / "index")
            self._access = SqliteAccessLedger(folder / "access.sqlite", self._now)
            self._gate = Gate(self._access)
            self._corpus = StoreCorpus(self._ledger, lambda: clock().date())
            self._understanding = understanding_of(folder)
            self._clinical = self._understands()
            self._meanings = Meanings(self._ledger, folder) if encoded(folder) else None
            self._engine = Engine(self._index, self._corpus, self._clinical, self._ranks())
            self._pages = Pages(self._ledger, self._cdm, self._corpus, self._engine.marks)
            self._asking = Asking(
                self._ledger,
                self._cdm,
                self._told,
                self._corpus,
                self._understanding,
                self._links,
                lambda: clock().date(),
            )
            self._projector = Projector(
                self._ledger, self._cdm, self._told, self._index, self._understanding, self._meanings
            )
            self._replay = Replay(self._ledger, self._cdm, self._told, self._index, self._projector, self._limits)
            self._recover()
        except BaseException:
            self._lock.release()
            raise

    def _understands(self) -> Clinical:
        events = OmopEvents(self._cdm, self._told)
        known = self._understanding
        self._links = CdmLinks(self._cdm, known)
        return Clinical(known.lexicon, known.reader, events, events, self._links, self._today)

    def _ranks(self) -> Ranking:
        known = self._understanding
        words = WordScorer(self._corpus, Expander(known.lexicon, known.reader, shipped_words()))
        meanings = self._meanings
        return Ranking(
            words, [MeaningScorer(lambda: meanings.encoder, meanings.snapshot)] if meanings is not None else []
        )

    def _today(self) -> int:
        return (self._clock().date() - date(1970, 1, 1)).days

    # -- searching and reading

    def search(self, request: SearchRequest | str, viewer: Viewer = LOCAL, **options: Any) -> Disclosed[SearchResponse]:
        """Answer a query, given whole or as words with the other fields of `SearchRequest` by name.

        >>> workspace.search("coxarthrose", kind="documents", limit=5).value.hits  # doctest: +SKIP
        """
        if isinstance(request, str):
            request = SearchRequest(query=request, **options)
        answer = self._engine.search(request)
        seen = [hit.id for hit in answer.hits]
        seen += [miss.patient.id for nearly in answer.nearly for miss in nearly.closest if miss.patient.id not in seen]
        return self._gate.disclose(viewer, "search", answer, seen, query=request.query, count=answer.total)

    def why(self, id: str, query: str, viewer: Viewer = LOCAL) -> Disclosed[WhyResponse]:
        """Why a patient (``p12``) answers a query, or why not, criterion by criterion."""
        answer = self._engine.why(query, number_of(id, "p"))
        return self._gate.disclose(viewer, "why", answer, [id], query=query)

    def suggest(self, prefix: str, limit: int = 8) -> tuple[Suggestion, ...]:
        return self._engine.suggest(prefix, limit)

    def patient(self, id: str, viewer: Viewer = LOCAL) -> Disclosed[PatientPage]:
        return self._gate.disclose(viewer, "patient", self._pages.patient(id), [id])

    def ask(self, ask: Ask, viewer: Viewer = LOCAL) -> Disclosed[Reply]:
        """Answer a question about one patient.

        >>> workspace.ask(Ask(patient="p12", question="dernière créatinine")).value.sentence  # doctest: +SKIP
        'Créatinine : 82 µmol/L le 12/03/2024.'
        """
        reply = self._asking.reply(ask)
        return self._gate.disclose(viewer, "ask", reply, [reply.patient], query=ask.question, count=len(reply.facts))

    def document(self, id: str, query: str = "", viewer: Viewer = LOCAL) -> Disclosed[DocumentPage]:
        return self._gate.disclose(viewer, "document", self._pages.document(id, query), [id], query=query)

    def article(self, id: str, query: str = "") -> ArticlePage:
        return self._pages.article(id, query)

    def study(self, id: str, viewer: Viewer = LOCAL) -> Disclosed[StudyPage]:
        return self._gate.disclose(viewer, "study", self._pages.study(id), [id])

    def original(self, id: str, viewer: Viewer = LOCAL) -> Disclosed[Media]:
        """The PDF of a document, embedded or itself the source; else the source file as it came."""
        row = self._ledger.db.execute(
            "SELECT t.original_sha, t.original_mime, f.sha, f.source FROM texts t JOIN records r USING (record_id)"
            " JOIN files f USING (file_id) WHERE t.record_id = ?",
            (number_of(id, "d"),),
        ).fetchone()
        if row is None:
            raise NotFound("no such document")
        embedded, mime, source_sha, source = row
        if embedded is not None:
            media = Media(self._ledger.read(embedded), mime, id)
        else:
            media = Media(self._ledger.read(source_sha), _MIMES.get(source, "application/octet-stream"), id)
        return self._gate.disclose(viewer, "original", media, [id])

    def thumbnail(self, id: str, viewer: Viewer = LOCAL) -> Disclosed[Media]:
        clause, number = ("study_id", number_of(id, "i")) if id[:1] == "i" else ("record_id", number_of(id, "x"))
        rows = self._ledger.db.execute(
            f"SELECT thumbnail_sha, pixels_sha FROM instances WHERE {clause} = ?"
            " ORDER BY thumbnail_sha IS NULL, pixels_sha IS NULL, number",
            (number,),
        ).fetchall()
        if not rows:
            raise NotFound("no such image")
        small, pixels = rows[len(rows) // 2] if rows[0][0] is None else rows[0]
        if small is not None:
            data = self._ledger.read(small)
        elif pixels is not None:
            data = thumbnail(self._ledger.read(pixels))
        else:
            raise NotFound("this study was announced, but its pixels did not come")
        mime = "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"
        return self._gate.disclose(viewer, "thumbnail", Media(data, mime, id), [id])

    def pixels(
        self,
        id: str,
        frame: int = 0,
        center: float | None = None,
        width: float | None = None,
        side: int = 1024,
        viewer: Viewer = LOCAL,
    ) -> Disclosed[Media]:
        row = self._ledger.db.execute(
            "SELECT pixels_sha FROM instances WHERE record_id = ?", (number_of(id, "x"),)
        ).fetchone()
        if row is None or row[0] is None:
            raise NotFound("no such image")
        drawn = render(self._ledger.read(row[0]), frame=frame, center=center, width=width, side=side)
        return self._gate.disclose(viewer, "pixels", Media(drawn.png, "image/png", id), [id])

    # -- state

    def ids(self, kind: str, keys: Sequence[str]) -> dict[str, str]:
        """Public ids of current records by the keys that their source gave them (``beir:default:MED-10``)."""
        wanted = {key_of(kind, key): key for key in keys}
        rows = self._ledger.many(
            "SELECT key, record_id FROM records WHERE state = 'current' AND key IN ({})", list(wanted)
        )
        return {wanted[int(str(key))]: f"{kind[0]}{record}" for key, record in rows}

    def unlinked(self) -> list[tuple[tuple[str, str, str], int]]:
        """Codes (vocabulary, code, label) that mean no known concept, with their numbers of rows."""
        return self._links.unlinked_rows()

    def status(self) -> Status:
        db = self._ledger.db
        documents, articles = (
            db.execute("SELECT count(*) FROM records WHERE kind = ? AND state = 'current'", (kind,)).fetchone()[0]
            for kind in ("document", "article")
        )
        images = db.execute(
            "SELECT count(DISTINCT study_id) FROM instances i JOIN records r USING (record_id)"
            " WHERE r.state = 'current'"
        ).fetchone()[0]
        patients = db.execute("SELECT count(*) FROM patients WHERE merged_into IS NULL").fetchone()[0]
        last = db.execute("SELECT coalesce(max(commit_id), 0) FROM commits").fetchone()[0]
        behind = last - min(self._cdm.last_commit(), self._told.last_commit(), self._index.sequence())
        return Status(
            version=__version__,
            snapshot=self._corpus.snapshot(),
            kinds={"patients": patients, "documents": documents, "images": images, "articles": articles},
            omop=self._cdm.counts(),
            batches=db.execute("SELECT count(*) FROM batches").fetchone()[0],
            files=db.execute("SELECT count(*) FROM files").fetchone()[0],
            quarantined=self._corpus.not_searched().get("quarantined", 0),
            bytes_stored=self._ledger.packs.bytes_stored(),
            index={**self._index.count(), "commits": last, "behind": behind},
        )

    def batches(self, limit: int = 20) -> tuple[BatchView, ...]:
        rows = self._ledger.db.execute(
            "SELECT batch_id, at, feed, state, report FROM batches ORDER BY batch_id DESC LIMIT ?", (limit,)
        ).fetchall()
        return tuple(_batch(*row) for row in rows)

    def quarantine(self, limit: int = 1000) -> tuple[Quarantined, ...]:
        rows = self._ledger.db.execute(
            "SELECT quarantine_id, path, locator, code, reason, hint, at, size FROM quarantine"
            " WHERE resolved IS NULL ORDER BY quarantine_id DESC LIMIT ?",
            (limit,),
        )
        return tuple(
            Quarantined(id=i, path=path, locator=loc, code=code, reason=reason, hint=hint, at=at, bytes=size)
            for i, path, loc, code, reason, hint, at, size in rows
        )

    # -- writing

    def ingest(
        self,
        paths: Sequence[Path],
        *,
        feed: str = "default",
        mapping: Path | None = None,
        dry_run: bool = False,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport:
        """Ingest files, folders and archives; returns what came of each.

        Raises
        ------
        UsageError
            A path does not exist, or the mapping file is not one.
        StorageFull
            The disk is full; run the same again after making room.
        """
        for path in paths:
            if str(path) != "-" and not path.exists():
                raise UsageError(f"no such file or folder: {path}")
        with self._writing:
            return Ingest(
                self._ledger,
                self._projector,
                self._now,
                feed=feed,
                mapping=load_mapping(mapping),
                workers=2 if workers is None else workers,
                limits=self._limits,
                dry_run=dry_run,
                progress=progress,
            ).run(paths)

    def start_ingest(self, paths: Sequence[Path], *, feed: str = "default") -> Job:
        """Ingest in a thread; `job` tells its progress."""
        if any(job.state == "running" for job in self._jobs.values()):
            raise WorkspaceBusy("an ingest is already running", hint="Wait for it to end; see `jobs`.")
        for path in paths:
            if not path.exists():
                raise UsageError("no such file or folder on the server")
        job = Job(id=uuid.uuid4().hex[:12], kind="ingest", state="running")
        self._jobs[job.id] = job

        def report(progress: Progress) -> None:
            self._jobs[job.id] = msgspec.structs.replace(job, progress=progress)

        def work() -> None:
            try:
                # One parser: the other processors are for those who search meanwhile.
                done = self.ingest(paths, feed=feed, progress=report, workers=1)
                last = self._jobs[job.id]
                self._jobs[job.id] = msgspec.structs.replace(last, state="done", report=done)
            except GalienError as error:
                self._jobs[job.id] = msgspec.structs.replace(
                    self._jobs[job.id], state="failed", error=f"{error.code}: {error.message}"
                )
            except Exception as error:
                self._jobs[job.id] = msgspec.structs.replace(
                    self._jobs[job.id], state="failed", error=type(error).__name__
                )
                raise

        threading.Thread(target=work, name=f"ingest-{job.id}", daemon=True).start()
        return job

    def job(self, id: str) -> Job:
        if id not in self._jobs:
            raise NotFound("no such job")
        return self._jobs[id]

    def jobs(self) -> tuple[Job, ...]:
        return tuple(reversed(self._jobs.values()))

    def retry(self, ids: Sequence[int] = ()) -> IngestReport:
        """Read quarantined files again: from the bytes kept, else from their path."""
        from galien.app.retry import retry

        with self._writing:
            return retry(self._ledger, self._projector, self._now, self._limits, ids)

    def rebuild(self, what: str, progress: Callable[[int, int], None] | None = None) -> int:
        """Make a projection again (``omop``, ``index`` or ``vectors``) from stored bytes and ledger."""
        if what not in PROJECTIONS:
            raise UsageError(f"unknown projection {what!r}: {', '.join(PROJECTIONS)}")
        with self._writing:
            if what == "vectors":
                if self._meanings is None:
                    raise UsageError("this workspace has no encoder", hint="See `[encoder]` in docs/workspace.md.")
                self._meanings.clear()
                return self._meanings.catch_up(progress)
            return self._replay.rebuild(what, progress)

    def verify(self, *, bytes_too: bool = True) -> list[str]:
        """Check stored bytes against their hashes, and both projections against the ledger."""
        from galien.app.verification import discrepancies

        return list(discrepancies(self._ledger, self._cdm, self._told, self._index, bytes_too=bytes_too))

    def identity_events(self) -> list[tuple[object, ...]]:
        """Journal of merges, their undoing and conflicts."""
        return self._ledger.db.execute(
            "SELECT event_id, at, kind, survivor, absorbed, reason, undone_by FROM identity_events"
            " ORDER BY event_id DESC"
        ).fetchall()

    def undo_merge(self, absorbed: str) -> bool:
        """Take back the merge that absorbed an identity (``p12``); False when there was none."""
        number = number_of(absorbed, "p")
        with self._writing:
            with self._ledger.transaction() as db:
                batch = db.execute(
                    "INSERT INTO batches (at, feed, state) VALUES (?, 'identity', 'done')", (self._now(),)
                ).lastrowid
                commit_id = (
                    db.execute("INSERT INTO commits (batch_id, at) VALUES (?, ?)", (batch, self._now())).lastrowid or 0
                )
                identities = Identities(db, commit_id, self._now())
                done = identities.undo(number)
            outcome = Outcome([], [])
            outcome.touched_patients = outcome.changed_patients = identities.touched
            self._projector.apply(commit_id, outcome)
        return done

    def announce(self, url: str) -> None:
        """Tell other commands where the server of this workspace answers."""
        self._lock.announce(url)

    def close(self) -> None:
        self._index.close()
        self._cdm.close()
        self._told.close()
        self._access.close()
        self._ledger.close()
        self._lock.release()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _now(self) -> str:
        return self._clock().isoformat(timespec="seconds")

    def _recover(self) -> None:
        with self._ledger.transaction() as db:
            db.execute("UPDATE batches SET state = 'interrupted' WHERE state = 'running'")
        self._replay.catch_up()
        if self._meanings is not None:
            self._meanings.catch_up()


_MIMES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "rtf": "application/rtf",
    "cda": "application/xml",
    "fhir": "application/fhir+json",
    "hl7v2": "text/plain",
    "text": "text/plain",
    "dicom": "application/dicom",
}


def _batch(batch_id: int, at: str, feed: str, state: str, report: bytes | None) -> BatchView:
    done = msgspec.msgpack.decode(report, type=IngestReport) if report else IngestReport()
    return BatchView(
        id=batch_id,
        at=at,
        feed=feed,
        files=done.files,
        records=sum(done.records.values()),
        quarantined=len(done.quarantined),
        duplicates=done.duplicates,
        state=state,
    )
