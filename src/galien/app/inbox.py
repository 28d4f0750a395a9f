"""What arrives: files found in containers, each with its manifest line, ready to be read."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from galien.model.errors import HostileInput, MalformedInput, UsageError
from galien.sources.containers import Refused, expand, walk
from galien.sources.manifest import NAME, Manifest
from galien.sources.pdf import tesseract
from galien.sources.port import Limits
from galien.sources.registry import sources
from galien.store.reading import ReadProblem


class Incoming(msgspec.Struct, frozen=True):
    """One file to read: on disk (``file``) or in memory (``data``), with its manifest line."""

    path: str
    size: int
    file: str = ""
    data: bytes | None = None
    manifest: bytes = b""


class Refusal(msgspec.Struct, frozen=True):
    """What is set aside unread, and why."""

    path: str
    size: int
    problem: ReadProblem


def incoming(paths: Iterable[Path], limits: Limits) -> Iterator[Incoming | Refusal]:
    """Every file of the paths, in a stable order; manifests are attached to the files beside them."""
    for found in walk(paths, limits, sys.stdin.buffer):
        if isinstance(found, Refused):
            error = found.error
            yield Refusal(found.path, found.size, ReadProblem("", error.code, error.message, error.hint))
            continue
        line = b""
        if found.file:
            on_disk = Path(found.file)
            line = _manifest(on_disk.parent).get(on_disk.name, b"")
        yield Incoming(found.path, found.size, found.file, found.data, line)


def contents(arrival: Incoming, limits: Limits) -> bytes:
    """The bytes of an arrival, one compression undone.

    Raises
    ------
    MalformedInput, HostileInput
        It vanished, is cut short, or unpacks to too much.
    """
    if arrival.data is not None:
        data = arrival.data
    else:
        try:
            data = Path(arrival.file).read_bytes()
        except OSError as error:
            raise MalformedInput(f"the file cannot be read ({error.strerror})") from None
    if len(data) > limits.file_bytes:
        raise HostileInput("the file is larger than allowed", limit=limits.file_bytes)
    return expand(data, limits)


@lru_cache(maxsize=16)
def _manifest(folder: Path) -> dict[str, bytes]:
    path = folder / NAME
    try:
        return Manifest.split(path.read_bytes()) if path.is_file() else {}
    except OSError:
        return {}


def load_mapping(path: Path | None) -> dict[str, Any]:
    """A mapping file, parsed; ``{}`` for none.

    Raises
    ------
    UsageError
        It cannot be read or is not TOML.
    """
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the mapping file cannot be read: {error}") from error


def reads_scans() -> bool:
    """Whether the words of scanned pages can be read here."""
    return bool(tesseract())


def known_formats() -> list[tuple[str, str]]:
    """Each format that can be read, with what its module says of it."""
    modules = {name: type(source).__module__.removesuffix(".reading") for name, source in sources().items()}
    found = [(name, (sys.modules[module].__doc__ or "").split("\n")[0]) for name, module in modules.items()]
    state = "installed" if tesseract() else "not installed: apt-get install tesseract-ocr tesseract-ocr-fra"
    return [*found, ("(tesseract)", f"Optional, reads scanned pages: {state}")]
