"""A watched folder: files are taken once they have stopped changing. Polling, so that network drives work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

Fingerprint = tuple[int, float]


def watched(
    folders: Sequence[Path],
    *,
    seconds: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
    rounds: int | None = None,
) -> Iterator[list[Path]]:
    """Yield lists of new or changed files, each unchanged over one whole interval.

    Parameters
    ----------
    seconds : float
        Interval between looks.
    sleep, rounds
        Injected for tests; ``rounds`` bounds the number of looks.
    """
    taken: dict[Path, Fingerprint] = {}
    before: dict[Path, Fingerprint] = {}
    looks = 0
    while rounds is None or looks < rounds:
        looks += 1
        now = _look(folders)
        settled = [path for path, mark in now.items() if before.get(path) == mark and taken.get(path) != mark]
        if settled:
            taken.update({path: now[path] for path in settled})
            yield sorted(settled)
        before = now
        sleep(seconds)


def _look(folders: Sequence[Path]) -> dict[Path, Fingerprint]:
    found: dict[Path, Fingerprint] = {}
    for folder in folders:
        for path in folder.rglob("*") if folder.is_dir() else (folder,):
            try:
                if path.is_file():
                    about = path.stat()
                    found[path] = (about.st_size, about.st_mtime)
            except OSError:
                continue
    return found
