"""A running server as other commands see it: the same questions, over REST on the loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import msgspec

from galien.app.facade import Job, Progress
from galien.governance import Disclosed, Viewer, received
from galien.model.answers import (
    BatchView,
    IngestReport,
    Quarantined,
    SearchRequest,
    SearchResponse,
    Status,
    WhyResponse,
)
from galien.model.errors import GalienError, UsageError, WorkspaceBusy
from galien.model.replies import Ask, Reply

T = TypeVar("T")
POLL_SECONDS = 0.3


class RemoteError(GalienError):
    """What the server refused, with its own code and hint."""

    code = "server"


_VIEWER = Viewer(channel="cli")


class Remote:
    """The server at ``url`` (loopback). It discloses, and writes its ledger, on its side."""

    def __init__(self, url: str) -> None:
        self._url = url

    def search(self, request: SearchRequest, viewer: Viewer = _VIEWER) -> Disclosed[SearchResponse]:
        return received(self._call("POST", "/search", SearchResponse, msgspec.to_builtins(request)))

    def why(self, id: str, query: str, viewer: Viewer = _VIEWER) -> Disclosed[WhyResponse]:
        return received(self._call("GET", f"/patients/{quote(id)}/why?q={quote(query)}", WhyResponse))

    def ask(self, ask: Ask, viewer: Viewer = _VIEWER) -> Disclosed[Reply]:
        return received(self._call("POST", "/questions", Reply, msgspec.to_builtins(ask)))

    def status(self) -> Status:
        return self._call("GET", "/status", Status)

    def batches(self, limit: int = 20) -> tuple[BatchView, ...]:
        return self._call("GET", f"/batches?limit={limit}", tuple[BatchView, ...])

    def quarantine(self, limit: int = 1000) -> tuple[Quarantined, ...]:
        return self._call("GET", f"/quarantine?limit={limit}", tuple[Quarantined, ...])

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
        """Ask the server to ingest, and follow it to the end."""
        if mapping is not None or dry_run or workers is not None:
            raise UsageError(
                "--mapping, --dry-run and --workers need the workspace itself",
                hint="Stop the server first, or leave them out.",
            )
        absolute = [str(path.resolve()) for path in paths]
        job = self._call("POST", "/ingest", Job, {"paths": absolute, "feed": feed})
        while job.state == "running":
            time.sleep(POLL_SECONDS)
            job = self._call("GET", f"/jobs/{quote(job.id)}", Job)
            if progress is not None:
                progress(job.progress)
        if job.report is None:
            raise RemoteError(job.error or "the ingest failed on the server")
        return job.report

    def _call(self, method: str, path: str, kind: type[T], body: object = None) -> T:
        request = Request(
            f"{self._url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json", "Origin": self._url},
        )
        try:
            with urlopen(request, timeout=600) as answer:
                return msgspec.json.decode(answer.read(), type=kind)
        except HTTPError as error:
            raise _refusal(error) from None
        except URLError:
            raise WorkspaceBusy("the server of this workspace does not answer") from None


def _refusal(error: HTTPError) -> GalienError:
    try:
        problem = json.loads(error.read())
    except ValueError:
        problem = {}
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {error.code}")
    return RemoteError(message, hint=str(problem.get("hint", "")))
