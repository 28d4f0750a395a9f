"""The access ledger: one durable line per disclosure, written before the data leave."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from galien.governance import AccessEvent

_SCHEMA = """
CREATE TABLE IF NOT EXISTS disclosures (
  disclosure_id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL, account TEXT NOT NULL, mode TEXT NOT NULL, purpose TEXT NOT NULL, channel TEXT NOT NULL,
  action TEXT NOT NULL, subjects TEXT NOT NULL, query TEXT NOT NULL, count INTEGER NOT NULL
)
"""


class SqliteAccessLedger:
    """`galien.governance.AccessLedger` in a database of its own, apart from health data."""

    def __init__(self, path: Path, now: Callable[[], str]) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(_SCHEMA)
        self._now = now
        self._lock = threading.Lock()

    def write(self, event: AccessEvent) -> None:
        with self._lock:
            self._db.execute(
                "INSERT INTO disclosures (at, account, mode, purpose, channel, action, subjects, query, count)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._now(), event.account, event.mode, event.purpose, event.channel, event.action,
                    msgspec.json.encode(event.subjects).decode(), event.query, event.count,
                ),
            )  # fmt: skip

    def close(self) -> None:
        self._db.close()
