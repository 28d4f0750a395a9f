"""The store of vectors keeps its promises, crashes included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from galien.knowledge import shipped as lexicon
from galien.meaning import shipped
from galien.meaning import vectors as module
from galien.meaning.vectors import VectorStore
from galien.model.errors import IntegrityError, StorageFull, UsageError
from galien.testing import check_store
from galien.testing.meaning_conformance import rows

DIMS = 64


def opened(folder: Path, **options: bool) -> VectorStore:
    return VectorStore(folder / "vectors", DIMS, "one", **options)


def filled(folder: Path) -> VectorStore:
    store = opened(folder)
    store.apply(1, ["a", "b", "c"], rows(3, DIMS, 1))
    store.apply(2, ["d", "b"], rows(2, DIMS, 2), removed=["a"])
    return store


def test_it_conforms(tmp_path: Path) -> None:
    check_store(lambda: opened(tmp_path), lambda _: opened(tmp_path), DIMS)


def test_it_conforms_where_codes_choose_the_candidates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EXACT", 5)
    check_store(lambda: opened(tmp_path), lambda _: opened(tmp_path), DIMS)


def test_a_torn_record_is_cut_wherever_it_is_torn(tmp_path: Path) -> None:
    filled(tmp_path)
    journal = tmp_path / "vectors/000001.journal"
    whole = journal.read_bytes()
    first = len(whole)
    store = opened(tmp_path)
    store.apply(3, ["e"], rows(1, DIMS, 3))
    longer = journal.read_bytes()
    for torn in range(first, len(longer)):
        journal.write_bytes(longer[:torn])
        again = opened(tmp_path)
        assert again.sequence() == 2
        assert sorted(again.ids()) == ["b", "c", "d"]
        assert journal.stat().st_size == first
    again.apply(3, ["e"], rows(1, DIMS, 3))
    assert sorted(opened(tmp_path).ids()) == ["b", "c", "d", "e"]


def test_a_flipped_byte_in_the_last_record_is_cut(tmp_path: Path) -> None:
    filled(tmp_path)
    journal = tmp_path / "vectors/000001.journal"
    data = bytearray(journal.read_bytes())
    data[-3] ^= 1
    journal.write_bytes(data)
    again = opened(tmp_path)
    assert (again.sequence(), sorted(again.ids())) == (1, ["a", "b", "c"])


def test_rows_without_their_record_are_cut(tmp_path: Path) -> None:
    filled(tmp_path)
    kept = tmp_path / "vectors/000001.rows"
    size = kept.stat().st_size
    with kept.open("ab") as stream:
        stream.write(b"remains of a crash")
    opened(tmp_path)
    assert kept.stat().st_size == size


def test_missing_rows_are_an_error_and_clearing_mends(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "vectors/000001.rows").write_bytes(b"")
    with pytest.raises(IntegrityError):
        opened(tmp_path)


def test_a_reader_beside_the_owner_sees_whole_commits_only(tmp_path: Path) -> None:
    owner = filled(tmp_path)
    journal = tmp_path / "vectors/000001.journal"
    with journal.open("ab") as stream:
        stream.write(b"GVJ1 half")
    reader = opened(tmp_path, owner=False)
    assert (reader.sequence(), sorted(reader.ids())) == (2, ["b", "c", "d"])
    assert journal.read_bytes().endswith(b"half")
    owner.apply(3, ["e"], rows(1, DIMS, 3))
    assert sorted(opened(tmp_path, owner=False).ids()) == ["b", "c", "d", "e"]


def test_the_vectors_of_another_encoder_are_dropped_by_the_owner_and_refused_by_a_reader(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(IntegrityError):
        VectorStore(tmp_path / "vectors", DIMS, "two", owner=False)
    other = VectorStore(tmp_path / "vectors", DIMS, "two")
    assert (other.sequence(), other.ids()) == (0, [])
    assert opened(tmp_path).sequence() == 0


def test_a_disk_that_refuses_leaves_the_last_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    calls = []

    def refuse(path: Path, at: int, data: bytes) -> None:
        calls.append(path)
        if path.suffix == ".journal":
            raise OSError(28, "No space left on device")
        write(path, at, data)

    write = module._write
    monkeypatch.setattr(module, "_write", refuse)
    with pytest.raises(StorageFull):
        store.apply(3, ["e"], rows(1, DIMS, 3))
    monkeypatch.undo()
    assert len(calls) == 3
    assert (store.sequence(), sorted(store.ids())) == (2, ["b", "c", "d"])
    store.apply(3, ["e"], rows(1, DIMS, 3))
    assert opened(tmp_path).snapshot().search(rows(1, DIMS, 3)[0], 1)[0][0] == "e"


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(UsageError):
        store.apply(1, ["a", "a"], rows(2, DIMS, 1))
    with pytest.raises(UsageError):
        store.apply(1, ["a"], rows(2, DIMS, 1))
    with pytest.raises(UsageError):
        store.snapshot().search(rows(1, 128, 1)[0], 3)
    with pytest.raises(UsageError):
        VectorStore(tmp_path / "other", 100, "one")


def test_a_search_by_codes_agrees_with_an_exact_one(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    directions = random.standard_normal((24, DIMS))
    made = random.standard_normal((30_000, 24)) @ directions + random.standard_normal((30_000, DIMS))
    made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    store = opened(tmp_path)
    store.apply(1, [str(n) for n in range(len(made))], made)
    snapshot = store.snapshot()
    queries = made[:50] + 0.1 * rows(50, DIMS, 5)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    among = np.arange(0, 30_000, 3)
    for held in (None, among):
        recall = 0.0
        for query in queries.astype(np.float32):
            scores = made @ query
            if held is not None:
                scores[np.setdiff1d(np.arange(30_000), held)] = -1
            best = {str(n) for n in np.argsort(-scores)[:10]}
            recall += len(best & {id for id, _ in snapshot.search(query, 10, held)}) / 10
        assert recall / 50 >= 0.97


def test_french_queries_among_english_documents_find_the_nearest(tmp_path: Path) -> None:
    """A filter that goes with the query's language is what breaks plain approximate indexes."""
    encoder = shipped()
    concepts = [concept for concept in lexicon() if concept.fr and concept.en][::8][:500]
    french = encoder.encode([concept.fr for concept in concepts])
    english = encoder.encode([concept.en for concept in concepts])
    random = np.random.default_rng(6)
    documents = []
    for names in (english, french):
        # A document speaks of a few things.
        made = sum(names[random.integers(len(names), size=20_000)] * random.random((20_000, 1)) for _ in range(3))
        documents.append(made / np.linalg.norm(made, axis=1, keepdims=True))
    vectors = np.concatenate(documents).astype(np.float32)
    store = VectorStore(tmp_path / "vectors", encoder.dims, encoder.fingerprint)
    ids = [str(n) for n in range(len(vectors))]
    store.apply(1, ids, vectors)
    snapshot = store.snapshot()
    among = snapshot.rows_of(ids[:20_000])
    recall = 0.0
    for query in french[:100]:
        best = {str(n) for n in np.argsort(-(vectors[:20_000] @ query))[:10]}
        recall += len(best & {id for id, _ in snapshot.search(query, 10, among)}) / 10
    assert recall / 100 >= 0.97
