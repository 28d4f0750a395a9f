"""Errors as people and programs meet them: an HTTP status, a code, a hint, and no patient data."""

from __future__ import annotations

from dataclasses import dataclass

from galien.model import errors

_STATUSES: tuple[tuple[type[errors.GalienError], int], ...] = (
    (errors.NotFound, 404),
    (errors.QueryError, 400),
    (errors.UsageError, 400),
    (errors.InputError, 422),
    (errors.AccessRefused, 403),
    (errors.WorkspaceBusy, 503),
    (errors.StorageFull, 507),
)


@dataclass(frozen=True)
class Problem:
    """RFC 9457 problem details, with our stable ``code`` and a ``hint``."""

    status: int
    title: str
    detail: str
    code: str
    hint: str

    def document(self) -> dict[str, object]:
        """The JSON of the problem; ``type`` is a URN of the code."""
        return {
            "type": f"urn:galien:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "hint": self.hint,
        }


def problem_of(error: Exception) -> Problem:
    """The problem that an exception is. An unforeseen one says nothing of itself: it may quote data."""
    if isinstance(error, errors.GalienError):
        status = next((s for kind, s in _STATUSES if isinstance(error, kind)), 500)
        return Problem(status, _TITLES[status], error.message, error.code, error.hint)
    return Problem(500, _TITLES[500], "something went wrong on the server", "internal", "")


def problem_of_status(status: int) -> Problem:
    """The problem of an answer that HTTP itself refuses (no such page, method not allowed)."""
    title = _TITLES.get(status, "Refused")
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "usage")
    return Problem(status, title, title.lower(), code, "")


_TITLES = {
    400: "Not understood",
    403: "Refused",
    404: "Not found",
    405: "Method not allowed",
    422: "Input at fault",
    500: "Internal error",
    503: "Busy",
    507: "Storage full",
}
