"""What each document and article says, by document: a projection beside NOTE_NLP.

NOTE_NLP answers "who has this" by scanning a column. A page of twenty hits asks the other way, "where does this
document say it", and wants twenty rows at once; hence one SQLite row a document, its findings packed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from galien.model.errors import StorageFull
from galien.store.reading import Finding

_SCHEMA = """
CREATE TABLE IF NOT EXISTS told (record_id INTEGER PRIMARY KEY, findings BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS concept (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS projection (last_commit INTEGER NOT NULL);
"""
_VARIABLES = 900
_Packed = tuple[int, int, int, str]


class Passage(msgspec.Struct, frozen=True):
    """Where a text names a concept, and how: the place and context of a `galien.store.reading.Finding`.

    ``end`` is 0 for what only the title or the keywords of an article name.
    """

    start: int
    end: int
    concept: str
    context: str


class Told:
    """One SQLite file, written by the owner of the workspace, read from any thread.

    Parameters
    ----------
    path : Path
        The file; made when absent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._db.executescript(_SCHEMA)
        if not self._db.execute("SELECT count(*) FROM projection").fetchone()[0]:
            self._db.execute("INSERT INTO projection VALUES (0)")
        self._numbers: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._read_concepts()
        self._decoder = msgspec.msgpack.Decoder(list[_Packed])

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self._path, isolation_level=None, timeout=30, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            # It can be made again: losing the last commits to a power cut costs a replay, no data.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA cache_size = -4096")
            self._local.db = db
            self._open.append(db)
        return db

    def last_commit(self) -> int:
        """Number of the last commit that it holds."""
        return int(self._db.execute("SELECT last_commit FROM projection").fetchone()[0])

    def apply(self, commit_id: int, found: Mapping[int, Sequence[Finding]], removed: Iterable[int] = ()) -> None:
        """Hold what the records of a commit say; applying it again changes nothing.

        Raises
        ------
        StorageFull
            The disk refuses it; nothing has changed.
        """
        with self._lock:
            db = self._db
            try:
                db.execute("BEGIN IMMEDIATE")
                try:
                    rows = [(record, self._packed(db, findings)) for record, findings in found.items()]
                    db.executemany("DELETE FROM told WHERE record_id = ?", ((record,) for record in removed))
                    db.executemany("INSERT OR REPLACE INTO told VALUES (?, ?)", rows)
                    db.execute("UPDATE projection SET last_commit = max(last_commit, ?)", (commit_id,))
                    db.execute("COMMIT")
                except BaseException:
                    db.execute("ROLLBACK")
                    self._read_concepts()
                    raise
            except sqlite3.OperationalError as error:
                raise StorageFull("what documents say cannot be written") from error

    def of(self, records: Sequence[int]) -> dict[int, list[Passage]]:
        """What these records say, in the order of their findings."""
        found: dict[int, list[Passage]] = {}
        for first in range(0, len(records), _VARIABLES):
            some = records[first : first + _VARIABLES]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(f"SELECT record_id, findings FROM told WHERE record_id IN ({marks})", some)
            for record, packed in rows:
                found[record] = [
                    Passage(start, start + length if length else 0, self._ids[number], context)
                    for start, length, number, context in self._decoder.decode(packed)
                ]
        return found

    def clear(self) -> None:
        """Empty it, before a rebuild."""
        with self._lock:
            self._db.executescript("BEGIN; DELETE FROM told; UPDATE projection SET last_commit = 0; COMMIT;")

    def close(self) -> None:
        for db in self._open:
            db.close()

    def _packed(self, db: sqlite3.Connection, findings: Sequence[Finding]) -> bytes:
        return msgspec.msgpack.encode(
            [(item.start, item.end - item.start, self._number(db, item.concept), item.context) for item in findings]
        )

    def _number(self, db: sqlite3.Connection, concept: str) -> int:
        number = self._numbers.get(concept)
        if number is None:
            number = len(self._numbers) + 1
            db.execute("INSERT INTO concept VALUES (?, ?)", (number, concept))
            self._numbers[concept], self._ids[number] = number, concept
        return number

    def _read_concepts(self) -> None:
        self._ids = dict(self._db.execute("SELECT number, id FROM concept"))
        self._numbers = {id: number for number, id in self._ids.items()}
