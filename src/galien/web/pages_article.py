"""The page of a scientific article."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from galien.web.desk import Desk
from galien.web.passages import passages


def routes(desk: Desk) -> APIRouter:
    """Route of the article page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/articles/{id}")
    def article(request: Request, id: str, q: str = "") -> Response:
        page = desk.facade.article(id, q)
        cut = passages(page.text, page.sections, page.marks)
        marks = sum(passage.marks for passage in cut)
        return desk.page(request, "article.html", q=q, page=page, passages=cut, marks=marks)

    return router
