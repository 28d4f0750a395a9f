"""Points in time as medicine writes them: with the precision they have, and no more."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import msgspec

_ISO = re.compile(
    r"^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?)?)?)?$"
)
_HL7 = re.compile(r"^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.\d+)?([+-]\d{4})?$")


class Moment(msgspec.Struct, frozen=True, order=True):
    """A date or a time, ISO 8601, truncated to its precision.

    ``text`` sorts chronologically among moments of one local clock: ``2024``, ``2024-03``,
    ``2024-03-12``, ``2024-03-12T08:30:00``. The offset is kept apart: clinical times are read on the
    wall clock of the hospital (FHIR R4 ``dateTime``, HL7 v2 ``DTM``).
    """

    text: str
    offset: str = ""

    @property
    def year(self) -> int:
        return int(self.text[:4])

    @property
    def day(self) -> date:
        """The calendar day; the first one when the precision is a month or a year."""
        parts = [int(p) for p in self.text[:10].split("-")]
        return date(parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1)

    @property
    def moment(self) -> datetime:
        """Naive local date and time; midnight when the hour is unknown."""
        if len(self.text) > 10:
            return datetime.fromisoformat(self.text)
        day = self.day
        return datetime(day.year, day.month, day.day)

    @property
    def instant(self) -> datetime:
        """Aware time in UTC; an unknown offset is read as UTC."""
        local = self.moment
        if self.offset in ("", "Z"):
            return local.replace(tzinfo=UTC)
        sign = 1 if self.offset[0] == "+" else -1
        digits = self.offset[1:].replace(":", "")
        delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return (local - sign * delta).replace(tzinfo=UTC)


def parse_moment(text: str | None) -> Moment | None:
    """Read an ISO 8601 / FHIR or HL7 (v2 DTM, v3 TS, DICOM DA+TM) time; None when it is not one.

    A date that does not exist (30 February, month 13) is None too: a wrong date is worse than none.

    >>> parse_moment("2024-03-12T08:30:00+01:00").text
    '2024-03-12T08:30:00'
    >>> parse_moment("202403120830").text
    '2024-03-12T08:30:00'
    >>> parse_moment("2024-02-30") is None
    True
    """
    if not text:
        return None
    text = text.strip()
    found = _ISO.match(text) or _HL7.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        if hour is not None and day is not None and month is not None:
            at = datetime(int(year), int(month), int(day), int(hour), int(minute or 0), min(int(second or 0), 59))
            return Moment(at.isoformat(timespec="seconds"), offset or "")
        whole = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if whole.year < 1800:
        return None
    return Moment(whole.isoformat()[: 10 if day else 7 if month else 4])
