"""Which source reads a file: recognised by content, never by name alone.

Sources are registered as entry points in the group ``galien.sources``; another package may add some.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points

from galien.model.errors import MalformedInput, UnknownFormat, UsageError
from galien.sources.port import Source

GROUP = "galien.sources"
_ENOUGH = 1


@lru_cache(maxsize=1)
def sources() -> dict[str, Source]:
    """Every registered source by name.

    Raises
    ------
    UsageError
        A registered source cannot be loaded, or is not one.
    """
    found: dict[str, Source] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            source = point.load()
        except Exception as error:
            raise UsageError(f"the source {point.name!r} cannot be loaded: {error}") from error
        if not isinstance(source, Source):
            raise UsageError(f"{point.value} is not a source")
        found[point.name] = source
    return found


def named(name: str) -> Source:
    """A source by name; an unknown name lists the known ones."""
    known = sources()
    if name not in known:
        raise UsageError(f"unknown source {name!r}", hint=f"Known: {', '.join(known)}.")
    return known[name]


def recognise(head: bytes, path: str) -> Source:
    """The source that is surest of reading a file; ties go to the first name.

    Parameters
    ----------
    head : bytes
        The first 64 KiB.

    Raises
    ------
    MalformedInput
        The file is empty.
    UnknownFormat
        No source recognises it.
    """
    if not head.strip(b"\x00 \t\r\n"):
        raise MalformedInput("the file is empty")
    confidence, source = max(((s.recognises(head, path), s) for s in sources().values()), key=lambda pair: pair[0])
    if confidence < _ENOUGH:
        raise UnknownFormat("no source recognises this content")
    return source
