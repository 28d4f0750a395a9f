"""What a parsing process hands to the owner: one file, read, with its blobs and its analysed words.

The shapes here are the contract between the two; they cross the process boundary as msgpack.
"""

from __future__ import annotations

import hashlib

import msgspec

from galien.model.records import AnySourceRecord, Withdrawal
from galien.store.packs import Blob

_UNSURE = frozenset("nhcfl")


class Words(msgspec.Struct, frozen=True):
    """Analysed terms of one text (see `galien.language.analysis`); kept opaque by the store."""

    title_stem: str = ""
    title_exact: str = ""
    body_stem: str = ""
    body_exact: str = ""
    language: str = ""


class Finding(msgspec.Struct, frozen=True, array_like=True):
    """Something that a text says: a concept in its context, or the value of an analyte.

    Attributes
    ----------
    start, end : int
        Where, in code points of the document's text.
    concept : str
        Id in the lexicon.
    kind : str
        ``condition``, ``drug``..., or ``value``.
    context : str
        A letter for each thing said: ``n`` negated, ``h`` hedged, ``c`` conditional, ``f`` of the family,
        ``a`` past (*antécédent*), ``l`` planned, ``r`` resolved, ``q`` reported; empty when plainly affirmed.
    section : str
        Kind of the section.
    comparator, value, unit : str, float or None, str
        For a value, in the analyte's own unit.
    side : str
        ``left``, ``right``, ``bilateral`` or empty.
    """

    start: int
    end: int
    concept: str
    kind: str
    context: str = ""
    section: str = ""
    comparator: str = ""
    value: float | None = None
    unit: str = ""
    side: str = ""


def affirmed(said: str) -> bool:
    """Whether the context letters of a `Finding` leave a fact about the patient.

    >>> affirmed("a"), affirmed("n")
    (True, False)
    """
    return _UNSURE.isdisjoint(said)


def heard_as(said: str) -> str:
    """What the context letters of a `Finding` come to: ``present``, ``denied``, ``hedged``, or of the ``family``.

    >>> heard_as("a"), heard_as("nf"), heard_as("h")
    ('present', 'family', 'hedged')
    """
    if affirmed(said):
        return "present"
    return "family" if "f" in said else "denied" if "n" in said else "hedged"


class ReadRecord(msgspec.Struct, frozen=True):
    """One record, its identity and digest, and the bytes it brought (kept as blobs)."""

    record: AnySourceRecord
    key: int
    digest: int
    text_sha: bytes = b""
    original_sha: bytes = b""
    original_mime: str = ""
    thumbnail_sha: bytes = b""
    words: Words | None = None
    findings: tuple[Finding, ...] = ()
    vector: bytes = b""
    """Of an article: float16, as the workspace's encoder made it; empty without one."""


class ReadProblem(msgspec.Struct, frozen=True):
    """A part of a file, or all of it (``locator`` empty), that could not be read."""

    locator: str
    code: str
    reason: str
    hint: str


class ReadFile(msgspec.Struct, frozen=True):
    """One file as it was read. ``fatal`` is set when nothing of it could be."""

    path: str
    sha: bytes
    size: int
    feed: str
    source: str = ""
    source_version: int = 0
    context: bytes = b""
    blobs: tuple[Blob, ...] = ()
    records: tuple[ReadRecord, ...] = ()
    problems: tuple[ReadProblem, ...] = ()
    fatal: ReadProblem | None = None
    seconds: float = 0.0


def key_of(kind: str, key: str) -> int:
    """64-bit signed hash of a record's kind and natural key, as SQLite integers hold it."""
    return _hash(f"{kind}\x00{key}".encode())


def digest_of(record: AnySourceRecord) -> int:
    """64-bit hash of what a record says; where it was found in its file does not count."""
    return _hash(msgspec.msgpack.encode(msgspec.structs.replace(record, locator="")))


def kind_of(record: AnySourceRecord) -> str:
    """The tag of a record's type (``measurement``...)."""
    tag = type(record).__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def is_withdrawal(record: AnySourceRecord) -> bool:
    return isinstance(record, Withdrawal)


def _hash(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)
