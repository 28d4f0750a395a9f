"""What every encoder (`galien.meaning.port.Encoder`) and the store of vectors must do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from galien.meaning.port import Encoder, Vectors
from galien.meaning.vectors import VectorStore

TEXTS = ("Prothèse totale de hanche", "total hip replacement", "fièvre", "a fracture of the left wrist after a fall")


def check_encoder(encoder: Encoder) -> None:
    """Run every check on an encoder.

    Raises
    ------
    AssertionError
        Naming what does not hold.
    """
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dims), "one row a text"
    assert vectors.dtype == np.float32, "float32"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4), "of length 1"
    assert encoder.encode(()).shape == (0, encoder.dims), "no text, no row"
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.allclose(vectors, alone, atol=1e-4), "a text's vector does not depend on its neighbours"
    assert np.array_equal(vectors, encoder.encode(TEXTS)), "the same texts give the same vectors"
    for text in ("", " \n", "…", "\x00\ud83e", "мир", "mot " * 20_000):
        row = encoder.encode([text])[0]
        assert np.isfinite(row).all(), "any text gives numbers"
        assert np.linalg.norm(row) < 1.001, "of length 1, or zero"
    assert encoder.encode(TEXTS[:1], "query").shape == (1, encoder.dims), "queries are encoded too"
    assert encoder.name, "it has a name"
    assert encoder.fingerprint, "it has a fingerprint"


def rows(count: int, dims: int, seed: int) -> Vectors:
    """Unit vectors to put in a store."""
    made = np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float32)
    unit: Vectors = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def check_store(make: Callable[[], VectorStore], reopen: Callable[[VectorStore], VectorStore], dims: int) -> None:
    """Run every check on an empty store of vectors.

    Parameters
    ----------
    make : callable
        Gives an empty store.
    reopen : callable
        Opens it again from what is durable.

    Raises
    ------
    AssertionError
        Naming what does not hold.
    """
    store = make()
    assert store.sequence() == 0, "an empty store is at commit 0"
    assert store.snapshot().search(rows(1, dims, 0)[0], 5) == [], "an empty store finds nothing"
    first = rows(50, dims, 1)
    names = [f"d{n}" for n in range(50)]
    store.apply(1, names, first)
    before = store.snapshot()
    found = before.search(first[7], 3)
    assert found[0][0] == "d7", "what is nearest comes first"
    assert abs(found[0][1] - 1) < 1e-2, "with its cosine"
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True), "best first"

    store.apply(1, ["late"], rows(1, dims, 2))
    assert "late" not in store.ids(), "a commit already held is passed over"
    store.apply(2, ["d7"], rows(1, dims, 3), removed=["d8", "unknown"])
    after = store.snapshot()
    assert after.search(first[7], 1)[0][1] < 0.9, "a replaced vector is found no more"
    assert "d8" not in dict(after.search(first[8], 50)), "nor a removed one"
    assert len(after) == 49, "one row an id"
    assert before.search(first[7], 1)[0][0] == "d7", "a snapshot does not change"
    assert len(before) == 50, "nor does its size"

    among = after.rows_of(["d3", "d9", "d8", "unknown"])
    assert {id for id, _ in after.search(first[7], 10, among)} == {"d3", "d9"}, "a filter leaves what it leaves"
    assert after.search(first[7], 10, among[:0]) == [], "an empty filter leaves nothing"
    assert after.search(np.zeros(dims, dtype=np.float32), 10) == [], "a query of nothing finds nothing"

    again = reopen(store)
    assert again.sequence() == 2, "the last commit is remembered"
    assert sorted(again.ids()) == sorted(store.ids()), "and every id"
    assert again.snapshot().search(first[3], 5) == after.search(first[3], 5), "and the same answers"
    again.compact()
    assert again.sequence() == 2, "compacting keeps the commit"
    assert again.snapshot().search(first[3], 5) == after.search(first[3], 5), "and the answers"
    again.clear()
    assert again.sequence() == 0, "what is cleared is empty"
    assert again.ids() == [], "of everything"
