"""The ledger: one SQLite database in WAL mode, opened by the owner of the workspace.

It holds what came, from where, and what it became; the packs hold the bytes. Everything else can be
rebuilt from the two. Reads may come from any thread (one connection each); writes from one at a time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from galien.model.errors import IntegrityError, NotFound, StorageFull, WorkspaceTooNew
from galien.store.packs import Blob, Packs, Place

SCHEMA_VERSION = 1
_VARIABLES = 900
_CACHE_KIB = 16 << 10
"""Per connection, and a server has a connection per thread; the system caches the file besides."""


class Ledger:
    """The database and the packs beside it.

    Parameters
    ----------
    folder : Path
        The workspace; ``ledger.sqlite`` and ``packs/`` are made in it when absent.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "ledger.sqlite"
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._write_lock = threading.RLock()
        self.packs = Packs(folder / "packs")
        self._prepare()

    def _prepare(self) -> None:
        db = self.db
        found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]
        if not found:
            script = files("galien.store").joinpath("schema.sql").read_text("utf-8")
            db.executescript(
                f"BEGIN IMMEDIATE;\n{script}\nINSERT INTO meta VALUES ('schema', '{SCHEMA_VERSION}');\nCOMMIT;"
            )
        version = int(db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise WorkspaceTooNew(f"this workspace has schema {version}; this Galien reads up to {SCHEMA_VERSION}")

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self.path, isolation_level=None, timeout=30, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            db.execute("PRAGMA temp_store = MEMORY")
            db.execute("PRAGMA mmap_size = 1073741824")
            self._local.db = db
            self._open.append(db)
        return db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: durable at the end of the block, or nothing."""
        with self._write_lock:
            db = self.db
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                self.packs.sync()
                db.execute("COMMIT")
            except BaseException as error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                self.packs.abandon()
                if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                    raise StorageFull("no space left for the ledger") from error
                raise

    def keep(self, db: sqlite3.Connection, blobs: Iterable[Blob]) -> None:
        """Append the blobs that are not stored yet, inside a transaction."""
        for blob in blobs:
            if db.execute("SELECT 1 FROM blobs WHERE sha = ?", (blob.sha,)).fetchone():
                continue
            place = self.packs.append(blob)
            db.execute(
                "INSERT INTO blobs VALUES (?, ?, ?, ?, ?)",
                (blob.sha, place.pack, place.offset, place.stored, place.size),
            )

    def read(self, sha: bytes) -> bytes:
        """Stored bytes by SHA-256, verified.

        Raises
        ------
        NotFound
            No such bytes.
        IntegrityError
            They are no longer what was stored.
        """
        row = self.db.execute("SELECT pack, offset, stored, size FROM blobs WHERE sha = ?", (sha,)).fetchone()
        if row is None:
            raise NotFound("no such bytes in this workspace")
        return self.packs.read(Place(*row), sha)

    def many(self, sql: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        """Rows of ``sql`` whose ``{}`` stands for a list of parameters of any length."""
        for start in range(0, len(values), _VARIABLES):
            part = values[start : start + _VARIABLES]
            yield from self.db.execute(sql.format(",".join("?" * len(part))), part)

    def verify_blobs(self) -> Iterator[str]:
        """Re-read every stored blob; yield a line about each that is wrong."""
        for sha, *place in self.db.execute("SELECT sha, pack, offset, stored, size FROM blobs"):
            try:
                self.packs.read(Place(*place), sha)
            except IntegrityError as error:
                yield f"blob {sha.hex()[:16]}: {error.message}"

    def close(self) -> None:
        for db in self._open:
            db.close()
        self._open.clear()
        self._local = threading.local()
        self.packs.close()
