"""The page of an imaging study: its series, one picture at a time, and the report beside it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from galien.model.answers import InstanceView, StudyPage
from galien.model.errors import NotFound
from galien.web.desk import VIEWER, Desk
from galien.web.media import media_response

PRESETS: tuple[tuple[str, float, float], ...] = (
    ("soft", 40, 400),
    ("lung", -600, 1500),
    ("bone", 400, 1800),
    ("brain", 40, 80),
)
"""Usual windows of computed tomography, in Hounsfield units (centre, width)."""


@dataclass(frozen=True)
class Slice:
    """One picture of a series: an instance and its frame."""

    instance: InstanceView
    frame: int


@dataclass(frozen=True)
class View:
    """What the viewport shows, and the addresses around it."""

    study: str
    series: int
    at: int
    slices: tuple[Slice, ...]
    center: float | None
    width: float | None

    @property
    def shown(self) -> Slice:
        return self.slices[self.at]

    def address(self, **changes: float | None) -> str:
        """This view with something changed (``series``, ``at``, ``c``, ``w``)."""
        values: dict[str, float | None] = {"series": self.series, "at": self.at, "c": self.center, "w": self.width}
        values.update(changes)
        return f"/studies/{self.study}?" + urlencode({k: v for k, v in values.items() if v is not None})

    def pixels(self, at: int | None = None) -> str:
        """The address of a picture of the series."""
        piece = self.slices[self.at if at is None else at]
        values = {"frame": piece.frame, "center": self.center, "width": self.width}
        kept = {k: v for k, v in values.items() if v is not None}
        return f"/api/v1/instances/{piece.instance.id}/pixels?" + urlencode(kept)


def routes(desk: Desk) -> APIRouter:
    """Routes of the study page and of its small picture."""
    router = APIRouter(include_in_schema=False)

    @router.get("/studies/{id}")
    def study(
        request: Request,
        id: str,
        series: int = 0,
        at: int | None = None,
        c: float | None = None,
        w: float | None = None,
    ) -> Response:
        page = desk.facade.study(id, VIEWER).value
        view = _view(page, series, at, c, w)
        return desk.page(request, "study.html", page=page, view=view, presets=PRESETS, within=page.patient)

    @router.get("/thumbnails/{id}")
    def thumbnail(id: str) -> Response:
        return media_response(desk.facade.thumbnail(id, VIEWER).value)

    return router


def _view(page: StudyPage, series: int, at: int | None, c: float | None, w: float | None) -> View | None:
    if not page.series:
        return None
    if not 0 <= series < len(page.series):
        raise NotFound("this study has no such series")
    instances = sorted(page.series[series].instances, key=lambda i: i.number)
    slices = tuple(Slice(i, frame) for i in instances for frame in range(max(i.frames, 1)))
    if not slices:
        return None
    at = len(slices) // 2 if at is None else at  # the middle of a volume says more than its edge
    width = w if w is not None and w >= 1 else None
    return View(page.study.id, series, min(max(at, 0), len(slices) - 1), slices, c if width else None, width)
