"""The port of every source: bytes of one file in, records out.

A source is a small object registered by name (entry point group ``galien.sources``). It never
touches the disk or the network, never guesses a patient from a name, and never stops a batch: what
it cannot read in a part of a file it yields as a `Problem`, what it cannot read at all it raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import msgspec

from galien.model.errors import InputError
from galien.model.records import AnySourceRecord


class Limits(msgspec.Struct, frozen=True):
    """Protective limits, all configurable; passing one is `HostileInput`."""

    file_bytes: int = 1 << 30
    """Largest single file or archive member, once unpacked."""
    archive_bytes: int = 64 << 30
    """Largest sum of the members of one archive."""
    archive_ratio: int = 200
    """Largest ratio of unpacked to packed bytes, counted past the first 16 MiB unpacked."""
    archive_members: int = 1_000_000
    archive_depth: int = 4
    """How deep archives may nest."""
    pages: int = 5_000
    text_chars: int = 20_000_000
    """Longest text of one document."""
    depth: int = 200
    """Deepest nesting of XML or JSON."""


class ReadOptions(msgspec.Struct, frozen=True):
    """What a source may need to know beyond the bytes.

    Attributes
    ----------
    feed : str
        Name of the sending system (``--feed``); it is the issuer of ids that have no other.
    mapping : mapping
        Parsed mapping file for tables, ``{}`` when none was given.
    ocr : bool
        Whether scanned pages are read by tesseract, when it is installed.
    """

    feed: str = "default"
    mapping: Mapping[str, Any] = {}
    ocr: bool = True
    limits: Limits = Limits()


class Raw(msgspec.Struct, frozen=True):
    """One file, unpacked: its bytes and how it was named.

    ``path`` is as the user gave it, with ``!`` before an archive member
    (``lot.zip!letters/12.pdf``); it serves messages and fallback titles, never recognition alone.
    """

    data: bytes
    path: str


class Problem(msgspec.Struct, frozen=True):
    """A part of a file that could not be read, while the rest could.

    ``locator`` says where (line, JSON pointer, segment); ``error`` carries the code and reason.
    """

    locator: str
    error: InputError


@runtime_checkable
class Source(Protocol):
    """What a format module offers.

    Attributes
    ----------
    name : str
        Stable name (``fhir``, ``cda``...), shown to users and stored as provenance.
    version : int
        Raised when the same bytes would give other records; projections are then rebuilt.
    """

    name: str
    version: int

    def recognises(self, head: bytes, path: str) -> int:
        """How sure the source is that it reads this, from the first 64 KiB (Parquet: its footer): 0 (no) to 100.

        Recognition goes by content; ``path`` may only break ties. 90 and more for an unmistakable
        signature (a root element, a magic number), 50 for a plausible shape, 10 for a fallback.
        """
        ...

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        """Yield the records of one file, in file order.

        Raises
        ------
        InputError
            The file as a whole cannot be read: `MalformedInput`, `HostileInput`, `UnsupportedInput`.
        """
        ...
