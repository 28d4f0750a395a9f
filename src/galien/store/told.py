"""What documents and articles say, by document and by concept: NOTE_NLP, arranged to be asked.

NOTE_NLP is the standard table, and answers any question by a scan. Two are asked at every search: "where does this
document say it", of twenty documents at once, and "which documents say this", of three or four concepts. On
300,000 documents (4.5 million findings) a scan takes some 100 ms and these two under one: a row for each document
with its findings packed, and for each concept its postings, a few thousand to a row.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from galien.model.errors import StorageFull
from galien.store.reading import Finding

_SCHEMA = """
CREATE TABLE IF NOT EXISTS told (record_id INTEGER PRIMARY KEY, findings BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS concept (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS posting (
    concept INTEGER NOT NULL,
    valued INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    rows BLOB NOT NULL,
    UNIQUE (concept, valued, segment)
);
CREATE TABLE IF NOT EXISTS projection (last_commit INTEGER NOT NULL);
"""
_VARIABLES = 900
_SEGMENT = 64 << 10
_Packed = tuple[int, int, int, str]
LETTERS = "nhcfalrq"
ALLERGY = 1 << len(LETTERS)
OPERATORS = ("", "=", "<", "<=", ">", ">=", "~", "..")
NAMED = np.dtype([("record", "<i8"), ("ordinal", "<i4"), ("said", "<u2")])
VALUED = np.dtype([("record", "<i8"), ("ordinal", "<i4"), ("operator", "u1"), ("value", "<f8")])
Postings = npt.NDArray[np.void]


class Passage(msgspec.Struct, frozen=True):
    """Where a text names a concept, and how: the place and context of a `galien.store.reading.Finding`.

    ``end`` is 0 for what only the title or the keywords of an article name.
    """

    start: int
    end: int
    concept: str
    context: str


@cache
def bits(letters: str) -> int:
    """The bits of ``said`` that stand for these context letters.

    >>> bits("nh")
    3
    """
    return sum(1 << LETTERS.index(letter) for letter in letters)


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
                    # The postings are appended to: what is held already must not come again.
                    if commit_id > self.last_commit():
                        self._append(db, found)
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

    def named(self, concepts: Iterable[str]) -> Postings:
        """Every mention of these concepts, as rows of `NAMED`.

        ``said`` has a bit for each of `LETTERS`, and `ALLERGY` in a section on allergies. Records that left
        may still be among them.
        """
        return self._postings(concepts, NAMED, valued=False)

    def valued(self, concepts: Iterable[str]) -> Postings:
        """Every written value of these analytes, as rows of `VALUED`; ``operator`` is a place in `OPERATORS`."""
        return self._postings(concepts, VALUED, valued=True)

    def _postings(self, concepts: Iterable[str], kind: np.dtype[np.void], *, valued: bool) -> Postings:
        numbers = [self._numbers[id] for id in concepts if id in self._numbers]
        parts: list[Postings] = []
        for first in range(0, len(numbers), _VARIABLES):
            some = numbers[first : first + _VARIABLES]
            marks = ",".join("?" * len(some))
            rows = self._db.execute(
                f"SELECT rows FROM posting WHERE concept IN ({marks}) AND valued = ?", (*some, int(valued))
            )
            parts += [np.frombuffer(row[0], kind) for row in rows]
        return np.concatenate(parts) if parts else np.empty(0, kind)

    def _append(self, db: sqlite3.Connection, found: Mapping[int, Sequence[Finding]]) -> None:
        """Add the findings of some records to the postings of their concepts."""
        named: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        valued: dict[int, list[tuple[int, int, int, float]]] = defaultdict(list)
        for record, findings in found.items():
            for ordinal, item in enumerate(findings):
                if not item.end:
                    continue
                number = self._number(db, item.concept)
                if item.kind == "value":
                    operator = OPERATORS.index(item.comparator) if item.comparator in OPERATORS else 0
                    valued[number].append((record, ordinal, operator, item.value if item.value is not None else np.nan))
                else:
                    said = bits(item.context) | (ALLERGY if item.section == "allergy" else 0)
                    named[number].append((record, ordinal, said))
        for kind, rows, dtype in ((0, named, NAMED), (1, valued, VALUED)):
            for number, mine in rows.items():
                self._extend(db, number, kind, np.array(mine, dtype).tobytes())

    @staticmethod
    def _extend(db: sqlite3.Connection, number: int, valued: int, more: bytes) -> None:
        """Put rows at the end of a concept's last segment, or in a new one when that is full."""
        last = db.execute(
            "SELECT segment, rowid, length(rows) FROM posting WHERE concept = ? AND valued = ?"
            " ORDER BY segment DESC LIMIT 1",
            (number, valued),
        ).fetchone()
        if last is not None and last[2] < _SEGMENT:
            # CAST: SQLite joins blobs as text.
            db.execute("UPDATE posting SET rows = CAST(rows || ? AS BLOB) WHERE rowid = ?", (more, last[1]))
        else:
            segment = last[0] + 1 if last is not None else 0
            db.execute("INSERT INTO posting VALUES (?, ?, ?, ?)", (number, valued, segment, more))

    def clear(self) -> None:
        """Empty it, before a rebuild."""
        with self._lock:
            self._db.executescript(
                "BEGIN; DELETE FROM told; DELETE FROM posting; UPDATE projection SET last_commit = 0; COMMIT;"
            )

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
