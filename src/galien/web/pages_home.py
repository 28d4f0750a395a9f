"""The first page, the help, and the human page of the REST documentation."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from galien.web.desk import Desk
from galien.web.openapi import description

_EXAMPLES = {
    "fr": ("hypertension", "diabète", "fracture", "pneumonie", "prothèse", "scanner", "douleur", "patient"),
    "en": ("hypertension", "diabetes", "fracture", "pneumonia", "surgery", "pain", "cancer", "patient"),
}


def routes(desk: Desk) -> APIRouter:
    """Routes of the home, help and documentation pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def home(request: Request) -> Response:
        status = desk.facade.status()
        language = desk.reader(request).language
        # An example is offered only where this workspace answers it.
        examples = [word for word in _EXAMPLES[language] if desk.facade.suggest(word, 1)][:3]
        batches = desk.facade.batches(1)
        return desk.page(
            request, "home.html", status=200, state=status, examples=examples, batches=batches, here="home"
        )

    @router.get("/help")
    def help_page(request: Request) -> Response:
        return desk.page(request, "help.html", here="help")

    @router.get("/api")
    @router.get("/api/v1")
    def api(request: Request) -> Response:
        return desk.page(request, "api.html", api=description(), here="help")

    return router
