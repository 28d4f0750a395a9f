"""The page of a patient: years at a glance, then problems, results, treatments, images, documents."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from galien.model.answers import DocumentBrief, PatientPage
from galien.model.errors import NotFound, QueryError, UsageError
from galien.model.replies import Ask
from galien.web.charts import Chart, chart
from galien.web.desk import VIEWER, Desk
from galien.web.timeline import timeline

SPANS = (0, 10, 5, 1)
_LONGEST = 500


def routes(desk: Desk) -> APIRouter:
    """Route of the patient page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/patients/{id}")
    def patient(request: Request, id: str, years: int = 0, type: str = "", q: str = "") -> Response:
        return show(request, id, years, type, q=q)

    @router.get("/patients/{id}/questions")
    def asked_again(id: str) -> Response:
        # A reload, or an address typed again: the question itself is in no address.
        if not id[1:].isdigit() or id[:1] != "p":
            raise NotFound("no such patient")
        return RedirectResponse(f"/patients/{id}#ask", 303)

    @router.post("/patients/{id}/questions")
    async def ask(request: Request, id: str) -> Response:
        question = await _question(request)
        return await run_in_threadpool(show, request, id, 0, "", question)

    def show(request: Request, id: str, years: int = 0, type: str = "", question: str = "", q: str = "") -> Response:
        reply, curve = None, None
        if question:
            ask = Ask(patient=id, question=question[:_LONGEST], language=desk.reader(request).language)
            reply = desk.facade.ask(ask, VIEWER).value
            curve = chart(reply.series) if reply.series is not None else None
        page = desk.facade.patient(id, VIEWER).value
        verdicts = None
        if q:
            # Words alone are no criteria: the record is shown without a verdict.
            with suppress(QueryError):
                verdicts = desk.facade.why(id, q, VIEWER).value
        documents = [d for d in page.documents if not type or d.type == type]
        return desk.page(
            request,
            "patient.html",
            page=page,
            q=q,
            verdicts=verdicts,
            within=page.patient,
            timeline=timeline(page, years if years in SPANS else 0, desk.reader(request).today),
            spans=SPANS,
            span=years,
            charts=_charts(page),
            words=[s for s in page.results if s.points and all(p.number is None for p in s.points)],
            allergies=[o for o in page.observations if o.status == "allergy"],
            years=_by_year(documents),
            types=_types(page.documents),
            chosen=type,
            question=question,
            reply=reply,
            curve=curve,
        )

    return router


async def _question(request: Request) -> str:
    """The question of a form, or of a script that sends it as JSON."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            return msgspec.json.decode(await request.body(), type=_Question).question.strip()
        except msgspec.DecodeError:
            raise UsageError("the body is not a question") from None
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return " ".join(form.get("question", [""])[0].split())


class _Question(msgspec.Struct):
    question: str


def _charts(page: PatientPage) -> list[Chart]:
    """Charts of the numeric results: out of range first, then the most followed, then by name."""
    drawn = [c for series in page.results if (c := chart(series)) is not None and c.dots]
    return sorted(drawn, key=lambda c: (not c.last_side, -len(c.dots), c.series.label.lower()))


def _by_year(documents: Iterable[DocumentBrief]) -> list[tuple[str, list[DocumentBrief]]]:
    newest = sorted(documents, key=lambda d: d.date, reverse=True)
    return [(year, list(group)) for year, group in groupby(newest, key=lambda d: d.date[:4])]


def _types(documents: Iterable[DocumentBrief]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for document in documents:
        counts[document.type] = counts.get(document.type, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])
