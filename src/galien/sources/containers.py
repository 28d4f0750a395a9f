"""Containers: folders and archives, opened by content, one member at a time, never unpacked to disk.

`walk` runs in the owner and yields what to read. A plain file is named, not read: the parsing
process opens it, and undoes a single compression (``.json.gz``) itself, which is where the time goes.
Members of archives are read here, in order, one in memory at a time.

Limits refuse what is absurd: an archive that unpacks to more than ``archive_ratio`` times its size,
members beyond ``archive_members``, nesting beyond ``archive_depth``, a name that climbs out of its archive.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

import msgspec
import zstandard

from galien.model.errors import HostileInput, InputError, MalformedInput, UnsupportedInput
from galien.sources.port import Limits

_FREE = 16 << 20
_CHUNK = 1 << 20
_MAGIC = {b"\x1f\x8b": "gz", b"\xfd7zXZ\x00": "xz", b"(\xb5/\xfd": "zst", b"BZh": "bz2"}
IGNORED = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""Files that operating systems leave behind; passed over without a word, as is ``__MACOSX/``."""


class Item(msgspec.Struct, frozen=True):
    """A file to read: on disk (``file``), or already in memory (``data``)."""

    path: str
    size: int
    file: str = ""
    data: bytes | None = None


class Refused(msgspec.Struct, frozen=True):
    """What will not be read, and why."""

    path: str
    error: InputError
    size: int = 0


Found = Item | Refused


def walk(paths: Iterable[Path], limits: Limits, stdin: BinaryIO | None = None) -> Iterator[Found]:
    """Every file in files, folders and archives, in a stable order; ``-`` is standard input."""
    for path in paths:
        if str(path) == "-" and stdin is not None:
            yield from _standard_input(stdin, limits)
        elif path.is_dir():
            yield from _folder(path, path.resolve(), limits)
        else:
            yield from _file(path, limits)


def expand(data: bytes, limits: Limits) -> bytes:
    """Undo one compression when there is one (gzip, xz, zstd, bzip2); else the bytes as they are.

    Raises
    ------
    HostileInput
        It unpacks past the limits.
    MalformedInput
        It is cut short or corrupt.
    """
    kind = _compression(data[:8])
    if not kind:
        return data
    return _read_all(_stream(io.BytesIO(data), kind), len(data), limits)


def _standard_input(stdin: BinaryIO, limits: Limits) -> Iterator[Found]:
    data = stdin.read(limits.file_bytes + 1)
    if len(data) > limits.file_bytes:
        yield Refused("-", HostileInput("standard input is too large", limit=limits.file_bytes))
        return
    yield from _content("-", data, limits, 0)


def _folder(folder: Path, top: Path, limits: Limits) -> Iterator[Found]:
    try:
        names = sorted(folder.iterdir(), key=lambda p: p.name)
    except OSError as error:
        yield Refused(str(folder), MalformedInput(f"the folder cannot be listed ({error.strerror})"))
        return
    for path in names:
        if path.name in IGNORED or path.name == "__MACOSX":
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(top):
            yield Refused(str(path), HostileInput("a link leads out of the folder"))
        elif path.is_symlink() and path.is_dir():
            continue  # what it points to lies in the same folder and is visited there
        elif path.is_dir():
            yield from _folder(path, top, limits)
        else:
            yield from _file(path, limits)


def _file(path: Path, limits: Limits) -> Iterator[Found]:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            yield Refused(str(path), UnsupportedInput("not a regular file"))
            return
        with path.open("rb") as file:
            kind = _archive_kind(file, limits)
            if kind:
                file.seek(0)
                yield from _archive(str(path), file, kind, about.st_size, limits, 1)
                return
    except OSError as error:
        yield Refused(str(path), MalformedInput(f"the file cannot be opened ({error.strerror})"))
        return
    if about.st_size > limits.file_bytes:
        error_ = HostileInput("the file is larger than allowed", limit=limits.file_bytes)
        yield Refused(str(path), error_, about.st_size)
        return
    yield Item(str(path), about.st_size, file=str(path))


def _content(path: str, data: bytes, limits: Limits, depth: int) -> Iterator[Found]:
    """A member in memory: itself an archive, or a file."""
    kind = _archive_kind(io.BytesIO(data), limits)
    if not kind:
        yield Item(path, len(data), data=data)
    elif depth >= limits.archive_depth:
        yield Refused(path, HostileInput("archives nest too deep", limit=limits.archive_depth), len(data))
    else:
        yield from _archive(path, io.BytesIO(data), kind, len(data), limits, depth + 1)


def _archive(path: str, file: IO[bytes], kind: str, size: int, limits: Limits, depth: int) -> Iterator[Found]:
    budget = _Budget(size, limits)
    try:
        members = _zip(path, file, budget, limits) if kind == "zip" else _tar(path, file, kind, budget, limits)
        for found in members:
            if isinstance(found, Item) and found.data is not None:
                yield from _content(found.path, found.data, limits, depth)
            else:
                yield found
    except InputError as error:
        yield Refused(path, error, size)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        lzma.LZMAError,
        zlib.error,
        OSError,
        zstandard.ZstdError,
    ):
        yield Refused(path, MalformedInput("the archive is cut short or corrupt; its first members were read"), size)


class _Budget:
    """What one archive may still unpack to."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self._packed = max(packed, 1)
        self._limits = limits
        self.members = 0
        self._unpacked = 0

    def member(self) -> None:
        self.members += 1
        if self.members > self._limits.archive_members:
            raise HostileInput("the archive has too many members", limit=self._limits.archive_members)

    def spend(self, count: int) -> None:
        self._unpacked += count
        if self._unpacked > self._limits.archive_bytes:
            raise HostileInput("the archive unpacks to too much", limit=self._limits.archive_bytes)
        if self._unpacked > _FREE and self._unpacked > self._limits.archive_ratio * self._packed:
            raise HostileInput("the archive unpacks to absurdly more than its size", limit=self._limits.archive_ratio)


def _zip(path: str, file: IO[bytes], budget: _Budget, limits: Limits) -> Iterator[Found]:
    with zipfile.ZipFile(file) as archive:
        seen: set[int] = set()
        for about in archive.infolist():
            budget.member()
            name = f"{path}!{_printable(about.filename)}"
            if about.is_dir() or _ignored(about.filename):
                continue
            reason = _unsafe(about.filename) or (
                HostileInput("members overlap") if about.header_offset in seen else None
            )
            seen.add(about.header_offset)
            if stat.S_ISLNK(about.external_attr >> 16):
                reason = HostileInput("a link inside an archive")
            if about.flag_bits & 1:
                reason = UnsupportedInput("the member is encrypted", hint="Have it sent without a password.")
            if reason is not None:
                yield Refused(name, reason, about.file_size)
                continue
            try:
                with archive.open(about) as member:
                    data = _bounded(member, limits, budget)
            except HostileInput:
                raise
            except (
                zipfile.BadZipFile,
                zlib.error,
                EOFError,
                OSError,
                NotImplementedError,
                lzma.LZMAError,
                RuntimeError,
            ):
                yield Refused(name, MalformedInput("the member is corrupt"), about.file_size)
                continue
            yield Item(name, len(data), data=data)


def _tar(path: str, file: IO[bytes], kind: str, budget: _Budget, limits: Limits) -> Iterator[Found]:
    stream = file if kind == "tar" else _stream(file, kind.removeprefix("tar."))
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for about in archive:
            budget.member()
            name = f"{path}!{_printable(about.name)}"
            if about.isdir() or _ignored(about.name):
                continue
            reason = _unsafe(about.name)
            if about.issym() or about.islnk():
                reason = HostileInput("a link inside an archive")
            elif not about.isfile():
                reason = UnsupportedInput("not a regular file")
            if reason is None and about.size > limits.file_bytes:
                reason = HostileInput("the member is larger than allowed", limit=limits.file_bytes)
            if reason is not None:
                yield Refused(name, reason, about.size)
                continue
            member = archive.extractfile(about)
            assert member is not None
            data = _bounded(member, limits, budget)
            if len(data) < about.size:
                raise EOFError
            yield Item(name, len(data), data=data)


def _bounded(member: IO[bytes], limits: Limits, budget: _Budget) -> bytes:
    parts, length = [], 0
    while chunk := member.read(_CHUNK):
        length += len(chunk)
        budget.spend(len(chunk))
        if length > limits.file_bytes:
            raise HostileInput("a member is larger than allowed", limit=limits.file_bytes)
        parts.append(chunk)
    return b"".join(parts)


def _read_all(stream: IO[bytes], packed: int, limits: Limits) -> bytes:
    try:
        return _bounded(stream, limits, _Budget(packed, limits))
    except (EOFError, OSError, lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
        raise MalformedInput("the compressed file is cut short or corrupt") from error


def _stream(file: IO[bytes], kind: str) -> Any:
    if kind == "gz":
        return gzip.GzipFile(fileobj=file)
    if kind == "xz":
        return lzma.LZMAFile(file)
    if kind == "bz2":
        return bz2.BZ2File(file)
    return io.BufferedReader(_Zstd(file))


class _Zstd(io.RawIOBase):
    """Zstandard frames, read in order; unlike the library's own reader it notices a frame cut short.

    It is fed 1 KiB at a time, which cannot unpack to more than 32 MiB at once (RFC 8878, section 3.1.1.2).
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._frame: Any = None
        self._waiting = b""
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            packed = self._waiting or self._file.read(1024)
            if not packed:
                if self._frame is not None:
                    raise EOFError("a Zstandard frame is cut short")
                return 0
            if self._frame is None:
                self._frame = self._decompressor.decompressobj()
            self._ready = self._frame.decompress(packed)
            self._waiting = b""
            if self._frame.eof:
                self._waiting, self._frame = self._frame.unused_data, None
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


def _compression(head: bytes) -> str:
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


def _archive_kind(file: IO[bytes], limits: Limits) -> str:
    """``zip``, ``tar``, ``tar.gz``...; ``""`` for a plain file, compressed once or not."""
    head = file.read(512)
    if head[:4] == b"PK\x03\x04" or head[:4] == b"PK\x05\x06":
        file.seek(0)
        return "" if _is_document(file) else "zip"
    if _is_tar(head):
        return "tar"
    kind = _compression(head)
    if not kind:
        return ""
    file.seek(0)
    try:
        inner = _stream(file, kind).read(512)
    except (EOFError, OSError, lzma.LZMAError, zlib.error, zstandard.ZstdError):
        return ""
    return f"tar.{kind}" if _is_tar(inner) else ""


def _is_tar(head: bytes) -> bool:
    return len(head) >= 512 and head[257:262] == b"ustar"


def _is_document(file: IO[bytes]) -> bool:
    """Whether a zip is one document (DOCX, ODT, XLSX...) rather than a container of files."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist()[:2000])
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
    return "[Content_Types].xml" in names or "mimetype" in names


def _unsafe(name: str) -> InputError | None:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or "\x00" in name or name[1:3] in (":\\", ":/"):
        return HostileInput("the member's name climbs out of the archive")
    return None


def _ignored(name: str) -> bool:
    parts = name.split("/")
    return parts[-1] in IGNORED or "__MACOSX" in parts


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[:500]
