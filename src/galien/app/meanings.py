"""The vectors of a workspace: made of articles as they come, a projection like the word index.

Patients and their documents are answered exactly, never by nearness (decision 0010): they need no vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np

from galien.app.settings import settings_of
from galien.meaning import Encoder
from galien.meaning.choice import NONE, chosen
from galien.meaning.port import Vectors
from galien.meaning.vectors import VectorSnapshot, VectorStore
from galien.model.records import Article
from galien.store.ledger import Ledger
from galien.store.registration import Outcome

FOLDER = "vectors"
_TOGETHER = 32
_READ = 4_000
"""Characters of a text given to an encoder; none of those that fit a hospital reads further."""


@lru_cache(maxsize=2)
def _encoder(setting: str) -> Encoder | None:
    return chosen(setting)


def encoded(workspace: Path) -> bool:
    """Whether a workspace has an encoder."""
    return settings_of(workspace).encoder.path != NONE


def encoder_of(workspace: Path) -> Encoder | None:
    """The encoder of a workspace; none where it has none."""
    return _encoder(settings_of(workspace).encoder.path)


def passage(title: str, text: str) -> str:
    """What of an article an encoder is given."""
    return f"{title}\n{text[:_READ]}" if title else text[:_READ]


def packed(vectors: Vectors) -> list[bytes]:
    """Vectors as they cross from a parsing process, a row each."""
    return [row.tobytes() for row in vectors.astype(np.float16)]


class Meanings:
    """The vectors of one workspace.

    Parameters
    ----------
    ledger : Ledger
    folder : Path
        Of the workspace.

    Notes
    -----
    The encoder is read with the first article: a workspace without any pays nothing for it.
    """

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self._ledger = ledger
        self._folder = folder

    @cached_property
    def encoder(self) -> Encoder:
        """What makes the vectors."""
        encoder = encoder_of(self._folder)
        assert encoder is not None, "a workspace without an encoder has no meanings"
        return encoder

    @cached_property
    def _store(self) -> VectorStore:
        return VectorStore(self._folder / FOLDER, self.encoder.dims, self.encoder.fingerprint)

    def snapshot(self) -> VectorSnapshot | None:
        """What there is to search, now; nothing where there is no article."""
        return self._store.snapshot() if self._needed() else None

    def apply(self, commit_id: int, outcome: Outcome) -> None:
        """Hold the articles of a commit."""
        if not self._needed() or self._store.sequence() >= commit_id:
            return
        articles = [item for item in outcome.registered if item.current and isinstance(item.read.record, Article)]
        if not all(item.read.vector for item in articles):
            # Read again without an encoder, as a replay does: the stored texts serve.
            self.catch_up()
            return
        rows = [np.frombuffer(item.read.vector, np.float16).astype(np.float32) for item in articles]
        removed = [f"a{record}" for record in outcome.removed]
        self._put(commit_id, [f"a{item.record_id}" for item in articles], rows, removed)

    def catch_up(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Hold the articles of the commits that they lack, from the stored texts; returns how many articles."""
        last = self._ledger.db.execute("SELECT coalesce(max(commit_id), 0) FROM commits").fetchone()[0]
        if not self._needed() or self._store.sequence() >= last:
            return 0
        rows = self._ledger.db.execute(
            "SELECT f.commit_id, r.record_id, t.title, t.text_sha FROM records r JOIN texts t USING (record_id)"
            " JOIN files f USING (file_id) WHERE r.kind = 'article' AND r.state = 'current' AND f.commit_id > ?"
            " ORDER BY f.commit_id, r.record_id",
            (self._store.sequence(),),
        ).fetchall()
        done = 0
        for commit_id, group in groupby(rows, key=lambda row: int(row[0])):
            ids, texts = [], []
            for _, record, title, sha in group:
                ids.append(f"a{record}")
                texts.append(passage(str(title), self._ledger.read(sha).decode()))
            vectors = []
            for vector in self._encoded(texts):
                vectors.append(vector)
                done += 1
                if progress is not None and done % _TOGETHER == 0:
                    progress(done, len(rows))
            self._put(commit_id, ids, vectors)
        held = {int(id[1:]) for id in self._store.ids()}
        current = "SELECT record_id FROM records WHERE kind = 'article' AND state = 'current'"
        gone = held - {int(row[0]) for row in self._ledger.db.execute(current)} if held else set()
        self._put(last, [], [], [f"a{record}" for record in sorted(gone)])
        return done

    def _needed(self) -> bool:
        """Whether there is, or was, an article."""
        if "_store" in self.__dict__:
            return True
        found = self._ledger.db.execute("SELECT 1 FROM records WHERE kind = 'article' LIMIT 1").fetchone()
        return found is not None

    def clear(self) -> None:
        """Empty them, before a rebuild."""
        self._store.clear()

    def _encoded(self, texts: Sequence[str]) -> Iterator[Vectors]:
        for first in range(0, len(texts), _TOGETHER):
            yield from self.encoder.encode(texts[first : first + _TOGETHER])

    def _put(self, commit_id: int, ids: Sequence[str], rows: Sequence[Vectors], removed: Sequence[str] = ()) -> None:
        vectors = np.array(rows, np.float32) if rows else np.empty((0, self.encoder.dims), np.float32)
        self._store.apply(commit_id, ids, vectors, removed)
