"""One owner per workspace: a file lock, and the address of the server when the owner is one.

Several tantivy writers corrupt an index and DuckDB allows one process, so whoever opens a workspace
locks it. The lock is the operating system's: it ends with the process, however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO

import msgspec

from galien.model.errors import WorkspaceBusy


class Owner(msgspec.Struct, frozen=True):
    """Who owns a workspace; ``url`` is where its server answers, or ``""``."""

    pid: int
    url: str = ""


class Lock:
    """The lock of one workspace, held until `release`.

    Raises
    ------
    WorkspaceBusy
        Another process holds it after ``wait`` seconds.
    """

    def __init__(self, folder: Path, wait: float = 0.0) -> None:
        self._path = folder / "owner.lock"
        self._file: IO[str] = self._path.open("a+")
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    self._file.close()
                    owner = owner_of(folder)
                    raise WorkspaceBusy("another process owns this workspace", pid=owner.pid if owner else 0) from None
                time.sleep(0.05)
        self.announce("")

    def announce(self, url: str) -> None:
        """Say who owns the workspace, and where its server answers."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(msgspec.json.encode(Owner(os.getpid(), url)).decode())
        self._file.flush()

    def release(self) -> None:
        if not self._file.closed:
            self._file.seek(0)
            self._file.truncate()
            self._file.close()


def owner_of(folder: Path) -> Owner | None:
    """The process that owns a workspace now, or None."""
    path = folder / "owner.lock"
    try:
        with path.open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return msgspec.json.decode(file.read() or '{"pid": 0}', type=Owner)
            return None
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
