"""What every answer carries and every request must show, before any page is made.

The server speaks to this machine alone, so a foreign ``Host`` is a DNS rebinding attack and a foreign
``Origin`` on a write is a forged request. Pages load nothing from elsewhere and run no inline code.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_QUESTION = re.compile(r"/patients/p\d+/questions")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; frame-src 'self'; object-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # A query may hold a name: it never leaves as a referrer, and no cache keeps the page.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """ASGI layer that refuses foreign hosts and origins, and adds the headers of `HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = refused(scope["method"], Headers(scope=scope), scope.get("scheme", "http"), scope.get("path", ""))
        if refusal:
            body = {
                "type": "about:blank",
                "title": "Refused",
                "status": 403,
                "detail": refusal,
                "code": "access.refused",
                "hint": "Open Galien at http://localhost on the machine that runs it.",
            }
            answer = JSONResponse(body, status_code=403, media_type="application/problem+json")
            await answer(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def refused(method: str, headers: Headers, scheme: str, path: str = "") -> str:
    """Why a request is refused, or ``""``."""
    host = headers.get("host", "")
    if _name(host) not in LOOPBACK:
        return "this server answers to the names of this machine only"
    if method in {"GET", "HEAD", "OPTIONS"}:
        return ""
    site, sent = headers.get("sec-fetch-site", "none"), headers.get("content-type", "").split(";")[0].strip()
    if _QUESTION.fullmatch(path) and sent == "application/x-www-form-urlencoded":
        # A question changes nothing, and its form works without scripts. Under our Referrer-Policy a browser sends
        # no origin with it, but says by itself, where no page can make it lie, that it comes from our own.
        return "" if site == "same-origin" else "a question must come from this server's own pages"
    origin = headers.get("origin")
    if origin is not None and origin != f"{scheme}://{host}":
        return "a write must come from this server's own pages"
    if site not in {"same-origin", "none"}:
        return "a write must come from this server's own pages"
    # Programs send JSON; a form of another site cannot without asking first (CORS preflight).
    if sent != "application/json":
        return "a write must be JSON (Content-Type: application/json)"
    return ""


def _name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
