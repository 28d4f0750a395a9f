"""What runs inside a parsing process: open one arrival, skip what is known, read the rest."""

from __future__ import annotations

import gc
import hashlib
import os
import sqlite3
import threading
import time
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec

from galien.app.inbox import Incoming, contents
from galien.app.meanings import encoder_of
from galien.app.reading import Context, read_file
from galien.app.understanding import understanding_of
from galien.model.errors import GalienError
from galien.sources.port import Limits
from galien.store.packs import blob_of
from galien.store.reading import ReadFile, ReadProblem

_WATCH_SECONDS = 5.0


def warm_up(owner: int) -> None:
    """Tune a fresh process for allocation-heavy parsing: collections are rare, records have no cycles.

    It also gives way to searches, which run in the owner on the same processors, and ends with its owner:
    one that was killed cannot tell its parsers to stop.
    """
    threading.Thread(target=_end_with, args=(owner,), name="owner-watch", daemon=True).start()
    with suppress(OSError, AttributeError):
        os.nice(10)
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _end_with(owner: int) -> None:
    while os.name == "posix":
        time.sleep(_WATCH_SECONDS)
        try:
            os.kill(owner, 0)
        except ProcessLookupError:
            os._exit(0)
        except PermissionError:
            return


def read_incoming(arrival: Incoming, feed: str, mapping: dict[str, Any], limits: Limits, ledger: Path) -> bytes:
    """Read one arrival and return a `ReadFile` as msgpack; never raises for what is in it.

    ``source`` is ``known`` when the ledger already holds these bytes from this feed, read successfully.
    """
    try:
        data = contents(arrival, limits)
    except GalienError as error:
        problem = ReadProblem("", error.code, error.message, error.hint)
        kept = _packed(arrival)
        return _encode(
            ReadFile(
                path=arrival.path,
                sha=hashlib.sha256(kept).digest(),
                size=arrival.size,
                feed=feed,
                fatal=problem,
                blobs=(blob_of(kept),) if kept else (),
            )
        )
    sha = hashlib.sha256(data).digest()
    if _is_known(ledger, sha, feed):
        return _encode(ReadFile(path=arrival.path, sha=sha, size=len(data), feed=feed, source="known"))
    context = Context(mapping, arrival.manifest)
    known = understanding_of(ledger.parent)
    encoder = partial(encoder_of, ledger.parent)
    read = read_file(data, arrival.path, feed, context, limits, understanding=known, encoder=encoder)
    return _encode(read)


def _packed(arrival: Incoming) -> bytes:
    """The bytes as they came, when they are small enough to keep beside the reason."""
    try:
        if arrival.data is not None:
            return arrival.data
        if arrival.file is not None and arrival.size <= 64 << 20:
            return Path(arrival.file).read_bytes()
    except OSError:
        pass  # unreadable: the reason alone is kept
    return b""


def _is_known(ledger: Path, sha: bytes, feed: str) -> bool:
    row = _reader(ledger).execute("SELECT 1 FROM files WHERE sha = ? AND feed = ? LIMIT 1", (sha, feed)).fetchone()
    return row is not None


@lru_cache(maxsize=1)
def _reader(ledger: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=30, check_same_thread=False)


def _encode(read: ReadFile) -> bytes:
    return msgspec.msgpack.encode(read)
