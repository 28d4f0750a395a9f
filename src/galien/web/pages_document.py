"""The page of a document: its words with what matched, its original, its versions and neighbours."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from galien.web.desk import VIEWER, Desk
from galien.web.media import media_response
from galien.web.passages import passages


def routes(desk: Desk) -> APIRouter:
    """Routes of the document page and of its original."""
    router = APIRouter(include_in_schema=False)

    @router.get("/documents/{id}")
    def document(request: Request, id: str, q: str = "", view: str = "") -> Response:
        page = desk.facade.document(id, q, VIEWER).value
        cut = passages(page.text, page.sections, page.marks, page.pages)
        return desk.page(
            request,
            "document.html",
            q=q,
            page=page,
            passages=cut,
            marks=sum(passage.marks for passage in cut),
            original=view == "original" and bool(page.original_mime),
            within=page.patient,
        )

    @router.get("/documents/{id}/original")
    def original(id: str) -> Response:
        return media_response(desk.facade.original(id, VIEWER).value)

    return router
