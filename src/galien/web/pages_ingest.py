"""The page of ingestion: what came, what runs, what was set aside and why."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from galien.model.answers import Quarantined
from galien.web.desk import Desk


def routes(desk: Desk) -> APIRouter:
    """Route of the ingest page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/ingest")
    def ingest(request: Request) -> Response:
        aside = desk.facade.quarantine(1000)
        return desk.page(
            request,
            "ingest.html",
            state=desk.facade.status(),
            batches=desk.facade.batches(20),
            jobs=desk.facade.jobs(),
            reasons=_reasons(aside),
            here="ingest",
        )

    return router


def _reasons(aside: tuple[Quarantined, ...]) -> list[tuple[str, list[Quarantined]]]:
    """What was set aside, gathered by its reason's code, the most frequent first."""
    groups: dict[str, list[Quarantined]] = {}
    for item in aside:
        groups.setdefault(item.code, []).append(item)
    return sorted(groups.items(), key=lambda group: -len(group[1]))
