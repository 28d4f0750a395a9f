"""The vectors of a workspace: kept on disk, one a row, searched exactly where it matters.

A projection, like the word index: it remembers the last commit it holds and can be made again from nothing.

On disk, in one folder: ``store.json`` names the current generation; ``rows`` holds the vectors (float16),
``codes`` their signs after a rotation (one bit a number), ``journal`` one checksummed record a commit. Rows and
codes are made durable before their record: what a crash leaves after the last whole record is not part of the
store, and the owner cuts it.

A search looks only at what the filter leaves (a plain approximate index under a filter that goes with the
language was measured at recall .13). Few candidates are all compared in float32. Among many, the Hamming distance
of codes keeps the nearest few thousand, which are then compared in float32 (`docs/models/encoder.md` has the figures).
"""

from __future__ import annotations

import errno
import json
import os
import struct
import threading
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from galien.meaning.port import Vectors
from galien.model.errors import IntegrityError, StorageFull, UsageError

Rows = npt.NDArray[np.int64]
_HEADER = struct.Struct("<4sII")
_MAGIC = b"GVJ1"
_EXACT = 4_000
_KEPT = 2_000
_KEPT_SHARE = 0.01
_BLOCK = 50_000


class _Record(msgspec.Struct, array_like=True):
    """One commit: where its rows begin, whose they are, which rows ended, and a checksum of the rows."""

    sequence: int
    first: int
    ids: list[str]
    ended: list[int]
    checksum: int


class VectorSnapshot:
    """The store as it was at one commit. It does not change under its reader; keep it while you need it.

    Attributes
    ----------
    sequence : int
        The commit.
    dims : int
    """

    def __init__(
        self,
        sequence: int,
        ids: list[str],
        row_of: dict[str, int],
        alive: npt.NDArray[np.bool_],
        rows: npt.NDArray[np.float16],
        codes: npt.NDArray[np.uint64],
    ) -> None:
        self.sequence = sequence
        self.dims = rows.shape[1]
        self._ids = ids
        self._row_of = row_of
        self._alive = alive
        self._rows = rows
        self._codes = codes

    def __len__(self) -> int:
        return int(self._alive.sum())

    def rows_of(self, ids: Sequence[str]) -> Rows:
        """Row numbers of the ids that are held, to give to `search` as a filter; others are left out."""
        known = self._row_of
        limit = len(self._rows)
        # The dictionary is the store's own and may know later rows: those are not of this snapshot.
        found = [row for row in (known.get(id, limit) for id in ids) if row < limit]
        return np.asarray(found, dtype=np.int64)

    def ids_of(self, rows: Rows) -> list[str]:
        """Ids of rows."""
        return [self._ids[row] for row in rows.tolist()]

    def search(self, query: Vectors, k: int, among: Rows | None = None) -> list[tuple[str, float]]:
        """The ``k`` nearest, best first, with their cosine.

        Parameters
        ----------
        query : array of shape (dims,)
            Of length 1. A vector of zeros (nothing understood) finds nothing.
        among : array of row numbers, optional
            The candidates: what filters leave. None: all.
        """
        if query.shape != (self.dims,):
            raise UsageError("a query vector of another length than the store's", given=query.size, held=self.dims)
        if k < 1 or not query.any():
            return []
        if among is None:
            candidates = None if self._alive.all() else np.flatnonzero(self._alive)
        else:
            candidates = among if (np.diff(among) > 0).all() else np.unique(among)
            candidates = candidates[self._alive[candidates]]
        size = len(self._rows) if candidates is None else len(candidates)
        if size == 0:
            return []
        if size > _EXACT:
            candidates = self._nearest_codes(query, candidates, max(_KEPT, 20 * k, int(size * _KEPT_SHARE)))
        scores = self._product(query, candidates)
        best = _largest(scores, k)
        rows = best if candidates is None else candidates[best]
        return [(self._ids[row], float(score)) for row, score in zip(rows.tolist(), scores[best].tolist(), strict=True)]

    def _product(self, query: Vectors, candidates: Rows | None) -> Vectors:
        rows = self._rows if candidates is None else self._rows[candidates]
        # Not a BLAS product: its threads, on a busy machine, wait for each other longer than the sum takes.
        made: Vectors = np.einsum("ij,j->i", rows.astype(np.float32), query)
        return made

    def _nearest_codes(self, query: Vectors, candidates: Rows | None, kept: int) -> Rows:
        code = _signs(query[None, :])[0]
        size = len(self._codes) if candidates is None else len(candidates)
        distances = np.empty(size, dtype=np.uint16)
        for start in range(0, size, _BLOCK):
            part = slice(start, start + _BLOCK)
            codes = self._codes[part] if candidates is None else self._codes[candidates[part]]
            counts = np.bitwise_count(codes ^ code)
            # Column by column: a sum over so short an axis is the slow way.
            total = counts[:, 0].astype(np.uint16)
            for column in range(1, counts.shape[1]):
                total += counts[:, column]
            distances[part] = total
        # Distances are small numbers: counting them gives the threshold faster than a partial sort.
        limit = int(np.searchsorted(np.cumsum(np.bincount(distances)), min(kept, size)))
        near = np.flatnonzero(distances <= limit)
        return near if candidates is None else candidates[near]


class VectorStore:
    """The store, for its one owner (or, read only, for another process).

    Parameters
    ----------
    folder : Path
    dims : int
        Length of a vector, a multiple of 64.
    fingerprint : str
        Of the encoder. The vectors of another encoder are dropped: the store is then empty, at commit 0,
        and whoever owns it fills it again.
    owner : bool
        Whether it may write. A reader cuts nothing and drops nothing.

    Raises
    ------
    IntegrityError
        When a reader finds the vectors of another encoder, or rows shorter than the journal says.
    """

    def __init__(self, folder: Path, dims: int, fingerprint: str, *, owner: bool = True) -> None:
        if dims % 64:
            raise UsageError("vectors of a length that is not a multiple of 64", dims=dims)
        self._folder, self._dims, self._fingerprint, self._owner = folder, dims, fingerprint, owner
        self._lock = threading.Lock()
        self._generation = 0
        if owner:
            folder.mkdir(parents=True, exist_ok=True)
        head = self._head()
        if head.get("fingerprint") == fingerprint and head.get("dims") == dims:
            self._generation = head["generation"]
            self._load()
        elif owner:
            self._generation = head.get("generation", 0)
            self.clear()
        else:
            raise IntegrityError("the vectors are those of another encoder")

    def sequence(self) -> int:
        """The last durable commit; 0 when empty."""
        return self._sequence

    def ids(self) -> list[str]:
        """Every id held."""
        return list(self._row_of)

    def apply(self, sequence: int, ids: Sequence[str], vectors: Vectors, removed: Sequence[str] = ()) -> None:
        """Add or replace the vectors of ``ids``, drop those of ``removed``; durable when it returns.

        Parameters
        ----------
        sequence : int
            The commit that these belong to; one already held is passed over.
        vectors : array of shape (len(ids), dims)

        Raises
        ------
        StorageFull
            The disk refuses; the store stays at the commit before.
        """
        if vectors.shape != (len(ids), self._dims) or len(set(ids)) != len(ids):
            raise UsageError("one vector an id, each id once", ids=len(ids), rows=len(vectors))
        with self._lock:
            if sequence <= self._sequence:
                return
            ended = sorted({self._row_of[id] for id in (*ids, *removed) if id in self._row_of})
            rows = np.ascontiguousarray(vectors, dtype=np.float16)
            codes = _signs(rows.astype(np.float32))
            first = len(self._ids)
            record = _Record(sequence, first, list(ids), ended, zlib.crc32(rows.tobytes()))
            payload = msgspec.msgpack.encode(record)
            framed = _HEADER.pack(_MAGIC, len(payload), zlib.crc32(payload)) + payload
            try:
                _write(self._path("rows"), first * self._dims * 2, rows.tobytes())
                _write(self._path("codes"), first * self._dims // 8, codes.tobytes())
                _write(self._path("journal"), self._end, framed)
            except OSError as error:
                self._cut()
                if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise StorageFull("the disk refused the vectors") from error
                raise
            self._end += len(framed)
            self._take(record)

    def snapshot(self) -> VectorSnapshot:
        """What is durable now, to read from."""
        with self._lock:
            size = len(self._ids)
            rows: npt.NDArray[np.float16] = np.empty((0, self._dims), dtype=np.float16)
            codes: npt.NDArray[np.uint64] = np.empty((0, self._dims // 64), dtype=np.uint64)
            if size:
                # Plain arrays over the mapped bytes: each slice of a memmap object costs its bookkeeping.
                rows = np.asarray(np.memmap(self._path("rows"), np.float16, "r", shape=(size, self._dims)))
                codes = np.asarray(np.memmap(self._path("codes"), np.uint64, "r", shape=(size, self._dims // 64)))
            # Ids only grow, and rows past the snapshot are never asked for; what ends or is replaced is in `alive`.
            return VectorSnapshot(self._sequence, self._ids, self._row_of, self._alive, rows, codes)

    def compact(self) -> None:
        """Write the living rows anew; readers of older snapshots keep theirs."""
        with self._lock:
            living = np.flatnonzero(self._alive)
            ids = [self._ids[row] for row in living.tolist()]
            rows = np.empty((0, self._dims), dtype=np.float32)
            if len(living):
                kept = np.memmap(self._path("rows"), np.float16, "r", shape=(len(self._ids), self._dims))
                rows = kept[living].astype(np.float32)
            sequence = self._sequence
        self.clear()
        if sequence:
            self.apply(sequence, ids, rows)

    def clear(self) -> None:
        """Forget everything: an empty store at commit 0."""
        with self._lock:
            before = self._generation
            self._generation += 1
            for name in ("rows", "codes", "journal"):
                self._path(name).write_bytes(b"")
            head = {"dims": self._dims, "fingerprint": self._fingerprint, "generation": self._generation}
            unfinished = self._folder / "store.json.new"
            unfinished.write_text(json.dumps(head) + "\n", "utf-8")
            unfinished.replace(self._folder / "store.json")
            for name in ("rows", "codes", "journal"):
                (self._folder / f"{before:06d}.{name}").unlink(missing_ok=True)
            self._reset()

    def _head(self) -> dict[str, Any]:
        try:
            head: dict[str, Any] = json.loads((self._folder / "store.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return head

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._generation:06d}.{name}"

    def _reset(self) -> None:
        self._sequence = self._end = 0
        self._ids: list[str] = []
        self._row_of: dict[str, int] = {}
        self._alive = np.empty(0, dtype=np.bool_)

    def _load(self) -> None:
        self._reset()
        journal = self._path("journal").read_bytes()
        held = self._path("rows").stat().st_size // (self._dims * 2)
        records: list[_Record] = []
        while (found := _record(journal, self._end)) is not None:
            record, after = found
            records.append(record)
            self._end = after
        if records and records[-1].first + len(records[-1].ids) > held:
            raise IntegrityError("vectors are missing that the journal names", hint="`galien rebuild vectors`")
        for record in records:
            self._take(record)
        if self._owner:
            self._cut()

    def _cut(self) -> None:
        """Drop what a crash or a refusal left after the last whole record."""
        size = len(self._ids)
        for name, length in (
            ("rows", size * self._dims * 2),
            ("codes", size * self._dims // 8),
            ("journal", self._end),
        ):
            if self._path(name).stat().st_size > length:
                os.truncate(self._path(name), length)

    def _take(self, record: _Record) -> None:
        # A new array: snapshots keep the one they have.
        alive = np.concatenate([self._alive, np.ones(len(record.ids), dtype=np.bool_)])
        alive[record.ended] = False
        row_of = dict(self._row_of) if record.ended else self._row_of
        for row in record.ended:
            row_of.pop(self._ids[row], None)
        row_of.update({id: record.first + at for at, id in enumerate(record.ids)})
        self._ids.extend(record.ids)
        self._alive, self._row_of, self._sequence = alive, row_of, record.sequence


def _record(journal: bytes, at: int) -> tuple[_Record, int] | None:
    """The record that begins there and where it ends; None where it is torn or nothing is left."""
    if at + _HEADER.size > len(journal):
        return None
    magic, length, checksum = _HEADER.unpack_from(journal, at)
    payload = journal[at + _HEADER.size : at + _HEADER.size + length]
    if magic != _MAGIC or len(payload) != length or zlib.crc32(payload) != checksum:
        return None
    return msgspec.msgpack.decode(payload, type=_Record), at + _HEADER.size + length


def _write(path: Path, at: int, data: bytes) -> None:
    """Bytes at a place, durable."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        view = memoryview(data)
        while view:
            done = os.pwrite(number, view, at)
            view, at = view[done:], at + done
        os.fsync(number)
    finally:
        os.close(number)


@cache
def _rotation(dims: int) -> Vectors:
    """A fixed rotation: it spreads what the first directions hold over all the bits."""
    random = np.random.default_rng(dims).standard_normal((dims, dims))
    made: Vectors = np.linalg.qr(random)[0].astype(np.float32)
    return made


def _signs(rows: Vectors) -> npt.NDArray[np.uint64]:
    """One bit a number."""
    dims = rows.shape[1]
    made = np.empty((len(rows), dims // 64), dtype=np.uint64)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK] @ _rotation(dims)
        made[start : start + _BLOCK] = np.packbits(part > 0, axis=1).view(np.uint64)
    return made


def _largest(scores: Vectors, k: int) -> Rows:
    """Places of the ``k`` largest, in order; equal ones in the order of their rows."""
    if k < len(scores):
        threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
        places = np.flatnonzero(scores >= threshold)
    else:
        places = np.arange(len(scores))
    order = np.argsort(-scores[places], kind="stable")[:k]
    found: Rows = places[order]
    return found
