"""The web application: pages, REST, static files, and what every answer has in common."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from galien.app.facade import Facade
from galien.model.errors import GalienError
from galien.web import (
    pages_article,
    pages_document,
    pages_home,
    pages_ingest,
    pages_patient,
    pages_search,
    pages_study,
    rest,
)
from galien.web.catalogue import LANGUAGES
from galien.web.desk import Desk
from galien.web.problems import Problem, problem_of, problem_of_status
from galien.web.security import Guard

_LOG = logging.getLogger(__name__)


def create_app(facade: Facade, *, language: str = "fr", today: Callable[[], date] = date.today) -> FastAPI:
    """The pages and the REST interface of a workspace.

    Serve it on the loopback interface with access logs off (queries may hold names).

    Parameters
    ----------
    facade : Facade
        The workspace, as `galien.app.facade` describes it.
    language : str
        ``fr`` or ``en``, for readers who have not chosen.
    today : callable
        The current date, for relative ages.
    """
    desk = Desk(facade, next((known for known in LANGUAGES if known == language), "fr"), today)
    # FastAPI's own documentation pages load scripts from elsewhere; ours do not.
    app = FastAPI(title="Galien", docs_url=None, redoc_url=None, openapi_url=None)
    for room in (
        pages_home,
        pages_search,
        pages_patient,
        pages_document,
        pages_article,
        pages_study,
        pages_ingest,
    ):
        app.include_router(room.routes(desk))
    app.include_router(rest.routes(desk))
    app.mount("/static", StaticFiles(directory=Path(str(files("galien.web").joinpath("static")))), "static")

    def answer(request: Request, problem: Problem) -> Response:
        if request.url.path.startswith("/api/"):
            return rest.problem_response(problem)
        return desk.problem(request, problem)

    async def on_refusal(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        return answer(request, problem_of_status(status))

    app.add_exception_handler(HTTPException, on_refusal)
    app.add_exception_handler(RequestValidationError, on_refusal)
    app.add_middleware(Calm, answer=lambda request, error: answer(request, problem_of(error)))
    app.add_middleware(Guard)
    return app


class Calm:
    """ASGI layer that turns every error into a page.

    Starlette's own handler for unforeseen errors lets them through to the server, which logs their
    message; that message may quote a record. Here only the kind and the place of the error are logged.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            if not isinstance(error, GalienError):
                place = traceback.extract_tb(error.__traceback__)[-1]
                _LOG.error("%s at %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)
            # Making the answer may ask the templates only, never the workspace again.
            await self._answer(Request(scope), error)(scope, receive, send)
