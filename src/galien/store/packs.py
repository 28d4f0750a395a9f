"""Source bytes, kept for ever: content-addressed, compressed, appended to pack files.

One file per blob would cost an ``fsync`` each; packs cost one per batch. A pack is a plain
concatenation of Zstandard frames; where each blob lies is in the ledger (table ``blobs``). Bytes
past the last recorded one are the remains of an unfinished batch: unreferenced, and harmless.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from galien.model.errors import IntegrityError, StorageFull

PACK_BYTES = 1 << 30
_LEVEL = 3


class Blob(msgspec.Struct, frozen=True):
    """Bytes on their way to a pack: ``sha`` of the plain bytes, ``data`` the Zstandard frame."""

    sha: bytes
    size: int
    data: bytes


class Place(msgspec.Struct, frozen=True):
    """Where a blob lies: pack number, offset and length of its frame, size once unpacked."""

    pack: int
    offset: int
    stored: int
    size: int


def blob_of(data: bytes) -> Blob:
    """Hash (SHA-256) and compress bytes; runs in the parsing processes."""
    return Blob(hashlib.sha256(data).digest(), len(data), zstandard.ZstdCompressor(level=_LEVEL).compress(data))


class Packs:
    """The pack files of one workspace. Many readers; one writer, the owner.

    Raises
    ------
    StorageFull
        The disk refuses bytes; nothing recorded before is touched.
    IntegrityError
        What is read is not what was written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._readers: dict[int, int] = {}
        self._lock = threading.RLock()
        self._writer: IO[bytes] | None = None
        self._number = 0
        # Counted here: `tell` of a buffered file is wrong while another thread flushes it.
        self._end = self._written = 0

    def append(self, blob: Blob) -> Place:
        """Write one frame at the end of the current pack; durable only after `sync`."""
        with self._lock:
            try:
                writer = self._writer_for(len(blob.data))
                writer.write(blob.data)
            except OSError as error:
                raise _full(error) from error
            place = Place(self._number, self._end, len(blob.data), blob.size)
            self._end += len(blob.data)
            return place

    def sync(self) -> None:
        """Make every appended frame durable."""
        with self._lock:
            if self._writer is None:
                return
            try:
                self._flush()
                os.fsync(self._writer.fileno())
            except OSError as error:
                raise _full(error) from error

    def abandon(self) -> None:
        """Drop the writer after a failed batch: what it wrote stays unreferenced."""
        with self._lock:
            if self._writer is not None:
                with suppress(OSError):  # a full disk fails again at flush; the bytes are not needed
                    self._writer.close()
                self._writer = None

    def read(self, place: Place, sha: bytes) -> bytes:
        """Bytes of a blob, verified against its hash."""
        try:
            if self._writer is not None and place.pack == self._number and place.offset + place.stored > self._written:
                with self._lock:
                    self._flush()
            frame = os.pread(self._reader(place.pack), place.stored, place.offset)
            data = _unpacker().decompress(frame, max_output_size=place.size)
        except (OSError, zstandard.ZstdError) as error:
            raise IntegrityError("stored bytes cannot be read", pack=place.pack, offset=place.offset) from error
        if hashlib.sha256(data).digest() != sha:
            raise IntegrityError("stored bytes differ from their hash", pack=place.pack, offset=place.offset)
        return data

    def close(self) -> None:
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            for reader in self._readers.values():
                os.close(reader)
            self._readers.clear()

    def bytes_stored(self) -> int:
        return sum(pack.stat().st_size for pack in self._folder.glob("*.pack"))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.pack"

    def _reader(self, number: int) -> int:
        if number not in self._readers:
            with self._lock:
                if number not in self._readers:
                    self._readers[number] = os.open(self._path(number), os.O_RDONLY)
        return self._readers[number]

    def _flush(self) -> None:
        if self._writer is not None:
            self._writer.flush()
            self._written = self._end

    def _writer_for(self, length: int) -> IO[bytes]:
        if self._writer is not None and self._end + length > PACK_BYTES:
            self.sync()
            self._writer.close()
            self._writer = None
            self._number += 1
        if self._writer is None:
            last = max((int(p.stem) for p in self._folder.glob("*.pack")), default=1)
            self._number = max(self._number, last)
            if self._path(self._number).exists() and self._path(self._number).stat().st_size > PACK_BYTES:
                self._number += 1
            self._writer = self._path(self._number).open("ab", buffering=1 << 20)
            self._end = self._written = os.fstat(self._writer.fileno()).st_size
        return self._writer


_of_thread = threading.local()


def _unpacker() -> zstandard.ZstdDecompressor:
    """One per thread: making one costs more than unpacking a letter."""
    unpacker: zstandard.ZstdDecompressor | None = getattr(_of_thread, "unpacker", None)
    if unpacker is None:
        unpacker = _of_thread.unpacker = zstandard.ZstdDecompressor()
    return unpacker


def _full(error: OSError) -> StorageFull:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("no space left for source bytes")
    return StorageFull(f"the disk refused bytes ({os.strerror(error.errno or 0)})")
