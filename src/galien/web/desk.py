"""Where a page is put together: the facade it asks, the reader it speaks to, the template it fills."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from galien.app.facade import Facade
from galien.governance import Viewer
from galien.web.catalogue import LANGUAGES, Language
from galien.web.passages import quoted
from galien.web.problems import Problem
from galien.web.reader import Reader

THEMES = ("auto", "light", "dark")
_YEAR = 365 * 24 * 3600

VIEWER = Viewer(channel="web")


class Desk:
    """Fills templates for a reader; shared by all pages.

    Parameters
    ----------
    facade : Facade
    language : Language
        For readers who have not chosen.
    today : callable
        The current date, given so that tests can choose it.
    """

    def __init__(self, facade: Facade, language: Language, today: Callable[[], date]) -> None:
        self.facade = facade
        self._language = language
        self._today = today
        self._templates = Environment(
            loader=PackageLoader("galien.web"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["quoted"] = quoted

    def reader(self, request: Request) -> Reader:
        """Who reads: what the address asks for, else the cookie, else the house's habit."""
        asked = request.query_params.get("lang") or request.cookies.get("lang")
        theme = request.query_params.get("theme") or request.cookies.get("theme")
        language = next((known for known in LANGUAGES if known == asked), self._language)
        return Reader(language, theme if theme in THEMES else "auto", self._today())

    def page(self, request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """A page in the reader's language."""
        r = self.reader(request)
        defaults: dict[str, object] = {"q": "", "within": None, "here": ""}
        html = self._templates.get_template(template).render(
            {**defaults, **values}, r=r, other=_other(request, r), themes=_themes(request)
        )
        answer = HTMLResponse(html, status_code=status)
        for name in ("lang", "theme"):
            value = request.query_params.get(name)
            if value in (*LANGUAGES, *THEMES):
                answer.set_cookie(name, value, max_age=_YEAR, samesite="strict", httponly=True)
        return answer

    def problem(self, request: Request, problem: Problem) -> HTMLResponse:
        """An error page; it repeats nothing of the request."""
        return self.page(request, "error.html", problem.status, problem=problem)


def _other(request: Request, reader: Reader) -> tuple[Language, str]:
    """The other language and the address of this same page in it."""
    language: Language = "en" if reader.language == "fr" else "fr"
    return language, _here(request, lang=language)


def _themes(request: Request) -> dict[str, str]:
    return {theme: _here(request, theme=theme) for theme in THEMES}


def _here(request: Request, **changes: str) -> str:
    url = request.url.remove_query_params(["lang", "theme"]).include_query_params(**changes)
    return f"{url.path}?{url.query}"
