"""REST under ``/api/v1``: the same answers as the pages, as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from galien.governance import Viewer
from galien.model.answers import SearchRequest, SearchResponse
from galien.model.errors import UsageError
from galien.model.replies import Ask
from galien.web import openapi
from galien.web.address import checked, following, read
from galien.web.desk import Desk
from galien.web.media import media_response
from galien.web.problems import Problem

T = TypeVar("T")
VIEWER = Viewer(channel="rest")
_ENCODE = msgspec.json.Encoder().encode


def routes(desk: Desk) -> APIRouter:
    """All REST routes; `openapi.OPERATIONS` describes them."""
    router = APIRouter(prefix="/api/v1", include_in_schema=False)
    facade = desk.facade

    @router.get("/openapi.json")
    def schema() -> Response:
        return JSONResponse(openapi.description())

    @router.get("/search")
    def search(request: Request) -> Response:
        return _found(facade.search(read(request.query_params), VIEWER).value)

    @router.post("/search")
    async def search_json(request: Request) -> Response:
        asked = checked(_body(await request.body(), SearchRequest))
        return _found((await run_in_threadpool(facade.search, asked, VIEWER)).value)

    @router.get("/suggest")
    def suggest(prefix: str = "", limit: Annotated[int, Query(ge=1, le=50)] = 8) -> Response:
        return _json(openapi.Suggestions(facade.suggest(prefix, limit)))

    @router.get("/patients/{id}")
    def patient(id: str) -> Response:
        return _json(facade.patient(id, VIEWER).value)

    @router.get("/patients/{id}/why")
    def why(id: str, q: str = "") -> Response:
        return _json(facade.why(id, q, VIEWER).value)

    @router.post("/questions")
    async def question(request: Request) -> Response:
        # In the body, not in the address: a question and an identifier may tell of a patient.
        asked = _body(await request.body(), Ask)
        return _json((await run_in_threadpool(facade.ask, asked, VIEWER)).value)

    @router.get("/documents/{id}")
    def document(id: str, q: str = "") -> Response:
        return _json(facade.document(id, q, VIEWER).value)

    @router.get("/documents/{id}/original")
    def original(id: str) -> Response:
        return media_response(facade.original(id, VIEWER).value)

    @router.get("/articles/{id}")
    def article(id: str, q: str = "") -> Response:
        return _json(facade.article(id, q))

    @router.get("/studies/{id}")
    def study(id: str) -> Response:
        return _json(facade.study(id, VIEWER).value)

    @router.get("/studies/{id}/thumbnail")
    def thumbnail(id: str) -> Response:
        return media_response(facade.thumbnail(id, VIEWER).value)

    @router.get("/instances/{id}/pixels")
    def pixels(
        id: str,
        frame: Annotated[int, Query(ge=0)] = 0,
        center: float | None = None,
        width: Annotated[float | None, Query(ge=1)] = None,
        side: Annotated[int, Query(ge=16, le=4096)] = 1024,
    ) -> Response:
        return media_response(facade.pixels(id, frame, center, width, side, VIEWER).value)

    @router.get("/status")
    def status() -> Response:
        return _json(facade.status())

    @router.get("/batches")
    def batches(limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> Response:
        return _json(openapi.Batches(facade.batches(limit)))

    @router.get("/quarantine")
    def quarantine(limit: Annotated[int, Query(ge=1, le=10_000)] = 1000) -> Response:
        return _json(openapi.Quarantine(facade.quarantine(limit)))

    @router.post("/ingest")
    async def ingest(request: Request) -> Response:
        asked = _body(await request.body(), openapi.IngestRequest)
        if not asked.paths:
            raise UsageError("`paths` is empty", hint="Give at least one path on the server.")
        paths = [Path(path) for path in asked.paths]
        job = await run_in_threadpool(lambda: facade.start_ingest(paths, feed=asked.feed))
        return _json(job, 202, {"Location": f"/api/v1/jobs/{job.id}"})

    @router.get("/jobs")
    def jobs() -> Response:
        return _json(openapi.Jobs(facade.jobs()))

    @router.get("/jobs/{id}")
    def job(id: str) -> Response:
        return _json(facade.job(id))

    return router


def problem_response(problem: Problem) -> Response:
    """A problem as RFC 9457 asks for it."""
    return JSONResponse(problem.document(), problem.status, media_type="application/problem+json")


def _found(found: SearchResponse) -> Response:
    headers = {}
    if found.next_cursor:
        headers["Link"] = f'<{following(found.request, found.next_cursor)}>; rel="next"'
    return _json(found, headers=headers)


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_ENCODE(value), status, headers, media_type="application/json")


def _body(data: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.DecodeError as error:
        # Only the place of the fault: the rest of msgspec's message may quote the value.
        place = str(error).partition(" - ")[2] or "not JSON"
        raise UsageError(f"the body is not a valid {shape.__name__}: {place}") from None
