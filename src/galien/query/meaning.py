"""Scoring by meaning: the entries whose vectors are nearest to that of the question."""

from __future__ import annotations

from collections.abc import Callable

from galien.index import clauses as c
from galien.index.port import Snapshot
from galien.meaning import Encoder
from galien.meaning.vectors import VectorSnapshot
from galien.query.ranking import Question

_MOST_FILTERED = 200_000
_FARTHEST = 0.25
"""Cosine of the farthest entry that is still near: on what the fusion was tuned on, what lies beyond helps nothing."""
_LEAST = 0.35
"""Cosine below which even the nearest entry is about something else: on MED-1033, 95 of 100 questions have their
nearest above .56, and fifteen questions about nothing in it (*recette de crêpes*, *xyzzy*) all below .32."""


class MeaningScorer:
    """A `galien.query.ranking.Scorer` over the vectors of a workspace.

    Parameters
    ----------
    encoder : callable
        What makes vectors; asked for only where there are some to search.
    vectors : callable
        What there is to search, now.
    """

    name = "meaning"

    def __init__(self, encoder: Callable[[], Encoder], vectors: Callable[[], VectorSnapshot | None]) -> None:
        self._encoder = encoder
        self._vectors = vectors

    def best(self, question: Question, snapshot: Snapshot, depth: int) -> list[c.Found]:
        held = self._vectors()
        if held is None or not len(held):
            return []
        vector = self._encoder().encode([question.text], "query")[0]
        among = None
        if any(not _of_kind(clause) for clause in question.within):
            # Filters first: the nearest of what they leave, not what they leave of the nearest.
            left, _ = snapshot.search(c.All(question.within), limit=_MOST_FILTERED)
            among = held.rows_of([item.id for item in left])
        near = held.search(vector, depth, among)
        if not near or near[0][1] < _LEAST:
            return []
        return [c.Found(id, score, 0) for id, score in near if score >= _FARTHEST]


def _of_kind(clause: c.Clause) -> bool:
    """Whether a filter says only which kind of entry; all vectors are of articles."""
    return isinstance(clause, c.Value) and clause.name == "kind"
