"""Bytes shown as they are: pictures and originals, without letting them act as pages."""

from __future__ import annotations

from starlette.responses import Response

from galien.app.facade import Media

_SHOWN = ("application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain")


def media_response(media: Media) -> Response:
    """The bytes with their type; what a browser could run (HTML, SVG, XML) is offered for download."""
    mime = media.mime.split(";")[0].strip().lower()
    shown = mime in _SHOWN
    name = "".join(c for c in media.name if c.isascii() and (c.isalnum() or c in "._-")) or "original"
    headers = {"Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"'}
    if not shown:
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'self'"
    kind = "text/plain; charset=utf-8" if mime == "text/plain" else mime
    return Response(media.data, media_type=kind if shown else "application/octet-stream", headers=headers)
