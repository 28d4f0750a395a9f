"""The page of results."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from galien.model.answers import Criterion, SearchRequest, SearchResponse
from galien.model.kinds import HIT_KINDS
from galien.web.address import Links, read
from galien.web.desk import VIEWER, Desk

FACETS_OF = {
    "patients": ("sex", "age", "service", "year"),
    "documents": ("type", "service", "year", "sex", "age", "language", "source"),
    "images": ("modality", "service", "year", "sex", "age", "source"),
    "articles": ("type", "journal", "year", "language", "source"),
}
"""Which facets make sense for which kind, in reading order; one that is empty is not shown."""


def routes(desk: Desk) -> APIRouter:
    """Route of the search page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/search")
    def search(request: Request) -> Response:
        asked = read(request.query_params)
        found = desk.facade.search(asked, VIEWER).value
        within = desk.facade.patient(asked.patient, VIEWER).value.patient if asked.patient else None
        return desk.page(
            request,
            "search.html",
            q=asked.query,
            found=found,
            links=Links(_shown(found)),
            kinds=HIT_KINDS,
            facets=_facets(found),
            culprits=_culprits(found),
            within=within,
            between=_between(found),
            top=max((hit.score for hit in found.hits), default=0.0),
        )

    return router


def _shown(found: SearchResponse) -> SearchRequest:
    """The request with the kind that the engine chose, so that links stay on it."""
    return msgspec.structs.replace(found.request, kind=found.kind)


def _facets(found: SearchResponse) -> list[tuple[str, list[tuple[str, int]]]]:
    """Facets to show: those with something to choose, and those in force even if empty now."""
    shown = []
    for name in FACETS_OF[found.kind]:
        values = [(value.value, value.count) for value in found.facets.get(name, ())]
        missing = [(v, 0) for v in found.request.filters.get(name, ()) if v not in {value for value, _ in values}]
        if name == "year":
            values.sort(reverse=True)
        if values or missing:
            shown.append((name, missing + values))
    return shown


def _between(found: SearchResponse) -> int | None:
    """Before which hit the nearest ones begin, where they follow those that hold everything."""
    first = next((place for place, hit in enumerate(found.hits) if hit.near), None)
    if first is None or found.relaxed or not all(hit.near for hit in found.hits[first:]):
        return None
    return first


def _culprits(found: SearchResponse) -> list[Criterion]:
    """The criteria that empty the answer by themselves."""
    if found.total:
        return []
    return [c for c in found.understood if c.count == 0 and not c.negated]
