"""What faces may ask of a workspace: the one surface under pages, REST, commands and Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from galien.governance import Disclosed, Viewer
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
from galien.model.replies import Ask, Reply


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running ingest stands; ``total_bytes`` is 0 while it is unknown."""

    files: int = 0
    total_files: int = 0
    bytes: int = 0
    total_bytes: int = 0
    records: int = 0
    quarantined: int = 0
    state: str = "running"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A long work on the server: ``state`` is ``running``, ``done`` or ``failed``."""

    id: str
    kind: str
    state: str
    progress: Progress = Progress()
    report: IngestReport | None = None
    error: str = ""


class Media(msgspec.Struct, frozen=True):
    """Bytes to show, with their type and a file name without patient data."""

    data: bytes
    mime: str
    name: str = ""


class Facade(Protocol):
    """A workspace as its faces see it. Every id is public (``p12``); unknown ids raise `NotFound`."""

    def search(self, request: SearchRequest, viewer: Viewer = ...) -> Disclosed[SearchResponse]: ...
    def why(self, id: str, query: str, viewer: Viewer = ...) -> Disclosed[WhyResponse]:
        """Why a patient answers a query, or why not."""
        ...

    def suggest(self, prefix: str, limit: int = 8) -> tuple[Suggestion, ...]: ...
    def patient(self, id: str, viewer: Viewer = ...) -> Disclosed[PatientPage]: ...
    def ask(self, ask: Ask, viewer: Viewer = ...) -> Disclosed[Reply]:
        """Answer a question about one patient."""
        ...

    def document(self, id: str, query: str = "", viewer: Viewer = ...) -> Disclosed[DocumentPage]: ...
    def original(self, id: str, viewer: Viewer = ...) -> Disclosed[Media]:
        """The original of a document to show (a PDF), or its source file."""
        ...

    def article(self, id: str, query: str = "") -> ArticlePage: ...
    def study(self, id: str, viewer: Viewer = ...) -> Disclosed[StudyPage]: ...
    def thumbnail(self, id: str, viewer: Viewer = ...) -> Disclosed[Media]:
        """Small picture of a study (``i12``) or instance (``x12``)."""
        ...

    def pixels(
        self,
        id: str,
        frame: int = 0,
        center: float | None = None,
        width: float | None = None,
        side: int = 1024,
        viewer: Viewer = ...,
    ) -> Disclosed[Media]:
        """One frame of an instance (``x12``) as PNG, windowed (DICOM PS3.3 C.11.2), at most ``side`` pixels."""
        ...

    def status(self) -> Status: ...
    def batches(self, limit: int = 20) -> tuple[BatchView, ...]: ...
    def quarantine(self, limit: int = 1000) -> tuple[Quarantined, ...]: ...
    def ingest(
        self,
        paths: Sequence[Path],
        *,
        feed: str = "default",
        mapping: Path | None = None,
        dry_run: bool = False,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> IngestReport: ...
    def start_ingest(self, paths: Sequence[Path], *, feed: str = "default") -> Job:
        """Ingest in the background; see `job`."""
        ...

    def job(self, id: str) -> Job: ...
    def jobs(self) -> tuple[Job, ...]: ...
    def close(self) -> None: ...
